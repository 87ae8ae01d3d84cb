"""What waits together is committed together, and whoever is at fault fails alone."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.storage.records import MAIN, StoreError
from switchhook.storage.sqlite import writer as writing
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.rows import call_to_row, delivery_to_row
from switchhook.storage.sqlite.writer import (
    ENOUGH,
    GATHER,
    MAX_BATCH,
    MAX_CHANGES,
    Rows,
    Writer,
    transaction,
)
from switchhook.tasks import spawn
from tests.support.loop import run
from tests.support.promises import CIPHER, call, delivery

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path


def one(name: str, *, body: bytes = b"") -> Rows:
    return Rows(
        calls=(call_to_row(call(name), MAIN),),
        deliveries=(delivery_to_row(delivery(name, body=body), CIPHER, MAIN),),
    )


def count(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute("SELECT count(*) FROM calls").fetchone()
    return int(number)


def limit_size(connection: sqlite3.Connection) -> None:
    """Make the database full soon, as a disk would be."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 4}")


def remove_limit(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count = 1073741823")


def with_writer(scenario: Callable[[Writer], Coroutine[Any, Any, None]]) -> None:
    async def body() -> None:
        writer = Writer(open_to_write(None), database="the database")
        try:
            await scenario(writer)
        finally:
            await writer.close()

    run(body())


def test_those_who_wait_at_once_share_a_commit() -> None:
    async def scenario(writer: Writer) -> None:
        await asyncio.gather(*(writer.write(one(f"c{number}")) for number in range(100)))
        assert writer.commits == 1
        assert await writer.run(count) == 100

    with_writer(scenario)


def test_no_transaction_grows_without_bound() -> None:
    async def scenario(writer: Writer) -> None:
        await asyncio.gather(*(writer.write(one("c")) for _ in range(MAX_BATCH + 1)))
        assert writer.commits == 2

    with_writer(scenario)


def test_rows_go_before_what_waited_already_and_each_kind_keeps_its_order() -> None:
    async def scenario(writer: Writer) -> None:
        told = asyncio.gather(
            writer.run(count),
            writer.write(one("c1")),
            writer.change(count),
            writer.write(one("c2")),
        )
        assert list(await told) == [2, None, 2, None]

    with_writer(scenario)


def note(key: str, value: int) -> Callable[[sqlite3.Connection], int]:
    """Return a change that keeps a value by its key, and returns it."""

    def write(connection: sqlite3.Connection) -> int:
        with transaction(connection):
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))
        return value

    return write


