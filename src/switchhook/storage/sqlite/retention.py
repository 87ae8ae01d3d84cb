"""Deleting calls whose time is over, a few at a time, so that commits never wait long for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3

DELETIONS: Final = (
    "delete_attempts",
    "delete_deliveries",
    "note_stream_end",
    "delete_stream_events",
    "delete_journal",
    "delete_listed",
    "delete_reference",
    "delete_sip_capture",
    "delete_shadow_asks",
    "delete_call",
)
"""Retention order: a call's rows before the call, attempts before their delivery."""

FOREIGN_DELETIONS: Final = (
    "delete_attempts",
    "delete_deliveries",
    "note_stream_end",
    "delete_stream_events",
    "delete_foreign_events",
)
"""The same of what is no call."""


def delete_old(connection: sqlite3.Connection, *, before: float, batch: int) -> int:
    """Delete up to `batch` calls that ended before a moment, with all that belongs to them.

    A call with an unsettled delivery stays: the promise outlives the retention. Events that are no calls go in the same
    way. Returns how many went; fewer than `batch` means that none is left.
    """
    with transaction(connection):
        found = connection.execute(sql("old_calls"), {"before": before, "batch": batch}).fetchall()
        keys = [{"project": row["project"], "call": row["call"]} for row in found]
        for deletion in DELETIONS:
            connection.executemany(sql(deletion), keys)
        old = connection.execute(sql("old_foreign_events"), {"before": before, "batch": batch})
        foreign = [{"project": row["project"], "call": row["call"]} for row in old.fetchall()]
        for deletion in FOREIGN_DELETIONS:
            connection.executemany(sql(deletion), foreign)
        if len(keys) + len(foreign) < batch:  # the last: it goes through all hours
            connection.execute(sql("delete_delivery_hours"))
    return len(keys) + len(foreign)
