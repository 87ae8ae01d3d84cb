"""Every delivery has a number within those of its hour, whoever writes it, in whatever order; most write nothing for that."""

from __future__ import annotations

import random
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.storage.records import MAIN
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.rows import delivery_to_row
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import HOUR, OpenHours, open_hours
from tests.support.promises import CIPHER, delivery

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from switchhook.storage.sqlite.rows import SqlParameters


def told(number: int, hour: float, project: str = "shop") -> SqlParameters:
    made = replace(delivery(f"c{number}", project=project), occurred_at=hour * HOUR)
    return delivery_to_row(made, CIPHER, MAIN)


def hours(connection: sqlite3.Connection) -> list[tuple[int, int, int | None]]:
    found = connection.execute("SELECT hour, first, last FROM delivery_hours ORDER BY hour")
    return [tuple(row) for row in found]


def test_an_hour_is_open_until_the_next_one_and_again_for_what_is_late() -> None:
    known = OpenHours()
    with closing(open_to_write(None)) as connection:
        for number, hour in enumerate((10.0, 10.5, 11.0, 10.9, 11.1), 1):
            known.see_to(connection, [told(number, hour)])
            connection.execute(sql("promise"), told(number, hour))
        assert hours(connection) == [(10, 1, 4), (11, 3, None)]


def test_within_an_hour_nothing_is_written() -> None:
    known = OpenHours()
    with closing(open_to_write(None)) as connection:
        known.see_to(connection, [told(1, 10.0)])
        before = connection.total_changes
        for number in range(2, 9):
            known.see_to(connection, [told(number, 10.0 + number / 10)])
        assert connection.total_changes == before


def test_no_delivery_is_outside_of_its_hour_whoever_wrote_it(tmp_path: Path) -> None:
    """Two writers on one file, transactions that are undone, and others who write a delivery now and then."""
    chance = random.Random(7)
    path = tmp_path / "store.sqlite"
    with ExitStack() as stack:
        writers = [
            (stack.enter_context(closing(open_to_write(path))), OpenHours()) for _ in range(2)
        ]
        for number in range(1, 400):
            connection, known = chance.choice(writers)
            hour = number / 40 - chance.choice((0, 0, 0, 0, 1, 5)) + 10
            row = told(number, hour, chance.choice(("shop", "house")))
            connection.execute("BEGIN IMMEDIATE")
            if chance.random() < 0.1:
                open_hours(connection, [row])
            else:
                known.see_to(connection, [row])
            connection.execute(sql("promise"), row)
            if chance.random() < 0.1:
                connection.execute("ROLLBACK")
                known.forget()
            else:
                connection.execute("COMMIT")
        outside = connection.execute(
            "SELECT d.number FROM deliveries AS d LEFT JOIN delivery_hours AS h"
            " ON h.project = d.project AND h.hour = CAST(d.occurred_at / 3600 AS INTEGER)"
            " WHERE h.hour IS NULL OR d.number < h.first OR d.number > coalesce(h.last, d.number)"
        ).fetchall()
        assert outside == []
        assert len(hours(connection)) > 20
        assert sum(last is None for _, _, last in hours(connection)) < 12
