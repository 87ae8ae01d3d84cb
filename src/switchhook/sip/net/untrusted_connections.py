"""The untrusted connections. When there are too many, the source with most of them loses its idlest.

Only unauthenticated connections are counted here; authenticated ones stay. Pure.
"""

from __future__ import annotations

from collections import Counter, OrderedDict


class UntrustedConnections:
    """Connections by number, with the source that each counts against."""

    def __init__(self) -> None:
        self._sources: OrderedDict[int, str] = OrderedDict()  # the idlest first
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sources)

    def count(self, source: str) -> int:
        """Return how many connections a source has."""
        return self._counts[source]

    def enter(self, number: int, source: str) -> None:
        """Take a new connection in."""
        self._sources[number] = source
        self._counts[source] += 1

    def touch(self, number: int) -> None:
        """Note that something came over a connection."""
        if number in self._sources:
            self._sources.move_to_end(number)

    def leave(self, number: int) -> None:
        """Forget a connection: it is gone, or trusted by now."""
        source = self._sources.pop(number, None)
        if source is not None:
            self._counts[source] -= 1
            if not self._counts[source]:
                del self._counts[source]

    def idlest(self, source: str | None = None) -> int | None:
        """Return the idlest connection of `source`; without one, of the source that has most."""
        most = max(self._counts.values(), default=0)
        for number, its_source in self._sources.items():
            if its_source == source or (source is None and self._counts[its_source] == most):
                return number
        return None
