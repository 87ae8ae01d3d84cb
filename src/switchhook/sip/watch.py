"""When one dialog is looked after: is the other end still there, is its session refreshed? Times in, times out.

A probe is an OPTIONS within the dialog. Any final response means that the other end lives, but 481 (it
knows nothing of the dialog), 408 and silence mean that it is gone (RFC 3261 §12.2.1.2). A session may be refreshed beside that, by either end (RFC 4028).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.sip.session_timer import SessionTimer
    from switchhook.sip.transaction import Timing

SPREAD: Final = 0.25
"""The part of the interval by which a probe may come earlier, so that many calls do not probe at once."""
FIRST: Final = 1 / 6
"""The part of the interval within which the dialogs of an earlier process are probed."""
AGAIN: Final = frozenset({0, 422, 491, 500})
"""Refusals of a refresh that mean no other time than soon; 0: it could not be sent."""
SOON: Final = 2.0
"""Seconds until then, as for offers that cross (RFC 3261 §14.1)."""
RESUMED: Final = 1.5
"""How many intervals a telephone of an earlier process has to come back over a connection of its own."""
TRY_AGAIN: Final = 5.0
"""Seconds until a probe that could not be sent is sent again."""


class Watch:
    """The probes and refreshes of one dialog. `chance` gives numbers from 0 to 1; times are of the owner's clock."""

    __slots__ = ("_began", "_chance", "_patience", "_timing", "probe_at", "timer", "timer_at")

    def __init__(
        self, timing: Timing, chance: Callable[[], float], now: float, *, resumed: bool = False
    ) -> None:
        self._timing = timing
        self._chance = chance
        self._began: float | None = None  # when the probe was first sent that has no answer yet
        self._patience = RESUMED * timing.probe if resumed else 64 * timing.t1
        self.probe_at: float | None = now + (
            FIRST * timing.probe * chance() if resumed else self._interval()
        )
        """When a probe is due; None while one waits for its answer."""
        self.timer: SessionTimer | None = None
        self.timer_at: float | None = None
        """When our refresh is due, or theirs was: None for neither, and while ours waits for its answer."""

    @property
    def wake_at(self) -> float | None:
        """When the first of both is due."""
        times = (self.probe_at, self.timer_at)
        return min((time for time in times if time is not None), default=None)

    def agree(self, timer: SessionTimer | None, now: float, *, resumed: bool = False) -> None:
        """Learn what both ends agreed on just now, or in an earlier process."""
        self.timer, self.timer_at = timer, None
        if timer is not None and timer.is_ours and resumed:
            self.timer_at = now + FIRST * self._timing.probe * self._chance()
        elif timer is not None:
            spread = SPREAD * self._chance() if timer.is_ours else 0.0
            self.timer_at = now + timer.pause * (1 - spread)

    def refused(self, status: int, shortest: int, now: float) -> None:
        """Learn that our refresh was refused, or could not be made (0): it is made again (RFC 4028 §10).

        `shortest` is the shortest session that a 422 allows.
        """
        if self.timer is None:
            return
        if status == 422:
            self.timer = replace(self.timer, interval=max(shortest, self.timer.interval))
        self.refresh_later(SOON if status in AGAIN else self.timer.pause / 4, now)

    def refresh_later(self, seconds: float, now: float) -> None:
        """Let our refresh be due again in so many seconds, up to half as much more."""
        self.timer_at = now + seconds * (1 + self._chance() / 2)

    def probing(self, now: float) -> None:
        """Learn that a probe goes out."""
        self.probe_at = None
        if self._began is None:
            self._began = now

    def alive(self, now: float) -> None:
        """Learn that the other end answered."""
        self._began = None
        self._patience = 64 * self._timing.t1
        self.probe_at = now + self._interval()

    def unsent(self, now: float) -> bool:
        """Learn that a probe could not be sent. True once the other end was silent for too long."""
        began = now if self._began is None else self._began
        self.probe_at = now + TRY_AGAIN
        return self.probe_at > began + self._patience

    def _interval(self) -> float:
        return self._timing.probe * (1 - SPREAD * self._chance())
