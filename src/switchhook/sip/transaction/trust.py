"""The trust in peers: which have authenticated lately, which we called, which networks are known. Pure.

A *trusted peer* is the far end of a flow (address and port, or connection) that authenticated lately or that we
called ourselves, and every address in a trunk's `sources`. All others are *untrusted*. What is scarce is kept
for trusted peers: tokens under load (`overload.py`), connections (`net/tcp.py`), patience with wrong passwords.
An address alone makes no telephone trusted: forged packets, and hosts behind the same NAT, have it too.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.sip.wire.transport import Peer

LASTS: Final = 4_000.0
"""Seconds that a proof counts: longer than an hour, the usual time between two registrations."""
MOST_TRUSTED: Final = 20_000
MOST_OF_ONE: Final = 50
"""Flows that one name may have, so that one stolen password cannot displace other peers."""
MOST_HOSTS: Final = 10_000
ASK_AGAIN: Final = 5.0
"""Seconds after which networks are asked for again."""

Flow = tuple[str, str, int]


class TrustLevel(IntEnum):
    """How far a peer is trusted, the least first."""

    UNTRUSTED = 0
    SAME_HOST = 1
    """Another port of its address authenticated, and its own did not."""
    AUTHENTICATED = 2
    """The flow authenticated."""
    CALLED = 3
    """We called it, and it has much to answer."""
    NETWORK = 4
    """Its address is in a network that is known."""


# By these names the level of each message's sender is found in a twentieth of the time: up to Python 3.11 it costs
# 1,000 instructions to look up a member by its enumeration.
_UNTRUSTED, _SAME_HOST, _AUTHENTICATED, _CALLED, _NETWORK = TrustLevel


class TrustedPeers:
    """The trusted peers. `trusts` says whether a numeric host is in a known network."""

    def __init__(self, trusts: Callable[[str], bool] = lambda _host: False) -> None:
        self.trusts = trusts
        self._flows: OrderedDict[Flow, tuple[float, str]] = OrderedDict()
        self._hosts: dict[str, int] = {}
        self._of: dict[str, OrderedDict[Flow, None]] = {}
        self._networks: OrderedDict[str, tuple[float, bool]] = OrderedDict()

    def add(self, peer: Peer, name: str, now: float) -> None:
        """Note that `peer` showed that it is `name`; "" for one that we call and expect to receive from."""
        flow = peer.transport, peer.host, peer.port
        name = name or self.name(peer, now)
        if flow in self._flows:
            self._drop(flow)
        its_flows = self._of.get(name, ())
        if name and len(its_flows) >= MOST_OF_ONE:
            self._drop(next(iter(its_flows)))
        elif len(self._flows) >= MOST_TRUSTED:
            self._drop(next(iter(self._flows)))
        self._flows[flow] = now + LASTS, name
        self._of.setdefault(name, OrderedDict())[flow] = None
        self._hosts[peer.host] = self._hosts.get(peer.host, 0) + 1

    def name(self, peer: Peer, now: float) -> str:
        """Return the user that authenticated on this flow last; "" for none."""
        until, name = self._flows.get((peer.transport, peer.host, peer.port), (now, ""))
        return name if until > now else ""

    def forget(self, peer: Peer) -> None:
        """A connection is gone; another one from the same port has to prove itself."""
        flow = peer.transport, peer.host, peer.port
        if flow in self._flows:
            self._drop(flow)

    def level(self, peer: Peer, now: float) -> TrustLevel:
        """Say how far `peer` is trusted."""
        if self._is_in_network(peer.host, now):
            return _NETWORK
        flow = peer.transport, peer.host, peer.port
        until, name = self._flows.get(flow, (0.0, ""))
        if until > now:
            return _AUTHENTICATED if name else _CALLED
        if until:
            self._drop(flow)
        return _SAME_HOST if peer.host in self._hosts else _UNTRUSTED

    def quota_key(self, peer: Peer, level: TrustLevel) -> str:
        """Name what a peer of this standing shares its part of everything scarce with."""
        if level is _NETWORK:
            return f"network {peer.host}"
        if level >= _AUTHENTICATED:
            return f"{peer.transport} {peer.host} {peer.port}"
        return address_block(peer.host)

    def _is_in_network(self, host: str, now: float) -> bool:
        asked, trusted = self._networks.get(host, (float("-inf"), False))
        if now - asked < ASK_AGAIN:
            return trusted
        trusted = self.trusts(host)
        self._networks.pop(host, None)
        if len(self._networks) >= MOST_HOSTS:
            self._networks.popitem(last=False)
        self._networks[host] = now, trusted
        return trusted

    def _drop(self, flow: Flow) -> None:
        _, name = self._flows.pop(flow)
        del self._of[name][flow]
        if not self._of[name]:
            del self._of[name]
        host = flow[1]
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]


@lru_cache(maxsize=MOST_HOSTS)
def address_block(host: str) -> str:
    """Return the key of all addresses that one sender can have: an IPv6 /64, an IPv4 address."""
    if ":" not in host:
        return host
    address = ip_address(host.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
