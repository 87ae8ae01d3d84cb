"""Resolves host names by the system's resolver, and `localhost` even where it knows none; says whom an address belongs to."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
"""The last is typeshed's, for a Python without IPv6; it never comes here."""
AddressInfo = tuple[int, int, int, str, SocketAddress]
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


def resolve_in_thread(
    host: str,
    port: int | None,
    *,
    kind: socket.SocketKind,
    family: socket.AddressFamily = socket.AF_UNSPEC,
    ended: Callable[[], None] = lambda: None,
) -> asyncio.Future[Sequence[AddressInfo]]:
    """Ask the system in a thread that nothing waits for when the process ends; it raises as `resolve` does.

    `ended` is called on the loop once the thread is done, however long anybody waits for the answer.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[AddressInfo]] = loop.create_future()

    def settle(found: Sequence[AddressInfo] | OSError | UnicodeError) -> None:
        ended()
        if answer.done():
            return
        if isinstance(found, OSError | UnicodeError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: Sequence[AddressInfo] | OSError | UnicodeError
        try:
            found = resolve(host, port, kind=kind, family=family)
        except (OSError, UnicodeError) as error:
            found = error
        with suppress(RuntimeError):  # the loop is gone, and so is the caller
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    return answer


def _is_localhost(host: str) -> bool:
    name = host.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")


def network_of(address: str) -> str:
    """Return whom an address belongs to: of IPv6, everybody has a /64 at least. What is no address is as it is."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv6Address) and known.ipv4_mapped is None:
        return str(ip_network((known, 64), strict=False))
    return address
