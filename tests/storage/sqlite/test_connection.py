"""A database is opened as ours, at our version, for its owner alone; or it is clear why it is not."""

from __future__ import annotations

import re
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.connection import (
    APPLICATION_ID,
    make_fresh,
    migrate,
    migrations,
    open_to_read,
    open_to_write,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "switchhook.sqlite3"


def empty() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def described(connection: sqlite3.Connection) -> dict[str, object]:
    """Return tables with their columns, indexes, views and rows: all that a schema is."""
    found: dict[str, object] = {}
    for kind, name, text in connection.execute("SELECT type, name, sql FROM sqlite_master"):
        columns = connection.execute(f"SELECT * FROM pragma_table_xinfo('{name}')").fetchall()
        # A column that was added later stands behind a line break of its own.
        plain = re.sub(r"\s*([(),])\s*", r"\1", " ".join((text or "").split()))
        found[f"{kind} {name}"] = (columns, plain)
    found["facts"] = connection.execute("SELECT * FROM facts").fetchall()
    for pragma in ("user_version", "application_id"):
        found[pragma] = connection.execute(f"PRAGMA {pragma}").fetchone()
    return found


def test_migrations_lead_to_the_fresh_schema() -> None:
    with closing(empty()) as fresh, closing(empty()) as migrated:
        make_fresh(fresh)
        migrate(migrated, migrations())
        assert described(migrated) == described(fresh)


def test_a_migration_runs_once() -> None:
    with closing(empty()) as connection:
        migrate(connection, migrations())
        before = described(connection)
        migrate(connection, migrations())
        assert described(connection) == before


def test_a_migration_that_fails_leaves_nothing_behind() -> None:
    with closing(empty()) as connection:
        migrate(connection, migrations())
        before = described(connection)
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, [*migrations(), "CREATE TABLE new (a TEXT);\nnonsense;\n"])
        assert described(connection) == before


def test_an_older_database_is_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_write(path).close()
    later = (*migrations(), "-- More.\n\nCREATE TABLE more (a TEXT);\n")
    monkeypatch.setattr("switchhook.storage.sqlite.connection.migrations", lambda: later)
    with pytest.raises(StoreError, match="older Switchhook: start this version's server once"):
        open_to_read(path)
    with closing(open_to_write(path)) as connection:
        assert connection.execute("SELECT * FROM more").fetchall() == []
    open_to_read(path).close()


def test_a_newer_database_is_refused(path: Path) -> None:
    with closing(open_to_write(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for attempt in (open_to_write, open_to_read):
        with pytest.raises(StoreError, match="its schema is 99"):
            attempt(path)


def test_another_program_s_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE music (title TEXT)")
    for attempt in (open_to_write, open_to_read):
        with pytest.raises(StoreError, match="is a database of another program"):
            attempt(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("The quick brown fox jumps over the lazy dog. " * 50)
    for attempt in (open_to_write, open_to_read):
        with pytest.raises(StoreError, match="is not a database"):
            attempt(path)


def test_a_missing_folder_or_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check that its folder exists"):
        open_to_write(tmp_path / "nowhere" / "switchhook.sqlite3")
    with pytest.raises(StoreError, match="does not exist: start the server once"):
        open_to_read(tmp_path / "switchhook.sqlite3")


def test_the_files_are_for_their_owner_alone(path: Path) -> None:
    with closing(open_to_write(path)):
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_commit_waits_for_the_disk(path: Path) -> None:
    with closing(open_to_write(path)) as connection:

        def setting(name: str) -> object:
            return connection.execute(f"PRAGMA {name}").fetchone()[0]

        assert setting("synchronous") == 2
        assert setting("journal_mode") == "wal"
        assert setting("page_size") == 8192
        assert setting("wal_autocheckpoint") == 0
        assert setting("application_id") == APPLICATION_ID


def test_who_reads_cannot_write(path: Path) -> None:
    open_to_write(path).close()
    with (
        closing(open_to_read(path)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM facts")


def test_a_sqlite_without_strict_tables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 0))
    with pytest.raises(StoreError, match=r"3\.37 or later is needed"):
        open_to_write(None)


def test_whoever_opens_a_new_database_at_the_same_moment_waits_for_the_others(
    tmp_path: Path,
) -> None:
    together = Barrier(8)

    def opened(path: Path) -> int:
        together.wait()
        with closing(open_to_write(path)) as connection:
            return int(connection.execute("PRAGMA application_id").fetchone()[0])

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            found = pool.map(opened, [tmp_path / f"{number}.sqlite3"] * 8)
            assert set(found) == {APPLICATION_ID}
