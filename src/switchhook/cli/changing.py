"""A command's change: the running server makes it; without one, the command makes it itself."""

from __future__ import annotations

import asyncio
import getpass
import time
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from switchhook.cli.errors import CommandError

if TYPE_CHECKING:
    import socket
    from pathlib import Path

Result_co = TypeVar("Result_co", covariant=True)
T = TypeVar("T")

TIMEOUT: Final = 60.0
"""Seconds for the server's answer."""
PATIENCE: Final = 20.0
"""Seconds that a server may take to start or to stop."""
TRY_AGAIN: Final = 0.05


class Act(Protocol[Result_co]):
    """What is to be done; one of `operations.control`."""

    async def perform(self, on: Any) -> Result_co:  # noqa: ANN401 (its parts are loaded when they are needed)
        """Do it."""


def change(where: Path, act: Act[T]) -> T:
    """Have something done to a data directory, and return what came of it.

    Raises the act's errors, and CommandError or DataDirError when neither a server nor this process can do it.
    """
    from switchhook.operations.data_dir import InUseError, prepare, written  # noqa: PLC0415

    prepare(where)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection = _connected(where)
            if connection is not None:
                return _asked(connection, act)
            with written(where):
                return asyncio.run(_done_here(where, act))
        except (BlockingIOError, InUseError) as error:
            if time.monotonic() < end:
                time.sleep(TRY_AGAIN)
            elif isinstance(error, InUseError):
                raise
            else:
                raise CommandError(
                    "the server takes no commands: it hangs, or many wait; look into its log, and try again"
                ) from error


def operator() -> str:
    """Return who gives the command, for those who ask later."""
    try:
        return f"{getpass.getuser()} on the command line"
    except (OSError, KeyError):  # no user of this number has a name
        return "an operator"


def _connected(where: Path) -> socket.socket | None:
    """Return a connection to the server, or None. Raises CommandError, and BlockingIOError where too many wait."""
    from switchhook.operations.control_socket import SOCKET, connect  # noqa: PLC0415

    try:
        return connect(where, timeout=TIMEOUT)
    except BlockingIOError:
        raise
    except OSError as error:
        advice = "run as its owner" if isinstance(error, PermissionError) else "look what is there"
        raise CommandError(
            f"the server cannot be asked over {where / SOCKET} ({error.strerror or error}); {advice}"
        ) from error


def _asked(connection: socket.socket, act: Act[T]) -> T:
    import msgspec  # noqa: PLC0415 (for those who change something)

    from switchhook.operations.control import ControlError  # noqa: PLC0415

    http = HTTPConnection("localhost", timeout=TIMEOUT)
    http.sock = connection
    try:
        http.request("POST", f"/control/{_name_of(act)}", msgspec.json.encode(act))
        answer = http.getresponse()
        body = answer.read()
    except TimeoutError as error:
        raise CommandError(
            f"the server did not answer within {TIMEOUT:g} s, and may still do it; look into its log"
        ) from error
    except (OSError, HTTPException) as error:
        raise CommandError(
            f"the server broke off before it answered ({type(error).__name__}); look into its log,"
            " and try again"
        ) from error
    finally:
        http.close()
    if answer.status == 200:
        return _result_of(act, body)
    try:
        told = msgspec.json.decode(body, type=ControlError)
    except ValueError:
        raise CommandError(f"the server answered {answer.status}; look into its log") from None
    if told.error:
        raise told.raised()
    raise CommandError(f"the server is of another version ({told.detail}); start it again")


def _name_of(act: Act[T]) -> str:
    from switchhook.operations.control import ACTS  # noqa: PLC0415 (for those who change something)

    return next(name for name, kind in ACTS.items() if isinstance(act, kind))


def _result_of(act: Act[T], body: bytes) -> T:
    import msgspec  # noqa: PLC0415 (for those who change something)

    try:
        result: T = msgspec.json.decode(body, type=type(act).result)  # type: ignore[attr-defined] # each has one
    except ValueError as error:
        raise CommandError(
            f"it is done, but the server is of another version: its answer cannot be read ({error}); start it"
            " again"
        ) from error
    return result


async def _done_here(where: Path, act: Act[T]) -> T:
    from switchhook.delivery.subscribers import Subscribers  # noqa: PLC0415
    from switchhook.operations.control import ControlParts  # noqa: PLC0415
    from switchhook.operations.data_dir import DATABASE  # noqa: PLC0415
    from switchhook.operations.people.performing import perform  # noqa: PLC0415
    from switchhook.operations.recordings import RECORDINGS, Recordings  # noqa: PLC0415
    from switchhook.operations.tables.files import missing_files  # noqa: PLC0415
    from switchhook.storage.sqlite.store import SqliteStore  # noqa: PLC0415
    from switchhook.webhooks.recording_links import NO_LINKS  # noqa: PLC0415

    store = await SqliteStore.open(where / DATABASE)
    try:
        parts = ControlParts(
            store=store,
            memory=Subscribers(),
            clock=time.time,
            missing_sounds=partial(missing_files, where),
            recordings=Recordings(folder=where / RECORDINGS, links=NO_LINKS),
            data_dir=where,
        )
        done: T = await perform(act, _name_of(act), parts)
        return done
    finally:
        await store.close()
