"""The reverse proxies whose word is taken for who a client is.

Any client can write X-Forwarded-For. So it is read where the connection itself comes from a listed network, and of
its addresses the right-most that is not listed is the client's: what stands left of it is the client's own word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

MAX_HOPS: Final = 20
"""Addresses of X-Forwarded-For that are looked at, from the right."""
_WITH_PORT: Final = re.compile(r"\[(?P<six>[^\]]+)\](?::[0-9]+)?|(?P<four>[0-9.]+):[0-9]+")

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks whose word about others is taken."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read addresses and networks between commas. Raises ValueError that names the wrong one."""
        found = []
        for part in filter(None, (one.strip() for one in text.split(","))):
            try:
                found.append(ip_network(part))
            except ValueError:
                raise ValueError(
                    f"{part!r} is no network; write addresses and networks as 127.0.0.1, 10.0.0.0/8, fd00::/8"
                ) from None
        return cls(tuple(found))

    def trust(self, address: IpAddress) -> bool:
        """Say whether an address is in one of the networks."""
        return any(address in one for one in self.networks)

    def client(self, peer: str, forwarded: str) -> str | None:
        """Return who sent a request that came from `peer`; None where the peer is not trusted.

        Something that is no address ends the search: the last address before it is taken.
        """
        at = _address(peer)
        if at is None or not self.trust(at):
            return None
        for written in reversed(forwarded.split(",")[-MAX_HOPS:]):
            before = _address(written)
            if before is None:
                break
            at = before
            if not self.trust(at):
                break
        return str(at)


def _address(written: str) -> IpAddress | None:
    """Read an address, with a port perhaps; an IPv4 address within IPv6 is that."""
    text = written.strip().strip('"')
    if found := _WITH_PORT.fullmatch(text):
        text = found["six"] or found["four"]
    try:
        read = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (read.ipv4_mapped or read) if isinstance(read, IPv6Address) else read