def noted(key: str) -> Callable[[sqlite3.Connection], int | None]:
    """Return a job that reads what a change keeps."""

    def read(connection: sqlite3.Connection) -> int | None:
        row = connection.execute("SELECT value FROM facts WHERE name = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    return read


@pytest.mark.row("FA-09")
def test_changes_share_a_commit_with_rows_and_keep_their_order() -> None:
    async def scenario(writer: Writer) -> None:
        changes = [writer.change(note("k", number)) for number in range(MAX_CHANGES)]
        told = await asyncio.gather(writer.write(one("c")), *changes)
        assert told == [None, *range(MAX_CHANGES)]
        assert writer.commits == 1
        assert await writer.run(noted("k")) == MAX_CHANGES - 1

    with_writer(scenario)


@pytest.mark.row("FA-09")
def test_rows_wait_for_no_queue_of_changes() -> None:
    done: list[str] = []

    async def scenario(writer: Writer) -> None:
        async def told(name: str, work: Awaitable[object]) -> None:
            await work
            done.append(name)

        changes = [told("change", writer.change(note("k", number))) for number in range(500)]
        waiting = [spawn(change, name="change") for change in changes]
        await waiting[0]
        await told("rows", writer.write(one("c")))
        await asyncio.gather(*waiting)
        assert done.index("rows") <= 2 * MAX_CHANGES
        assert writer.commits == 5

    with_writer(scenario)


@pytest.mark.row("FA-09")
def test_rows_are_told_of_before_a_job_that_came_with_them_is_through() -> None:
    may_end = threading.Event()

    def long(_connection: sqlite3.Connection) -> None:
        assert may_end.wait(10.0)

    async def scenario(writer: Writer) -> None:
        job = spawn(writer.run(long), name="job")
        await asyncio.gather(writer.write(one("c")), writer.change(note("k", 1)))
        may_end.set()
        await job

    with_writer(scenario)


@pytest.mark.row("FA-09")
def test_a_change_that_fails_is_undone_alone() -> None:
    def half(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            note("half", 1)(connection)
            raise LookupError("mine")

    def impossible(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            note("other half", 1)(connection)
            connection.execute("SELECT * FROM nowhere")

    async def scenario(writer: Writer) -> None:
        told = await asyncio.gather(
            writer.change(note("before", 1)),
            writer.change(half),
            writer.change(impossible),
            writer.change(note("after", 2)),
            writer.write(one("c")),
            return_exceptions=True,
        )
        assert [type(one) for one in told] == [int, LookupError, StoreError, int, type(None)]
        kept = [await writer.run(noted(key)) for key in ("before", "half", "other half", "after")]
        assert kept == [1, None, None, 2]
        assert await writer.run(count) == 1
        assert writer.commits == 1

    with_writer(scenario)


@pytest.mark.row("FA-09")
def test_rows_at_fault_fail_alone_beside_changes() -> None:
    wrong = Rows(calls=(("too", "few"),))

    async def scenario(writer: Writer) -> None:
        told = await asyncio.gather(
            writer.write(wrong),
            writer.write(one("c")),
            writer.change(note("k", 1)),
            writer.change(note("k", 2)),
            return_exceptions=True,
        )
        assert [type(one) for one in told] == [StoreError, type(None), int, int]
        assert await writer.run(count) == 1
        assert await writer.run(noted("k")) == 2

    with_writer(scenario)


@pytest.mark.row("FA-09")
def test_a_change_that_fills_the_disk_fails_no_call() -> None:
    def fill(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            for number in range(20):
                values = f"f{number}", bytes(20_000)
                connection.execute("INSERT INTO facts VALUES (?, ?)", values)

    async def scenario(writer: Writer) -> None:
        await writer.run(limit_size)
        told = await asyncio.gather(
            writer.change(fill), writer.write(one("c")), return_exceptions=True
        )
        assert isinstance(told[0], StoreError)
        assert "the disk is full" in str(told[0])
        assert await writer.run(count) == 1
        assert await writer.run(noted("f0")) is None
        await writer.run(remove_limit)
        await writer.change(fill)

    with_writer(scenario)


def test_closing_does_all_that_was_handed_in() -> None:
    async def scenario() -> None:
        writer = Writer(open_to_write(None), database="the database")
        changes = [spawn(writer.change(note("k", n)), name="change") for n in range(250)]
        await asyncio.sleep(0)
        await writer.close()
        assert [change.result() for change in changes] == list(range(250))

    run(scenario())


def test_a_failed_job_tells_its_own_waiter_only() -> None:
    def impossible(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT * FROM nowhere")

    def wrong(_connection: sqlite3.Connection) -> None:
        raise LookupError("mine")

    async def scenario(writer: Writer) -> None:
        told = await asyncio.gather(
            writer.run(impossible),
            writer.run(wrong),
            writer.write(one("c")),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in told] == [StoreError, LookupError, type(None)]

    with_writer(scenario)


def test_a_full_disk_fails_everybody_with_advice_and_goes_on_when_there_is_room() -> None:
    async def scenario(writer: Writer) -> None:
        await writer.run(limit_size)
        big = [writer.write(one(f"c{number}", body=b"x" * 20_000)) for number in range(20)]
        told = await asyncio.gather(*big, return_exceptions=True)
        assert {type(outcome) for outcome in told} == {StoreError}
        assert "the disk is full: free some space" in str(told[0])
        assert all(error.transient for error in told if isinstance(error, StoreError))
        assert writer.commits == 0
        await writer.run(remove_limit)
        await writer.write(one("later"))
        assert await writer.run(count) == 1

    with_writer(scenario)


def test_a_database_that_stays_locked_fails_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "switchhook.sqlite3"

    async def scenario() -> None:
        connection = open_to_write(path)
        connection.execute("PRAGMA busy_timeout = 1")
        writer = Writer(connection, database="the database")
        with closing(open_to_write(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another process kept it locked"):
                await writer.write(one("c"))
            other.execute("ROLLBACK")
        await writer.write(one("c"))
        await writer.close()

    run(scenario())


def test_an_error_inside_a_transaction_undoes_it() -> None:
    def fail(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            connection.execute("DELETE FROM facts")
            raise LookupError

    with closing(open_to_write(None)) as connection:
        connection.execute("INSERT INTO facts VALUES ('one', 1)")
        with pytest.raises(LookupError):
            fail(connection)
        assert connection.execute("SELECT count(*) FROM facts").fetchone()[0] == 1
        assert not connection.in_transaction


def test_closing_ends_the_thread_after_the_last_commit() -> None:
    async def scenario() -> None:
        writer = Writer(open_to_write(None), database="the database")
        last = spawn(writer.write(one("c")), name="last")
        await asyncio.sleep(0)
        await writer.close()
        assert last.done()
        assert not writer._thread.is_alive()
        await writer.close()
        with pytest.raises(StoreError, match="the database is closed"):
            await writer.write(one("c"))

    run(scenario())


def test_rows_that_can_wait_share_the_commit_of_others() -> None:
    async def scenario(writer: Writer) -> None:
        patient = spawn(writer.write(one("c1"), can_wait=True), name="rows")
        await asyncio.sleep(0)
        assert writer.commits == 0
        await writer.write(one("c2"))
        await patient
        assert writer.commits == 1
        assert await writer.run(count) == 2

    with_writer(scenario)


def test_rows_that_can_wait_get_a_commit_of_their_own_in_the_end() -> None:
    async def scenario(writer: Writer) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(writer.write(one(f"c{n}"), can_wait=True) for n in range(3)))
        assert loop.time() - began >= GATHER
        assert writer.commits == 1
        await writer.write(one("c4"), can_wait=True)  # a second time
        assert writer.commits == 2

    with_writer(scenario)


def test_many_that_can_wait_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "GATHER", 3600.0)

    async def scenario(writer: Writer) -> None:
        writes = [
            spawn(writer.write(one(f"c{n}"), can_wait=True), name="rows") for n in range(ENOUGH + 1)
        ]
        await asyncio.gather(*writes)
        assert writer.commits == 1

    with_writer(scenario)


def test_rows_that_can_wait_are_stored_when_the_store_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "GATHER", 3600.0)

    async def scenario() -> None:
        connection = open_to_write(None)
        writer = Writer(connection, database="the database")
        waiting = spawn(writer.write(one("c"), can_wait=True), name="rows")
        await asyncio.sleep(0)
        await writer.close()
        await waiting
        assert writer.commits == 1

    run(scenario())
