"""The benchmark of lists fills a store as calls would, every list reads it, and each of them is shown."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from benchmarks import filled_store, lists
from rich.console import Console

from switchhook.storage.records import Count, DeliveryFilter
from switchhook.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 300


@pytest.mark.slow
def test_every_list_is_asked_for(tmp_path: Path) -> None:
    path, some = lists.filled(tmp_path, COUNT, Console(quiet=True))
    assert len(some) == COUNT

    async def look() -> None:
        store = await SqliteStore.open(path)
        try:
            page = await store.find_calls(project=filled_store.PROJECT, limit=1, count=True)
            call = page.calls[0]
            assert (page.count, call.legs[1].end) == (COUNT, "answered")
            last = some[-1]
            told = (call.number, call.caller, call.callee, call.outcome, call.scheme)
            if last.direction == "incoming":
                assert told == (COUNT, last.caller, last.callee, last.outcome, last.scheme)
            assert call.arrived_at == pytest.approx(last.arrived_at)
            first, second = await store.deliveries_of_call(call.id)
            assert (first.state, second.delivery.webhook) == ("delivered", "stats")
            assert await store.journal(call.id)
            every = DeliveryFilter(project=filled_store.PROJECT)
            assert await store.count_deliveries(every) == Count(number=2 * COUNT)
        finally:
            await store.close()

    asyncio.run(look())
    with closing(sqlite3.connect(path)) as connection:
        hours = connection.execute("SELECT hour, first, last FROM delivery_hours ORDER BY hour")
        of_each = connection.execute(
            "SELECT CAST(occurred_at / 3600 AS INTEGER), min(number), max(number) FROM deliveries"
            " GROUP BY 1 ORDER BY 1"
        )
        assert hours.fetchall() == of_each.fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        made = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    fresh = asyncio.run(_fresh(tmp_path / "fresh.sqlite"))
    assert made == (fresh,)
    for is_cold in (False, True):
        taken = asyncio.run(lists.measure(path, 2, some, is_cold=is_cold, only=""))
        assert {len(times) for times in taken.values()} == {2}
    assert set(asyncio.run(lists.measure(path, 2, some, is_cold=False, only="audit"))) == {
        "audit",
        "audit, a deep page",
    }
    table, is_met = lists.shown({name: [0.001, 0.002] for name in taken})
    assert (table.row_count, is_met) == (len(taken), True)
    assert not lists.shown({"slow": [0.001, 0.5]})[1]


async def _fresh(path: Path) -> int:
    """Return how many tables, indexes and triggers a new database has."""
    await (await SqliteStore.open(path)).close()
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
