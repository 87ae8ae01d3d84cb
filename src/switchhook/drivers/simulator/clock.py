"""Time that stands still until it is told to go on."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Self

TURNS = 50
"""Turns of the event loop after which all ready work is done."""


class VirtualTimer:
    """A call-back on the agenda."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget it; does nothing once it was called."""
        self.callback = None


class VirtualClock:
    """A clock with an agenda. What is planned for the same moment happens in the order of planning."""

    def __init__(self, now: float = 0.0) -> None:
        self._now = now
        self._order = count()
        self._agenda: list[tuple[float, int, VirtualTimer]] = []

    def now(self) -> float:
        """Return the time, in seconds."""
        return self._now

    def monotonic(self) -> Self:
        """Return this clock, which is never corrected."""
        return self

    def call_at(self, when: float, callback: Callable[[], None]) -> VirtualTimer:
        """Plan `callback` for `when`; for this very moment when that has passed."""
        timer = VirtualTimer(callback)
        heappush(self._agenda, (max(when, self._now), next(self._order), timer))
        return timer

    @property
    def next_at(self) -> float | None:
        """Return the time of the next call-back, or None when nothing is planned."""
        while self._agenda and self._agenda[0][2].callback is None:
            heappop(self._agenda)
        return self._agenda[0][0] if self._agenda else None

    def tick(self) -> None:
        """Go to the next planned moment and call what is first then. Needs `next_at`."""
        self._now, _, timer = heappop(self._agenda)
        callback, timer.callback = timer.callback, None
        if callback is not None:
            callback()

    async def sleep(self, seconds: float) -> None:
        """Return when this much virtual time has passed."""
        woken = asyncio.get_running_loop().create_future()
        timer = self.call_at(self._now + seconds, lambda: woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    async def run(
        self, until: float = float("inf"), *, settle: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Let everything happen that is planned up to `until`, and all that it leads to.

        Time goes on only when the rest of the program has come to rest. `settle` waits for that; without it a
        few turns of the event loop do, which is enough without a disk or a network.
        """
        settle = settle or some_turns
        await settle()
        while (at := self.next_at) is not None and at <= until:
            self.tick()
            await settle()
        if until != float("inf"):
            self._now = max(self._now, until)


async def some_turns() -> None:
    """Let every task run until it waits for something else than the loop."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
