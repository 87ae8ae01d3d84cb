"""Limits how many wrong keys one address may send (T-38)."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BURST: Final = 10
"""Wrong keys at once."""
REFILL_SECONDS: Final = 6.0
"""Seconds after which one more is allowed."""
MAX_ADDRESSES: Final = 10_000
"""Addresses that are remembered."""


class WrongKeyLimit:
    """Counts wrong keys by source address, as a leaky bucket.

    Many programs may share an address, behind a proxy that is. So requests with a good key are not counted: a
    client with wrong keys must not keep out the others, after a restart neither. Litestar's own limiter counts
    every request, good or wrong, and by the wall clock.
    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._full_until: OrderedDict[str, float] = OrderedDict()
        """When each address has used up nothing any more."""

    def seconds_to_wait(self, address: str) -> float:
        """Return how long an address has to wait before it may try another key; 0: not at all."""
        until = self._full_until.get(_network(address), 0.0)
        return max(0.0, until - self._ticks() - (BURST - 1) * REFILL_SECONDS)

    def note_wrong(self, address: str) -> None:
        """Count a wrong key."""
        network, now = _network(address), self._ticks()
        self._full_until[network] = max(now, self._full_until.pop(network, 0.0)) + REFILL_SECONDS
        if len(self._full_until) > MAX_ADDRESSES:
            self._full_until.popitem(last=False)


def _network(address: str) -> str:
    """Return whom an address belongs to: of IPv6, everybody has a /64 at least."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv6Address) and known.ipv4_mapped is None:
        return str(ip_network((known, 64), strict=False))
    return address
