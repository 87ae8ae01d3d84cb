"""Calls that were made elsewhere, in a database (N-17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from switchhook.storage.intake import CallImport, ImportItem, ImportState
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction
from switchhook.storage.stored_json import from_json, to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from switchhook.domain.tracking.imported_call import ImportedCall

_items = msgspec.json.Decoder(tuple[ImportItem, ...])


def add(
    connection: sqlite3.Connection,
    *,
    project: str,
    calls: Sequence[tuple[str, ImportedCall]],
    by: str,
    at: float,
    tells: bool,
    node: str,
) -> CallImport:
    """Write calls as queued, and those whose reference is known as duplicates."""
    with transaction(connection):
        items = tuple(_item(connection, project, call, made) for call, made in calls)
        is_new = any(item.state is ImportState.QUEUED for item in items)
        values = {
            "project": project,
            "posted_by": by,
            "posted_at": at,
            "tells": tells,
            "state": (ImportState.QUEUED if is_new else ImportState.DONE).value,
            "calls": to_json(items),
            "node": node,
        }
        (row,) = connection.execute(sql("add_call_import"), values).fetchall()
    return _import(row)


def _item(
    connection: sqlite3.Connection, project: str, call: str, made: ImportedCall
) -> ImportItem:
    key = {"project": project, "reference": made.reference}
    known = connection.execute(sql("known_reference"), key).fetchone()
    if known is not None:
        return ImportItem(reference=made.reference, state=ImportState.DUPLICATE, call=known["call"])
    connection.execute(sql("add_reference"), key | {"call": call})
    return ImportItem(reference=made.reference, state=ImportState.QUEUED, call=call, made=made)


def settle(connection: sqlite3.Connection, *, done: CallImport) -> None:
    """Write what became of an import."""
    values = {
        "project": done.project,
        "number": done.number,
        "state": done.state.value,
        "calls": to_json(done.items),
    }
    with transaction(connection):
        connection.execute(sql("settle_call_import"), values)


def found(connection: sqlite3.Connection, *, project: str, number: int) -> CallImport | None:
    """Return an import of a project, or None."""
    values = {"project": project, "number": number}
    row = connection.execute(sql("call_import"), values).fetchone()
    return None if row is None else _import(row)


def queued(connection: sqlite3.Connection, *, node: str) -> tuple[CallImport, ...]:
    """Return a node's imports that are queued, oldest first."""
    return tuple(map(_import, connection.execute(sql("queued_call_imports"), {"node": node})))


def _import(row: sqlite3.Row) -> CallImport:
    return CallImport(
        number=row["number"],
        project=row["project"],
        by=row["posted_by"],
        at=row["posted_at"],
        tells=bool(row["tells"]),
        state=ImportState(row["state"]),
        items=from_json(_items, row["calls"]),
    )
