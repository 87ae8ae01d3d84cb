"""The clock of the running loop tells unix time and wakes at a time."""

from __future__ import annotations

import asyncio
import time

import pytest

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


@pytest.mark.row("FD-12")
def test_it_follows_a_correction_of_the_systems_clock_and_a_steady_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        clock = LoopClock()
        steady = clock.monotonic()
        real = time.time
        for step in (3600.0, -3600.0):
            monkeypatch.setattr(time, "time", lambda step=step: real() + step)
            assert abs(clock.now() - real() - step) < 5
            assert abs(steady.now() - real()) < 5
            assert abs(clock.monotonic().now() - real() - step) < 5
        rang = asyncio.Event()
        steady.call_at(steady.now() + 0.01, rang.set)
        await rang.wait()

    run(scenario())
