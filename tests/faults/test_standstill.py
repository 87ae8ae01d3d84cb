"""A process that stood still goes on where it was, and takes an answer that came meanwhile for what it is."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.sinks import polite
from tests.faults.world import open_nursery, open_world

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CALLS = 150
STILL = 6.0
"""Seconds: longer than an exchange may take, and than the lease is good for."""


def test_it_goes_on_and_takes_the_answers_that_came_meanwhile(tmp_path: Path) -> None:
    """The endpoint answered in time: what was late is our look at it. The ledger knows."""
    with (
        open_nursery() as nursery,
        open_world(tmp_path, nursery, seed=1, response_timeout=STILL - 1.0) as world,
    ):
        world.start(replace(world.plan, calls=CALLS, renew_every=0.1))
        world.wait_for("accepted", count=100)
        world.signal(signal.SIGSTOP)
        time.sleep(STILL)
        world.signal(signal.SIGCONT)
        world.end()
        assert len(world.listed()) == CALLS * sum(world.ledger.events.values())


def test_a_node_that_was_taken_over_meanwhile_repeats_no_more_than_was_in_flight(
    tmp_path: Path,
) -> None:
    with (
        open_nursery() as nursery,
        open_nursery() as other,
        open_world(tmp_path, nursery, seed=1) as world,
    ):
        lease = replace(world.plan, renew_every=0.2, looks=5)
        world.crm.behave(lambda *_: "hang")
        world.start(replace(lease, node="a", calls=CALLS))
        world.wait_for("accepted", count=4 * CALLS)
        world.wait_until(lambda owed: not any("erp" in name for name in owed))
        world.signal(signal.SIGSTOP)
        in_flight = {one.id for one in world.ledger.receipts} & world.pending()
        taking_over = replace(lease, node="b", at_once=0, log=str(tmp_path / "log of b"))
        successor = other.bear(taking_over)
        world.crm.behave(polite)
        world.wait_until(lambda owed: not owed)
        world.signal(signal.SIGCONT)
        world.wait_for("lost")
        os.kill(successor, signal.SIGTERM)
        assert (nursery.ended(), other.ended()) == (0, 0)
        tried = {row["id"]: row["latest"]["number"] for row in world.listed()}
        came = Counter(one.id for one in world.ledger.receipts if one.status)
        repeated = {name for name, times in came.items() if times > tried[name]}
        assert repeated <= in_flight
