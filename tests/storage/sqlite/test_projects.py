"""A database opens with the key that its secrets are encrypted with, and with no other."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from switchhook.storage.encryption import Cipher, new_key
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite import projects
from switchhook.storage.sqlite.connection import open_to_write

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(open_to_write(None)) as connection:
        yield connection


def test_a_new_database_takes_the_first_key_for_its_own(connection: sqlite3.Connection) -> None:
    cipher = Cipher(new_key())
    assert not projects.has_key(connection)
    projects.check_key(connection, cipher, may_write=True)
    assert projects.has_key(connection)
    projects.check_key(connection, cipher, may_write=True)
    with pytest.raises(StoreError, match="encrypted with another key"):
        projects.check_key(connection, Cipher(new_key()), may_write=True)


def test_who_only_reads_writes_no_check(connection: sqlite3.Connection) -> None:
    projects.check_key(connection, Cipher(new_key()), may_write=False)
    assert not projects.has_key(connection)


def test_each_version_is_encrypted_for_its_place(connection: sqlite3.Connection) -> None:
    cipher = Cipher(new_key())
    for document in ("one", "two"):
        projects.save(connection, cipher, project="shop", document=document, now=0.0)
    connection.execute(
        "UPDATE projects SET sealed = (SELECT sealed FROM projects WHERE version = 1)"
    )
    first = projects.one(connection, cipher, project="shop", version=1)
    assert first is not None
    assert (first.document, first.unreadable) == ("one", "")
    second = projects.one(connection, cipher, project="shop", version=2)
    assert second is not None
    assert second.document == ""
    assert second.unreadable.startswith("version 2 of project 'shop' cannot be decrypted")


def test_a_version_that_cannot_be_unsealed_stays_under_a_new_one(
    connection: sqlite3.Connection,
) -> None:
    lost, cipher = Cipher(new_key()), Cipher(new_key())
    projects.save(connection, lost, project="shop", document="one", now=0.0)
    assert projects.save(connection, cipher, project="shop", document="one", now=0.0) == 2
    assert projects.save(connection, cipher, project="shop", document="one", now=0.0) == 2
    (latest,) = projects.latest(connection, cipher)
    assert (latest.version, latest.document) == (2, "one")
    first = projects.one(connection, lost, project="shop", version=1)
    assert first is not None
    assert first.document == "one"
    assert not connection.in_transaction
