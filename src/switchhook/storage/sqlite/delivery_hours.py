"""Which numbers the deliveries of each hour have, so that a list of a time begins near it.

An hour is open while deliveries of it are written: those have any number from its first on. Whoever writes a delivery sees to it
that its hour is open, in the same transaction. As nearly all are of the present hour, the writer remembers which are open,
and writes nothing for most; a trigger would take a third of what a delivery's row takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.storage.sqlite.statements import sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from switchhook.storage.sqlite.rows import SqlParameters

HOUR: Final = 3_600.0
"""Seconds."""
_PROJECT, _OCCURRED_AT = 0, 6
"""Their places in what `promise` takes."""
_Hours = set[tuple[str, int]]
"""Projects and hours since 1970."""


def open_hours(connection: sqlite3.Connection, promised: Iterable[SqlParameters]) -> _Hours:
    """Open the hours of deliveries before they are written, within their transaction, and return these."""
    hours = _hours_of(promised)
    connection.executemany(sql("open_delivery_hour"), hours)
    return hours


class OpenHours:
    """What a writer knows of hours that are open. It may forget at any time."""

    def __init__(self) -> None:
        self._open: _Hours = set()
        self._version: int | None = None

    def see_to(self, connection: sqlite3.Connection, promised: list[SqlParameters]) -> None:
        """Open the hours of deliveries before they are written, within their transaction; close the others of their projects."""
        hours = _hours_of(promised)
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:  # another connection wrote: perhaps it closed some
            self._version = version
            self._open.clear()
        if hours <= self._open:
            return
        projects = {project for project, _ in hours}
        connection.executemany(
            sql("close_delivery_hours"), [(project,) for project in sorted(projects)]
        )
        open_hours(connection, promised)
        self._open = {one for one in self._open if one[0] not in projects} | hours

    def forget(self) -> None:
        """Forget what a transaction did that was undone."""
        self._open.clear()


def _hours_of(promised: Iterable[SqlParameters]) -> _Hours:
    return {(str(row[_PROJECT]), int(float(row[_OCCURRED_AT] or 0) / HOUR)) for row in promised}
