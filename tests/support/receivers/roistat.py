"""A program that was written for Roistat's call webhooks (help-en.roistat.com, "Webhook Notifications"; rows R4).

In the moment of a call 28 members come, after it the same and four more; a member is never left out, and
null where nothing is known. `order_id` and `duration` are numbers, `custom_fields` is an object, or `[]`
where it is empty, as PHP writes it. The vendor's own handler answers an empty 200.
"""

from __future__ import annotations

from typing import Any

from tests.support.receivers.base import (
    DIGITS,
    JSON,
    STANDARD_DATE,
    Description,
    Refused,
    answer_json,
    either,
    members,
    one_of,
    or_null,
    read_json,
    text,
    whole,
)
from tests.support.wire import reply

KNOWN = or_null(text())
LEVELS = ("source_level_1", "source_level_2")


def _fields(value: Any, at: str) -> None:
    """Want an empty list, or an object of text (R4-14, A-40)."""
    if value == [] or (value and isinstance(value, dict) and all(map(_is_text, value.values()))):
        return
    raise Refused(f"{at} is {value!r}, neither [] nor an object of text")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


MOMENT = {
    "id": text(),
    "caller": DIGITS,
    "callee": DIGITS,
    "visit_id": or_null(DIGITS),
    "marker": KNOWN,
    "order_id": or_null(whole(least=1)),
    "date": STANDARD_DATE,
    "google_client_id": or_null(text(r"[0-9]+\.[0-9]+")),
    "custom_fields": _fields,
    **dict.fromkeys(
        ("landing_page", "domain", "city", "country", "ip", "first_visit", "referrer"), KNOWN
    ),
    **dict.fromkeys(("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"), KNOWN),
    **dict.fromkeys((f"roistat_param_{place}" for place in range(1, 6)), KNOWN),
    **dict.fromkeys(LEVELS, KNOWN),
}
"""The 28 members in their order (R4-06…24)."""
AFTER = MOMENT | {
    "status": one_of(
        *("ANSWER", "BUSY", "NOANSWER", "CANCEL"),
        *("CONGESTION", "CHANUNAVAIL", "DONTCALL", "TORTURE"),
    ),
    "file_id": either(one_of(None), text(), whole(least=1)),
    "duration": whole(least=0),
    "link": text(r"|https?://\S+"),
}
"""The 32 members after the call (R4-26…29)."""


def _check(value: Any, at: str) -> None:
    known = AFTER if isinstance(value, dict) and "status" in value else MOMENT
    members(known)(value, at)
    if list(value) != list(known):
        raise Refused(f"{at} has its members in another order")


ROISTAT = Description(
    target=r"/[\w/.-]*",
    read={JSON: read_json},
    check=_check,
    accepted=reply(),
    refused=lambda refused: answer_json({"error": str(refused)}, refused.status),
)
