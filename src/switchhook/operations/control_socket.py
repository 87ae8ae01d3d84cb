"""The Unix socket in the data directory that the operator's commands speak to the running server over."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from switchhook.operations.data_dir import DataDirError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET: Final = "switchhook.sock"
"""Its name there."""
LONGEST: Final = 100
"""Bytes of a path that a socket address surely holds."""
BACKLOG: Final = 16


@contextmanager
def listening(data_dir: Path) -> Iterator[socket.socket]:
    """Listen for a while, in place of a dead server: yield the socket. Raises DataDirError."""
    path = data_dir / SOCKET
    try:
        made = _listen(path)
    except OSError as error:
        raise DataDirError(
            f"commands cannot be taken at {path} ({error.strerror or error}); check the owner and rights of"
            " the directory, and that its file system has Unix sockets, or choose another with --data-dir"
        ) from error
    try:
        yield made
    finally:
        made.close()
        with suppress(OSError):
            path.unlink()


def _listen(path: Path) -> socket.socket:
    """Return the socket, for its owner alone."""
    with suppress(FileNotFoundError):
        path.unlink()
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with _address(path) as address:
            made.bind(address)
    except OSError:
        made.close()
        raise
    finally:
        os.umask(before)
    made.listen(BACKLOG)
    made.settimeout(0.0)
    return made


def connect(data_dir: Path, *, timeout: float) -> socket.socket | None:
    """Return a connection to the running server of a directory, or None. Raises OSError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(timeout)
    try:
        with _address(data_dir / SOCKET) as address:
            made.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        made.close()
        return None
    except OSError:
        made.close()
        raise
    return made


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Yield an address of the socket; a long path is reached through its open directory, where Linux lets us."""
    if len(os.fsencode(path)) <= LONGEST or not Path("/proc/self/fd").is_dir():
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
