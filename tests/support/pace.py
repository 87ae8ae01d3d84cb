"""Time as it goes here and now: limits that hold on a slow machine, and on one that is busy.

Two measures. What work costs is told in processor time, against a loop that is measured beside it. How
late something ends is told from a timer of the same event loop, which whatever holds up the loop delays
as well.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

EARLY = 0.01
"""Seconds: a timer of uvloop counts in milliseconds, and may be one early."""
LATE = 1.0
"""Seconds after the loop's own timer by which everything that it set off is over."""


def cost(work: Callable[[], object], *, enough: float) -> float:
    """Return what `work` costs, as a multiple of a loop that takes about 1 ms on an idle machine.

    Both are measured in turns, until the best of each tell that it costs less than `enough`; 100
    times at most. So other programs cost time here, and not the result.
    """
    best = loop = float("inf")
    for _ in range(100):
        best, loop = min(best, _seconds(work)), min(loop, _seconds(_loop))
        if best / loop < enough:
            break
    return best / loop


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _loop() -> int:
    """Compute and take memory, in about equal parts: what others do to the caches slows both."""
    total = 0
    for number in range(6_000):
        total += number & 7
    return total + len([[number] for number in range(6_000)])


@asynccontextmanager
async def ends_after(seconds: float) -> AsyncIterator[None]:
    """Fail where the block ends before so many seconds, or well after a timer for as many."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    rung: list[float] = []
    timer = loop.call_later(seconds, lambda: rung.append(loop.time()))
    try:
        yield
    finally:
        timer.cancel()
    ended = loop.time()
    assert ended - began >= seconds - EARLY
    assert not rung or ended - rung[0] < LATE
