"""Queries about the past, in a database."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Final

from switchhook.storage.records import MOST_COUNTED, Count
from switchhook.storage.sqlite import rows
from switchhook.storage.sqlite.statements import sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from switchhook.domain.journal import JournalEntry
    from switchhook.storage.delivery import Attempt
    from switchhook.storage.encryption import Cipher
    from switchhook.storage.records import CallRow, DeliveryFilter, DeliveryList, DeliveryRow

NEWEST: Final = 2**63 - 1
"""Above every number: a list begins with the newest."""

OLDEST: Final = 0
"""Below every number."""

_LISTS: Final[Mapping[DeliveryList, str]] = {
    "all": "newest_deliveries",
    "delivered": "newest_deliveries",
    "pending": "waiting",
    "parked": "waiting",
}
"""The statement that lists deliveries of a state; for all other states `given_up`."""


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


def deliveries(
    connection: sqlite3.Connection,
    *,
    cipher: Cipher,
    which: DeliveryFilter,
    limit: int,
    before: int | None = None,
    after: int | None = None,
) -> tuple[DeliveryRow, ...]:
    """Return deliveries between two numbers, newest first; with `after`, oldest first."""
    statement = _listing(which)
    if after is not None:
        statement = statement.replace(" DESC", " ASC")
    values = _values(which, limit=limit, before=before, after=after)
    return _deliveries(connection.execute(statement, values), cipher)


def count_deliveries(connection: sqlite3.Connection, *, which: DeliveryFilter) -> Count:
    """Count the deliveries of a filter, in any order: so it ends with the last that is counted."""
    listing, _, _ = _listing(which).rpartition("ORDER BY")
    counting = f"SELECT count(*) FROM ({listing} LIMIT :limit)"  # noqa: S608 - a statement of ours
    (row,) = connection.execute(counting, _values(which, limit=MOST_COUNTED + 1)).fetchall()
    return Count.of(row[0])


def unchecked_by_webhook(connection: sqlite3.Connection, *, project: str) -> dict[str, Count]:
    """Count the deliveries of each webhook that need somebody, of those that have any."""
    values = {"project": project, "limit": MOST_COUNTED + 1}
    found = connection.execute(sql("unchecked_by_webhook"), values).fetchall()
    return {row["webhook"]: Count.of(row["unchecked"]) for row in found if row["unchecked"]}


def _listing(which: DeliveryFilter) -> str:
    """Return the statement that lists the deliveries of a filter."""
    if which.call is not None:
        return sql("listed_of_call")
    name = _LISTS.get(which.state, "given_up")
    if name == "newest_deliveries" and (which.project, which.webhook) != (None, None):
        return sql("newest_deliveries_of_webhooks")
    return sql(name)


def _values(
    which: DeliveryFilter, *, limit: int, before: int | None = None, after: int | None = None
) -> dict[str, str | float | None]:
    return {
        **asdict(which),
        "limit": limit,
        "before": NEWEST if before is None else before,
        "after": OLDEST if after is None else after,
    }


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
