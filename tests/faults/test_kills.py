"""Killed at any point of a delivery's life, Switchhook loses nothing that it accepted, and repeats only what was in flight."""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import TYPE_CHECKING

import pytest

from tests.faults.windows import WINDOWS
from tests.faults.world import RANDOM, open_nursery, open_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.world import World

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "20"))
"""`make faults` has 200."""
BEGINS, ENDS = (
    next(one for one in WINDOWS if one.name == name)
    for name in ("dispatched, not begun", "settled, the next not begun")
)
"""The life of one attempt."""
OF_A_WORLD = 20
"""Kills in one data directory, one after another."""


@dataclass
class Figures:
    """What all worlds came to."""

    repeated: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Of each window: how many deliveries each kill repeated."""
    accepted: int = 0
    delivered: int = 0

    def add(self, world: World) -> None:
        for window, repeated in zip(world.hits, world.ledger.repeated, strict=True):
            self.repeated[window].append(repeated)
        self.accepted += len(world.ledger.accepted)
        self.delivered += len({receipt.id for receipt in world.ledger.receipts})

    def table(self) -> str:
        lines = [f"{'killed':34} {'kills':>5} {'repeated, at most':>18}"]
        lines += [
            f"{window:34} {len(counts):5} {max(counts):18}"
            for window, counts in self.repeated.items()
        ]
        return "\n".join((*lines, f"events accepted {self.accepted}, deliveries {self.delivered}"))


def test_killed_in_each_window_it_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, windows = Figures(), islice(cycle((None, *WINDOWS)), KILLS)
    with open_nursery() as nursery:
        for seed in range(-(-KILLS // OF_A_WORLD)):
            with open_world(tmp_path / str(seed), nursery, seed=seed) as world:
                for window in islice(windows, OF_A_WORLD):
                    world.kill_in(window)
                world.settle()
            figures.add(world)
    with capsys.disabled():
        sys.stdout.write(f"\n{figures.table()}\n")
    passed = islice((RANDOM, *(window.name for window in WINDOWS)), KILLS)
    assert figures.repeated.keys() == {*passed}
    assert figures.accepted > KILLS


def test_what_is_to_arrive_at_most_once_does_so_whenever_it_is_killed(tmp_path: Path) -> None:
    with (
        open_nursery() as nursery,
        open_world(tmp_path, nursery, seed=1, at_most_once=True) as world,
    ):
        for window in WINDOWS[WINDOWS.index(BEGINS) : WINDOWS.index(ENDS) + 1]:
            world.kill_in(window)
        world.settle()
        came = Counter(receipt.id for receipt in world.ledger.receipts if receipt.sink == "crm")
        assert set(came.values()) == {1}
        failed = [row["id"] for row in world.listed() if row["state"] == "failed"]
        assert failed, "no kill cut an exchange short"
        assert all("crm" in name for name in failed)
