"""Session timers (RFC 4028): how long a session lasts without a refresh, and which end refreshes it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.parameters import Parameters

if TYPE_CHECKING:
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request, Response

TIMER: Final = "timer"
"""The option tag."""
SUPPORTED: Final = ("Supported", TIMER)
SHORTEST: Final = 90
"""Seconds: the shortest session that is agreed on (§5)."""
MARGIN: Final = 32
"""Seconds before its end at which a session that was not refreshed is given up (§10)."""
LONGEST: Final = 2**31 - 1
BRIEFEST_PAUSE: Final = 15.0
"""Seconds between two refreshes at least, whatever the other end wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimer:
    """The agreement of both ends."""

    interval: int
    """Seconds."""
    is_ours: bool
    """Whether we refresh the session."""

    @property
    def pause(self) -> float:
        """Return after how many seconds something is due: our refresh, or the end for want of theirs."""
        if self.is_ours:
            return max(self.interval / 2, BRIEFEST_PAUSE)
        return self.interval - min(MARGIN, self.interval / 3)

    @property
    def offered(self) -> HeaderFields:
        """Return what our own requests say of it (§7.4)."""
        refresher = "uac" if self.is_ours else "uas"
        return (("Session-Expires", f"{self.interval};refresher={refresher}"),)

    @property
    def answered(self) -> HeaderFields:
        """Return the Session-Expires of our 2xx (§9), which tells the refresher its duty."""
        refresher = "uas" if self.is_ours else "uac"
        said = (("Session-Expires", f"{self.interval};refresher={refresher}"),)
        return said if self.is_ours else (*said, ("Require", TIMER))


def agreed_by_us(request: Request) -> SessionTimer | None:
    """Return the agreement of our 2xx; the peer refreshes if it can and may (§9)."""
    asked = _expires(request)
    if asked is None:
        return None
    interval, refresher = asked
    if not supports(request):
        # A proxy asked for it: the peer does not support timers, and will not refresh.
        return SessionTimer(interval=interval, is_ours=True) if interval >= SHORTEST else None
    return SessionTimer(interval=interval, is_ours=refresher == "uas")


def agreed_by_them(response: Response) -> SessionTimer | None:
    """Return what the other end's 2xx to a request of ours agrees on (§7.2)."""
    said = _expires(response)
    return None if said is None else SessionTimer(interval=said[0], is_ours=said[1] != "uas")


def is_too_short(request: Request) -> bool:
    """Say whether a session is asked for that is shorter than we take; who understands gets 422 (§9)."""
    asked = _expires(request)
    return asked is not None and asked[0] < SHORTEST and supports(request)


def shortest_of(response: Response) -> int:
    """Return the shortest session that a 422 allows (§6); 0 where it does not say."""
    return _number(response.headers.get("Min-SE") or "") or 0


def supports(message: Request | Response) -> bool:
    """Say whether the sender has session timers."""
    said = (*message.headers.values("Supported"), *message.headers.values("Require"))
    return any(tag.strip().lower() == TIMER for tag in said)


def _expires(message: Request | Response) -> tuple[int, str] | None:
    """Read Session-Expires: seconds, and `uac`, `uas` or nothing. What cannot be read was not said."""
    value = message.headers.get("Session-Expires")
    if value is None:
        return None
    seconds, _, rest = value.partition(";")
    interval = _number(seconds)
    if not interval:
        return None
    try:
        refresher = (Parameters.parse(rest).get("refresher") or "").strip().lower()
    except SipError:
        refresher = ""
    return interval, refresher if refresher in {"uac", "uas"} else ""


def _number(text: str) -> int | None:
    digits = text.partition(";")[0].strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return min(int(digits[:12]), LONGEST)
