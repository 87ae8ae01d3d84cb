"""The past is told whole: a call with its journal and deliveries, a delivery with its attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.journal import EntryKind
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.history import (
    NoSuchCallError,
    NoSuchDeliveryError,
    list_calls,
    list_deliveries,
    show_call,
    show_delivery,
)
from switchhook.storage.records import DeliveryFilter, DeliveryState
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.told import AFTER, BEFORE, CALL, remember

if TYPE_CHECKING:
    from pathlib import Path


def test_the_past_is_told_whole(tmp_path: Path) -> None:
    async def scenario() -> None:
        await remember(tmp_path)
        store = await SqliteStore.open(tmp_path / DATABASE, read_only=True)
        try:
            await look_back(store)
        finally:
            await store.close()

    run(scenario())


async def look_back(store: SqliteStore) -> None:
    (call,) = await list_calls(store, project="acme")
    story = await show_call(store, call.id)
    failed = await list_deliveries(store)
    everything = await list_deliveries(store, DeliveryFilter(webhook="crm before"))
    delivery = await show_delivery(store, AFTER)

    assert call.id == CALL
    assert await list_calls(store, project="other") == ()
    assert [entry.seq for entry in story.journal] == list(range(1, len(story.journal) + 1))
    assert story.journal[0].kind is EntryKind.ARRIVED
    assert story.journal[-1].kind is EntryKind.ENDED
    assert [row.delivery.id for row in story.deliveries] == [BEFORE, AFTER]
    assert [row.delivery.id for row in failed] == [AFTER]
    assert [row.delivery.id for row in everything] == [BEFORE]
    assert delivery.row.state is DeliveryState.FAILED
    assert [attempt.status for attempt in delivery.attempts] == [503]
    with pytest.raises(NoSuchCallError, match=r"there is no call 1\.2"):
        await show_call(store, "1.2")
    for unknown in ("nothing", f"{CALL}.9.crm", ""):
        with pytest.raises(NoSuchDeliveryError, match="there is no delivery"):
            await show_delivery(store, unknown)
