"""Files: read whole, within a bound that no text of people's reaches, and replaced whole."""

from __future__ import annotations

import errno
import os
import secrets
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 64 << 20


def read_bounded(file: IO[bytes]) -> bytes:
    """Read a file to its end. Raises OSError, also for a device without end or a file of the wrong kind."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"longer than {MAX_BYTES >> 20} MiB")
    return data


def replace_file(path: Path, data: bytes) -> None:
    """Write a file of ours atomically: a reader gets the old one or the new one, whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Not the process's id alone: in two containers on one volume that may be the same.
    new = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        new.write_bytes(data)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
