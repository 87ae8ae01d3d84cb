"""Host names as the system's resolver knows them, and `localhost` even where it knows none."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

AddressInfo = tuple[
    socket.AddressFamily,
    socket.SocketKind,
    int,
    str,
    tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
]
"""One row of what `socket.getaddrinfo` returns."""
LOOPBACK: Final = ("127.0.0.1", "::1")


def resolve(
    host: str,
    port: int | None,
    *,
    kind: socket.SocketKind,
    family: socket.AddressFamily = socket.AF_UNSPEC,
) -> Sequence[AddressInfo]:
    """Ask the system; block until it answers. Raises OSError or UnicodeError.

    `localhost` means this machine (RFC 6761 §6.3) also in a minimal system that has no /etc/hosts.
    """
    try:
        return socket.getaddrinfo(host, port, family=family, type=kind)
    except socket.gaierror:
        if not _is_localhost(host):
            raise
        found: list[AddressInfo] = []
        for address in LOOPBACK:
            with suppress(socket.gaierror):  # of the other family
                found += socket.getaddrinfo(address, port, family=family, type=kind)
        if not found:
            raise
        return found


def _is_localhost(host: str) -> bool:
    name = host.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")
