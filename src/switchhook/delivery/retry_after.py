"""When a receiver wants to be asked again: Retry-After of 429 and 503 (RFC 9110 §10.2.3, RFC 6585 §4). Pure."""

from __future__ import annotations

import re
from datetime import UTC
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

_SECONDS = re.compile(r"\+?(\d{1,15})(?:\.\d*)?(?:[ \t]*s(?:ec(?:ond)?s?)?)?", re.IGNORECASE)


def asked_pause(response: HttpResponse | None, now: float) -> float | None:
    """Return for how many seconds nothing more is wanted; None where that is not said, or not readably.

    A date counts from the response's own Date, where it has one: the clocks of both may differ. `now` is
    in unix seconds.
    """
    if response is None or response.status not in STATUSES:
        return None
    said = dict(reversed(response.headers))  # of several the first counts
    text = said.get("retry-after", "").strip()
    if match := _SECONDS.fullmatch(text):
        return _bounded(float(match[1]))
    then = _unix(text)
    if then is None:
        return None
    sent = _unix(said.get("date", ""))
    return _bounded(then - (now if sent is None else sent))


def _bounded(seconds: float) -> float:
    return min(max(seconds, SHORTEST), LONGEST)


def _unix(date: str) -> float | None:
    """Read any of the three forms of an HTTP date (RFC 9110 §5.6.7)."""
    try:
        read = parsedate_to_datetime(date)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
