"""The supervision of a session: when its other end is probed, when it is refreshed, when it is lost. Pure.

A probe is an OPTIONS within the dialog. Any final response means that the other end lives, but 481 (it
knows nothing of the dialog), 408 and silence mean that it is gone (RFC 3261 §12.2.1.2). A session may be refreshed beside that, by either end (RFC 4028).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.sip.transaction.deadlines import earliest

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.sip.transaction.transaction import Timing
    from switchhook.sip.ua.session_timer import SessionTimer

SPREAD: Final = 0.25
"""The part of the interval by which a probe may come earlier, so that many calls do not probe at once."""
FIRST: Final = 1 / 25
"""The part of the interval within which the dialogs of an earlier process are probed."""
AGAIN: Final = frozenset({0, 422, 491, 500})
"""Refusals of a refresh that mean no other time than soon; 0: it could not be sent."""
SOON: Final = 2.0
"""Seconds until then, as for offers that cross (RFC 3261 §14.1)."""
RESUMED: Final = 1.8
"""How many intervals a telephone of an earlier process has to come back over a connection of its own."""
TRY_AGAIN: Final = 5.0
"""Seconds until a probe that could not be sent is sent again."""
NOTE: Final = 4
"""Of T1: how long a probe stays unanswered until the silence is stored. It was sent three times by then."""
GRACE: Final = 8
"""Of T1: how long a new process waits for one who was silent before, at least. It asks four times in that time."""


class SessionSupervision:
    """The probes and refreshes of one dialog. `chance` gives numbers from 0 to 1; times are of the owner's clock."""

    __slots__ = (
        "_began",
        "_chance",
        "_first",
        "_noted",
        "_patience",
        "_timing",
        "probe_at",
        "timer",
        "timer_at",
    )

    def __init__(self, timing: Timing, chance: Callable[[], float], now: float) -> None:
        self._timing = timing
        self._chance = chance
        self._began: float | None = None  # when the probe was first sent that has no answer yet
        self._first = now  # when this process probed first in the silence that lasts
        self._noted = False  # whether the silence is stored
        self._patience = 64 * timing.t1
        self.probe_at: float | None = now + self._interval()
        """When a probe is due; None while one waits for its answer."""
        self.timer: SessionTimer | None = None
        self.timer_at: float | None = None
        """When our refresh is due, or the peer's was; None for neither, and while ours waits for its answer."""

    def resume(self, now: float, *, silent: float | None, reconnects: bool) -> None:
        """Go on after a restart: probe soon.

        `silent` is for how many seconds probes had no answer by now, None where they had. A telephone that
        `reconnects` lost its connection with the earlier process: its silence begins anew, and lasts longer.
        """
        self.probe_at = now + FIRST * self._timing.probe * self._chance()
        if reconnects:
            self._patience = RESUMED * self._timing.probe
        elif silent is not None:
            self._began, self._noted = now - silent, True
            self.probe_at = self._first = now + 2 * self._timing.t1 * self._chance()

    @property
    def silent_since(self) -> float | None:
        """When the probe was first sent that has no answer yet; None while the other end answers."""
        return self._began

    @property
    def note_at(self) -> float | None:
        """When the silence has to be stored; None when there is none or it is stored."""
        return None if self._began is None or self._noted else self._began + NOTE * self._timing.t1

    @property
    def lost_at(self) -> float | None:
        """When the other end is lost, unless it answers; None while it answers."""
        if self._began is None:
            return None
        return max(self._began + self._patience, self._first + GRACE * self._timing.t1)

    @property
    def wake_at(self) -> float | None:
        """When the first of all is due."""
        return earliest(self.probe_at, self.timer_at, self.note_at, self.lost_at)

    def set_timer(self, timer: SessionTimer | None, now: float, *, resumed: bool = False) -> None:
        """Learn what both ends agreed on just now, or in an earlier process."""
        self.timer, self.timer_at = timer, None
        if timer is not None and timer.is_ours and resumed:
            self.timer_at = now + FIRST * self._timing.probe * self._chance()
        elif timer is not None:
            spread = SPREAD * self._chance() if timer.is_ours else 0.0
            self.timer_at = now + timer.pause * (1 - spread)

    def refresh_refused(self, status: int, shortest: int, now: float) -> None:
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

    def probe_sent(self, now: float) -> None:
        """Learn that a probe goes out."""
        self.probe_at = None
        if self._began is None:
            self._began = self._first = now

    def silence_stored(self) -> None:
        """Learn that the silence is being stored."""
        self._noted = True

    def probe_answered(self, now: float) -> bool:
        """Learn that the other end answered. True where a silence was stored that is over."""
        was_noted, self._noted = self._noted, False
        self._began = None
        self._patience = 64 * self._timing.t1
        self.probe_at = now + self._interval()
        return was_noted

    def probe_unsent(self, now: float) -> None:
        """Learn that a probe could not be sent: it is sent again."""
        self.probe_at = now + TRY_AGAIN

    def _interval(self) -> float:
        return self._timing.probe * (1 - SPREAD * self._chance())
