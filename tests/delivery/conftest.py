"""Event loops that the delivery's tests run on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.support.hostile import no_socket_leaked

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Play(Protocol):
    """Runs a scenario to its end, within a deadline, and sees that no socket is left."""

    def __call__(self, scenario: Coroutine[Any, Any, None], /) -> None: ...


@pytest.fixture(params=["asyncio", "uvloop"])
def play(request: pytest.FixtureRequest) -> Play:
    """Run on both loops: they differ in how they write, close and time."""
    new_loop = None
    if request.param == "uvloop":
        new_loop = pytest.importorskip("uvloop").new_event_loop

    async def bounded(scenario: Coroutine[Any, Any, None]) -> None:
        async with asyncio.timeout(30.0):
            await scenario

    def run(scenario: Coroutine[Any, Any, None], /) -> None:
        with no_socket_leaked(), asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(bounded(scenario))

    return run
