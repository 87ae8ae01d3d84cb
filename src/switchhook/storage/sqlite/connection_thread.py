"""A connection with a thread of its own, so that no question to the database holds up the loop."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeVar

from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.errors import explain
from switchhook.tasks import short_turns

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class JobRunner(Protocol):
    """Runs jobs on a connection, one after another, beside the event loop."""

    async def run(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        """Return the job's result. Raises StoreError for an SQLite error, and what the job raises."""

    async def close(self) -> None:
        """Do what was asked so far, then close the connection. Closing again does nothing."""


class ConnectionThread:
    """Owns one connection and the thread that uses it."""

    def __init__(self, connection: sqlite3.Connection, *, database: str, name: str) -> None:
        self._connection = connection
        self._database = database
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._is_closed = False

    async def run(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        """Return the job's result. Raises StoreError for an SQLite error, and what the job raises."""
        if self._is_closed:
            raise StoreError(f"{self._database} is closed")
        loop = asyncio.get_running_loop()
        try:
            with short_turns:  # rows are decoded under the lock that the loop needs
                return await loop.run_in_executor(self._thread, job, self._connection)
        except sqlite3.Error as error:
            raise explain(error, self._database) from error

    async def close(self) -> None:
        """Do what was asked so far, then end the thread and close the connection."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()
