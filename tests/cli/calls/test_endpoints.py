"""An operator sees what endpoints cost callers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from switchhook.cli.main import FINE, MISUSED, run
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import apply_project
from switchhook.storage.sqlite.store import SqliteStore
from tests.operations.calls.test_endpoint_cost import filled
from tests.support import loop
from tests.support.rehearsed import HOUSE_FILE

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def _remember(folder: Path) -> None:
    store = await SqliteStore.open(folder / DATABASE)
    try:
        await apply_project(store, HOUSE_FILE)
        await filled(store)
    finally:
        await store.close()


def test_costs_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop.run(_remember(tmp_path))

    def cost(*options: str) -> int:
        return run(["endpoints", "cost", "--data-dir", str(tmp_path), *options])

    assert cost("--since", "2000-01-01") == FINE
    out = capsys.readouterr().out
    assert "hung up meanwhile" in out
    assert "1, after 1.5 s" in out
    assert cost("--since", "2000-01-01", "--json") == FINE
    assert json.loads(capsys.readouterr().out)["webhooks"][0]["webhook"] == "crm"
    assert cost("--since", "1s") == FINE
    assert "no webhook was asked in that time" in capsys.readouterr().out
    assert cost("--since", "soon") == MISUSED
