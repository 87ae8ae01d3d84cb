"""Old calls go a few at a time, whole, oldest first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from switchhook.storage.records import MAIN
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.retention import DELETIONS, delete_old
from switchhook.storage.sqlite.rows import (
    attempt_to_row,
    call_to_row,
    delivery_to_row,
    entry_to_row,
    settling_to_row,
)
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import HOUR, OpenHours
from tests.support.promises import CIPHER, attempt, delivery, ended, record


@pytest.mark.row("FT-05")
def test_a_call_is_as_old_as_its_end() -> None:
    long = replace(ended("c1", at=100.0), ended_at=300.0)
    assert long.arrived_at == 100.0
    with closing(open_to_write(None)) as connection:
        connection.execute(sql("save_call"), call_to_row(long, MAIN))
        assert delete_old(connection, before=200.0, batch=2) == 0
        assert delete_old(connection, before=301.0, batch=2) == 1


def test_a_batch_takes_the_oldest_and_leaves_nothing_of_them() -> None:
    with closing(open_to_write(None)) as connection:
        for number in (3, 1, 2):
            name = f"c{number}"
            made = record(ended(name, at=float(number)), delivery(name), entries=2)
            connection.execute(sql("save_call"), call_to_row(made.call, MAIN))
            for entry in made.entries:
                connection.execute(sql("add_entry"), entry_to_row("shop", name, entry))
            connection.execute(sql("promise"), delivery_to_row(made.deliveries[0], CIPHER, MAIN))
            tried = attempt(made.deliveries[0])
            connection.execute(sql("add_attempt"), attempt_to_row(tried))
            connection.execute(sql("settle"), settling_to_row(tried))

        def left(table: str) -> int:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

        assert delete_old(connection, before=10.0, batch=2) == 2
        assert connection.execute("SELECT call FROM calls").fetchone()["call"] == "c3"
        assert [left(table) for table in ("journal", "deliveries", "attempts")] == [2, 1, 1]
        assert delete_old(connection, before=10.0, batch=2) == 1
        assert delete_old(connection, before=10.0, batch=2) == 0
        assert [left(table) for table in ("journal", "deliveries", "attempts")] == [0, 0, 0]
        assert not connection.in_transaction


def test_hours_go_with_the_last_of_their_deliveries() -> None:
    hours = OpenHours()
    with closing(open_to_write(None)) as connection:
        for number in (1, 2, 3):
            name = f"c{number}"
            connection.execute(sql("save_call"), call_to_row(ended(name, at=float(number)), MAIN))
            made = replace(delivery(name), occurred_at=HOUR * number)
            row = delivery_to_row(made, CIPHER, MAIN)
            hours.see_to(connection, [row])
            connection.execute(sql("promise"), row)
            connection.execute(sql("deliver"), settling_to_row(attempt(made)))

        def left() -> list[int]:
            return [row[0] for row in connection.execute("SELECT hour FROM delivery_hours")]

        assert delete_old(connection, before=2.5, batch=2) == 2
        assert left() == [1, 2, 3]
        assert delete_old(connection, before=2.5, batch=2) == 0
        assert left() == [3]


@pytest.mark.parametrize("name", DELETIONS)
def test_what_belongs_to_a_call_is_looked_up_by_it(name: str) -> None:
    """Some tables have the project's rows of months under their first column."""
    with closing(open_to_write(None)) as connection:
        values = {"project": "shop", "call": "c1"}
        plan = connection.execute(f"EXPLAIN QUERY PLAN {sql(name)}", values).fetchall()
    lines = [row["detail"] for row in plan if row["detail"].startswith(("SEARCH", "SCAN"))]
    by = ("call=?", "id>?", "delivery=?", "arrived_at=?", "arrived_at>?")
    assert all(any(column in line for column in by) for line in lines), lines
    assert lines
