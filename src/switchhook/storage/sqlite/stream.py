"""The streams of projects in a database: numbered as they are committed, read in that order.

One writer commits at a time, and a number is given inside of the transaction: whoever reads one has all below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.domain.event_stream import StreamEventType
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.stream import StreamEvent, StreamPage

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from switchhook.storage.sqlite.rows import SqlParameters


MAX_PAGE: Final = 1_048_576
"""Bytes of the events that are read at once: whoever writes them out holds up calls meanwhile."""


def event_to_row(event: StreamEvent) -> SqlParameters:
    """Return what `add_stream_event` takes."""
    project = event.project
    return (
        project,
        project,
        project,
        event.call,
        event.seq,
        event.type.value,
        event.at,
        event.body,
    )


def page(connection: sqlite3.Connection, *, project: str, after: int, limit: int) -> StreamPage:
    """Return the next events behind a number.

    What was deleted is read last: an event that goes meanwhile is either on the page or among the deleted.
    """
    values = {"project": project, "after": after, "limit": limit}
    found = tuple(_events(connection.execute(sql("stream_events"), values)))
    bounds = connection.execute(sql("stream_bounds"), values).fetchone()
    return StreamPage(
        events=found,
        last=max(bounds["newest"], bounds["deleted"]),
        deleted=bounds["deleted"],
    )


def _events(rows: Iterable[sqlite3.Row]) -> Iterator[StreamEvent]:
    """Yield events until they are large enough together, and one at least."""
    size = 0
    for row in rows:
        if size and size + len(row["body"]) > MAX_PAGE:
            return
        size += len(row["body"])
        yield _event(row)


def _event(row: sqlite3.Row) -> StreamEvent:
    return StreamEvent(
        project=row["project"],
        call=row["call"],
        seq=row["seq"],
        type=StreamEventType(row["type"]),
        at=row["at"],
        body=row["body"],
        number=row["number"],
    )
