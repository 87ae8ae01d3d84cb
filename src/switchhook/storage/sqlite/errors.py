"""SQLite's errors in words for the operator, with what to do."""

from __future__ import annotations

import sqlite3
from typing import Final

from switchhook.storage.records import StoreError

_PRIMARY: Final = 0xFF
"""The part of an extended result code that names its class."""

_OF_THE_DATABASE: Final = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space, or move the database",
    sqlite3.SQLITE_BUSY: "another process kept it locked too long: end that process",
    sqlite3.SQLITE_LOCKED: "another connection keeps a table locked",
    sqlite3.SQLITE_IOERR: "the disk reported an error: look at the system's log",
    sqlite3.SQLITE_READONLY: "it cannot be written: check the owner and rights of file and folder",
    sqlite3.SQLITE_PERM: "access was denied: check the owner and rights of file and folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that the folder exists, and its rights",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
    sqlite3.SQLITE_PROTOCOL: "its lock file is in disorder: is it on a network file system?",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the file is not a database, or is damaged: check the path",
    sqlite3.SQLITE_INTERRUPT: "the request was interrupted",
}
"""Errors that every request meets, whatever it holds."""

_LASTING: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_of_the_database(error: BaseException) -> bool:
    """Say whether the trouble lies in the database, and not in what was written to it."""
    return _code(error) in _OF_THE_DATABASE


def explain(error: BaseException, database: str) -> StoreError:
    """Return the StoreError that tells a person what `error` means."""
    if isinstance(error, StoreError):
        return error
    code = _code(error)
    advice = _OF_THE_DATABASE.get(code)
    if advice is None:
        return StoreError(f"{database}: the value cannot be stored or read ({error})")
    return StoreError(f"{database}: {advice} ({error})", transient=code not in _LASTING, why=advice)


def _code(error: BaseException) -> int:
    code = getattr(error, "sqlite_errorcode", None)
    return code & _PRIMARY if isinstance(code, int) else 0
