"""Virtual time goes on only by order, and everything happens at its time and in its turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from switchhook.drivers.simulator.clock import VirtualClock
from switchhook.tasks import spawn
from tests.support.loop import run

if TYPE_CHECKING:
    from switchhook.switchboard.clock import Clock


def test_it_is_a_clock_for_the_switchboard() -> None:
    clock: Clock = VirtualClock(5.0)
    assert clock.now() == 5.0


def test_everything_happens_at_its_time_and_in_the_order_of_planning() -> None:
    clock = VirtualClock(100.0)
    happened: list[tuple[float, str]] = []

    def note(what: str) -> None:
        happened.append((clock.now(), what))

    clock.call_at(102.0, lambda: note("later"))
    clock.call_at(101.0, lambda: note("first of two"))
    clock.call_at(101.0, lambda: note("second of two"))
    clock.call_at(50.0, lambda: note("overdue"))
    run(clock.run())
    assert happened == [
        (100.0, "overdue"),
        (101.0, "first of two"),
        (101.0, "second of two"),
        (102.0, "later"),
    ]
    assert clock.next_at is None


def test_what_is_cancelled_does_not_happen() -> None:
    clock = VirtualClock()
    happened: list[str] = []
    timer = clock.call_at(1.0, lambda: happened.append("cancelled"))
    clock.call_at(2.0, lambda: happened.append("kept"))
    timer.cancel()
    assert clock.next_at == 2.0
    run(clock.run())
    timer.cancel()
    assert happened == ["kept"]


def test_it_runs_up_to_a_moment_and_stands_there() -> None:
    clock = VirtualClock()
    happened: list[str] = []
    clock.call_at(1.0, lambda: happened.append("before"))
    clock.call_at(2.0, lambda: happened.append("at"))
    clock.call_at(2.1, lambda: happened.append("after"))
    run(clock.run(2.0))
    assert happened == ["before", "at"]
    assert clock.now() == 2.0
    run(clock.run(1.0))
    assert clock.now() == 2.0


def test_what_happens_may_plan_more() -> None:
    clock = VirtualClock()
    happened: list[float] = []

    def again() -> None:
        happened.append(clock.now())
        if clock.now() < 3:
            clock.call_at(clock.now() + 1, again)

    clock.call_at(1.0, again)
    run(clock.run())
    assert happened == [1.0, 2.0, 3.0]


def test_tasks_sleep_in_virtual_time() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        woken: list[float] = []

        async def sleeper(seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(clock.now())

        tasks = [spawn(sleeper(seconds), name="sleeper") for seconds in (3600.0, 60.0)]
        await clock.run()
        assert woken == [60.0, 3600.0]
        assert all(task.done() for task in tasks)

    run(scenario())


def test_a_sleeper_that_is_cancelled_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        task = spawn(clock.sleep(60.0), name="sleeper")
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert clock.next_at is None

    run(scenario())


def test_time_waits_until_the_rest_has_come_to_rest() -> None:
    async def scenario() -> None:
        clock = VirtualClock()
        log: list[str] = []
        clock.call_at(1.0, lambda: log.append("one"))
        clock.call_at(2.0, lambda: log.append("two"))

        async def settle() -> None:
            await asyncio.sleep(0)
            log.append("settled")

        await clock.run(settle=settle)
        assert log == ["settled", "one", "settled", "two", "settled"]

    run(scenario())
