"""Whose turn it is: order within a call, fairness between endpoints, room for the healthy. No I/O.

Deliveries of one call to one webhook form a *lane* and go out one after another. The lanes of one
webhook share its *endpoint*'s slots, first come, first served. Of the endpoints with work, the one with
the fewest exchanges under way comes first. Mail has one endpoint, the mail server, and a lane for each
call, mail and person: nobody waits for somebody else's address.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final

from switchhook.webhooks.delivery import Delivery
from switchhook.webhooks.mail import Mail

SHARE: Final = 8
"""An endpoint may have as many exchanges as an eighth of the slots that are free, and always one.

So one busy endpoint alone is held back by its own limit only, and of many hung ones each gets the
less, the more of them there are (dynamic thresholds, Choudhury and Hahne 1998).
"""


Key = tuple[str, ...]
"""What tells one endpoint from others, or one lane from others of its endpoint."""
MAIL_SERVER: Final[Key] = ()
"""The endpoint of all mail."""


def _place(delivery: Delivery) -> tuple[Key, Key]:
    """Return the keys of a delivery's endpoint and lane."""
    project, call, name = delivery.project, delivery.call, delivery.webhook
    if isinstance(delivery.request, Mail):
        return MAIL_SERVER, (project, call, name, delivery.request.recipient)
    return (project, name), (call,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierLimits:
    """How much is on its way at once."""

    in_flight: int = 512
    """Deliveries from their sending until their attempt is recorded; at most so many are repeated
    after a crash."""
    exchanges: int = 256
    """Of these, how many are being sent."""
    per_endpoint: int = 16
    """Exchanges with one webhook's endpoint."""
    mails: int = 3
    """Mails that are handed over at once; there are mail servers that refuse a fourth connection."""
    reserve: int = 64
    """Of `exchanges`, how many slow endpoints never take."""
    slow_after: float = 2.0
    """Seconds after which an exchange makes its endpoint a slow one, until a faster one ends."""
    grace: float = 10.0
    """Seconds that exchanges under way get at the end to finish."""

    def __post_init__(self) -> None:
        at_once = min(self.per_endpoint, self.mails)
        if not (at_once > 0 and 0 <= self.reserve < self.exchanges <= self.in_flight):
            raise ValueError(
                "limits of deliveries: per_endpoint and mails are 1 or more, and"
                " reserve < exchanges <= in_flight"
            )


@dataclass(slots=True, eq=False)
class Lane:
    """Deliveries of one call to one webhook or person, in order; the first may be on its way."""

    key: Key
    endpoint: Endpoint
    waiting: deque[Delivery] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class Endpoint:
    """One webhook of one project, or the mail server."""

    key: Key
    most: int
    """Exchanges that it may have at once."""
    lanes: dict[Key, Lane] = field(default_factory=dict)
    ready: deque[Lane] = field(default_factory=deque)
    """Lanes whose first delivery waits for a slot."""
    exchanges: dict[Job, None] = field(default_factory=dict)
    """What is being sent, oldest first."""
    was_slow: bool = False
    """Whether its latest exchange was slow, which is remembered while it has nothing to do."""
    is_forgotten: bool = False
    """Whether it will not be heard of again."""
    turn: int = 0
    """Which turn it waits for; 0 when it waits for none."""

    def is_slow(self, now: float, slow_after: float) -> bool:
        """Say whether its latest exchange was slow, or its oldest now is."""
        if self.was_slow or not self.exchanges:
            return self.was_slow
        return now - next(iter(self.exchanges)).began > slow_after


@dataclass(slots=True, eq=False)
class Job:
    """One delivery that was given a slot."""

    lane: Lane
    delivery: Delivery
    began: float


Turn = tuple[int, int, Endpoint]
"""How many exchanges an endpoint has, and the number of its turn: the least comes first."""


class Turns:
    """Endpoints that wait for a slot. A turn that was given up stays in the heap for a while."""

    def __init__(self) -> None:
        self._heap: list[Turn] = []
        self._roomy = 64
        """How long the heap may get until given up turns are cleared away."""

    def put(self, endpoint: Endpoint, turn: int) -> None:
        """Let an endpoint wait, in place of any turn that it waited for before."""
        endpoint.turn = turn
        heappush(self._heap, (len(endpoint.exchanges), turn, endpoint))
        if len(self._heap) > self._roomy:
            self._heap = [entry for entry in self._heap if entry[2].turn == entry[1]]
            heapify(self._heap)
            self._roomy = max(64, 2 * len(self._heap))

    def first(self) -> Turn | None:
        """Return whose turn it is, without taking it."""
        while self._heap:
            first = self._heap[0]
            if first[2].turn == first[1]:
                return first
            heappop(self._heap)
        return None

    def drop_first(self) -> None:
        """Forget whose turn it is: it waits elsewhere."""
        heappop(self._heap)


class Queues:
    """Everything that waits and everything that is on its way. Times are any clock's, in seconds."""

    def __init__(self, limits: CourierLimits) -> None:
        self._limits = limits
        self._endpoints: dict[Key, Endpoint] = {}
        self._jobs: set[Job] = set()
        self._exchanges = 0
        self._turns = count(1)
        self._prompt = Turns()
        self._slow = Turns()

    @property
    def in_flight(self) -> int:
        """How many deliveries are being sent or recorded."""
        return len(self._jobs)

    def add(self, delivery: Delivery) -> None:
        """Put a delivery at the end of its lane."""
        key, lane_key = _place(delivery)
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            most = self._limits.mails if key == MAIL_SERVER else self._limits.per_endpoint
            endpoint = self._endpoints[key] = Endpoint(key, most)
        lane = endpoint.lanes.get(lane_key)
        if lane is None:
            lane = endpoint.lanes[lane_key] = Lane(lane_key, endpoint)
            self._make_ready(lane)
        lane.waiting.append(delivery)

    def take(self, now: float) -> Job | None:
        """Give a slot to the next delivery whose turn it is; None where none may start now."""
        endpoint = self._next(now)
        if endpoint is None:
            return None
        lane = endpoint.ready.popleft()
        job = Job(lane, lane.waiting[0], now)
        self._jobs.add(job)
        endpoint.exchanges[job] = None
        self._exchanges += 1
        self._queue(endpoint)
        return job

    def exchanged(self, job: Job, now: float) -> None:
        """Free the slots of the exchange: the answer is there, or will not come."""
        endpoint = job.lane.endpoint
        del endpoint.exchanges[job]
        self._exchanges -= 1
        endpoint.was_slow = now - job.began > self._limits.slow_after
        self._queue(endpoint)

    def settled(self, job: Job) -> None:
        """Let go of a delivery that is done with; the next of its lane is ready."""
        self._jobs.remove(job)
        lane = job.lane
        lane.waiting.popleft()
        if lane.waiting:
            self._make_ready(lane)
            return
        endpoint = lane.endpoint
        del endpoint.lanes[lane.key]
        self._let_go(endpoint)

    def forget(self, project: str, webhook: str) -> None:
        """Remember nothing of a webhook's endpoint once it has no more to do."""
        endpoint = self._endpoints.get((project, webhook))
        if endpoint is not None:
            endpoint.is_forgotten = True
            self._let_go(endpoint)

    def postponed(self, job: Job) -> None:
        """Let go of a delivery, but keep its lane: the same one goes again after `resumed`."""
        self._jobs.remove(job)

    def resumed(self, job: Job) -> None:
        """Let a postponed delivery wait for its turn."""
        self._make_ready(job.lane)

    def _let_go(self, endpoint: Endpoint) -> None:
        if not endpoint.lanes and (endpoint.is_forgotten or not endpoint.was_slow):
            self._endpoints.pop(endpoint.key)

    def _make_ready(self, lane: Lane) -> None:
        endpoint = lane.endpoint
        endpoint.ready.append(lane)
        if not endpoint.turn:
            self._queue(endpoint)

    def _queue(self, endpoint: Endpoint) -> None:
        """Let an endpoint wait for its turn by what it has under way now, if it has work and a slot."""
        endpoint.turn = 0
        if endpoint.ready and len(endpoint.exchanges) < endpoint.most:
            turns = self._slow if endpoint.was_slow else self._prompt
            turns.put(endpoint, next(self._turns))

    def _next(self, now: float) -> Endpoint | None:
        """Return the endpoint that may start an exchange now."""
        limits = self._limits
        free = limits.exchanges - self._exchanges
        if free <= 0 or len(self._jobs) >= limits.in_flight:
            return None
        first = self._first_prompt(now)
        slow = self._slow.first() if free > limits.reserve else None
        if first is None or (slow is not None and slow < first):
            first = slow
        if first is None or first[0] >= max(1, free // SHARE):
            return None
        return first[2]

    def _first_prompt(self, now: float) -> Turn | None:
        """Return whose turn it is among those that do not turn out to be slow by now."""
        while (first := self._prompt.first()) is not None:
            _, turn, endpoint = first
            if not endpoint.is_slow(now, self._limits.slow_after):
                return first
            self._slow.put(endpoint, turn)
            self._prompt.drop_first()
        return None
