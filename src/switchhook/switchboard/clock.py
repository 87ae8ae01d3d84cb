"""The time, and being woken at a time: one for the real world, one for tests (the simulator's)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Alarm(Protocol):
    """A call-back that waits for its time."""

    def cancel(self) -> None:
        """Forget it; does nothing once it was called."""


class Clock(Protocol):
    """Unix time in seconds that never runs backwards."""

    def now(self) -> float:
        """Return the time."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Alarm:
        """Call `callback` once at `when` or soon after; at once when that has passed."""


class LoopClock:
    """The running loop's clock, set to unix time once.

    Later corrections of the system's clock do
    not shorten or lengthen anybody's ringing.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._offset = time.time() - self._loop.time()

    def now(self) -> float:
        """Return the time."""
        return self._loop.time() + self._offset

    def call_at(self, when: float, callback: Callable[[], None]) -> Alarm:
        """Call `callback` once at `when` or soon after."""
        return self._loop.call_at(when - self._offset, callback)
