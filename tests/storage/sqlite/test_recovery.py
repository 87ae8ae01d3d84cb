"""A restart takes up everything that can be read, whoever wrote it, and says what it left."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.storage.encryption import Cipher, new_key
from switchhook.storage.records import EVERY_DELIVERY, MAIN
from switchhook.storage.sqlite import recovery
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.lists import deliveries as delivery_list
from switchhook.storage.sqlite.rows import delivery_to_row
from switchhook.storage.sqlite.statements import sql
from tests.support.former import make_former
from tests.support.promises import CIPHER, delivery
from tests.support.snapshots import snapshot

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

ONE, TWO, THREE = (delivery("c", seq) for seq in (1, 2, 3))


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(open_to_write(None)) as connection:
        for made in (ONE, TWO, THREE):
            connection.execute(sql("promise"), delivery_to_row(made, CIPHER, MAIN))
        yield connection


EXCHANGED = "(SELECT request FROM deliveries WHERE number = 1)"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (f"request = {EXCHANGED}", "delivery 'c.2.crm' of project 'shop' cannot be decrypted"),
        ("project = 'house'", "delivery 'c.2.crm' of project 'house' cannot be decrypted"),
        ("id = 'c.4.crm'", "delivery 'c.4.crm' of project 'shop' cannot be decrypted"),
        ("request = x''", "is encrypted in a way that this version does not know"),
        ("request = x'01'", "cannot be decrypted"),
        ("transport = 'pigeon'", "goes by 'pigeon', which this version does not know"),
        ("transport = 'mail'", "a stored value cannot be read"),
        ("success_codes = '[[1]]'", "a stored value cannot be read"),
        ("event = 'incoming.thought'", "'incoming.thought' is not a valid EventKind"),
    ],
)
def test_a_promise_that_cannot_be_read_is_left_and_keeps_no_other_back(
    connection: sqlite3.Connection, change: str, reason: str
) -> None:
    connection.execute(f"UPDATE deliveries SET {change} WHERE number = 2")
    with capture_logs() as logs:
        assert recovery.deliveries(connection, cipher=CIPHER, node=MAIN) == (ONE, THREE)
    (said,) = logs
    assert said["event"] == "delivery not resumed"
    assert reason in said["error"]
    assert (said["id"][:2], said["log_level"]) == ("c.", "error")
    assert "one backup" in said["todo"]
    assert len(connection.execute("SELECT * FROM deliveries").fetchall()) == 3


def test_with_another_key_nothing_is_read(connection: sqlite3.Connection) -> None:
    with capture_logs() as logs:
        assert recovery.deliveries(connection, cipher=Cipher(new_key()), node=MAIN) == ()
    assert len(logs) == 3


def test_what_a_former_version_promised_is_read_and_deleted_like_any_other(tmp_path: Path) -> None:
    every_good = tuple(range(200, 300))
    settled = delivery("c1", url="https://crm.example/in?key=1", success_codes=every_good)
    waiting = delivery("c2", success_codes=(200, 202, 204, 410))
    path = tmp_path / "switchhook.sqlite3"
    make_former(path, within=snapshot(), settled=(settled,), waiting=(waiting,))
    with closing(open_to_write(path, lambda _: CIPHER)) as connection:
        connection.execute(sql("promise"), delivery_to_row(THREE, CIPHER, MAIN))
        assert recovery.deliveries(connection, cipher=CIPHER, node=MAIN) == (waiting, THREE)
        listed = delivery_list.search(connection, cipher=CIPHER, which=EVERY_DELIVERY, limit=9).rows
        assert [row.delivery for row in listed] == [THREE, waiting, settled]
        assert [row.state for row in listed] == ["pending", "pending", "delivered"]


def test_an_old_promise_that_waits_costs_no_walk_over_those_that_are_settled() -> None:
    """A restart, the list of what is pending and retention read the unsettled alone."""
    with closing(open_to_write(None)) as connection:
        for name in ("unsettled_deliveries", "attempts_of_unsettled", "list_waiting"):
            values = dict.fromkeys(re.findall(r":([a-z_]+)", sql(name)))
            snapshot = connection.execute(f"EXPLAIN QUERY PLAN {sql(name)}", values).fetchall()
            lines = [row["detail"] for row in snapshot]
            assert any("deliveries_unsettled" in line for line in lines), lines
            assert not any("TEMP B-TREE" in line for line in lines), lines
