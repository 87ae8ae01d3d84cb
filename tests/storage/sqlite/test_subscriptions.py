"""A subscription's URL is encrypted for its own number, and cannot be exchanged for another's."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.domain.event import Subscription
from switchhook.storage.encryption import Cipher, new_key
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite import subscriptions
from switchhook.storage.sqlite.connection import open_to_write

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(open_to_write(None)) as connection:
        yield connection


CIPHER = Cipher(new_key())


def add(connection: sqlite3.Connection, url: str, *, most: int = 9) -> Subscription | None:
    asked = Subscription(project="shop", user="u", target_url=url, event="custom", created_at=1.0)
    return subscriptions.add(connection, cipher=CIPHER, asked=asked, most=most)


def test_the_url_stands_nowhere_in_the_clear(connection: sqlite3.Connection) -> None:
    made = add(connection, "https://hooks.target/secret")
    assert subscriptions.found(connection, cipher=CIPHER, project=None) == (made,)
    (encrypted,) = connection.execute("SELECT sealed FROM subscriptions").fetchone()
    assert b"hooks" not in encrypted
    with capture_logs() as logs:
        assert subscriptions.found(connection, cipher=Cipher(new_key()), project=None) == ()
    assert "encrypted with another key" in logs[0]["error"]


def test_urls_cannot_be_exchanged(connection: sqlite3.Connection) -> None:
    first = add(connection, "https://one.target/")
    add(connection, "https://two.target/")
    connection.execute(
        "UPDATE subscriptions SET sealed = (SELECT sealed FROM subscriptions WHERE number = 1)"
    )
    with capture_logs() as logs:
        assert subscriptions.found(connection, cipher=CIPHER, project="shop") == (first,)
    (said,) = logs
    assert said["event"] == "subscription not loaded"
    assert said["error"].startswith("subscription 2 of project 'shop' cannot be decrypted")
    assert (said["number"], said["log_level"]) == (2, "error")
    assert subscriptions.numbers(connection) == {1, 2}


def test_no_number_is_given_twice(connection: sqlite3.Connection) -> None:
    for expected in (1, 2, 3):
        made = add(connection, "https://one.target/", most=1)
        assert made is not None
        assert made.number == expected
        assert add(connection, "https://two.target/", most=1) is None
        deleted = subscriptions.delete(connection, cipher=CIPHER, project="shop", number=expected)
        assert deleted == made
    assert not connection.in_transaction


def test_one_that_cannot_be_unsealed_stays(connection: sqlite3.Connection) -> None:
    add(connection, "https://one.target/")
    with pytest.raises(StoreError, match="encrypted with another key"):
        subscriptions.delete(connection, cipher=Cipher(new_key()), project="shop", number=1)
    assert subscriptions.numbers(connection) == {1}
    assert not connection.in_transaction
