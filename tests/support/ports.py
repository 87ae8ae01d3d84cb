"""Free ports for programs that cannot be told to take one themselves."""

from __future__ import annotations

import os
import random
import socket
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = 20_000
"""Ports from here up to those that the system hands out by itself: nothing takes one by chance."""
WORKERS = 4
"""How many workers get a range of their own."""
_given: set[int] = set()


def free_port(*, neighbours: tuple[int, ...] = ()) -> int:
    """Return a port of 127.0.0.1 that is free for UDP and TCP, and so are those `neighbours` on.

    Between this look and the program's start somebody else may look, too. So every worker has a range
    of its own, and none is given twice while there are others.
    """
    chance = random.SystemRandom()
    for _ in range(500):
        wanted = {port := chance.randrange(*_own_range()), *(port + n for n in neighbours)}
        if not wanted & _given and all(_is_free(port) for port in wanted):
            _given.update(wanted)
            return port
    raise AssertionError("no free port was found in 500 tries")


@contextmanager
def held_port() -> Iterator[int]:
    """Hold an even UDP port of 127.0.0.1, so that whoever wants it finds it taken, whatever else goes on."""
    with ExitStack() as stack:
        port = 1
        while port % 2:
            holder = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            holder.bind(("127.0.0.1", 0))
            port = holder.getsockname()[1]
        yield port


def _own_range() -> tuple[int, int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    width = (_last() - FIRST) // WORKERS
    return FIRST + worker * width, FIRST + (worker + 1) * width - 10


def _last() -> int:
    try:
        handed_out = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    except OSError:
        return 32_000
    first = int(handed_out.split()[0])
    return first - 10 if first > FIRST + 2_000 else 60_000


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
