"""Slots of origins: how many requests of a project an origin gets at once, where somebody set that. No I/O.

Asks count, and go first: they wait for nobody, and deliveries wait for them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchhook.delivery.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.delivery.lanes import DeliveryJob, OriginLimit, QueueKey


@dataclass(slots=True, eq=False)
class OriginUse:
    """What an origin has under way, and who waits for a slot."""

    most: int = 0
    asks: int = 0
    deliveries: int = 0
    waiting: deque[Lane] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        """Say whether one more delivery may be sent."""
        return self.asks + self.deliveries < self.most


class OriginSlots:
    """Counts the requests to each origin that has a limit."""

    def __init__(self) -> None:
        self._uses: dict[QueueKey, OriginUse] = {}
        self._limits: dict[str, OriginLimit] = {}
        self._tell: Callable[[], None] = lambda: None

    def limit(self, delivery: str, limit: OriginLimit) -> None:
        """Let a delivery wait for a slot of its origin."""
        self._limits[delivery] = limit

    def forget(self, delivery: str) -> None:
        """A delivery is done with."""
        if self._limits:
            self._limits.pop(delivery, None)

    def admits(self, job: DeliveryJob) -> bool:
        """Give a slot to a delivery that is about to be sent; else its lane is kept until one is free."""
        limit = self._limits.get(job.delivery.id) if self._limits else None
        if limit is None:
            return True
        use = self._uses.setdefault(limit.key, OriginUse())
        use.most = limit.most
        if not use.has_room:
            use.waiting.append(job.lane)
            return False
        use.deliveries += 1
        return True

    def exchanged(self, job: DeliveryJob) -> None:
        """Free the slot of a delivery."""
        limit = self._limits.get(job.delivery.id) if self._limits else None
        if limit is not None:
            self._uses[limit.key].deliveries -= 1
            self._let_go(limit.key)

    def freed(self) -> list[Lane]:
        """Return the first lane that waits for each origin with room."""
        if not self._uses:
            return []  # as nearly always
        waited_for = [use for use in self._uses.values() if use.waiting and use.has_room]
        return [use.waiting.popleft() for use in waited_for]

    def on_free(self, tell: Callable[[], None]) -> None:
        """Call `tell` when an ask left a slot that a delivery may wait for."""
        self._tell = tell

    def ask_began(self, key: QueueKey) -> None:
        """An ask to an origin of a project is under way."""
        self._uses.setdefault(key, OriginUse()).asks += 1

    def ask_ended(self, key: QueueKey) -> None:
        """It is over."""
        use = self._uses[key]
        use.asks -= 1
        if use.waiting:
            self._tell()
        self._let_go(key)

    def _let_go(self, key: QueueKey) -> None:
        use = self._uses.get(key)
        if use is not None and not (use.asks or use.deliveries or use.waiting):
            del self._uses[key]
