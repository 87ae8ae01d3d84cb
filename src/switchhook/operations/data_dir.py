"""The directory that one Switchhook keeps everything in."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATABASE = "switchhook.sqlite"
"""The name of the database in it."""
LOCK = "switchhook.lock"


class DataDirError(OSError):
    """The directory cannot be used. The message says which, why, and what to do."""


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

    The lock goes with the process, however that ends. Raises DataDirError.
    """
    prepare(data_dir)
    path = data_dir / LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirError(
            f"{path} cannot be opened ({error.strerror}); check the owner and rights of the directory,"
            " or choose another with --data-dir"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DataDirError(
            f"another Switchhook runs with the data directory {data_dir}; stop it, or choose another"
            " directory with --data-dir"
        ) from None
    try:
        yield
    finally:
        os.close(handle)
