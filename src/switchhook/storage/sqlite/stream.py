"""The streams of projects in a database: numbered as they are committed, read in that order.

One writer commits at a time, and a number is given inside of the transaction: whoever reads one has all below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.event_stream import StreamEventType
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.stream import StreamEvent, StreamPage

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.sqlite.rows import SqlParameters


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
    found = connection.execute(sql("stream_events"), values).fetchall()
    bounds = connection.execute(sql("stream_bounds"), values).fetchone()
    return StreamPage(
        events=tuple(_event(row) for row in found),
        last=max(bounds["newest"], bounds["deleted"]),
        deleted=bounds["deleted"],
    )


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
