"""The call-tracking dialect: two posts about an incoming call, in Roistat's form (R4).

28 members in the moment of the call and 32 after it, always all of them and in the same order. What is not known
is null, but `custom_fields` is `[]` and `link` is "".
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

import msgspec

from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.tracking.call_tracking import Slot
from switchhook.domain.webhook import Method
from switchhook.webhooks.e164 import to_e164
from switchhook.webhooks.encoding import JSON_TYPE
from switchhook.webhooks.parameters import resolve
from switchhook.webhooks.request_headers import HeaderOptions, Payload, make_request
from switchhook.webhooks.url import url_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.domain.call import Call
    from switchhook.domain.tracking.call_tracking import TrackingScenario
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.parameters import CallFacts

TrackedValue: TypeAlias = "str | int | dict[str, str] | list[str] | None"

ORDER_FIELD: Final = "order_field"
"""The parameter that holds the custom fields of a deal, each under `order_field:<name>`."""
MAX_EXACT: Final = 15
"""Digits of an order's id that can be a number: JavaScript keeps no more."""
_SCHEME = re.compile(r"\s*https?://", re.IGNORECASE)
_ORDER_ID = re.compile(f"[1-9][0-9]{{0,{MAX_EXACT - 1}}}")


def slot_of(call: Call, event: EventKind) -> Slot | None:
    """Return which of the two posts an event of a call is; None for neither (R4-01, R4-04, R4-25).

    The first dialling of a call finds all its called legs alive; later ones find those of the rounds before.
    """
    match event:
        case EventKind.INCOMING_FORWARDING:
            is_first = all(leg.is_live for leg in call.called_legs)
            return Slot.MOMENT if is_first else None
        case EventKind.INCOMING_AFTER:
            return Slot.AFTER
        case _:
            return None


def members(tracking: TrackingScenario, slot: Slot, facts: CallFacts) -> dict[str, TrackedValue]:
    """Return what a post says of a call, in the order of the wire (R4-06…29)."""
    told = _of_call(facts) | _of_visit(facts)
    told["caller"] = told["caller"] or tracking.withheld_caller or None
    told["order_id"] = _order_id(resolve("order_id", "", facts), as_text=tracking.ids_as_strings)
    ordered = {name: told[name] for name in MOMENT_MEMBERS}
    return ordered | _of_end(tracking, facts) if slot is Slot.AFTER else ordered


def _of_call(facts: CallFacts) -> dict[str, TrackedValue]:
    call = facts.call
    number = facts.number
    return {
        "id": call.id,
        "caller": _digits(call.caller.shown_number, facts),
        "callee": number.number if number is not None else _digits(call.callee, facts),
        "date": resolve("date", "", facts),
    }


def _of_visit(facts: CallFacts) -> dict[str, TrackedValue]:
    def known(key: str) -> str:
        return resolve(key, "", facts)

    levels = [level for level in map(known, LEVELS) if level]
    landing = _without_scheme(known("landing_page"))
    told = {name: known(parameter) for name, parameter in PARAMETERS.items()}
    told |= {
        "visit_id": known("roistat_visit_id") or known("visit_id"),
        "marker": known("marker") or "_".join(levels),
        "landing_page": landing,
        "domain": known("domain") or _host(landing),
        "referrer": _without_scheme(known("referrer")),
    }
    return {name: value or None for name, value in told.items()} | {"custom_fields": _fields(facts)}


def _of_end(tracking: TrackingScenario, facts: CallFacts) -> dict[str, TrackedValue]:
    """Return the four last members. A message in the voicemail is no conversation: its duration is 0."""
    call = facts.call
    outcome = call.outcome or Outcome.FAILED
    link = resolve("recording_link", "", facts) or resolve("recording_wav_link", "", facts)
    return {
        "status": tracking.status(outcome, call.ended_by).value,
        "file_id": resolve("recording", "", facts) or None if link else None,
        "duration": int(call.conversation) if outcome is Outcome.ANSWERED else 0,
        "link": link,
    }


