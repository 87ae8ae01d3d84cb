"""Clocks and timers: the system's, and the contract that the simulator's virtual clock keeps too."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer(Protocol):
    """A callback that is due at a time."""

    def cancel(self) -> None:
        """Forget it; does nothing once it was called."""


class Clock(Protocol):
    """Unix time in seconds."""

    def now(self) -> float:
        """Return the time."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once at `when` or soon after; at once when that has passed."""

    def monotonic(self) -> Clock:
        """Return a clock that shows the same time now, and runs on evenly.

        By it the durations of one call are measured.
        """


class LoopClock:
    """The system's clock: dates and working hours follow its corrections."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        """Return the time."""
        return time.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, after so long as it is from now to `when`."""
        return self._loop.call_later(max(0.0, when - self.now()), callback)

    def monotonic(self) -> MonotonicClock:
        """Return a clock that no correction moves."""
        return MonotonicClock()


class MonotonicClock:
    """The running loop's clock, set to unix time once.

    Later corrections of the system's clock do not shorten or lengthen ringing.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._offset = time.time() - self._loop.time()

    def now(self) -> float:
        """Return the time; it never runs backwards."""
        return self._loop.time() + self._offset

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once at `when` or soon after."""
        return self._loop.call_at(when - self._offset, callback)

    def monotonic(self) -> MonotonicClock:
        """Return this one."""
        return self
