"""The networks that trunks are known by: read once, and looked up in a few steps however many there are."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_OF_ONE_CARRIER: Final = 12
"""Bits that a carrier's network leaves open (an IPv4 /20, an IPv6 /52); who stands in a wider one may be
anybody."""


class Networks:
    """Addresses and networks; what holds more than one carrier's is left out, unless `widest` is None."""

    def __init__(
        self,
        networks: Iterable[IPv4Network | IPv6Network],
        widest: int | None = MOST_OF_ONE_CARRIER,
    ) -> None:
        self._starts: dict[tuple[int, int], set[int]] = {}
        for network in networks:
            if widest is not None and size_of(network) > widest:
                continue
            size = network.max_prefixlen - network.prefixlen
            starts = self._starts.setdefault((network.version, size), set())
            starts.add(int(network.network_address) >> size)

    def __contains__(self, host: str) -> bool:
        """Say whether a numeric address is in one of them."""
        try:
            address = ip_address(host)
        except ValueError:
            return False
        number = int(address)
        return any(
            version == address.version and number >> size in starts
            for (version, size), starts in self._starts.items()
        )


def size_of(network: IPv4Network | IPv6Network) -> int:
    """Return how many bits of an address the network leaves open; of IPv6, down to a customer's /64."""
    if isinstance(network, IPv4Network):
        return 32 - network.prefixlen
    return max(0, 64 - network.prefixlen)


@lru_cache(maxsize=1_000)
def networks_of(sources: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read a trunk's networks; what is none of them lets nobody in."""
    networks = []
    for source in sources:
        try:
            networks.append(ip_network(source, strict=False))
        except ValueError:
            continue
    return tuple(networks)
