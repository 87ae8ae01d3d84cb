"""A disk that is full or read-only for a while loses nothing: calls go on, and what they told is told when it is mended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.world import ROOT, open_nursery, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.world import World

pytestmark = pytest.mark.slow

CALLS = 150
DISKS = {
    "full": ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1073741823"),
    "read-only": ("PRAGMA query_only = 1", "PRAGMA query_only = 0"),
}
"""SQLite's own switches, which bring its own errors: SQLITE_FULL and SQLITE_READONLY."""


@contextmanager
def broken(world: World, disk: str) -> Iterator[None]:
    """Let calls come, and break the disk under them for a while."""
    world.start(replace(world.plan, calls=CALLS, at_once=4, pause=0.01, disk=DISKS[disk]))
    world.wait_for("accepted", count=40)
    world.signal(signal.SIGUSR2)
    world.wait_for_log("calls not stored")
    time.sleep(1.0)
    yield


@pytest.mark.parametrize("disk", DISKS)
def test_what_a_broken_disk_refused_is_told_once_it_is_mended(tmp_path: Path, disk: str) -> None:
    with open_nursery() as nursery, open_world(tmp_path, nursery, seed=1) as world:
        with broken(world, disk):
            world.signal(signal.SIGUSR2)
        world.end()
        assert {call for call, _ in world.ledger.accepted} == {
            row["call"] for row in world.listed()
        }
        assert len(world.listed()) == CALLS * sum(world.ledger.events.values())
        assert "calls stored again" in world.log(10**6)


@pytest.mark.parametrize("disk", DISKS)
def test_killed_with_a_broken_disk_it_owes_what_it_had_accepted(tmp_path: Path, disk: str) -> None:
    with open_nursery() as nursery, open_world(tmp_path, nursery, seed=1) as world:
        with broken(world, disk):
            world.kill()
        world.settle()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of its own, as root."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that a disk has left."""
    file = folder / "filler"
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(65536))
        except OSError:
            return file


def test_a_disk_without_room_loses_nothing(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", "40m") as disk,
        open_nursery() as nursery,
        open_world(tmp_path / "world", nursery, seed=1, data_dir=disk) as world,
    ):
        for ends_by in ("room", "kill"):
            world.start(replace(world.plan, calls=CALLS, at_once=4, pause=0.01))
            world.wait_for("accepted", count=40)
            filler = fill(disk)
            world.wait_for_log("calls not stored")
            time.sleep(1.0)
            if ends_by == "kill":
                world.kill()
            filler.unlink()
            if ends_by == "room":
                world.end()
        world.settle()


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_start_says_what_is_wrong_with_the_disk(tmp_path: Path, how: str) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        if how == "full":
            fill(disk)
        else:
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        command = [sys.executable, "-m", "switchhook", "serve", "--data-dir", str(disk / "data")]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        )
        assert done.returncode == 1
        assert "Traceback" not in done.stderr + done.stdout
        assert {"full": "full", "read-only": "ead-only"}[how] in done.stderr