LEVELS: Final = ("source_level_1", "source_level_2")
PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "google_client_id": "google_analytics_id",
        "city": "city",
        "country": "country",
        "ip": "visitor_ip",
        "first_visit": "first_visit",
        "utm_source": "source",
        "utm_medium": "medium",
        "utm_campaign": "campaign",
        "utm_term": "keyword",
        "utm_content": "content",
        **{f"roistat_param_{place}": f"roistat_param_{place}" for place in range(1, 6)},
        **{level: level for level in LEVELS},
    }
)
"""The members that are a parameter as it is, and that parameter."""
MOMENT_MEMBERS: Final = (
    *("id", "caller", "callee", "visit_id", "marker", "order_id", "date", "google_client_id"),
    *("custom_fields", "landing_page", "domain", "city", "country", "ip", "first_visit"),
    *("referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
    *("roistat_param_1", "roistat_param_2", "roistat_param_3", "roistat_param_4"),
    *("roistat_param_5", *LEVELS),
)
"""The members of the first post, in the order of the wire."""


def _digits(number: str, facts: CallFacts) -> str | None:
    """Return a number's international digits; as it came where that cannot be told, None where it is withheld."""
    country = facts.call.snapshot.project.country
    text = (to_e164(number, country) or number).removeprefix("+")
    return text.encode("utf-8", "replace").decode() or None


def _order_id(text: str, *, as_text: bool) -> TrackedValue:
    """Return a deal's id as a number, where it is one that every reader keeps exactly [A-38]."""
    is_number = not as_text and _ORDER_ID.fullmatch(text) is not None
    return int(text) if is_number else text or None


def _fields(facts: CallFacts) -> TrackedValue:
    """Return the deal's custom fields: an object, and a list where there is none, as PHP has it (R4-14, A-40)."""
    fields = {}
    for key in facts.extra:
        parameter, _, name = key.partition(":")
        if parameter == ORDER_FIELD and name:
            fields[name] = resolve(ORDER_FIELD, name, facts)
    return fields or []


def _without_scheme(address: str) -> str:
    """Return an address without `https://`, a site without its last slash (R4-15, R4-21)."""
    bare = _SCHEME.sub("", address, count=1)
    return bare[:-1] if bare.endswith("/") and bare.count("/") == 1 else bare


def _host(address: str) -> str:
    """Return the host of an address without a scheme; "" where it names none."""
    try:
        return urlsplit(f"//{address}").hostname or ""
    except ValueError:
        return ""


SAMPLE: Mapping[str, TrackedValue] = MappingProxyType(
    {
        **dict.fromkeys(MOMENT_MEMBERS),
        "id": "313",
        "caller": "12125096995",
        "callee": "12125097518",
        "visit_id": "123456",
        "marker": "fb_new",
        "order_id": 123456789,
        "date": "2019-02-19 00:00:00",
        "google_client_id": "111111111.1111111111",
        "custom_fields": [],
        "landing_page": "test.com/new",
        "domain": "test.com",
        "city": "New York",
        "country": "USA",
        "ip": "161.185.160.93",
        "first_visit": "1001",
        "referrer": "fb.com",
        "source_level_1": "fb",
        "source_level_2": "new",
    }
)
"""The vendor's sample of the first post, which a test sends (S-60)."""
SAMPLE_END: Mapping[str, TrackedValue] = MappingProxyType(
    {"status": "ANSWER", "file_id": None, "duration": 20, "link": ""}
)


def sample(tracking: TrackingScenario, slot: Slot) -> dict[str, TrackedValue]:
    """Return the members of the vendor's sample, as this scenario writes them."""
    told = dict(SAMPLE)
    told["order_id"] = _order_id(str(told["order_id"]), as_text=tracking.ids_as_strings)
    return {**told, **SAMPLE_END} if slot is Slot.AFTER else told


def render(
    tracking: TrackingScenario,
    slot: Slot,
    told: Mapping[str, TrackedValue],
    *,
    delivery_id: str,
    product: str,
    facts: CallFacts | None = None,
) -> HttpRequest:
    """Build the post, once for all attempts; never a form (R4-40). Never raises.

    `facts` fill the placeholders of the URL; a sample has none, and leaves them empty.
    """
    options = HeaderOptions(
        user_agent=tracking.user_agent or product,
        keep_alive=tracking.keep_alive,
        headers=tracking.headers,
        id=delivery_id if tracking.send_id else "",
    )
    payload = Payload(content_type=JSON_TYPE, body=msgspec.json.encode(dict(told)))

    def in_url(key: str, argument: str) -> str:
        return "" if facts is None else resolve(key, argument, facts)

    return make_request(Method.POST, url_template(tracking.url(slot)), in_url, payload, options)
