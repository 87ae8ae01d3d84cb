"""The one thread that writes: what waits together is committed together.

Each commit waits for the disk, and most of its cost does not grow with what it holds. So while one
commit runs, everything that arrives gathers on the loop, and the next commit takes it together. What
calls wait for goes first, however many registrations or visits queue. Rows that can wait come along with
others' commit, or get one of their own after `GATHER`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from switchhook.quick_init import quick_init
from switchhook.storage.records import LeaseLostError, StoreError
from switchhook.storage.sqlite.errors import explain, is_of_the_database
from switchhook.storage.sqlite.rows import SqlParameters
from switchhook.storage.sqlite.statements import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")

MAX_BATCH: Final = 2_000
"""Requests with rows in one transaction at most, which bounds the wait."""

MAX_CHANGES: Final = 100
"""Changes in one transaction at most: the rows that arrive meanwhile wait for some milliseconds."""

GATHER: Final = 0.02
"""Seconds for which rows that can wait do so for another's commit: as long as one RTP packet lasts."""

ENOUGH: Final = 8
"""Requests that can wait and are worth a commit of their own."""


HOUR: Final = 3_600.0
"""Seconds."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of one request: stored as a whole, beside others' in one transaction."""

    live_calls: tuple[SqlParameters, ...] = ()
    calls: tuple[SqlParameters, ...] = ()
    entries: tuple[SqlParameters, ...] = ()
    deliveries: tuple[SqlParameters, ...] = ()
    attempts: tuple[SqlParameters, ...] = ()
    delivered: tuple[SqlParameters, ...] = ()
    settled: tuple[SqlParameters, ...] = ()
    callers: tuple[SqlParameters, ...] = ()
    outside: tuple[SqlParameters, ...] = ()
    events: tuple[SqlParameters, ...] = ()
    listed: tuple[SqlParameters, ...] = ()
    failures: tuple[SqlParameters, ...] = ()


_STATEMENTS: Final[tuple[tuple[str, Callable[[Rows], tuple[SqlParameters, ...]]], ...]] = (
    # Counters of a journal line are written before that line.
    ("add_to_caller", attrgetter("callers")),
    ("add_outside_use", attrgetter("outside")),
    ("save_live_call", attrgetter("live_calls")),
    ("save_call", attrgetter("calls")),
    ("add_entry", attrgetter("entries")),
    ("promise", attrgetter("deliveries")),
    ("add_stream_event", attrgetter("events")),
    ("add_attempt", attrgetter("attempts")),
    ("deliver", attrgetter("delivered")),
    ("settle", attrgetter("settled")),
    # What is listed of a call is found in all of these.
    ("list_call", attrgetter("listed")),
    ("note_failures", attrgetter("failures")),
)
"""The statement of each kind of row, in the order of their references."""

Job: TypeAlias = Callable[[sqlite3.Connection], Any]
W = TypeVar("W", Rows, Job)


@dataclass(slots=True, eq=False)
class _Request(Generic[W]):
    """A job, its waiter and its outcome."""

    work: W
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


_Written: TypeAlias = _Request[Rows] | _Request[Job]


@dataclass(slots=True, eq=False)
class _Requests:
    """The queue: rows and changes for a shared transaction, jobs that run each by itself."""

    rows: deque[_Request[Rows]] = field(default_factory=deque)
    changes: deque[_Request[Job]] = field(default_factory=deque)
    jobs: deque[_Request[Job]] = field(default_factory=deque)

    def __bool__(self) -> bool:
        return bool(self.rows or self.changes or self.jobs)

    def take(self) -> _Batch:
        """Take out what is next: all rows, some changes and one job, the oldest of each."""
        return _Batch(
            _first(MAX_BATCH, self.rows),
            _first(MAX_CHANGES, self.changes),
            _first(1, self.jobs),
        )


class _Batch(NamedTuple):
    """The thread's next work."""

    rows: list[_Request[Rows]]
    changes: list[_Request[Job]]
    jobs: list[_Request[Job]]


