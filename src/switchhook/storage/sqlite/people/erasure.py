"""Erasing what a database holds of a person: their calls with all that belongs to them, visits, and the caller."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from switchhook.storage.people import ErasedCalls, ErasedTraces
from switchhook.storage.sqlite.retention import DELETIONS, FOREIGN_DELETIONS
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from switchhook.storage.sqlite.connection_thread import JobRunner
    from switchhook.storage.sqlite.tokens import WriteRunner

LOOKED_AT: Final = 500
"""Calls that are looked at at a time: others read meanwhile."""
_OWN_WAY: Final = frozenset({"note_stream_end", "delete_stream_events", "delete_call"})
_OF_CALL: Final = (
    *(one for one in DELETIONS if one not in _OWN_WAY),
    "erase_stream_events",
    "blank_stream_event",
    "erase_visit_of_call",
    "delete_call",
)
"""What retention deletes of a call; its events without a gap in the stream that earlier ones would fall into."""
_OF_FOREIGN: Final = (
    *(one for one in FOREIGN_DELETIONS if one not in _OWN_WAY),
    "erase_stream_events",
    "blank_stream_event",
)
"""The same of what is no call."""
_OF_VISIT: Final = ("erase_visit", "erase_shown_numbers", "erase_number_shows")


class SqliteErasure:
    """Erases persons from a store, in its threads. What cannot be done raises StoreError."""

    def __init__(self, *, reader: JobRunner, change: WriteRunner) -> None:
        """`change` raises StoreError where the database was opened for reading only."""
        self._reader = reader
        self._change = change

    async def calls(self, project: str, digits: str, *, after: int) -> ErasedCalls:
        """Erase a project's next calls behind a place that name a number by these digits, with all that is theirs."""
        reach, found = await self._reader.run(
            partial(_found, project=project, digits=digits, after=after)
        )
        if not found:
            return ErasedCalls(next=reach)
        return await self._change(partial(_erase, project=project, calls=found, reach=reach))

    async def traces(self, project: str, number: str, digits: str) -> ErasedTraces:
        """Erase what is known of a caller, and the visits that name the number."""
        return await self._change(
            partial(_erase_traces, project=project, number=number, digits=digits)
        )


def _found(
    connection: sqlite3.Connection, *, project: str, digits: str, after: int
) -> tuple[int | None, tuple[str, ...]]:
    values = {"project": project, "digits": digits, "after": after, "batch": LOOKED_AT}
    reach: int | None = connection.execute(sql("erasure_reach"), values).fetchone()["number"]
    if reach is None:
        return None, ()
    rows = connection.execute(sql("erasure_calls"), values | {"reach": reach}).fetchall()
    names = _naming(digits)
    found = [row["call"] for row in rows if names.search(row["value"])]
    for row in rows:
        if row["call"] not in found:
            told = connection.execute(
                sql("erasure_journal"), {"project": project, "call": row["call"]}
            )
            if any(names.search(f"{one['text']} {one['facts']}") for one in told):
                found.append(row["call"])
    return reach, tuple(found)


def _naming(digits: str) -> re.Pattern[str]:
    """Return what finds the number, with a country code or zeros before it, and not within a longer one."""
    return re.compile(rf"(?<!\d)\d{{0,5}}{digits}(?!\d)")


def _erase(
    connection: sqlite3.Connection, *, project: str, calls: Sequence[str], reach: int | None
) -> ErasedCalls:
    erased, left, visits = [], 0, set()
    with _overwriting(connection), transaction(connection):
        for call in calls:
            values = {"project": project, "call": call}
            if connection.execute(sql("has_unsettled"), values).fetchone() is not None:
                left += 1
                continue
            visits |= {row["visit"] for row in connection.execute(sql("visit_of_call"), values)}
            for statement in _OF_CALL:
                connection.execute(sql(statement), values)
            erased.append(call)
        _erase_visits(connection, project, visits)
    return ErasedCalls(calls=tuple(erased), left=left, visits=tuple(sorted(visits)), next=reach)


def _erase_traces(
    connection: sqlite3.Connection, *, project: str, number: str, digits: str
) -> ErasedTraces:
    values = {"project": project, "number": number, "digits": digits}
    names = _naming(digits)
    with _overwriting(connection), transaction(connection):
        found = connection.execute(sql("visits_that_name"), values).fetchall()
        visits = {row["id"] for row in found if names.search(row["attributes"])}
        _erase_visits(connection, project, visits)
        _erase_foreign_events(connection, values, names)
        callers = connection.execute(sql("erase_caller"), values).rowcount
    return ErasedTraces(visits=tuple(sorted(visits)), callers=callers)


def _erase_foreign_events(
    connection: sqlite3.Connection, values: dict[str, str], names: re.Pattern[str]
) -> None:
    """Erase events that are no calls, all about a subject of which one names the number; what waits stays."""
    told = [
        row
        for found in ("foreign_deliveries_that_name", "foreign_stream_events_that_name")
        for row in connection.execute(sql(found), values)
    ]
    for call in {row["call"] for row in told if names.search(row["body"])}:
        key = {"project": values["project"], "call": call}
        if connection.execute(sql("has_unsettled"), key).fetchone() is None:
            for statement in _OF_FOREIGN:
                connection.execute(sql(statement), key)


def _erase_visits(connection: sqlite3.Connection, project: str, visits: set[str]) -> None:
    for visit in sorted(visits):
        for statement in _OF_VISIT:
            connection.execute(sql(statement), {"project": project, "visit": visit})


@contextmanager
def _overwriting(connection: sqlite3.Connection) -> Iterator[None]:
    """Have deleted rows overwritten with zeros, and not only let go of."""
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    try:
        yield
    finally:
        connection.execute("PRAGMA secure_delete = OFF").fetchall()
