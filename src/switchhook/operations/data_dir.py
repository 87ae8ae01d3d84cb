"""The directory that one Switchhook keeps everything in."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from switchhook.errors import ExpectedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATABASE = "switchhook.sqlite"
"""The name of the database in it."""
LOCK = "switchhook.lock"
"""Held by a server."""
WRITING = "switchhook.writing.lock"
"""Held by whoever writes into the database: a server for as long as it runs, else a command for a moment."""
PATIENCE = 10.0
"""Seconds that a server waits for a command that writes."""
MOMENT = 0.3
"""Seconds that a server waits for a command that looks whether one runs."""
TRY_AGAIN = 0.02


class DataDirError(ExpectedError, OSError):
    """The directory cannot be used. The message says which, why, and what to do."""


class InUseError(DataDirError):
    """A server or another command writes into the directory just now."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"the data directory {data_dir} is in use: a server starts, stops or is of an earlier version, or"
            " another command writes; wait, or start the server again"
        )


def prepare(data_dir: Path) -> None:
    """Make the directory, for its owner alone, where it is missing. Raises DataDirError."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirError(
            f"the data directory {data_dir} cannot be made ({error.strerror}); choose another with"
            " --data-dir"
        ) from error


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Keep the directory for this process: two servers would take up each other's calls.

    A command that writes into it is waited for. The locks go with the process, however that ends. Raises
    DataDirError.
    """
    prepare(data_dir)
    with _locked(data_dir / LOCK, patience=MOMENT) as is_ours:
        if not is_ours:
            raise DataDirError(
                f"another Switchhook runs with the data directory {data_dir}; stop it, or choose another"
                " directory with --data-dir"
            )
        with _locked(data_dir / WRITING, patience=PATIENCE) as is_free:
            if not is_free:
                raise InUseError(data_dir)
            yield


@contextmanager
def written(data_dir: Path) -> Iterator[None]:
    """Keep servers, and other commands that write, out of the directory for a while.

    Raises InUseError where one has it, else DataDirError.
    """
    prepare(data_dir)
    with _locked(data_dir / WRITING) as is_free:
        with _locked(data_dir / LOCK) as is_alone:  # an earlier version holds this one alone
            pass
        if not (is_free and is_alone):
            raise InUseError(data_dir)
        yield


@contextmanager
def _locked(path: Path, *, patience: float = 0.0) -> Iterator[bool]:
    """Lock a file, and yield whether that could be done within `patience` seconds."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirError(
            f"{path} cannot be opened ({error.strerror}); check the owner and rights of the directory,"
            " or choose another with --data-dir"
        ) from error
    try:
        yield _lock(handle, time.monotonic() + patience)
    finally:
        os.close(handle)


def _lock(handle: int, end: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(TRY_AGAIN)
        else:
            return True
