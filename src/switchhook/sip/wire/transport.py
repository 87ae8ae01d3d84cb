"""Where messages come from and go to: pure rules of RFC 3261 §18 and RFC 3581.

No name in a received message is resolved by DNS. Responses go to the packet's source; only the port of the Via
counts (§18.2.2).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from switchhook.quick_init import quick_init
from switchhook.sip.wire.header_values import UNREADABLE
from switchhook.sip.wire.message import Headers
from switchhook.sip.wire.syntax import split_list

if TYPE_CHECKING:
    from switchhook.sip.wire.header_values import Via
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.uri import Uri

UDP: Final = "UDP"
TCP: Final = "TCP"
TRANSPORTS: Final = frozenset({UDP, TCP})
DEFAULT_PORT: Final = 5060
LONGEST_IPV4: Final = len("255.255.255.255")
KEPT_HOSTS: Final = 1_000
"""Addresses that are remembered with what was found of them."""


@quick_init
@dataclass(frozen=True, slots=True)
class Peer:
    """The far end of a flow. `host` is numeric, IPv6 without brackets.

    `flow` names the connection to prefer, as long as it stands; 0 is any to `host` and `port`, which
    is dialled when there is none.
    """

    transport: str
    host: str
    port: int
    flow: int = 0

    @property
    def reliable(self) -> bool:
        """Whether what is sent arrives or fails, so that nothing is retransmitted."""
        return self.transport != UDP

    def __str__(self) -> str:
        return f"{self.transport.lower()}:{bracketed(self.host)}:{self.port}"


@quick_init
@dataclass(frozen=True, slots=True)
class Packet:
    """Bytes to be sent. `key` is the transaction to tell when that fails."""

    data: bytes
    peer: Peer
    key: Hashable = None


def bracketed(host: str) -> str:
    """Write a numeric host as it stands in a URI or Via."""
    return f"[{host}]" if ":" in host else host


def numeric(host: str) -> str | None:
    """Return the address that `host`, as it stands in a URI or Via, is; None for a name."""
    if host.startswith("["):
        return host[1:-1]
    return host if len(host) <= LONGEST_IPV4 and _is_ipv4(host) else None


@lru_cache(maxsize=KEPT_HOSTS)
def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True


@lru_cache(maxsize=KEPT_HOSTS)
def is_private(host: str) -> bool:
    """Whether a numeric host can only be reached from near it."""
    address = ip_address(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return not address.is_global


@lru_cache(maxsize=KEPT_HOSTS)
def _is_here(host: str) -> bool:
    """Whether a numeric host means another machine to its sender than to us, or all machines."""
    address = ip_address(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
    )


def may_name(host: str, speaker: str) -> bool:
    """Say whether who speaks from `speaker` can mean the address `host`, both numeric, as we understand it.

    A private address that is named from a public one is the inside of a NAT, and the loopback is another
    machine's. So a peer cannot make us send into a network that it is not in.
    """
    if host == speaker:
        return True
    return (not is_private(host) or is_private(speaker)) and (
        not _is_here(host) or _is_here(speaker)
    )


def complete_via(request: Request, source: Peer) -> Request:
    """Write into the top Via where the request came from (RFC 3261 §18.2.1, RFC 3581 §4).

    What the sender wrote into `received` and `maddr` goes: it would send our answers to others.
    """
    via = request.via
    parameters = via.parameters
    stamped = parameters
    if "received" in parameters or "maddr" in parameters:
        stamped = parameters.without("received", "maddr")
    if "rport" in stamped:
        stamped = stamped.set("rport", str(source.port)).set("received", source.host)
    elif numeric(via.host) != source.host:
        stamped = stamped.set("received", source.host)
    if stamped is parameters or stamped == parameters:
        return request
    stamped_via = replace(via, parameters=stamped)
    return request.with_hops(_replace_top(request.headers, str(stamped_via)), stamped_via)


def _replace_top(headers: Headers, via: str) -> Headers:
    """Replace the first Via. The others are passed back as they came, however they look."""
    pairs = list(headers)
    place = next(place for place, (name, _) in enumerate(pairs) if name == "Via")
    behind = split_list(pairs[place][1])[1:]
    pairs[place : place + 1] = [("Via", via), *(("Via", other) for other in behind)]
    return Headers(pairs, verbatim=True)


def response_peer(request: Request, source: Peer) -> Peer:
    """Return where answers to a stamped request go (RFC 3261 §18.2.2, RFC 3581 §4)."""
    via = request.via
    port = via.port or DEFAULT_PORT
    if source.transport == UDP and ("rport" in via.parameters or via.host == UNREADABLE):
        port = source.port
    return Peer(source.transport, source.host, port, source.flow)


def is_translated(via: Via, source: Peer) -> bool:
    """Whether a NAT stands between the sender of a request and us (RFC 3581 §4).

    A sender without rport listens where its Via says: it sends from another port by itself, as some
    desk phones do.
    """
    if numeric(via.host) != source.host:
        return True
    return "rport" in via.parameters and (via.port or DEFAULT_PORT) != source.port


def next_peer(uri: Uri, last: Peer, *, direct: bool, behind_nat: bool = False) -> Peer:
    """Return the destination of an in-dialog request to the next hop `uri` (RFC 3261 §12.2.1.1).

    `last` is where the dialog's messages came from so far; `direct` says that no proxy stood between.
    A name is not resolved but stands for `last`, and so does an address that cannot be meant: a private
    one of a phone behind NAT, or the loopback of a machine that is not ours. With `behind_nat` neither can
    be the port. An unsupported transport, such as TLS, stands for the one that the peer speaks with us.
    """
    host = numeric(uri.host)
    if host is None or uri.port == 0 or not _is_spoken(uri):
        return last
    is_inside = is_private(host) and direct
    if host != last.host and (is_inside or not may_name(host, last.host)):
        return last
    if host == last.host and direct and behind_nat:
        return last
    # Phones on TCP often leave the parameter out; an unknown peer's default is UDP (RFC 3263 §4.1).
    default = last.transport if host == last.host else UDP
    transport = (uri.parameters.get("transport") or default).upper()
    flow = last.flow if host == last.host and transport == last.transport else 0
    return Peer(transport, host, uri.port or DEFAULT_PORT, flow)


def _is_spoken(uri: Uri) -> bool:
    transport = uri.parameters.get("transport") or UDP
    return uri.scheme == "sip" and transport.upper() in TRANSPORTS
