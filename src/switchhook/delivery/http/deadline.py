"""A deadline for the other end: it counts what had come in time, and no time in which this process stood still."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LAST_LOOK_SECONDS: Final = 0.001
"""How long a loop gets, once a deadline is over, to read what the kernel held by then."""

STOOD_STILL_SECONDS: Final = 0.1
"""A timer that fires so much late tells that this process stood still: that time is not the endpoint's."""

MOST_GIVEN_BACK_SECONDS: Final = 1.0
"""How much of it an exchange gets on top of its deadline, once, at most."""


def given_back(missed: float) -> float:
    """Return the seconds that the other end gets after a deadline whose timer fired `missed` seconds late."""
    if missed > STOOD_STILL_SECONDS:
        return min(missed, MOST_GIVEN_BACK_SECONDS)
    return LAST_LOOK_SECONDS


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Bound a wait as `asyncio.timeout` does, which fires before the loop reads. Raises TimeoutError.

    uvloop runs timers before it reads. A process that stood still, or was busy, finds both at once: the deadline
    over, and in the kernel what had come before it. Perhaps it stood still before it sent, and the other end has had
    no time at all.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    async with asyncio.timeout(None if seconds > 0 else 0.0) as wait:
        timer: asyncio.TimerHandle

        def end() -> None:
            # Behind the tasks that the last look woke up: `reschedule` calls soon, and not at once.
            if not wait.expired():
                wait.reschedule(loop.time())

        def look() -> None:
            nonlocal timer
            timer = loop.call_later(given_back(loop.time() - until), end)

        timer = loop.call_later(max(seconds, 0.0), look)
        try:
            yield wait
        finally:
            timer.cancel()
