"""A clock that is set an hour forward or back delays no delivery, repeats none, and loses none; nor does a restart with it."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.delivery_policy import DeliveryPolicy
from tests.faults.world import PAUSES, open_nursery, open_world
from tests.support.loop import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

HOUR = 3600.0


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_clock_that_jumps_and_is_right_again_after_a_crash_changes_nothing(
    tmp_path: Path, jump: float
) -> None:
    with open_nursery() as nursery, open_world(tmp_path, nursery, seed=1) as world:
        # Each probe of a parked endpoint would be another delivery's first attempt, and fail.
        run(world.change_policy(DeliveryPolicy(pauses=PAUSES, breaker_failures=0)))
        world.erp.behave(busy_at_first)
        world.start(replace(world.plan, at_once=4, pause=0.01, clock=jump))
        world.wait_for("accepted", count=50)
        world.signal(signal.SIGUSR1)
        world.wait_for("accepted", count=150)
        world.kill()
        world.settle()
        assert {row["state"] for row in world.listed()} == {"delivered"}


def busy_at_first(_name: str, times: int) -> str:
    """Answer 503 the first time: everything waits for a retry once."""
    return "503" if times == 1 else "200"
