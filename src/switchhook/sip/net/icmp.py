"""Undeliverable datagrams: ICMP errors, as Linux hands them to a UDP socket.

An error counts only when it repeats the branch of a request of ours (RFC 5927): an attacker cannot guess it, so
a forged error ends no call. Elsewhere than on Linux, and where a router repeats too little of the packet, the
transaction's own time limits remain.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.sip.transaction.matching import TransactionKey

IP_RECVERR: Final = 11
IPV6_RECVERR: Final = 25
"""Of linux/in.h and linux/in6.h; Python names them from 3.14 on."""
MOST_ERRORS: Final = 1_000
"""Errors that are taken from a socket at a time."""

_REQUEST: Final = re.compile(
    rb"([A-Z]{1,20}) [^\r\n]*\r\nVia: SIP/2\.0/UDP [^\r\n]*?;branch=(z9hG4bK[A-Za-z0-9]+)(?=[;\r])"
)
"""How our requests begin, whose top Via is ours."""


def ask_for_errors(udp: socket.socket) -> None:
    """Let the kernel keep what ICMP says of packets that went out from this socket."""
    if not hasattr(socket, "MSG_ERRQUEUE"):
        return
    if udp.family == socket.AF_INET6:
        udp.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        udp.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def take_errors(udp: socket.socket) -> Iterator[bytes]:
    """Yield the returned part of each undeliverable packet; this clears the socket's errors."""
    flag = getattr(socket, "MSG_ERRQUEUE", 0)
    for _ in range(MOST_ERRORS if flag else 0):
        try:
            yield udp.recvmsg(65535, 0, flag)[0]
        except OSError:
            return


def transaction_of(data: bytes) -> TransactionKey | None:
    """Return the transaction whose request begins with `data`; None when it is unclear."""
    match = _REQUEST.match(data)
    return None if match is None else (match[2].decode("ascii"), match[1].decode("ascii"))
