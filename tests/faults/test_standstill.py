"""A process that stood still goes on where it was, and takes an answer that came meanwhile for what it is."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

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
