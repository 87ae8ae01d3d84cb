"""Ended calls with what came into them from outside, in a database, page by page."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from switchhook.storage.call_search import CallPlace
from switchhook.storage.sqlite import rows
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.trails import AskTime, CallTrail, ExchangePage, TrailEntry, TrailPage

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from switchhook.domain.journal import JournalEntry
    from switchhook.storage.sqlite.connection_thread import JobRunner

log = structlog.get_logger(__name__)

_NEWEST: Final = CallPlace(float("inf"), 2**63 - 1)
Values = dict[str, str | float | int]
_trail: Final = msgspec.json.Decoder(CallTrail)


class SqliteTrails:
    """Reads in the store's reading thread."""

    def __init__(self, reader: JobRunner) -> None:
        self._reader = reader

    async def page(
        self,
        project: str,
        *,
        since: float | None,
        until: float | None,
        behind: CallPlace | None = None,
        limit: int,
    ) -> TrailPage:
        """Return a project's calls that arrived since and before a moment, newest first, behind a place."""
        values = _values(project, since, until, behind, limit)
        return await self._reader.run(partial(_page, values=values))

    async def exchanges(
        self,
        project: str,
        *,
        since: float | None,
        until: float | None,
        behind: CallPlace | None = None,
        limit: int,
    ) -> ExchangePage:
        """Return the asks of the next calls, as `page` takes them, in the order of each call."""
        values = _values(project, since, until, behind, limit)
        return await self._reader.run(partial(_exchanges, values=values))

    async def journals(
        self, project: str, calls: Collection[str]
    ) -> dict[str, tuple[JournalEntry, ...]]:
        """Return the whole journals of calls of a project, by the call's id."""
        return await self._reader.run(partial(_journals, project=project, calls=calls))


def _values(
    project: str,
    since: float | None,
    until: float | None,
    behind: CallPlace | None,
    limit: int,
) -> Values:
    start = behind or _NEWEST
    if until is not None:
        start = min(start, CallPlace(until, -1))
    return {
        "project": project,
        "since": float("-inf") if since is None else since,
        "at": start.arrived_at,
        "number": start.number,
        "limit": limit,
    }


def _page(connection: sqlite3.Connection, *, values: Values) -> TrailPage:
    found = connection.execute(sql("trails"), values).fetchall()
    trails: dict[str, CallTrail] = {}
    for row in found:
        try:
            trail = _trail.decode(row[2])
        except (msgspec.DecodeError, ValueError) as error:
            log.error("call not read", number=row[1], error=str(error), todo=rows.RESTORE)  # noqa: TRY400 - the reader needs no traceback
        else:
            trails[trail.id] = trail
    wanted = {"project": values["project"], "calls": json.dumps(list(trails))}
    entry = tuple.__new__
    for row in connection.execute(sql("trail_entries"), wanted).fetchall():
        call, *line = row
        trails[call].entries.append(entry(TrailEntry, line))
    last = CallPlace(found[-1][0], found[-1][1]) if len(found) == values["limit"] else None
    return TrailPage(tuple(trails.values()), last)


def _exchanges(connection: sqlite3.Connection, *, values: Values) -> ExchangePage:
    found = connection.execute(sql("asking_calls"), values).fetchall()
    asking = [row["call"] for row in found if row["is_asked"]]
    wanted = {"project": values["project"], "calls": json.dumps(asking)}
    made: list[AskTime] = []
    asked: tuple[str, float] | None = None
    for _, at, happening, text, facts in connection.execute(sql("exchange_entries"), wanted):
        if happening == "asked":
            asked = text, at
        elif asked is not None:
            webhook, since = asked
            asked = None
            if happening == "ended":
                if '"ended_by","caller"' in facts:
                    made.append(AskTime(webhook, at - since, is_hung_up=True))
            else:
                made.append(AskTime(webhook, at - since, is_failed=happening == "ask_failed"))
    last = CallPlace(found[-1][0], found[-1][1]) if len(found) == values["limit"] else None
    return ExchangePage(tuple(made), len(found), found[-1][0] if found else None, last)


def _journals(
    connection: sqlite3.Connection, *, project: str, calls: Collection[str]
) -> dict[str, tuple[JournalEntry, ...]]:
    wanted = {"project": project, "calls": json.dumps(list(calls))}
    found: dict[str, list[JournalEntry]] = {}
    for row in connection.execute(sql("journals"), wanted).fetchall():
        found.setdefault(row["call"], []).append(rows.entry(row))
    return {call: tuple(entries) for call, entries in found.items()}
