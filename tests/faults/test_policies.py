"""Killed in the middle: what is sent at most once never arrives twice, and what is parked stays so and arrives in the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.delivery_policy import DeliveryPolicy
from tests.faults.sinks import polite
from tests.faults.windows import WINDOWS
from tests.faults.world import open_nursery, open_world
from tests.support.loop import run

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

DURING = ("dispatched, not begun", "request written, no answer", "answer read, not recorded")
"""Windows in which a delivery has been begun, and nobody knows what came of it."""


@pytest.mark.row("T-17", "S-71")
def test_what_is_sent_at_most_once_arrives_once_or_is_listed_as_interrupted(tmp_path: Path) -> None:
    with open_nursery() as nursery, open_world(tmp_path, nursery, seed=2) as world:
        run(world.change_policy(DeliveryPolicy(retries=3, at_most_once=True)))
        world.erp.behave(polite)
        world.ledger.is_patient = False  # what was answered when it was killed is listed as failed
        for name in DURING:
            world.kill_in(next(window for window in WINDOWS if window.name == name))
        world.settle()
        rows, came = world.listed(), Counter(one.id for one in world.ledger.receipts)
    assert max(came.values()) == 1
    assert {row["state"] for row in rows} == {"delivered", "failed"}
    assert {row["latest"]["failure"] for row in rows if row["state"] == "failed"} == {"interrupted"}
    assert all(came[row["id"]] == 1 for row in rows if row["state"] == "delivered")


@pytest.mark.row("S-71")
def test_what_is_parked_at_a_kill_stays_parked_and_arrives_in_order(tmp_path: Path) -> None:
    with open_nursery() as nursery, open_world(tmp_path, nursery, seed=3) as world:
        # The pauses are made shorter by the process, the breaker's is not.
        run(world.change_policy(DeliveryPolicy(pauses=(1.0, 1.0), breaker_pause=1.0)))
        world.erp.behave(lambda *_: "503")
        world.start(world.plan)
        world.wait_for_log("endpoint failing")
        world.wait_for("accepted", count=40)
        world.kill()
        parked = [row for row in world.listed() if row["state"] == "parked"]
        assert {row["webhook"].partition(" ")[0] for row in parked} == {"erp"}
        assert parked
        world.erp.behave(polite)
        world.settle()
        states = {row["id"]: row["state"] for row in world.listed()}
    assert {states[row["id"]] for row in parked} == {"delivered"}
