"""Two nodes on one database: each has its own calls; when one is killed, the other ends them, once."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from switchhook.operations.data_dir import DATABASE
from tests.support.bare import BareCaller
from tests.support.house import EVENTS, Callee, House, Line, open_house, ring
from tests.support.loop import run
from tests.support.nodes import LOOKS, NodeServer
from tests.support.wire import reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.wire import Received

pytestmark = pytest.mark.slow

DIALLED, CALLED = "380890000002", "380500000009"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Open a house on a node `a`; its trunk's numbers pick up and stay."""
    a = NodeServer(tmp_path, "a", tmp_path / "data" / DATABASE)
    lines = (Line(number=DIALLED, steps=(ring(CALLED),)),)
    with open_house(tmp_path, lines, callee=Callee(hold=90_000), server=a) as house:
        yield house


@pytest.fixture
def b(house: House, tmp_path: Path) -> Iterator[NodeServer]:
    """Start node `b` on the same database."""
    with NodeServer(tmp_path / "b", "b", house.server.data_dir / DATABASE) as b:
        yield b


def test_a_killed_node_s_calls_are_ended_and_its_deliveries_made_by_the_other_once(
    house: House, b: NodeServer
) -> None:
    dead, asked = threading.Event(), threading.Event()

    def hang(_request: Received) -> bytes:
        """Answer node `a` never: its delivery is under way when it is killed."""
        asked.set()
        dead.wait(60)
        return reply("ok")

    first, second = house.stranger(), house.stranger()

    async def scenario() -> None:
        with (
            BareCaller(house.server.port, DIALLED, first) as one,
            BareCaller(house.server.port, DIALLED, second) as other,
        ):
            await one.talk()
            await asyncio.to_thread(_look_a_while, house)
            assert (house.seen(first, "BYE"), _log(b, "lease expired")) == ([], 0)
            house.events.answer = hang
            await other.talk()
            assert await asyncio.to_thread(asked.wait, 10)
            house.server.kill()
            dead.set()
            for caller in (one, other):
                await caller.request_of_theirs("BYE", within=40.0)

    run(scenario(), deadline=90)
    _wait_until_settled(house)
    _assert_each_once(house, calls=2)
    for who in (first, second):
        assert len(house.seen(who, "BYE")) == 1
    assert _log(b, "lease expired") == 1


def _look_a_while(house: House) -> None:
    """Wait until node `b` looked often enough to have taken over a node that is dead."""

    def beats() -> int:
        ((count,),) = house.server.query("SELECT beat FROM nodes WHERE name = 'b'")
        return int(count)

    begun, end = beats(), time.monotonic() + 60.0
    while beats() < begun + 1.5 * LOOKS:
        assert time.monotonic() < end
        time.sleep(0.1)


def _log(node: NodeServer, text: str) -> int:
    return sum(text in line for line in list(node.log))


def _wait_until_settled(house: House) -> None:
    end = time.monotonic() + 20.0
    while house.server.query("SELECT id FROM deliveries WHERE NOT settled") or house.server.query(
        "SELECT call FROM calls WHERE state <> 'ended'"
    ):
        assert time.monotonic() < end
        time.sleep(0.1)


def _assert_each_once(house: House, *, calls: int) -> None:
    """Fail unless each call ended once, and each delivery came, twice only what was under way."""
    ends = house.server.query("SELECT call FROM journal WHERE happening = 'ended'")
    assert len(ends) == len(set(ends)) == calls
    promised = house.server.query("SELECT id FROM deliveries")
    assert len(promised) == calls * len(EVENTS)
    came: dict[str, list[bytes]] = {}
    for request in house.events.ledger.requests:
        came.setdefault(request.header("webhook-id"), []).append(request.raw)
    assert set(came) == {str(one) for (one,) in promised}
    assert sorted(len(times) for times in came.values()) == [1] * (len(promised) - 1) + [2]
    assert all(len(set(times)) == 1 for times in came.values()), "other bytes came again"
