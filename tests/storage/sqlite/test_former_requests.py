"""Deliveries that versions before schema 14 wrote are the same afterwards, under their numbers."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.storage.encryption import key_path, new_key
from switchhook.storage.records import EVERY_DELIVERY, StoreError
from switchhook.storage.sqlite import history, projects
from switchhook.storage.sqlite.connection import migrate, migrations
from switchhook.storage.sqlite.lists import deliveries as delivery_list
from switchhook.storage.sqlite.opening import open_encrypted
from switchhook.storage.sqlite.rows import delivery_aad
from switchhook.webhooks.http import HttpRequest
from tests.support.former import ATTEMPT, former_attempt, make_former
from tests.support.promises import CIPHER, delivery, mail
from tests.support.snapshots import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchhook.storage.delivery import Delivery

BEFORE = 13
"""The schema that the migration begins from."""
PROMISE = """
INSERT INTO deliveries (
    project, id, call, seq, event, webhook, occurred_at, method, url, headers, sealed, body,
    success_codes, response_timeout, keep_alive, node
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?)
"""
MADE = (
    delivery("c1", 1, url="https://crm.example/in?key=1"),
    mail("c1", 2, to="o'hara+a%b/c?d@x-1.example"),
    delivery("c2", 1, body=bytes(range(256))),
    mail("c2", 2),
    delivery("c3", 1),
)


@pytest.fixture
def former() -> Iterator[sqlite3.Connection]:
    """Open a database of schema 13 with these deliveries, of which the last was deleted."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection, migrations()[:BEFORE])
        for made in MADE:
            connection.execute(PROMISE, _row(made))
        for number, made in enumerate(MADE[:2], start=1):
            connection.execute(ATTEMPT, former_attempt(made, number=number))
            connection.execute("UPDATE deliveries SET settled = 1 WHERE id = ?", (made.id,))
        connection.execute("DELETE FROM deliveries WHERE call = 'c3'")
        yield connection


def _row(made: Delivery) -> tuple[str | int | float | bytes, ...]:
    request = made.request
    if isinstance(request, HttpRequest):
        method, address, body = request.method, (request.url, request.headers), request.body
    else:
        method, body = "MAIL", request.message
        address = request.url, (("MAIL FROM", request.sender),)
    aad = delivery_aad(made.project, made.id)
    return (
        *(made.project, made.id, made.call, made.seq, made.event.value, made.webhook),
        *(made.occurred_at, method, CIPHER.encrypt(json.dumps(address), aad=aad), body),
        *(json.dumps(made.success_codes), made.response_timeout, made.keep_alive, "west"),
    )


def _listed(connection: sqlite3.Connection) -> list[tuple[int, Delivery, str]]:
    found = delivery_list.search(connection, cipher=CIPHER, which=EVERY_DELIVERY, limit=9).rows
    return [(row.number, row.delivery, row.state.value) for row in reversed(found)]


def test_every_request_number_and_state_is_as_it_was(former: sqlite3.Connection) -> None:
    migrate(former, migrations(), CIPHER)

    states = ("delivered", "delivered", "pending", "pending")
    assert _listed(former) == list(zip((1, 2, 3, 4), MADE[:4], states, strict=True))
    nodes = former.execute("SELECT DISTINCT node FROM deliveries").fetchall()
    assert [row["node"] for row in nodes] == ["west"]
    tried = former.execute("SELECT delivery, number FROM attempts").fetchall()
    assert [tuple(row) for row in tried] == [(1, 1), (2, 2)]


@pytest.mark.parametrize("kept", [True, False])
def test_no_number_is_given_again(former: sqlite3.Connection, *, kept: bool) -> None:
    if not kept:
        former.execute("DELETE FROM deliveries")
    migrate(former, migrations(), CIPHER)
    former.execute(
        "INSERT INTO deliveries SELECT NULL, 'p', 'i', 'c', 1, 'e', 'w', 0, 'http', x'', x'', '[]', 1, 1, 0, 'main', NULL, 0, NULL, NULL"
    )
    (number,) = former.execute("SELECT number FROM deliveries WHERE id = 'i'").fetchone()
    assert number == len(MADE) + 1


def test_one_that_cannot_be_read_stays_so_and_keeps_no_other_back(
    former: sqlite3.Connection,
) -> None:
    former.execute("UPDATE deliveries SET sealed = x'0102' WHERE number = 2")
    migrate(former, migrations(), CIPHER)

    (kept,) = former.execute("SELECT request FROM deliveries WHERE number = 2").fetchone()
    assert kept == b"\x01\x02"
    with capture_logs() as logs:
        assert [number for number, *_ in _listed(former)] == [1, 3, 4]
    assert len(logs) == 1


def test_without_a_key_nothing_is_changed(former: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="user-defined function"):
        migrate(former, migrations())
    assert former.execute("PRAGMA user_version").fetchone()[0] == BEFORE
    assert former.execute("SELECT count(sealed) FROM deliveries").fetchone()[0] == 4


def test_urls_that_stood_in_clear_are_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "switchhook.sqlite3"
    told = delivery(url="https://crm.example/in?key=geheim")
    make_former(path, within=snapshot(), settled=(told,), waiting=())
    cipher, connections = open_encrypted(path, None)
    for connection in connections:
        connection.execute("SELECT 1")
    with closing(connections[0]) as connection:
        found = connection.execute("SELECT * FROM deliveries").fetchall()
        assert "geheim" not in repr([tuple(row) for row in found])
        (row,) = history.deliveries_of_call(connection, cipher=cipher, call_id=told.call)
        assert row.delivery == told
    for connection in connections[1:]:
        connection.close()


def test_another_key_is_refused_before_anything_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "switchhook.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection, migrations()[:BEFORE])
        projects.check_key(connection, CIPHER, may_write=True)
        connection.execute(PROMISE, _row(MADE[0]))
    key_path(path).write_bytes(new_key())
    key_path(path).chmod(0o600)
    with pytest.raises(StoreError, match="is not the one that the database"):
        open_encrypted(path, None)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == BEFORE
