"""An error of SQLite becomes a sentence that says what to do, and whether waiting helps."""

from __future__ import annotations

import sqlite3

import pytest

from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.errors import explain, is_of_the_database


def error(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    made = kind("said SQLite")
    made.sqlite_errorcode = code
    return made


@pytest.mark.parametrize(
    ("code", "advice", "transient"),
    [
        (sqlite3.SQLITE_FULL, "free some space", True),
        (sqlite3.SQLITE_BUSY, "end that process", True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "end that process", True),
        (sqlite3.SQLITE_IOERR_FSYNC, "the system's log", True),
        (sqlite3.SQLITE_READONLY, "owner and rights", True),
        (sqlite3.SQLITE_CORRUPT, "restore it from a backup", False),
        (sqlite3.SQLITE_NOTADB, "check the path", False),
    ],
)
def test_trouble_of_the_database_says_what_to_do(code: int, advice: str, transient: bool) -> None:  # noqa: FBT001
    told = explain(error(code), "the database x")
    assert str(told).startswith("the database x: ")
    assert advice in str(told)
    assert "said SQLite" in str(told)
    assert told.transient is transient
    assert is_of_the_database(error(code))


def test_a_value_that_no_database_takes_is_the_fault_of_one() -> None:
    for fault in (OverflowError("too large"), error(sqlite3.SQLITE_CONSTRAINT_NOTNULL)):
        assert not is_of_the_database(fault)
        told = explain(fault, "the database x")
        assert "the value cannot be stored" in str(told)
        assert not told.transient


def test_what_is_explained_already_stays_as_it_is() -> None:
    told = StoreError("mine")
    assert explain(told, "the database x") is told
