"""How many wrong keys may come from one address (T-38)."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")
V = TypeVar("V")

ALLOWED: Final = 10
"""Wrong keys at once."""
EVERY: Final = 6.0
"""Seconds after which one more is allowed."""
MOST: Final = 10_000
"""Addresses, and keys, that are remembered."""


class Failures:
    """Counts wrong keys by the address they come from, as a leaking bucket does.

    Many programs may share an address, behind a proxy that is. So a key that was good lately may go on
    whatever others try: it is told apart by its digest. Litestar's own limiter counts every request,
    good or wrong, and by the wall clock.
    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._full_until: OrderedDict[str, float] = OrderedDict()
        """When each address has used up nothing any more."""
        self._good: OrderedDict[bytes, None] = OrderedDict()

    def seconds_to_wait(self, address: str, digest: bytes) -> float:
        """Return how long a key from an address has to wait before it is looked at; 0: not at all."""
        if digest in self._good:
            return 0.0
        until = self._full_until.get(_network(address), 0.0)
        return max(0.0, until - self._ticks() - (ALLOWED - 1) * EVERY)

    def note_wrong(self, address: str, digest: bytes) -> None:
        """Count a wrong key."""
        self._good.pop(digest, None)
        network, now = _network(address), self._ticks()
        until = max(now, self._full_until.pop(network, 0.0)) + EVERY
        _remember(self._full_until, network, until)

    def note_good(self, digest: bytes) -> None:
        """Let this key go on from now on."""
        self._good.pop(digest, None)
        _remember(self._good, digest, None)


def _remember(kept: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep the latest."""
    kept[key] = value
    if len(kept) > MOST:
        kept.popitem(last=False)


def _network(address: str) -> str:
    """Return whom an address belongs to: of IPv6, everybody has a /64 at least."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv6Address) and known.ipv4_mapped is None:
        return str(ip_network((known, 64), strict=False))
    return address
