"""The log stays short, whoever reads beside it, and health says when nothing can be written."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.storage.records import MAIN, StoreError
from switchhook.storage.sqlite import maintenance
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.connection_thread import ConnectionThread
from switchhook.storage.sqlite.maintenance import Maintenance, checkpoint
from switchhook.storage.sqlite.rows import delivery_to_row
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.storage.sqlite.writer import Rows, Writer
from switchhook.tasks import spawn
from tests.support.loop import run
from tests.support.promises import CIPHER, call, delivery, record

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "switchhook.sqlite3"


async def parts(stack: AsyncExitStack, path: Path) -> tuple[Writer, ConnectionThread]:
    writer = Writer(open_to_write(path), database="the database")
    stack.push_async_callback(writer.close)
    maintainer = ConnectionThread(open_to_write(path), database="the database", name="thread")
    stack.push_async_callback(maintainer.close)
    return writer, maintainer


async def promise(writer: Writer, *numbers: int) -> None:
    for number in numbers:
        await writer.write(Rows(deliveries=(delivery_to_row(delivery("c", number), CIPHER, MAIN),)))


def test_a_log_that_grew_too_long_is_moved_by_the_writer_itself(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "MAX_WAL_PAGES", 0)

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            writer, maintainer = await parts(stack, path)
            await promise(writer, 1)
            await Maintenance(writer, maintainer)._once()
            await promise(writer, 2)
            assert await maintainer.run(checkpoint) <= 20  # the log began anew

    run(scenario())


def test_trouble_is_logged_and_does_not_end_the_maintenance(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "CHECKPOINT_PAUSE", 0.0)
    troubles = [StoreError("no room"), StoreError("no room")]
    fixed = threading.Event()

    def failing(connection: sqlite3.Connection) -> int:
        if troubles:
            raise troubles.pop()
        fixed.set()
        return checkpoint(connection)

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            keeping = Maintenance(*await parts(stack, path))
            working = spawn(keeping.run(), name="maintenance")
            while not fixed.is_set():
                keeping.commit_done()
                await asyncio.sleep(0)
            working.cancel()

    monkeypatch.setattr(maintenance, "checkpoint", failing)
    with capture_logs() as logs:
        run(scenario())
    assert [line["error"] for line in logs] == ["no room", "no room"]


@pytest.mark.row("FA-09")
def test_small_writes_alone_are_checkpointed_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "CHECKPOINT_PAUSE", 0.0)
    moved = threading.Event()

    def noted(connection: sqlite3.Connection) -> int:
        moved.set()
        return checkpoint(connection)

    monkeypatch.setattr(maintenance, "checkpoint", noted)

    async def scenario() -> None:
        store = await SqliteStore.open(path)
        await store.save_registration("p", "101", "[]")
        assert await asyncio.to_thread(moved.wait, 5.0)
        await store.close()

    run(scenario())


def test_who_reads_does_not_make_a_checkpoint_wait(path: Path) -> None:
    with closing(open_to_write(path)) as writing, closing(open_to_write(path)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT * FROM facts").fetchall()
        writing.execute("INSERT INTO facts VALUES ('new', 1)")
        assert checkpoint(writing) > 0
        reading.execute("COMMIT")


@pytest.mark.row("FD-11")
def test_health_says_when_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / "s.sqlite")
        try:
            await store.check()
            await full(store, 1)
            with pytest.raises(StoreError, match="disk is full"):
                await store.commit(record(call("c1"), delivery("c1", body=bytes(50_000))))
            with pytest.raises(StoreError) as refused:
                await store.check()
            assert refused.value.why == "the disk is full: free some space, or move the database"
            await full(store, 100_000)
            await store.commit(record(call("c1"), delivery("c1")))
            await store.check()
            monkeypatch.setattr(maintenance, "MIN_FREE_BYTES", 1 << 60)
            with pytest.raises(StoreError, match=r"the disk has \d+ MiB left"):
                await store.check()
        finally:
            await store.close()

    async def full(store: SqliteStore, pages: int) -> None:
        await store._writing.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchall())

    run(scenario())
