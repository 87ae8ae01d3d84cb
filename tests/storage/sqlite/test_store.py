"""A SQLite file serves a server and commands beside it, with its secrets encrypted, and says what ails it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.access.token import Scope, Token
from switchhook.domain.call import CallState, LegState
from switchhook.domain.tracking.caller_history import ShownNumber, Visit, VisitCall
from switchhook.storage.encryption import key_path, new_key
from switchhook.storage.records import DeliveryFilter, StoreError, WantedHangUp
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.http import HttpRequest
from tests.support.loop import run
from tests.support.promises import DOWN, attempt, call, delivery, mail, record
from tests.support.snapshots import snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from pathlib import Path

    from switchhook.domain.call import Call

TOKEN = Token(project="p", id="t", user="u", scope=Scope.PROJECT, created_at=1.0, expires_at=9.0)
SECRET = "password = 'tr0ub4dor'"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "switchhook.sqlite3"


@asynccontextmanager
async def opened(
    path: Path, *, key: bytes | None = None, read_only: bool = False
) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(path, key=key, read_only=read_only)
    try:
        yield store
    finally:
        await store.close()


def test_a_secret_stands_in_no_file(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as store:
            await store.save_project("shop", SECRET)
            for file in path.parent.iterdir():
                assert b"tr0ub4dor" not in file.read_bytes(), file.name

    run(scenario())


LETS_IN = (
    *(b"s3cr3t", b"dXNlcjpzM2NyM3Q", b"4uth-k3y", b"Authorization", b"Auth-Key"),
    *(b"hooks.example", b"p1n.example", b"p3rson", b"pbx@"),
)
"""What stands in URLs and headers; and whom they name."""


def test_where_deliveries_go_and_with_which_headers_stands_in_no_file(path: Path) -> None:
    request = HttpRequest(
        method="PUT",
        url="http://user:s3cr3t@p1n.example/s3cr3t/in",
        headers=(("Authorization", "Basic dXNlcjpzM2NyM3Q="), ("Auth-Key", "4uth-k3y")),
        body=b"seen by all",
    )
    made = (
        replace(delivery("c1", 1), request=request),
        delivery("c1", 2, url="https://hooks.example/in?key=s3cr3t"),
        replace(mail("c1", 3, to="p3rson@example.com"), id="c1.3.missed.1"),
    )

    def look() -> None:
        held = {file.name: file.read_bytes() for file in path.parent.iterdir()}
        assert any(b"seen by all" in data for data in held.values())
        for name, data in held.items():
            assert [text for text in LETS_IN if text in data] == [], name

    async def scenario() -> None:
        async with opened(path) as store, opened(path) as other:
            for one in made:
                await store.commit(record(call("c1"), one, entries=2))
                await store.record_attempt(attempt(one, failure=DOWN, is_last=False))
                look()
            assert path.with_name(f"{path.name}-wal").exists()
            assert await other.pending_deliveries() == made
            listed = await other.deliveries(DeliveryFilter(state="pending"))
            assert [row.delivery for row in reversed(listed)] == list(made)
        look()
        async with opened(path) as store:
            assert await store.pending_deliveries() == made

    run(scenario())


def test_without_its_key_file_a_database_is_not_opened(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as store:
            await store.save_project("shop", SECRET)
        key_path(path).unlink()
        for read_only in (False, True):
            with pytest.raises(StoreError, match="Restore it from the backup"):
                await SqliteStore.open(path, read_only=read_only)
        assert not key_path(path).exists()

    run(scenario())


def test_with_another_key_a_database_is_not_opened(path: Path) -> None:
    async def scenario() -> None:
        key = new_key()
        async with opened(path, key=key) as store:
            await store.save_project("shop", SECRET)
        assert not key_path(path).exists()
        for read_only in (False, True):
            with pytest.raises(StoreError, match="restore both from the same backup"):
                await SqliteStore.open(path, key=new_key(), read_only=read_only)
        async with opened(path, key=key, read_only=True) as store:
            assert [project.document for project in await store.projects()] == [SECRET]

    run(scenario())


def damage(path: Path) -> None:
    """Overwrite all but the first page."""
    whole = path.read_bytes()
    path.write_bytes(whole[:9_000] + b"\xa5" * (len(whole) - 9_000))


def test_a_database_damaged_in_the_middle_is_named_and_so_is_the_way_out(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path):
            pass
        damage(path)
        for read_only in (False, True):
            with pytest.raises(StoreError, match=r"damaged: restore it from a backup"):
                await SqliteStore.open(path, read_only=read_only)

    run(scenario())


def test_a_damaged_project_is_named(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as store:
            await store.save_project("shop", SECRET)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE projects SET project = 'house'")
            connection.execute("UPDATE projects SET version = 7")
        async with opened(path) as store:
            (found,) = await store.projects()
            assert found.unreadable.startswith("version 7 of project 'house' cannot be decrypted")

    run(scenario())


def test_a_command_reads_and_saves_while_the_server_runs(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as server:
            await server.commit(record(call("c1"), delivery("c1")))
            async with opened(path, read_only=True) as command:
                assert [row.id for row in await command.calls()] == ["c1"]
                assert len(await command.deliveries(DeliveryFilter(state="pending"))) == 1
            async with opened(path) as command:
                assert await command.save_project("shop", SECRET) == 1
            assert [project.document for project in await server.projects()] == [SECRET]
            await server.commit(record(call("c2")))
            assert len(await server.calls()) == 2

    run(scenario())


def test_a_database_at_rest_can_be_read(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as store:
            await store.commit(record(call("c1")))
        async with opened(path, read_only=True) as store:
            assert [row.id for row in await store.calls()] == ["c1"]

    run(scenario())


def test_a_store_that_only_reads_refuses_to_write(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path):
            pass
        async with opened(path, read_only=True) as store:
            for writing in (
                store.commit(record(call())),
                store.record_attempt(attempt(delivery())),
                store.prune(before=0.0),
            ):
                with pytest.raises(StoreError, match="opened for reading only"):
                    await writing
            with pytest.raises(StoreError, match="opened for reading only"):
                await store.save_project("shop", SECRET)

    run(scenario())


def test_the_loop_turns_while_the_store_works(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as store:
            await asyncio.gather(*(store.commit(record(call(f"c{n}"))) for n in range(500)))
            reading = asyncio.gather(*(store.calls(limit=500) for _ in range(5)))
            turns = 0
            while not reading.done():
                await asyncio.sleep(0)
                turns += 1
            assert turns > 5
            await reading

    run(scenario())


def test_closing_leaves_one_file_and_its_key(path: Path) -> None:
    async def scenario() -> None:
        async with opened(path) as store:
            await store.commit(record(call()))
        assert sorted(file.name for file in path.parent.iterdir()) == [
            "switchhook.sqlite3",
            "switchhook.sqlite3.key",
        ]

    run(scenario())


def test_opening_at_once_from_several_sides_makes_one_database(path: Path) -> None:
    async def scenario() -> None:
        stores = await asyncio.gather(*(SqliteStore.open(path) for _ in range(4)))
        for number, store in enumerate(stores):
            await store.save_project(f"p{number}", SECRET)
        assert len(await stores[0].projects()) == 4
        await asyncio.gather(*(store.close() for store in stores))

    run(scenario())


@pytest.mark.parametrize("damaged", ["{}", "", '{"plan": 5}', '{"plan": ["shop"]}'])
def test_a_stored_call_that_is_damaged_does_not_keep_others_from_resuming(
    path: Path, damaged: str
) -> None:
    async def scenario() -> None:
        async with opened(path) as store:
            await store.commit(record(call("c1")))
            await store.commit(record(call("c2")))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE calls SET value = ? WHERE call = 'c1'", [damaged])
        async with opened(path) as store:
            assert await store.snapshots_of_live_calls() == (("shop", 1),)
            assert [live.id for live in await store.live_calls(lambda *_: snapshot())] == ["c2"]
            with pytest.raises(StoreError, match="a stored value cannot be read"):
                await store.calls()

    run(scenario())


@pytest.mark.row("FD-01")
@pytest.mark.parametrize("damaged", ["{}", "", '{"legs": 5}', '{"legs": [{"id": "a"}]}'])
def test_the_answered_legs_of_the_calls_that_ended_last_are_found(path: Path, damaged: str) -> None:
    def ended(name: str, at: float, handle: str = "h") -> Call:
        legs = tuple(replace(leg, handle=handle) for leg in call(name).legs)
        return replace(call(name), legs=legs, state=CallState.ENDED, ended_at=at)

    async def scenario() -> None:
        async with opened(path) as store:
            assert await store.legs_of_last_ends(0.0) == ()
            await store.commit(record(ended("long ago", 989.0)))
            await store.commit(record(ended("before", 991.0)))
            await store.commit(record(ended("unanswered", 999.0, handle="")))
            await store.commit(record(ended("last", 1000.0)))
            await store.commit(record(ended("damaged", 1000.0)))
            await store.commit(record(call("live")))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE calls SET value = ? WHERE call = 'damaged'", [damaged])
        async with opened(path) as store:
            found = await store.legs_of_last_ends(0.0)
            assert {one[:2] for one in found} == {("shop", "before"), ("shop", "last")}
            assert {one[3] for one in found} == {"h"}
            assert {one[1] for one in await store.legs_of_last_ends(995.0)} == {"last"}

    run(scenario())


@pytest.mark.row("FI-02")
def test_who_has_transferred_a_call_that_goes_on_is_found(path: Path) -> None:
    made = call("live")
    left = replace(made.legs[0], handle="left", ended_at=1000.0, state=LegState.ENDED)
    stays = replace(made.legs[0], id="b1", handle="stays")

    async def scenario() -> None:
        async with opened(path) as store:
            await store.commit(record(replace(made, legs=(left, stays))))
            found = await store.legs_of_last_ends(0.0)
            assert found == (("shop", "live", left.id, "left"),)
            assert await store.legs_of_last_ends(1001.0) == ()

    run(scenario())


READ = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM projects").fetchone()[0])
connection.close()
"""


