"""Files that people name: read whole, within a bound that no text of theirs reaches."""

from __future__ import annotations

import errno
from typing import IO, Final

MAX_BYTES: Final = 64 << 20


def read_bounded(file: IO[bytes]) -> bytes:
    """Read a file to its end. Raises OSError, also for a device without end or a file of the wrong kind."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"longer than {MAX_BYTES >> 20} MiB")
    return data
