"""The audit log in a database."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from switchhook.storage.people import AuditEntry
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.sqlite.connection_thread import JobRunner
    from switchhook.storage.sqlite.tokens import WriteRunner

_LAST: Final = (1 << 63) - 1


class SqliteAuditLog:
    """The audit log of a store, read and written in its threads. What cannot be done raises StoreError."""

    def __init__(self, *, reader: JobRunner, change: WriteRunner) -> None:
        """`change` raises StoreError where the database was opened for reading only."""
        self._reader = reader
        self._change = change

    async def add(self, entry: AuditEntry) -> None:
        """Store a line."""
        await self._change(partial(_add, entry=entry))

    async def add_refusal(self, entry: AuditEntry, *, within: float) -> None:
        """Store a line, or count one up that says the same and is at most `within` seconds old."""
        await self._change(partial(_add_refusal, entry=entry, within=within))

    async def entries(
        self, *, project: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[AuditEntry, ...]:
        """Return lines newest first, of one project or all; `before` is a line's number, to page on."""
        return await self._reader.run(
            partial(_entries, project=project, limit=limit, before=before)
        )

    async def forget(self, *, before: float) -> int:
        """Delete lines from before a moment, and sessions that were used last before it; return how many lines."""
        return await self._change(partial(_forget, before=before))


def _add(connection: sqlite3.Connection, *, entry: AuditEntry) -> None:
    values = asdict(entry) | {"facts": msgspec.json.encode(entry.facts).decode()}
    with transaction(connection):
        connection.execute(sql("add_audit"), values)


def _add_refusal(connection: sqlite3.Connection, *, entry: AuditEntry, within: float) -> None:
    values = asdict(entry) | {
        "facts": msgspec.json.encode(entry.facts).decode(),
        "since": entry.at - within,
    }
    with transaction(connection):
        if not connection.execute(sql("repeat_refusal"), values).rowcount:
            connection.execute(sql("add_audit"), values)


def _entries(
    connection: sqlite3.Connection, *, project: str | None, limit: int, before: int | None
) -> tuple[AuditEntry, ...]:
    values = {
        "project": project,
        "limit": limit,
        "before": _LAST if before is None else before,
    }
    name = "audit" if project is None else "audit_of_project"
    found = connection.execute(sql(name), values)
    return tuple(
        AuditEntry(**{**dict(row), "facts": msgspec.json.decode(row["facts"])}) for row in found
    )


def _forget(connection: sqlite3.Connection, *, before: float) -> int:
    with transaction(connection):
        connection.execute(sql("forget_sessions"), {"before": before})
        return connection.execute(sql("forget_audit"), {"before": before}).rowcount
