"""Whose turn it is: order within a call, fairness between endpoints, room for the healthy. No I/O.

Deliveries of one call to one webhook form a *lane* and go out one after another. The lanes of one
webhook share its *endpoint*'s slots, first come, first served. Endpoints with work take turns.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from switchhook.webhooks.delivery import Delivery

SHARE: Final = 8
"""An endpoint may hold as many slots as an eighth of those that are free, and always one.

So one busy endpoint alone is held back by its own limit only, and of many hung ones each gets the
less, the more of them there are (dynamic thresholds, Choudhury and Hahne 1998).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierLimits:
    """How much is on its way at once."""

    in_flight: int = 256
    """Deliveries from their sending until their attempt is recorded, together."""
    per_endpoint: int = 16
    """Exchanges with one webhook's endpoint."""
    reserve: int = 64
    """Slots of `in_flight` that slow endpoints never take."""
    slow_after: float = 2.0
    """Seconds after which an exchange makes its endpoint a slow one, until a faster one ends."""
    grace: float = 10.0
    """Seconds that exchanges under way get at the end to finish."""

    def __post_init__(self) -> None:
        if not (self.per_endpoint > 0 and 0 <= self.reserve < self.in_flight):
            raise ValueError("an endpoint needs a slot, and the reserve is less than all slots")


@dataclass(slots=True, eq=False)
class Lane:
    """Deliveries of one call to one webhook, in order; the first may be on its way."""

    call: str
    endpoint: Endpoint
    waiting: deque[Delivery] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class Endpoint:
    """One webhook of one project."""

    key: tuple[str, str]
    lanes: dict[str, Lane] = field(default_factory=dict)
    ready: deque[Lane] = field(default_factory=deque)
    """Lanes whose first delivery waits for a slot."""
    exchanges: dict[Job, None] = field(default_factory=dict)
    """What is being sent, oldest first."""
    was_slow: bool = False
    has_turn: bool = False
    """Whether it stands in the round of those with work."""

    def is_slow(self, now: float, slow_after: float) -> bool:
        """Say whether its latest exchange was slow, or its oldest now is."""
        oldest = next(iter(self.exchanges), None)
        return self.was_slow or (oldest is not None and now - oldest.began > slow_after)


@dataclass(slots=True, eq=False)
class Job:
    """One delivery that was given a slot."""

    lane: Lane
    delivery: Delivery
    began: float


class Queues:
    """Everything that waits and everything that is on its way. Times are any clock's, in seconds."""

    def __init__(self, limits: CourierLimits) -> None:
        self._limits = limits
        self._jobs: set[Job] = set()
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._round: deque[Endpoint] = deque()

    @property
    def in_flight(self) -> int:
        """How many common slots are taken."""
        return len(self._jobs)

    def add(self, delivery: Delivery) -> None:
        """Put a delivery at the end of its lane."""
        key = (delivery.project, delivery.webhook)
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            endpoint = self._endpoints[key] = Endpoint(key)
        lane = endpoint.lanes.get(delivery.call)
        if lane is None:
            lane = endpoint.lanes[delivery.call] = Lane(delivery.call, endpoint)
            self._make_ready(lane)
        lane.waiting.append(delivery)

    def take(self, now: float) -> Job | None:
        """Give a slot to the next delivery whose turn it is; None where none may start now."""
        for _ in range(len(self._round)):
            endpoint = self._round.popleft()
            endpoint.has_turn = False
            if not endpoint.ready or len(endpoint.exchanges) >= self._limits.per_endpoint:
                continue  # it comes back when a lane is ready or an exchange ends
            if not self._may_start(endpoint, now):
                self._take_turn(endpoint)
                continue
            lane = endpoint.ready.popleft()
            self._take_turn(endpoint)
            job = Job(lane, lane.waiting[0], now)
            endpoint.exchanges[job] = None
            self._jobs.add(job)
            return job
        return None

    def exchanged(self, job: Job, now: float) -> None:
        """Free the endpoint's slot: its answer is there, or will not come."""
        endpoint = job.lane.endpoint
        del endpoint.exchanges[job]
        endpoint.was_slow = now - job.began > self._limits.slow_after
        self._take_turn(endpoint)

    def settled(self, job: Job) -> None:
        """Free the common slot: the delivery is done with, and the next of its lane is ready."""
        self._jobs.remove(job)
        lane = job.lane
        lane.waiting.popleft()
        if lane.waiting:
            self._make_ready(lane)
            return
        endpoint = lane.endpoint
        del endpoint.lanes[lane.call]
        if not endpoint.lanes and not endpoint.was_slow:
            self._endpoints.pop(endpoint.key)

    def postponed(self, job: Job) -> None:
        """Free the common slot, but keep the lane: the same delivery goes again after `resumed`."""
        self._jobs.remove(job)

    def resumed(self, job: Job) -> None:
        """Let a postponed delivery take its turn."""
        self._make_ready(job.lane)

    def _make_ready(self, lane: Lane) -> None:
        lane.endpoint.ready.append(lane)
        self._take_turn(lane.endpoint)

    def _take_turn(self, endpoint: Endpoint) -> None:
        if endpoint.ready and not endpoint.has_turn:
            endpoint.has_turn = True
            self._round.append(endpoint)

    def _may_start(self, endpoint: Endpoint, now: float) -> bool:
        limits = self._limits
        free = limits.in_flight - self.in_flight
        if free <= 0 or len(endpoint.exchanges) >= max(1, free // SHARE):
            return False
        return free > limits.reserve or not endpoint.is_slow(now, limits.slow_after)
