"""Calls that an operator wants ended, in a database: another process may run them, or the next start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.storage.records import ChangeKind, WantedHangUp
from switchhook.storage.sqlite import changes
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3


def add(connection: sqlite3.Connection, *, wanted: WantedHangUp, now: float) -> None:
    """Write a wish; of two for one call the first stays."""
    values = {
        "project": wanted.project,
        "call": wanted.call,
        "wanted_by": wanted.by,
        "wanted_at": now,
    }
    with transaction(connection):
        connection.execute(sql("add_hang_up"), values)
        changes.note(connection, ChangeKind.HANG_UPS)


def found(connection: sqlite3.Connection, *, node: str) -> tuple[WantedHangUp, ...]:
    """Return the wishes for a node's calls, oldest first."""
    rows = connection.execute(sql("hang_ups"), {"node": node})
    return tuple(
        WantedHangUp(project=row["project"], call=row["call"], by=row["wanted_by"]) for row in rows
    )


def delete(connection: sqlite3.Connection, *, project: str, call: str) -> None:
    """Delete a wish that was fulfilled."""
    with transaction(connection):
        connection.execute(sql("delete_hang_up"), {"project": project, "call": call})
