"""Opening a database together with its key: only with the one that its secrets are encrypted with."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from switchhook.storage.encryption import Cipher, create_key, key_path, read_key
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite import projects
from switchhook.storage.sqlite.connection import (
    check_copy,
    copy_database,
    open_to_read,
    open_to_write,
)
from switchhook.storage.sqlite.errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def open_encrypted(path: Path, key: bytes | None) -> tuple[Cipher, tuple[sqlite3.Connection, ...]]:
    """Open the connections that write, read and keep up a file, once its key is known to fit.

    Without a `key`, that of the key file, which is made for a new database. Raises StoreError.
    """

    def cipher_of(connection: sqlite3.Connection) -> Cipher:
        cipher = Cipher(_key_of(connection, path) if key is None else key)
        _check_key(connection, cipher, path, may_write=True)
        return cipher

    _refuse_emptied(path)
    with ExitStack() as undo, _explained(path):
        connections: list[sqlite3.Connection] = []
        for open_one in (partial(open_to_write, cipher_of=cipher_of), open_to_read, open_to_write):
            connection = open_one(path)
            undo.callback(connection.close)
            connections.append(connection)
        cipher = cipher_of(connections[0])
        undo.pop_all()
    return cipher, tuple(connections)


def open_encrypted_to_read(path: Path, key: bytes | None) -> tuple[Cipher, sqlite3.Connection]:
    """Open one connection to an existing file, without the means to change it. Raises StoreError."""
    with ExitStack() as undo, _explained(path):
        connection = open_to_read(path)
        undo.callback(connection.close)
        cipher = Cipher(read_key(key_path(path)) if key is None else key)
        _check_key(connection, cipher, path, may_write=False)
        undo.pop_all()
    return cipher, connection


class SqliteBackups:
    """Copies databases, and verifies copies together with their keys."""

    def copy(self, source: Path, target: Path, progress: Callable[[float], None]) -> None:
        """Copy a database as it is at one moment, whoever writes meanwhile. Raises StoreError."""
        copy_database(source, target, progress)

    def verify(self, database: Path) -> None:
        """Raise StoreError where it is damaged, not ours, of a newer version, or its key another one."""
        check_copy(database)
        with (
            closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as one,
            _explained(database),
        ):
            one.row_factory = sqlite3.Row
            _check_key(one, Cipher(read_key(key_path(database))), database, may_write=False)


def _refuse_emptied(path: Path) -> None:
    """Raise StoreError for a file without content that a key lies beside: a database was there once."""
    try:
        size = path.stat().st_size
    except OSError:
        return  # a new one, or one that opening says more of
    if not size and key_path(path).exists():
        raise StoreError(
            f"the database {path} is empty (0 bytes), though its key lies beside it: projects, calls and"
            " events that it held are lost, as by a copy that broke off or a full disk. Restore both from"
            f" one backup; to begin anew, delete {path} and {key_path(path)}"
        )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into what a person can do about them."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, f"the database {path}") from error


def _check_key(
    connection: sqlite3.Connection, cipher: Cipher, path: Path, *, may_write: bool
) -> None:
    try:
        projects.check_key(connection, cipher, may_write=may_write)
    except StoreError as error:
        raise StoreError(
            f"the key in {key_path(path)} is not the one that the database {path} was encrypted with:"
            " restore both from the same backup"
        ) from error


def _key_of(connection: sqlite3.Connection, path: Path) -> bytes:
    """Read the key file; make it only where nothing was encrypted yet."""
    file = key_path(path)
    if file.exists() or projects.has_key(connection):
        return read_key(file)
    return create_key(file)
