"""Queries about the past, in a database."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from switchhook.storage.sqlite import rows
from switchhook.storage.sqlite.statements import sql

if TYPE_CHECKING:
    import sqlite3

    from switchhook.domain.journal import JournalEntry
    from switchhook.storage.delivery import Attempt
    from switchhook.storage.encryption import Cipher
    from switchhook.storage.records import CallRow, DeliveryRow

NEWEST: Final = 2**63 - 1
"""Above every number: a list begins with the newest."""


def calls(
    connection: sqlite3.Connection, *, project: str | None, limit: int, before: int | None
) -> tuple[CallRow, ...]:
    """Return calls before a number, newest first."""
    name = "newest_calls" if project is None else "newest_calls_of_project"
    values = {"project": project, "limit": limit, "before": NEWEST if before is None else before}
    return tuple(rows.call_row(row) for row in connection.execute(sql(name), values).fetchall())


def call(connection: sqlite3.Connection, *, call_id: str) -> CallRow | None:
    """Return one call, or None."""
    row = connection.execute(sql("call"), {"call": call_id}).fetchone()
    return None if row is None else rows.call_row(row)


def journal(connection: sqlite3.Connection, *, call_id: str) -> tuple[JournalEntry, ...]:
    """Return a call's journal from its first line on."""
    return tuple(rows.entry(row) for row in connection.execute(sql("journal"), {"call": call_id}))


def deliveries_of_call(
    connection: sqlite3.Connection, *, cipher: Cipher, call_id: str
) -> tuple[DeliveryRow, ...]:
    """Return a call's deliveries in the order of the promises."""
    return _deliveries(connection.execute(sql("deliveries_of_call"), {"call": call_id}), cipher)


def attempts(connection: sqlite3.Connection, *, delivery_id: str) -> tuple[Attempt, ...]:
    """Return a delivery's attempts, first to latest."""
    found = connection.execute(sql("attempts"), {"delivery": delivery_id})
    return tuple(
        rows.attempt(row, delivery_id=delivery_id, number=row["number"], asked=row["asked"])
        for row in found
    )


def _deliveries(found: sqlite3.Cursor, cipher: Cipher) -> tuple[DeliveryRow, ...]:
    """Read a long list only after the query has ended, for the log cannot begin anew before that."""
    read = partial(rows.delivery_row, cipher=cipher)
    return tuple(
        rows.readable(
            found.fetchall(), read, name="id", otherwise="delivery not read", todo=rows.RESTORE
        )
    )
