"""Recordings beyond what a project keeps are deleted while the server runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from switchhook.app import retention as module
from switchhook.domain.project import Project, ProjectSnapshot, RecordingRules
from switchhook.operations.recordings import recordings_in
from switchhook.settings import Settings
from switchhook.tasks import spawn
from tests.operations.test_recordings import keep
from tests.support.loop import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_recordings_beyond_a_projects_limits_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEGABYTE", 20_000)  # room for one recording
    monkeypatch.setattr(module, "TRIM_EVERY", 0.01)
    rules = {
        "full": RecordingRules(max_megabytes=1),
        "short": RecordingRules(keep_days=1),
        "free": RecordingRules(),
    }
    for project in rules:
        for number in (1, 2):
            keep(tmp_path, f"{project}/{number}.1/r1", at=1000.0 * number)
    kept = recordings_in(tmp_path, base="", keep_days=90)
    snapshots = {
        name: ProjectSnapshot(Project(id=name, name=name, recordings=one))
        for name, one in rules.items()
    }
    settings = Settings(data_dir=tmp_path, keep_days=3650 * 10)

    async def scenario() -> None:
        work = spawn(module.trim_recordings(settings, kept, lambda: snapshots), name="trim")
        while len(kept.list()) > 3:  # noqa: ASYNC110 -- files, which tell nobody
            await asyncio.sleep(0.01)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work

    run(scenario())
    left = sorted(str(one.name) for one in kept.list())
    assert left == ["free/1.1/r1", "free/2.1/r1", "full/2.1/r1"]
