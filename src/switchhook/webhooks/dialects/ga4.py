"""The Google Analytics dialect: a call as an event of the Measurement Protocol (R2-17, N-12).

By Google's public rules an event needs the client id of a visitor's browser. It counts to the source of a session when it
bears the session's id, is stamped inside the session, and is sent within a day of the session's start. Names and values have
bounds, and nothing may name a person.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from switchhook.domain.tracking.caller_history import VISIT_SEEN_AT
from switchhook.webhooks.encoding import JSON_TYPE, json_bytes, urlencode
from switchhook.webhooks.parameters import resolve
from switchhook.webhooks.payload_template import fill
from switchhook.webhooks.request_headers import Payload

if TYPE_CHECKING:
    from switchhook.domain.event import Ga4Format
    from switchhook.webhooks.encoding import PayloadValue
    from switchhook.webhooks.parameters import CallFacts
    from switchhook.webhooks.payload_template import Note

MAX_PARAMETERS: Final = 25
"""Of one event, the session's two included."""
OWN_PARAMETERS: Final = frozenset({"session_id", "engagement_time_msec"})
MAX_VALUE: Final = 100
"""Characters."""
MAX_SESSION_AGE: Final = 86_400.0
"""Seconds after the start of a session in which an event counts to its source."""
NAME: Final = re.compile(r"(?!(?:google|ga|firebase|gtag)_)[A-Za-z][A-Za-z0-9_]{0,39}")
"""Of an event, and of a parameter."""
_CLIENT = re.compile(r"(?:GA\d\.\d\.)?(\d{1,20}\.\d{1,20})", re.ASCII)
"""`1479099944.1534841744`, as such or as the value of the cookie `_ga`."""
_SESSION = re.compile(r"(\d{1,20})|GS1\.\d\.(\d{1,20})\..*|GS2\.\d\.s(\d{1,20})(?:\$.*)?", re.ASCII)
"""A number, as such or in the value of a cookie `_ga_…`."""
_FIRST_SECOND: Final = 1_000_000_000
"""A session's id is the unix time of its start; a smaller number is none."""


def client_id(facts: CallFacts) -> str:
    """Return the client id of the call's visitor; "" when none is known, or what is told is none."""
    found = _CLIENT.fullmatch(resolve("google_analytics_id", "", facts).strip())
    return "" if found is None else found[1]


def why_not_sent(facts: CallFacts) -> str:
    """Return why an event cannot be sent; "" when it can be."""
    if client_id(facts):
        return ""
    return "no visit with a Google Analytics client id belongs to the call"


def payload(ga4: Ga4Format, facts: CallFacts, *, sent_at: float, note: Note) -> Payload:
    """Build what is sent at `sent_at`, in unix seconds."""
    session, stamp = _session(ga4, facts, sent_at, note)
    parameters: dict[str, PayloadValue] = {"session_id": session} if session else {}
    parameters["engagement_time_msec"] = max(1, round(facts.call.conversation * 1000))
    values = fill(ga4.fields, facts, note=note)
    parameters |= {name: _bounded(value) for name, value in values.items()}
    body: dict[str, PayloadValue] = {
        "client_id": client_id(facts),
        "timestamp_micros": round(stamp * 1_000_000),
        "events": [{"name": ga4.event_name, "params": parameters}],
    }
    key = (("measurement_id", ga4.measurement_id), ("api_secret", ga4.api_secret))
    return Payload(query=urlencode(key), content_type=JSON_TYPE, body=json_bytes(body))


def _session(ga4: Ga4Format, facts: CallFacts, sent_at: float, note: Note) -> tuple[str, float]:
    """Return the session's id, "" without one, and the moment inside of it that stands for the call."""
    at = facts.call.arrived_at
    found = _SESSION.fullmatch(resolve("google_analytics_session_id", "", facts).strip())
    if found is None:
        return "", at
    session = next(group for group in found.groups() if group)
    seen_at = _seconds(facts.extra.get(VISIT_SEEN_AT, ""))
    started_at = float(session) if _FIRST_SECOND <= int(session) <= at else None
    if started_at is not None and sent_at - started_at > MAX_SESSION_AGE:
        note("Its session began more than a day ago: Google Analytics counts it to no source.")
        return "", at
    last = next((moment for moment in (seen_at, started_at) if moment is not None), at)
    is_inside = at <= last + ga4.session_timeout
    return session, at if is_inside else last


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _bounded(value: PayloadValue) -> PayloadValue:
    return value[:MAX_VALUE] if isinstance(value, str) else value