def _first(most: int, waiting: deque[T]) -> list[T]:
    return [waiting.popleft() for _ in range(min(most, len(waiting)))]


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
    """What a writer knows of the hours that are open in `delivery_hours`. It may forget at any time.

    An hour is open while deliveries of it are written: those have any number from its first on. Whoever writes a delivery sees
    to it that its hour is open, in the same transaction. As nearly all are of the present hour, nothing is written for
    most; a trigger would take a third of what a delivery's row takes.
    """

    def __init__(self) -> None:
        self._open: _Hours = set()
        self._version: int | None = None

    def see_to(self, connection: sqlite3.Connection, promised: Sequence[SqlParameters]) -> None:
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


class Writer:
    """Owns the connection that writes. Made and used on one event loop."""

    def __init__(self, connection: sqlite3.Connection, *, database: str) -> None:
        self.commits = 0
        """Transactions that requests shared."""
        self.trouble: tuple[float, StoreError] | None = None
        """When rows could not be stored, by the loop's clock, and why; None once others were."""
        self.guard: Callable[[sqlite3.Connection], None] | None = None
        """Raises LeaseLostError in a transaction that must not store anything; asked in each that is shared."""
        self.on_commit: Callable[[], None] | None = None
        """Called on the loop after transactions that requests shared."""
        self._noticed = 0
        """How many of `commits` it was called for."""
        self._connection = connection
        self._hours = OpenHours()
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._waiting = _Requests()
        self._batches: SimpleQueue[_Batch | None] = SimpleQueue()
        self._is_busy = False
        self._is_urgent = False
        """Whether somebody waits who cannot wait longer."""
        self._gathering: asyncio.TimerHandle | None = None
        """When those who can wait are handed over without others."""
        self._is_idle = asyncio.Event()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="store writer", daemon=True)
        self._thread.start()

    async def write(self, rows: Rows, *, can_wait: bool = False) -> None:
        """Store the rows durably, before all changes and jobs that wait already.

        Rows that can wait share a commit that others need, where one comes within `GATHER` seconds. Raises
        StoreError where nothing of them was stored.
        """
        request = _Request(rows, self._waiter(can_wait=can_wait))
        self._waiting.rows.append(request)
        await request.waiter

    async def change(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        """Run a small job that writes, in one commit with others, and return its result once it is durable.

        Changes keep their order. `job` writes inside `transaction` below, and may be run again where it
        was undone. Raises StoreError for an SQLite error, and any error of `job`; nothing is stored then.
        """
        request: _Request[Job] = _Request(job, self._waiter())
        self._waiting.changes.append(request)
        result: T = await request.waiter
        return result

    async def run(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        """Run `job` by itself, after the rows that wait already, and return its result.

        Raises StoreError for an SQLite error, and whatever else `job` raises. A job that writes opens
        and ends its own transaction (`transaction` below).
        """
        request: _Request[Job] = _Request(job, self._waiter())
        self._waiting.jobs.append(request)
        result: T = await request.waiter
        return result

    async def close(self) -> None:
        """Do what was handed in so far, then end the thread and close the connection."""
        if self._is_closed:
            return
        self._is_closed = True
        self._stop_gathering()
        if self._waiting and not self._is_busy:
            self._begin()
        if self._is_busy:
            self._is_idle.clear()
            await self._is_idle.wait()
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _waiter(self, *, can_wait: bool = False) -> asyncio.Future[Any]:
        """Return what a new request waits for, and see to it that requests are handed over soon."""
        if self._is_closed:
            raise StoreError(f"{self._database} is closed")
        if not can_wait or len(self._waiting.rows) >= ENOUGH:
            self._is_urgent = True
        if not self._is_busy:
            if self._is_urgent:
                self._begin()
            elif self._gathering is None:
                self._gathering = self._loop.call_later(GATHER, self._begin)
        return self._loop.create_future()

    def _begin(self) -> None:
        """Hand over what waits, with everything that this turn of the loop brings."""
        self._is_busy = True
        self._stop_gathering()
        self._loop.call_soon(self._hand_over)

    def _stop_gathering(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _hand_over(self) -> None:
        batch = self._waiting.take()
        self._is_urgent = bool(self._waiting)
        self._batches.put(batch)

    def _settle(self, requests: Sequence[_Written]) -> None:
        if self.on_commit is not None and self._noticed != self.commits:
            self._noticed = self.commits
            self.on_commit()
        for request in requests:
            if isinstance(request.error, StoreError) and request.error.why:
                self.trouble = self._loop.time(), request.error
            elif request.error is None and isinstance(request.work, Rows):
                self.trouble = None
            request.settle()

    def _settle_last(self, requests: Sequence[_Written]) -> None:
        """Settle what a batch ends with, and hand over the next."""
        self._settle(requests)
        if self._is_urgent or (self._waiting and self._is_closed):
            self._loop.call_soon(self._hand_over)  # after those whom this batch woke
            return
        self._is_busy = False
        if self._waiting:
            self._gathering = self._loop.call_later(GATHER, self._begin)
        else:
            self._is_idle.set()

    # From here on: in the thread.

    def _work(self) -> None:
        while (batch := self._batches.get()) is not None:
            tell = self._loop.call_soon_threadsafe
            if batch.rows or batch.changes:
                self._store(batch.rows, batch.changes)
                together: Sequence[_Written] = (*batch.rows, *batch.changes)
                tell(self._settle if batch.jobs else self._settle_last, together)
            for request in batch.jobs:
                self._run(request)
                tell(self._settle_last, (request,))

    def _store(self, rows: list[_Request[Rows]], changes: list[_Request[Job]]) -> None:
        """Store in one transaction; where some request's rows are at fault, each in its own.

        So a value that no database takes fails its own request and no neighbour. A change that fails is
        undone by itself.
        """
        try:
            with transaction(self._connection):
                if self.guard is not None:
                    self.guard(self._connection)
                self._insert([request.work for request in rows])
                for change in changes:
                    self._change(change)
            self.commits += 1
        except Exception as error:  # noqa: BLE001 - handed to those who wait
            self._hours.forget()
            if (
                isinstance(error, LeaseLostError)
                or is_of_the_database(error)
                or len(rows) + bool(changes) == 1
            ):
                failed: Sequence[_Written] = (*rows, *changes)
                for request in failed:
                    request.error = explain(error, self._database)
            elif changes:
                self._store(rows, [])
                self._store([], changes)
            else:
                for one in rows:
                    self._store([one], [])

    def _insert(self, batch: list[Rows]) -> None:
        for statement, rows_of in _STATEMENTS:
            # One alone, as most are, needs no list: its kinds of rows are a dozen, and nine of them empty.
            rows: Sequence[SqlParameters] = (
                rows_of(batch[0])
                if len(batch) == 1
                else [row for written in batch for row in rows_of(written)]
            )
            if rows:
                if statement == "promise":
                    self._hours.see_to(self._connection, rows)
                self._connection.executemany(sql(statement), rows)

    def _change(self, request: _Request[Job]) -> None:
        """Run a job inside the shared transaction. Raises its error where that undid the whole."""
        self._run(request)
        if request.error is not None and not self._connection.in_transaction:
            raise request.error

    def _run(self, request: _Request[Job]) -> None:
        request.error = None
        try:
            request.result = request.work(self._connection)
        except sqlite3.Error as error:
            request.error = explain(error, self._database)
        except Exception as error:  # noqa: BLE001 - handed to the one who waits
            request.error = error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block writes, or undo it where the block or the commit fails.

    Inside another transaction it undoes the block alone; what it wrote is committed with the rest.
    """
    begin, end, undo = _INNER if connection.in_transaction else _OUTER
    connection.execute(begin)
    try:
        yield
        connection.execute(end)
    except BaseException:
        # A full disk, among others, has SQLite roll back everything by itself.
        if connection.in_transaction:
            for statement in undo:
                connection.execute(statement)
        raise


_OUTER: Final = "BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",)
_INNER: Final = "SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part")
