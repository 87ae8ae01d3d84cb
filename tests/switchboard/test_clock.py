"""The clock of the running loop tells unix time and wakes at a time."""

from __future__ import annotations

import asyncio
import time

from switchhook.switchboard.clock import LoopClock
from tests.support.loop import run


def test_it_tells_unix_time() -> None:
    async def scenario() -> None:
        assert abs(LoopClock().now() - time.time()) < 5

    run(scenario())


def test_it_wakes_at_once_when_the_time_has_passed_and_not_when_cancelled() -> None:
    async def scenario() -> None:
        clock, rang = LoopClock(), asyncio.Event()
        clock.call_at(clock.now() - 10, rang.set)
        never = clock.call_at(clock.now() - 10, rang.clear)
        never.cancel()
        await rang.wait()

    run(scenario())


def test_a_later_correction_of_the_systems_clock_changes_nothing() -> None:
    async def scenario() -> None:
        clock = LoopClock()
        first = clock.now()
        await asyncio.sleep(0)
        assert 0 <= clock.now() - first < 5

    run(scenario())
