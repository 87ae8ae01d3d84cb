"""Free ports for programs that cannot be told to take one themselves."""

from __future__ import annotations

import random
import socket
from pathlib import Path

FIRST = 20_000
"""Ports from here up to those that the system hands out by itself: nothing takes one by chance."""


def free_port(*, neighbours: tuple[int, ...] = ()) -> int:
    """Return a port of 127.0.0.1 that is free for UDP and TCP, and so are those `neighbours` on."""
    chance = random.SystemRandom()
    for _ in range(200):
        port = chance.randrange(FIRST, _last())
        if all(_is_free(port + offset) for offset in (0, *neighbours)):
            return port
    raise AssertionError("no free port was found in 200 tries")


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