def seen_by_another_process(path: Path) -> str:
    """Open the file, read and close it, as a command beside a running server does."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("opens", [1, 2])
def test_another_process_that_ends_takes_away_no_log(tmp_path: Path, opens: int) -> None:
    path = tmp_path / "x.sqlite"

    async def scenario() -> None:
        for _ in range(opens - 1):  # a file that is there is opened in another way
            await (await SqliteStore.open(path)).close()
        store = await SqliteStore.open(path)
        for count in ("0", "1"):
            assert await asyncio.to_thread(seen_by_another_process, path) == count
            await store.save_project(f"p{count}", "document")
        assert path.with_name("x.sqlite-wal").exists()
        assert await asyncio.to_thread(seen_by_another_process, path) == "2"
        await store.close()

    run(scenario())


@pytest.mark.row("FD-15")
def test_a_database_that_lost_its_content_is_no_new_one(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"

    async def scenario() -> None:
        await (await SqliteStore.open(path)).close()
        path.write_bytes(b"")
        for _ in range(2):
            with pytest.raises(
                StoreError, match=r"is empty \(0 bytes\), though its key"
            ) as refused:
                await SqliteStore.open(path)
            assert f"delete {path} and {path}.key" in str(refused.value)
            assert path.stat().st_size == 0
        (tmp_path / "s.sqlite.key").unlink()
        await (await SqliteStore.open(path)).close()

    run(scenario())


@pytest.mark.row("FA-09")
def test_small_writes_share_commits_and_a_call_waits_for_none_of_them(path: Path) -> None:
    ended: list[str] = []

    async def told(name: str, work: Awaitable[object]) -> None:
        await work
        ended.append(name)

    def small(store: SqliteStore, number: int) -> tuple[Awaitable[object], ...]:
        name = f"n{number}"
        return (
            store.save_registration("p", name, "[]"),
            store.save_visit(Visit(project="p", id=name, attributes=(), seen_at=1.0)),
            store.attach(ShownNumber(project="p", number=name, visit="v", until=2.0)),
            store.attach(VisitCall(project="p", call=name, visit="v", told_at=1.0)),
            store.add_hang_up(WantedHangUp(project="p", call=name, by="me")),
            store.delete_hang_up(WantedHangUp(project="p", call="other", by="me")),
            store.tokens.save(replace(TOKEN, id=name), name.encode()),
            store.tokens.used(TOKEN, at=3.0),
            store.check(),
        )

    async def scenario() -> None:
        commits: list[str] = []
        async with opened(path) as store:
            trace = commits.append
            await store._writing.run(lambda connection: connection.set_trace_callback(trace))
            works = [work for number in range(100) for work in small(store, number)]
            writing = asyncio.gather(*(told("small", work) for work in works))
            await asyncio.sleep(0)
            await told("call", store.commit(record(call("c1"), delivery("c1", 1))))
            await writing
            assert len(await store.registrations()) == 100
        assert ended.index("call") < 400
        assert commits.count("COMMIT") < 20

    run(scenario())
