"""The concurrency of an origin: how many connections it has shown to serve at once; so many may wait there.

A server with one worker serves one connection until it ends, and no other meanwhile: a plain `http.server`,
gunicorn with a sync worker. A connection of ours that waits for the next exchange would hold the only worker.
All senders of a process share what is known, since each would hold up the others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from switchhook.delivery.http.connection import Connection
    from switchhook.delivery.http.origin import Origin

ORIGINS_KEPT: Final = 10_000
TRY_PAUSE: Final = 60.0
"""Seconds until an origin is tried again that served one connection only; they double each time."""
MAX_TRY_PAUSE: Final = 86_400.0


class OriginConcurrency:
    """The connections to one origin, oldest first, and what they have shown.

    An answer shows that the server bears all connections that are older and had an answer before: it had
    accepted each of them, and serves one more. As many may wait as the server was seen to serve at once.
    Further ones are guests: they leave soon, and at once when another connection begins.
    """

    __slots__ = ("_answered", "_guests", "_open", "_pause", "_try_at", "_waiting", "shown")

    def __init__(self) -> None:
        self._open: dict[Connection, None] = {}
        self._answered: set[Connection] = set()
        self._waiting: set[Connection] = set()
        self._guests: set[Connection] = set()
        self._try_at = 0.0
        self._pause = TRY_PAUSE
        self.shown = 0
        """How many connections it has borne besides one that it served."""

    @property
    def is_used(self) -> bool:
        """Say whether there is any connection."""
        return bool(self._open)

    def is_to_try(self, now: float) -> bool:
        """Say whether it is time to find out whether the server bears a second connection."""
        return not self.shown and now >= self._try_at

    def tried(self, now: float, *, is_borne: bool) -> None:
        """Hear what came of it."""
        if is_borne:
            self.shown = max(self.shown, 1)
            self._pause = TRY_PAUSE
        else:
            self._wait_to_try(now)

    def opened(self, connection: Connection) -> None:
        """A connection stands; the server may not have accepted it yet, for those that wait there."""
        self._open[connection] = None
        for guest in tuple(self._guests):
            guest.abort()

    def answered(self, connection: Connection) -> None:
        """The server answered on a connection."""
        if len(self._open) - 1 > self.shown:
            borne = 0
            for other in self._open:
                if other is connection:
                    break
                borne += other in self._answered
            self.shown = max(self.shown, borne)
        self._answered.add(connection)

    def unanswered(self, connection: Connection, now: float) -> None:
        """No answer came in time: where others wait, they may be what holds the server up."""
        if connection not in self._answered and self._waiting:
            self._forget(now)

    def give(self, connection: Connection) -> bool:
        """Say whether a connection may wait as long as its server wants it to; else it is a guest.

        Where it may hold up another that has had no answer yet, it is lost at once.
        """
        if len(self._waiting) < self.shown:
            self._waiting.add(connection)
            return True
        if len(self._open) > len(self._answered):
            connection.abort()
        else:
            self._guests.add(connection)
        return False

    def taken(self, connection: Connection) -> None:
        """A connection waits no longer."""
        self._waiting.discard(connection)
        if self._guests:
            self._guests.discard(connection)

    def lost(self, connection: Connection, now: float) -> None:
        """A connection is no more. Where it waited, another server may have come in place of that one."""
        was_waiting = connection in self._waiting
        self.taken(connection)
        self._open.pop(connection, None)
        self._answered.discard(connection)
        if was_waiting:
            self._forget(now)

    def _forget(self, now: float) -> None:
        self.shown = 0
        self._wait_to_try(now)
        waiting, self._waiting = self._waiting, set()
        for connection in waiting:
            connection.abort()

    def _wait_to_try(self, now: float) -> None:
        self._try_at = now + self._pause
        self._pause = min(self._pause * 2, MAX_TRY_PAUSE)


class ConcurrencyTrial:
    """A trial with a silent connection beside an asking one: does the server serve both?"""

    def __init__(self, served: OriginConcurrency, silent: Connection, seconds: float) -> None:
        """The silent one closes after `seconds`, which bounds the wait."""
        self._served = served
        self._silent = silent
        asyncio.get_running_loop().call_later(seconds, silent.abort)

    def over(self, now: float, *, is_answered: bool) -> None:
        """The one that asks had its answer, or did not."""
        self._served.tried(now, is_borne=is_answered and not self._silent.is_lost)
        self._silent.abort()


class Concurrency:
    """The concurrency of every origin, shared by all senders of one process."""

    def __init__(self) -> None:
        self._origins: dict[Origin, OriginConcurrency] = {}

    def of(self, origin: Origin) -> OriginConcurrency:
        """Return what is known of an origin."""
        served = self._origins.get(origin)
        if served is None:
            if len(self._origins) >= ORIGINS_KEPT:
                self._drop_unused()
            served = self._origins[origin] = OriginConcurrency()
        return served

    def _drop_unused(self) -> None:
        self._origins = {one: served for one, served in self._origins.items() if served.is_used}
