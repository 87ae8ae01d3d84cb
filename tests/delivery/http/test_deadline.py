"""A deadline ends a wait, and counts what had come by then though the loop reads it late."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, cast

import pytest

from switchhook.delivery.http.deadline import LAST_LOOK_SECONDS, MOST_GIVEN_BACK_SECONDS, within
from switchhook.tasks import spawn
from tests.support.virtual_time import run_virtually

if TYPE_CHECKING:
    from tests.delivery.conftest import Play
    from tests.support.virtual_time import VirtualLoop


async def ended(seconds: float, come_at: float | None = None) -> tuple[str, float]:
    """Wait for what comes at `come_at`, within `seconds`; say what came of it, and when."""
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()
    if come_at is not None:
        loop.call_at(come_at, waiter.set_result, None)
    try:
        async with within(seconds):
            await waiter
    except TimeoutError:
        return "timed out", loop.time()
    return "came", loop.time()


def test_a_wait_ends_with_its_deadline_and_one_last_look() -> None:
    what, at = run_virtually(ended(5.0))

    assert what == "timed out"
    assert at == pytest.approx(5.0 + LAST_LOOK_SECONDS, abs=1e-6)


@pytest.mark.parametrize("come_at", [1.0, 5.0, 5.0 + LAST_LOOK_SECONDS / 2])
def test_what_comes_by_then_or_in_the_last_look_counts(come_at: float) -> None:
    what, at = run_virtually(ended(5.0, come_at))

    assert what == "came"
    assert at == pytest.approx(come_at, abs=1e-6)


@pytest.mark.parametrize(
    ("still", "end"),
    [(5.05, 5.05 + LAST_LOOK_SECONDS), (5.5, 6.0), (60.0, 60.0 + MOST_GIVEN_BACK_SECONDS)],
)
def test_the_time_that_this_process_stood_still_is_given_back_once(
    still: float, end: float
) -> None:
    """Up to a second of it, and none where it was busy for a moment."""

    async def scenario() -> tuple[str, float]:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        loop.call_soon(loop.stand_still, still)
        return await ended(5.0)

    what, at = run_virtually(scenario())

    assert what == "timed out"
    assert at == pytest.approx(end, abs=1e-6)


def test_what_comes_after_the_last_look_is_late() -> None:
    assert run_virtually(ended(5.0, 5.1))[0] == "timed out"


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_a_deadline_that_is_over_ends_at_once(seconds: float) -> None:
    assert run_virtually(ended(seconds, 1.0)) == ("timed out", 0.0)


def test_it_can_be_ended_before() -> None:
    async def scenario() -> float:
        loop = asyncio.get_running_loop()

        async def waiting() -> None:
            async with within(5.0) as wait:
                loop.call_at(1.0, wait.reschedule, 0.0)
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await waiting()
        await asyncio.sleep(9.0)  # nothing of it is left
        return loop.time()

    assert run_virtually(scenario()) == 10.0


def test_who_is_cancelled_did_not_time_out() -> None:
    async def scenario() -> None:
        waiting = spawn(ended(5.0), name="wait")
        await asyncio.sleep(1.0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run_virtually(scenario())


def test_a_process_that_stood_still_reads_what_the_kernel_held(play: Play) -> None:
    """With `asyncio.timeout` uvloop says that nothing came."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        with near, far:
            near.settimeout(0)
            loop.call_soon(far.send, b"here")
            loop.call_soon(time.sleep, 0.05)  # as a whole process does
            async with within(0.02):
                assert await loop.sock_recv(near, 4) == b"here"

    play(scenario())
