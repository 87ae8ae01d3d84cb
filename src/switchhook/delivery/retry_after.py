"""Reads Retry-After of 429 and 503 (RFC 9110 §10.2.3, RFC 6585 §4). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpResponse

STATUSES: Final = frozenset({429, 503})
"""Too many requests; service unavailable."""
SHORTEST: Final = 1.0
"""Seconds that are waited whatever less was asked for."""
LONGEST: Final = 3600.0
"""Seconds that are waited at most, whatever was asked for."""

_SECONDS = re.compile(
    r"""["']?\+?(\d{1,15})(?:\.\d*)?["']?[ \t]*(?:s(?:ec(?:ond)?s?)?|(m(?:in(?:ute)?s?)?))?(?:[,;].*)?""",
    re.IGNORECASE,
)
"""A number, in minutes where it says so; of several the first counts."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d")
_DATES: Final = (1e9, 1e12)
"""From these numbers on, unix seconds and milliseconds are meant: no server asks for thirty years."""


def retry_after_seconds(response: HttpResponse | None, now: float) -> float | None:
    """Return the seconds of the pause; None without a readable value.

    A date counts from the response's own Date, where it has one: the clocks of both may differ. `now` is
    in unix seconds.
    """
    if response is None or response.status not in STATUSES:
        return None
    sent = next((_unix(value) for name, value in response.headers if name == "date"), None)
    said = (value.strip() for name, value in response.headers if name == "retry-after")
    found = (_seconds(text, now if sent is None else sent) for text in said)
    return next((seconds for seconds in found if seconds is not None), None)


def _seconds(text: str, sent: float) -> float | None:
    """Read one value of an answer that was sent at `sent`, in unix seconds."""
    if match := _SECONDS.fullmatch(text):
        number = float(match[1]) * (60 if match[2] else 1)
        for unit, least in zip((1, 1000), _DATES, strict=True):
            if least <= number < least * 10:
                return _bounded(number / unit - sent)
        return _bounded(number)
    then = _unix(text)
    return None if then is None else _bounded(then - sent)


def _bounded(seconds: float) -> float:
    return min(max(seconds, SHORTEST), LONGEST)


def _unix(date: str) -> float | None:
    """Read any of the three forms of an HTTP date (RFC 9110 §5.6.7), or one of ISO 8601."""
    try:
        read = datetime.fromisoformat(date) if _ISO.match(date) else parsedate_to_datetime(date)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
