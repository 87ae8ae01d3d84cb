"""Opening a SQLite file: its settings, its schema, and the migrations that lead to it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from importlib import resources
from typing import TYPE_CHECKING, Final

from switchhook.storage.records import StoreError
from switchhook.storage.sqlite import former_requests
from switchhook.storage.sqlite.errors import explain
from switchhook.storage.sqlite.lists import calls as call_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from switchhook.storage.encryption import Cipher

APPLICATION_ID: Final = 0x53574348
"""`SWCH` in the file's header: by it `file` and we tell our databases from others'."""

OLDEST_SQLITE: Final = (3, 37, 0)
"""The first with STRICT tables."""

BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for another process's transaction."""
COPIED_AT_ONCE: Final = 4096
"""Pages between two looks at how much of a database is copied."""
_TRY_AGAIN: Final = 0.01
"""Seconds between two tries where SQLite itself does not wait."""

_SETTINGS: Final = (
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = WAL",
    # A commit survives a power failure: each one waits for the disk.
    "PRAGMA synchronous = FULL",
    # A checkpoint inside a commit makes that commit wait; ours run in the background.
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -65536",
)


def migrations() -> tuple[str, ...]:
    """Return the migrations' SQL in order; the first leads from an empty file to version 1."""
    folder = resources.files("switchhook.storage").joinpath("migrations", "sqlite")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    numbers = [int(name.split("_")[0]) for name in files]
    if numbers != list(range(1, len(files) + 1)):
        raise ValueError(f"migrations are numbered from 1 without a gap, not {numbers}")
    return tuple(folder.joinpath(name).read_text(encoding="utf-8") for name in files)


def schema() -> str:
    """Return the SQL that makes the present schema in an empty file."""
    file = resources.files("switchhook.storage").joinpath("schema", "sqlite.sql")
    return file.read_text(encoding="utf-8")


def open_to_write(
    path: Path | None, cipher_of: Callable[[sqlite3.Connection], Cipher] | None = None
) -> sqlite3.Connection:
    """Open or make the database with the present schema; None is one in memory.

    `cipher_of` returns the cipher that migrations encrypt anew with; without it, there must be nothing encrypted.
    Raises StoreError where it cannot be, and where a newer Switchhook wrote it.
    """
    name = _name(path)
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or later is needed")
    try:
        if path is not None:
            _make_private(path)
        connection = _connect(":memory:" if path is None else str(path))
        try:
            for setting in _SETTINGS:
                _set(connection, setting)
            _bring_up_to_date(connection, name, cipher_of)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError) as error:
        raise _cannot_open(error, name) from error
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open an existing database without the means to change it. Raises StoreError as above."""
    name = _name(path)
    if not path.exists():
        raise StoreError(f"{name} does not exist: start the server once, or check the path")
    try:
        connection = _connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            _check_present(connection, name)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise _cannot_open(error, name) from error
    return connection


def copy_database(source: Path, target: Path, progress: Callable[[float], None]) -> None:
    """Copy a database as it is at one moment, whoever writes into it meanwhile, into a file that is new.

    `progress` hears how much is done, from 0 to 1. Raises StoreError.
    """
    try:
        with closing(_connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading:
            _check(reading, _name(source))
            _make_private(target)
            with closing(_connect(str(target))) as writing:
                # Within a transaction, every step copies from the same moment, and none begins anew.
                reading.execute("BEGIN")
                reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
                reading.backup(
                    writing,
                    pages=COPIED_AT_ONCE,
                    progress=lambda _, left, all_: progress(1.0 - left / max(all_, 1)),
                )
                writing.execute(
                    "PRAGMA journal_mode = DELETE"
                ).fetchall()  # one file, without a log
    except (sqlite3.Error, OSError) as error:
        raise explain(error, f"the database {source}") from error


def check_copy(path: Path) -> None:
    """Raise StoreError where a copied database is damaged, not ours, or of a newer version."""
    name = _name(path)
    try:
        with closing(_connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            _check(connection, name)
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise explain(error, name) from error
    if found != "ok":
        raise StoreError(f"{name} is damaged ({found}): use another backup")


def migrate(
    connection: sqlite3.Connection, steps: Sequence[str], cipher: Cipher | None = None
) -> None:
    """Apply the migrations that the database has not seen, each in a transaction of its own."""
    former_requests.register(connection, cipher)
    call_list.register(connection)
    for number, script in enumerate(steps, start=1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _number(connection, "user_version") < number:
                _apply(connection, script, version=number)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def make_fresh(connection: sqlite3.Connection) -> None:
    """Make the present schema, unless another process did so meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(connection):
            _apply(connection, schema(), version=len(migrations()))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _bring_up_to_date(
    connection: sqlite3.Connection,
    name: str,
    cipher_of: Callable[[sqlite3.Connection], Cipher] | None,
) -> None:
    if _is_empty(connection):
        make_fresh(connection)
    steps = migrations()
    if _check(connection, name) < len(steps):
        migrate(connection, steps, None if cipher_of is None else cipher_of(connection))


def _check(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of our database; raise StoreError where it is not ours or is newer."""
    version, latest = _number(connection, "user_version"), len(migrations())
    if _number(connection, "application_id") != APPLICATION_ID:
        raise StoreError(f"{name} is a database of another program: choose another path")
    if version > latest:
        raise StoreError(
            f"{name} was written by a newer Switchhook (its schema is {version}, this one knows"
            f" {latest}): install that version again, or restore the backup made before the upgrade"
        )
    return version


def _check_present(connection: sqlite3.Connection, name: str) -> None:
    """Raise StoreError unless the schema is ours and the present one."""
    if _check(connection, name) < len(migrations()):
        raise StoreError(
            f"{name} was written by an older Switchhook: start this version's server once, it brings"
            " the database up to date"
        )


def _apply(connection: sqlite3.Connection, script: str, *, version: int) -> None:
    for statement in _split(script):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")


def _split(script: str) -> Iterator[str]:
    """Cut a script into statements: `executescript` would commit before it begins."""
    statement = ""
    for line in script.splitlines(keepends=True):
        if not statement and (line.startswith("--") or not line.strip()):
            continue
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _connect(where: str, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        where, uri=uri, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


def _set(connection: sqlite3.Connection, setting: str) -> None:
    """Execute a PRAGMA. Of two who change the journal's mode at once, SQLite lets neither wait."""
    end = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute(setting).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_TRY_AGAIN)
        else:
            return


def _make_private(path: Path) -> None:
    """Make the file for its owner alone; SQLite gives the files beside it the same rights.

    An existing file is left alone: closing it would release all locks that this process has on it (POSIX).
    Another process that ends would then take itself for the last one, and delete the log that we still write
    to.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _cannot_open(error: sqlite3.Error | OSError, name: str) -> StoreError:
    if isinstance(error, OSError):
        return StoreError(
            f"{name} cannot be opened ({error.strerror}): check that its folder exists, and whose"
            " it is"
        )
    return explain(error, name)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def _name(path: Path | None) -> str:
    return "the database in memory" if path is None else f"the database {path}"
