"""An operator sees what endpoints cost callers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from switchhook.cli.main import FINE, MISUSED, run
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import apply_project
from switchhook.storage.sqlite.store import SqliteStore
from tests.api.document.test_endpoints import shadow
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


def test_shadows_that_differ_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def remember() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        try:
            await apply_project(store, HOUSE_FILE)
            for number, said in enumerate(("101", "102"), 1):
                await store.shadows.add(shadow(number, said, project="shop"))
        finally:
            await store.close()

    def shadows(*options: str) -> int:
        return run(
            ["endpoints", "shadows", "--data-dir", str(tmp_path), "--since", "1970-01-01", *options]
        )

    loop.run(remember())
    assert shadows() == FINE
    out = capsys.readouterr().out
    assert "crm: 1 of 2 asks differ; 100 ms on average, its shadow 300 ms" in out
    assert out.count("101") == 1
    assert shadows("--all", "--json") == FINE
    assert len(json.loads(capsys.readouterr().out)["asks"]) == 2
    assert run(["endpoints", "shadows", "--data-dir", str(tmp_path)]) == FINE
    assert "no shadow was asked in that time" in capsys.readouterr().out
