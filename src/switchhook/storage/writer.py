"""The one thread that writes: what waits together is committed together.

Each commit waits for the disk, and most of its cost does not grow with what it holds. So while one
commit runs, everything that arrives gathers on the loop, and the next commit takes it all.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

from switchhook.storage.records import StoreError
from switchhook.storage.rows import Parameters
from switchhook.storage.statements import sql
from switchhook.storage.trouble import explain, meets_everybody

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

MOST_AT_ONCE: Final = 2_000
"""Requests in one transaction at most, so that nobody waits long for another's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one request writes: to be stored as a whole, beside others' in one transaction."""

    calls: tuple[Parameters, ...] = ()
    entries: tuple[Parameters, ...] = ()
    deliveries: tuple[Parameters, ...] = ()
    attempts: tuple[Parameters, ...] = ()
    callers: tuple[Parameters, ...] = ()
    outside: tuple[Parameters, ...] = ()


@dataclass(slots=True, eq=False)
class _Request:
    """Rows, or a job that runs by itself; who waits for the outcome; and what that is."""

    work: Rows | Callable[[sqlite3.Connection], Any]
    waiter: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def settle(self) -> None:
        """Wake who waits, on the loop. A waiter that was cancelled is gone; its work was done."""
        if self.waiter.done():
            return
        if self.error is None:
            self.waiter.set_result(self.result)
        else:
            self.waiter.set_exception(self.error)


class Writer:
    """Owns the connection that writes. Made and used on one event loop."""

    def __init__(self, connection: sqlite3.Connection, *, database: str) -> None:
        self.commits = 0
        self.trouble: tuple[float, StoreError] | None = None
        """When rows could not be stored, by the loop's clock, and why; None once others were."""
        self._connection = connection
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Request] = []
        self._batches: SimpleQueue[list[_Request] | None] = SimpleQueue()
        self._is_busy = False
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="store writer", daemon=True)
        self._thread.start()

    async def write(self, rows: Rows) -> None:
        """Store the rows durably. Raises StoreError where nothing of them was stored."""
        await self._put(rows)

    async def run(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        """Run `job` in the thread after all that waits already, and return its result.

        Raises StoreError for an SQLite error, and whatever else `job` raises. A job that writes opens
        and ends its own transaction (`transaction` below).
        """
        result: T = await self._put(job)
        return result

    async def close(self) -> None:
        """Do what was handed in so far, then end the thread and close the connection."""
        if self._is_closed:
            return
        last = self._put(lambda _: None)
        self._is_closed = True
        await last
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _put(self, work: Rows | Callable[[sqlite3.Connection], Any]) -> asyncio.Future[Any]:
        if self._is_closed:
            raise StoreError(f"{self._database} is closed")
        request = _Request(work, self._loop.create_future())
        self._waiting.append(request)
        self._hand_over_soon()
        return request.waiter

    def _hand_over_soon(self) -> None:
        """Let everything that this turn of the loop brings come along."""
        if not self._is_busy and self._waiting:
            self._is_busy = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        self._batches.put(batch)

    def _handed_back(self, batch: list[_Request]) -> None:
        self._is_busy = False
        for request in batch:
            if isinstance(request.error, StoreError) and request.error.why:
                self.trouble = self._loop.time(), request.error
            elif request.error is None and isinstance(request.work, Rows):
                self.trouble = None
            request.settle()
        self._hand_over_soon()

    # From here on: in the thread.

    def _work(self) -> None:
        while (batch := self._batches.get()) is not None:
            for is_rows, group in groupby(
                batch, key=lambda request: isinstance(request.work, Rows)
            ):
                if is_rows:
                    self._store(list(group))
                else:
                    for request in group:
                        self._run(request)
            self._loop.call_soon_threadsafe(self._handed_back, batch)

    def _store(self, requests: list[_Request]) -> None:
        """Store in one transaction; where one request's rows are at fault, each in its own.

        So a value that no database takes fails its own request and no neighbour.
        """
        try:
            self._insert([request.work for request in requests if isinstance(request.work, Rows)])
        except Exception as error:  # noqa: BLE001 - handed to those who wait
            if len(requests) > 1 and not meets_everybody(error):
                for request in requests:
                    self._store([request])
                return
            for request in requests:
                request.error = explain(error, self._database)

    def _insert(self, batch: list[Rows]) -> None:
        columns = (
            ("save_call", (rows.calls for rows in batch)),
            ("add_entry", (rows.entries for rows in batch)),
            ("promise", (rows.deliveries for rows in batch)),
            ("add_attempt", (rows.attempts for rows in batch)),
            ("save_caller", (rows.callers for rows in batch)),
            ("save_outside_use", (rows.outside for rows in batch)),
        )
        with transaction(self._connection):
            for statement, rows in columns:
                self._connection.executemany(sql(statement), chain.from_iterable(rows))
        self.commits += 1

    def _run(self, request: _Request) -> None:
        if isinstance(request.work, Rows):
            return
        try:
            request.result = request.work(self._connection)
        except sqlite3.Error as error:
            request.error = explain(error, self._database)
        except Exception as error:  # noqa: BLE001 - handed to the one who waits
            request.error = error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block writes, or undo it where the block or the commit fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk, among others, has SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
