"""Memory of the start in huge pages: a call uses objects all over it, and finds each by its page's address.

To look an address up takes a walk through tables where the processor has forgotten it, and in a virtual machine a walk
for each of its steps. A huge page needs one for 2 MiB in place of 512. Linux makes some of what is there
already since 6.1; earlier ones make them by and by.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

log = structlog.get_logger(__name__)

HUGE: Final = 2 << 20
"""Bytes of a huge page; where they are larger, nothing comes of it."""
MOSTLY: Final = 0.8
"""The share of a range that is in use: the rest costs memory."""

_MAPS: Final = Path("/proc/self/smaps")
_SETTING: Final = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_HUGEPAGE, _COLLAPSE = 14, 25
"""MADV_HUGEPAGE and MADV_COLLAPSE of `madvise`, which Python's `mmap` offers for its own maps alone."""


class MemoryRange(NamedTuple):
    """Whole huge pages' worth of memory."""

    start: int
    size: int


def use_huge_pages() -> int:
    """Put the memory that is in use into huge pages, and return how many there are; 0 where there are none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        if "[never]" in _SETTING.read_text():
            return 0
        ranges = list(fit_ranges(_MAPS.read_text().splitlines()))
    except OSError:
        return 0  # a kernel or a sandbox without them
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    made = 0
    for start, size in ranges:
        libc.madvise(start, size, _HUGEPAGE)
        made += sum(not libc.madvise(start + at, HUGE, _COLLAPSE) for at in range(0, size, HUGE))
    log.debug("huge pages made", count=made)
    return made


def fit_ranges(smaps: Iterable[str]) -> Iterator[MemoryRange]:
    """Yield the parts of a process's own memory that are nearly full, in whole huge pages (proc_pid_smaps(5))."""
    found: MemoryRange | None = None
    for line in smaps:
        key, *values = line.split()
        if not key.endswith(":"):
            found = _own_range(key, *values)
        elif key == "Rss:" and found is not None and int(values[0]) << 10 >= MOSTLY * found.size:
            start = -(-found.start // HUGE) * HUGE
            size = (found.start + found.size - start) // HUGE * HUGE
            if size > 0:
                yield MemoryRange(start, size)


def _own_range(addresses: str, rights: str, *about: str) -> MemoryRange | None:
    """Return a range that belongs to no file and to nobody else."""
    is_own = rights == "rw-p" and (len(about) == 3 or about[3:] == ("[heap]",))
    start, _, end = addresses.partition("-")
    return MemoryRange(int(start, 16), int(end, 16) - int(start, 16)) if is_own else None
