"""Work that is to run for ever survives a mistake; a thread that computes hands over soon."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.sip.net.rtp_thread import SWITCH as FOR_SOUND
from switchhook.tasks import (
    FEW_ROWS,
    SWITCH_INTERVAL,
    compute,
    compute_rows,
    in_own_thread,
    keep_running,
    spawn,
)
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_work_that_crashed_begins_anew_and_is_told_of() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise RuntimeError("a mistake")
        done.set()
        await asyncio.Event().wait()

    async def scenario() -> list[dict[str, object]]:
        with capture_logs() as logs:
            task = keep_running(work, name="works", pause=0.0)
            await done.wait()
            task.cancel()
        return [dict(line) for line in logs]

    done = asyncio.Event()

    told = [(line["event"], line["task"]) for line in run(scenario())]

    assert told == [("task crashed", "works")] * 2
    assert begun == 3


@pytest.fixture
def usual() -> Iterator[None]:
    """Put the switch interval back."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize(
    ("before", "meanwhile", "during", "after"),
    [
        (0.005, None, SWITCH_INTERVAL, 0.005),
        (0.005, FOR_SOUND, FOR_SOUND, FOR_SOUND),
        (FOR_SOUND, None, FOR_SOUND, FOR_SOUND),
    ],
)
def test_a_thread_hands_over_soon_for_a_while_and_sound_keeps_what_it_asked_for(
    before: float, meanwhile: float | None, during: float, after: float
) -> None:
    def work() -> float:
        if meanwhile is not None:
            sys.setswitchinterval(meanwhile)
        return sys.getswitchinterval()

    sys.setswitchinterval(before)

    assert run(compute(work)) == pytest.approx(during)
    assert sys.getswitchinterval() == pytest.approx(after)


@pytest.mark.usefixtures("usual")
def test_threads_at_once_leave_the_interval_as_it_was() -> None:
    both = threading.Barrier(2, timeout=10)
    first_ended = threading.Event()

    def first() -> None:
        both.wait()

    def second() -> float:
        both.wait()
        assert first_ended.wait(10)
        return sys.getswitchinterval()

    async def scenario() -> float:
        beside = spawn(compute(second), name="beside")
        await compute(first)
        first_ended.set()
        return await beside

    sys.setswitchinterval(0.005)

    assert run(scenario()) == pytest.approx(SWITCH_INTERVAL)
    assert sys.getswitchinterval() == pytest.approx(0.005)


def test_what_never_ends_in_a_thread_of_its_own_holds_no_exit_up() -> None:
    never = threading.Event()

    async def scenario() -> None:
        assert await in_own_thread(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await in_own_thread(divmod, 7, 0)
        in_own_thread(never.wait)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_own_thread(never.wait), 0.01)

    run(scenario())
    never.set()


@pytest.mark.parametrize(("rows", "is_apart"), [(FEW_ROWS, False), (FEW_ROWS + 1, True)])
def test_few_rows_are_written_at_once_and_many_in_a_thread(rows: int, *, is_apart: bool) -> None:
    async def scenario() -> bool:
        here = threading.get_ident()
        return await compute_rows(rows, threading.get_ident) != here

    assert run(scenario()) is is_apart
