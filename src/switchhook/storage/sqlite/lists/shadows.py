"""Shadow asks in a database."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from switchhook.storage.shadows import ShadowAsk, ShadowCount
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.sqlite.connection_thread import JobRunner
    from switchhook.storage.sqlite.tokens import WriteRunner


MOST_LOOKED_AT: Final = 5_000
"""Shadow asks that a list or a count goes through, the newest: some milliseconds."""


class SqliteShadows:
    """Reads and writes in the store's threads. What cannot be done raises StoreError."""

    def __init__(self, *, reader: JobRunner, change: WriteRunner) -> None:
        self._reader = reader
        self._change = change

    async def add(self, made: ShadowAsk) -> None:
        """Store one; the same ask again changes nothing."""
        await self._change(partial(_add, made=made))

    async def list(
        self,
        project: str,
        *,
        since: float,
        webhook: str | None = None,
        only_different: bool = True,
        limit: int,
    ) -> tuple[ShadowAsk, ...]:
        """Return a project's shadow asks since a moment, newest first."""
        values = {
            "project": project,
            "since": since,
            "webhook": webhook,
            "most": MOST_LOOKED_AT,
            "limit": limit,
        }
        statement = "different_shadow_asks" if only_different else "shadow_asks"
        return await self._reader.run(partial(_list, statement=statement, values=values))

    async def counts(self, project: str, *, since: float) -> tuple[ShadowCount, ...]:
        """Return how the shadows of a project did since a moment, by webhook."""
        values = {"project": project, "since": since, "most": MOST_LOOKED_AT}
        return await self._reader.run(partial(_counts, values=values))


def _add(connection: sqlite3.Connection, *, made: ShadowAsk) -> None:
    with transaction(connection):
        connection.execute(sql("add_shadow_ask"), asdict(made))


def _list(
    connection: sqlite3.Connection, *, statement: str, values: dict[str, Any]
) -> tuple[ShadowAsk, ...]:
    found = connection.execute(sql(statement), values).fetchall()
    return tuple(ShadowAsk(**dict(row)) for row in found)


def _counts(connection: sqlite3.Connection, *, values: dict[str, Any]) -> tuple[ShadowCount, ...]:
    found = connection.execute(sql("shadow_counts"), values).fetchall()
    return tuple(ShadowCount(**dict(row)) for row in found)
