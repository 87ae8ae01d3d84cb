"""The use of outside calls by accounts and projects, in a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from switchhook.domain.outside import OutsideUse
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.sqlite.rows import SqlParameters


def use_to_row(use: OutsideUse, once: tuple[str, str, int]) -> SqlParameters:
    """Return what `add_outside_use` takes; `once` is the journal's line that it is counted with."""
    return use.project, use.account, use.day, use.calls, use.seconds, *once


def found(connection: sqlite3.Connection, *, since: float) -> tuple[OutsideUse, ...]:
    """Return what was used on the days since a moment, oldest first."""
    values = {"day": _day(since)}
    return tuple(OutsideUse(**row) for row in connection.execute(sql("outside_use"), values))


def forget(connection: sqlite3.Connection, *, before: float) -> None:
    """Delete what was used before a moment's day."""
    with transaction(connection):
        connection.execute(sql("forget_outside_use"), {"day": _day(before)})


def _day(moment: float) -> str:
    """Return a day on which, wherever it is, it was that moment or earlier."""
    return (datetime.fromtimestamp(moment, UTC) - timedelta(days=1)).date().isoformat()
