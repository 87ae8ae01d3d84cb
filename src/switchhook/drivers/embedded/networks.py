"""The networks that trunks are known by: read once, and looked up in a few steps however many there are."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import ProjectSnapshot, Trunk

MOST_OF_ONE_CARRIER: Final = 12
"""Host bits of a carrier's network at most (an IPv4 /20, an IPv6 /52); a wider network identifies no trunk."""


@lru_cache(maxsize=1_000)  # each call asks for a few, several times
def _address(host: str) -> tuple[int, int]:
    """Return the version and the number of a numeric address. Raises ValueError."""
    address = ip_address(host)
    return address.version, int(address)


class Networks:
    """Addresses and networks, without those wider than one carrier's unless `widest` is None."""

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
            version, number = _address(host)
        except ValueError:
            return False
        for (of_version, size), starts in self._starts.items():
            if of_version == version and number >> size in starts:
                return True
        return False


class Sources:
    """The trunks of all projects by the networks of their `sources`; a look-up costs the same however many there are."""

    def __init__(self, trunks: Iterable[tuple[ProjectSnapshot, Trunk]]) -> None:
        self._trunks = tuple(trunks)
        self._at: dict[tuple[int, int], dict[int, list[tuple[int, int]]]] = {}
        """Sizes of networks and places in `_trunks`, by version, by bits left open, and by where they start."""
        for place, (_, trunk) in enumerate(self._trunks):
            for network in networks_of(trunk.sources):
                bits = network.max_prefixlen - network.prefixlen
                starts = self._at.setdefault((network.version, bits), {})
                start = int(network.network_address) >> bits
                starts.setdefault(start, []).append((size_of(network), place))

    def at(self, host: str) -> list[tuple[int, ProjectSnapshot, Trunk]]:
        """Return the trunks that an address belongs to, each with the size of its network, narrowest first."""
        version, number = _address(host)
        found = sorted(
            known
            for (of_version, bits), starts in self._at.items()
            if of_version == version
            for known in starts.get(number >> bits, ())
        )
        narrowest: dict[int, int] = {}
        for size, place in found:
            narrowest.setdefault(place, size)
        return [(size, *self._trunks[place]) for place, size in narrowest.items()]


@lru_cache(maxsize=1)  # a book is never changed, and the former one is of no use
def sources_of(directory: ProjectDirectory) -> Sources:
    """Return the trunks of a book by their networks."""
    return Sources(directory.trunks())


def size_of(network: IPv4Network | IPv6Network) -> int:
    """Return how many bits of an address the network leaves open; of IPv6, down to a customer's /64."""
    if isinstance(network, IPv4Network):
        return 32 - network.prefixlen
    return max(0, 64 - network.prefixlen)


@lru_cache(maxsize=1_000)
def networks_of(sources: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Parse a trunk's networks; an unreadable one is left out."""
    networks = []
    for source in sources:
        try:
            networks.append(ip_network(source, strict=False))
        except ValueError:
            continue
    return tuple(networks)
