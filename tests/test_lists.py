"""The benchmark of lists fills a store that every list reads, and shows each of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from benchmarks import lists
from rich.console import Console

from switchhook.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_every_list_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "lists.sqlite3"
    lists.fill(path, 300, Console(quiet=True))

    async def measured() -> dict[str, list[float]]:
        store = await SqliteStore.open(path, key=lists.KEY)
        try:
            page = await store.find_calls(project=lists.PROJECT, limit=1, count=True)
            assert (page.count, page.calls[0].legs[1].end) == (300, "answered")
            return await lists.measure(store, 2, list(lists.made_up(300)))
        finally:
            await store.close()

    taken = asyncio.run(measured())
    assert {len(times) for times in taken.values()} == {2}
    table, is_met = lists.shown({name: [0.001, 0.002] for name in taken})
    assert (table.row_count, is_met) == (len(taken), True)
    assert not lists.shown({"slow": [0.001, 0.5]})[1]
