"""A heap of deadlines; only the nearest matters."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


def earliest(*times: float | None) -> float | None:
    """Return the earliest of some times; None entries are skipped."""
    first: float | None = None
    for time in times:
        if time is not None and (first is None or time < first):
            first = time
    return first


MOST_STALE = 4
"""How many heap entries may stand for one live deadline before the stale ones are swept out."""


class Deadlines(Generic[K]):
    """One deadline for each key; setting and taking cost the logarithm of their number."""

    def __init__(self) -> None:
        self._at: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0

    def set(self, key: K, at: float | None) -> None:
        """Put the deadline of `key` at `at`; None: it has none."""
        if at is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at:
            self._at[key] = at
            self._count += 1  # ties go by age; keys need no order
            heappush(self._heap, (at, self._count, key))
            if len(self._heap) > 64 + MOST_STALE * len(self._at):
                self._sweep()

    def take_due(self, now: float) -> K | None:
        """Pop the key with the earliest past deadline, or None."""
        while self._heap and self._heap[0][0] <= now:
            at, _, key = heappop(self._heap)
            if self._at.get(key) == at:
                del self._at[key]
                return key
        return None

    @property
    def next_at(self) -> float | None:
        """The nearest deadline, or None."""
        while self._heap and self._at.get(self._heap[0][2]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def __len__(self) -> int:
        return len(self._at)

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if self._at.get(entry[2]) == entry[0]]
        heapify(self._heap)
