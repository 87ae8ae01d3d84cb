"""What was changed that nodes hold in memory, in a database: counted by kind, with the change itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.storage.records import ChangeKind
from switchhook.storage.sqlite.statements import sql

if TYPE_CHECKING:
    import sqlite3


def note(connection: sqlite3.Connection, kind: ChangeKind) -> None:
    """Count a change, within the transaction that stands."""
    connection.execute(sql("note_change"), {"kind": kind.value})


def counted(connection: sqlite3.Connection) -> dict[ChangeKind, int]:
    """Return how often each kind was changed; a kind of a later version is left out."""
    known = {kind.value: kind for kind in ChangeKind}
    rows = connection.execute(sql("changes")).fetchall()
    return {known[row["kind"]]: row["number"] for row in rows if row["kind"] in known}
