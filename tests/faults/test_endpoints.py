"""An endpoint that misbehaves for an hour, with thousands of deliveries waiting, delays no other, and is owed nothing then.

The hour is a minute and a half in `make faults`, and two seconds else: response_timeout is 1 s here, where 15 s to 60 s are usual.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.sinks import polite
from tests.faults.world import PATIENCE, open_nursery, open_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.world import World

pytestmark = pytest.mark.slow

IS_LONG = "KILLS" in os.environ
WAITING, HOUR = (10_000, 90.0) if IS_LONG else (400, 2.0)
"""Deliveries to the endpoint, and seconds."""
CASES = [("hang", True), ("drip", False), ("reset", False)]
CASES += [("hang", False), ("drip", True), ("reset", True)] if IS_LONG else []
"""How it misbehaves, and whether the server is killed in the middle of it."""


@pytest.mark.parametrize(("manner", "killed"), CASES)
def test_an_endpoint_that_misbehaves_delays_no_other_and_is_told_in_the_end(
    tmp_path: Path,
    manner: str,
    killed: bool,  # noqa: FBT001 - a case
) -> None:
    with (
        open_nursery() as nursery,
        open_world(tmp_path, nursery, seed=1, response_timeout=1.0) as world,
    ):
        world.erp.behave(lambda *_: manner)
        calls = WAITING // 4
        world.start(replace(world.plan, calls=None if killed else calls, at_once=8))
        began = time.monotonic()
        wait_for_others(world, calls)
        time.sleep(max(0.0, began + HOUR - time.monotonic()))
        if killed:
            world.kill()
        world.erp.behave(polite)
        if killed:
            world.settle()
        else:
            world.end()
        owed = [row for row in world.listed() if row["webhook"].startswith("erp")]
        assert len(owed) >= WAITING
        assert any(row["state"] == "delivered" for row in owed)


def wait_for_others(world: World, calls: int) -> None:
    """Wait until the other receiver has heard of all calls' ends, while this one misbehaves."""
    end = time.monotonic() + PATIENCE + HOUR
    while (
        sum(
            b"incoming.after" in one.content
            for one in list(world.ledger.receipts)
            if one.sink == "crm"
        )
        < calls
    ):
        assert time.monotonic() < end, world.log()
        time.sleep(0.1)
