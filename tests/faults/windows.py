"""The named points of a delivery's life at which the process under test kills itself.

A point is set before the server starts, by a function of the product that is wrapped: `src` knows nothing of it. Where
such a function is renamed, `arm` raises AttributeError.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from switchhook.delivery.dispatcher import Dispatcher
from switchhook.delivery.http.connection import Connection
from switchhook.delivery.http.dialler import Dialler
from switchhook.delivery.queues import Queues
from switchhook.delivery.recorder import AttemptRecorder
from switchhook.delivery.transports import Transports
from switchhook.storage.sqlite import maintenance
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.storage.sqlite.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable

SLOW_DISK: Final = 0.03
"""Seconds that the loop goes on while the store's thread is held at its point."""

Of = Callable[..., bool]
"""Says by the arguments of the wrapped function whether it works for a delivery."""


@dataclass(slots=True, kw_only=True)
class Point:
    """Kills this process when it is reached for the last time."""

    left: int
    """How often it is still to be reached."""
    note: Callable[[], None]
    """Writes down, just before, that it is."""

    def reached(self, last: Callable[[], object] = lambda: None) -> None:
        """Count; the last time do `last`, and do not return."""
        self.left -= 1
        if self.left == 0:
            last()
            if threading.current_thread() is not threading.main_thread():
                time.sleep(SLOW_DISK)
            self.note()
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A point of a delivery's life."""

    name: str
    arm: Callable[[Point], None]
    most: int = 40
    """How often it is passed at most before it kills."""
    stops: bool = False
    """Whether the process has to be stopping for it."""


def _always(*_: Any) -> bool:
    return True


def _before(owner: Any, name: str, of: Of = _always) -> Callable[[Point], None]:
    """Return what sets a point in front of a function, plain or async."""

    def arm(point: Point) -> None:
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if of(*args):
                point.reached()
            return original(*args, **kwargs)

        setattr(owner, name, wrapped)

    return arm


def _behind(owner: Any, name: str, of: Of = _always) -> Callable[[Point], None]:
    """Return what sets a point behind a plain function."""

    def arm(point: Point) -> None:
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            is_one = of(*args)
            result = original(*args, **kwargs)
            if is_one:
                point.reached()
            return result

        setattr(owner, name, wrapped)

    return arm


def _behind_async(owner: Any, name: str) -> Callable[[Point], None]:
    """Return what sets a point behind an async function."""

    def arm(point: Point) -> None:
        original = getattr(owner, name)

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = await original(*args, **kwargs)
            point.reached()
            return result

        setattr(owner, name, wrapped)

    return arm


def _promises(_writer: Any, batch: Iterable[Any], *_: Any) -> bool:
    return any(getattr(one, "work", one).deliveries for one in batch)


def _attempts(_writer: Any, batch: Iterable[Any], *_: Any) -> bool:
    return any(getattr(one, "work", one).attempts for one in batch)


def _some(_self: Any, *args: Any) -> bool:
    return bool(args and args[0])


def _half_written(part: float) -> Callable[[Point], None]:
    """Return what puts a part of a request on the wire at the point, past every buffer of ours."""

    def arm(point: Point) -> None:
        original = Connection.send

        def wrapped(connection: Connection, data: bytes, *args: Any, **kwargs: Any) -> Any:
            file = connection._transport.get_extra_info("socket").fileno()
            point.reached(lambda: os.write(file, data[: int(len(data) * part)]))
            return original(connection, data, *args, **kwargs)

        setattr(Connection, "send", wrapped)  # noqa: B010 - a wrapped method is no method to mypy

    return arm


def _half_read(point: Point) -> None:
    original = Connection.data_received

    def wrapped(connection: Connection, data: bytes) -> None:
        original(connection, data)
        if not connection.reader.is_over:
            point.reached()

    setattr(Connection, "data_received", wrapped)  # noqa: B010 - as above


WINDOWS: Final = (
    Window(name="before the commit", arm=_before(SqliteStore, "commit")),
    Window(name="promise written, commit open", arm=_behind(Writer, "_insert", _promises)),
    Window(name="promise committed, loop not told", arm=_behind(Writer, "_store", _promises)),
    Window(name="committed, not dispatched", arm=_before(Dispatcher, "dispatch", _some)),
    Window(name="dispatched, not begun", arm=_before(Transports, "send")),
    Window(name="connection being opened", arm=_before(Dialler, "dial"), most=10),
    Window(name="connection open, nothing written", arm=_behind_async(Dialler, "dial"), most=10),
    Window(name="request half written", arm=_half_written(0.5)),
    Window(name="request written, no answer", arm=_half_written(1.0)),
    Window(name="answer half read", arm=_half_read),
    Window(name="answer read, not recorded", arm=_before(AttemptRecorder, "record")),
    Window(name="attempt written, commit open", arm=_behind(Writer, "_insert", _attempts)),
    Window(name="attempt committed, loop not told", arm=_behind(Writer, "_store", _attempts)),
    Window(name="recorded, not settled", arm=_before(Dispatcher, "_settled")),
    Window(name="settled, the next not begun", arm=_behind(Queues, "settled")),
    Window(name="waiting for another attempt", arm=_behind(Dispatcher, "_postpone"), most=10),
    Window(name="taken up after a restart", arm=_behind(Dispatcher, "take_up", _some), most=1),
    Window(name="checkpoint", arm=_before(maintenance, "checkpoint"), most=2),
    Window(name="stopping", arm=_behind(Dispatcher, "_halt"), most=1, stops=True),
)
"""In the order of a delivery's life."""
