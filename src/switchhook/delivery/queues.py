"""Queues of deliveries: order within a call, fairness between endpoints, slots for healthy ones. No I/O.

Deliveries of one call under one order key form a *lane* and go out one after another, over all webhooks. Lanes
wait for a slot of the *endpoint* that their first delivery is for, first come, first served; each webhook is
one. Of the endpoints with work, the one with the fewest exchanges under way comes first. Mail has one endpoint,
the mail server, and a lane for each call, mail and person: a slow address delays no other. An endpoint that
asks for a pause gets one, whatever waits for it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final

from switchhook.storage.delivery import Delivery
from switchhook.webhooks.mail import Mail
from switchhook.webhooks.url import without_query

SHARE: Final = 8
"""An endpoint may have as many exchanges as an eighth of the slots that are free, and always one.

So one busy endpoint has its own limit only, and many hung ones share the rest (dynamic thresholds, Choudhury
and Hahne 1998).
"""


PAUSES_KEPT: Final = 256
"""So many, and those are forgotten that nothing waits for."""

QueueKey = tuple[str, ...]
"""The identity of an endpoint, or of a lane of it."""
MAIL_SERVER: Final[QueueKey] = ()
"""The endpoint of all mail."""


def _endpoint_key(delivery: Delivery) -> QueueKey:
    if isinstance(delivery.request, Mail):
        return MAIL_SERVER
    return (delivery.project, delivery.webhook)


def _lane_key(delivery: Delivery, order: str) -> QueueKey:
    person = delivery.request.recipient if isinstance(delivery.request, Mail) else ""
    return (delivery.project, delivery.call, order, person)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherLimits:
    """How many deliveries are in flight at once."""

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
    """Seconds after which an exchange marks its endpoint as slow, until a faster one ends."""
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
    """Deliveries of one call under one order key, in order; the first may be in flight."""

    key: QueueKey
    waiting: deque[Delivery] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class DeliveryEndpoint:
    """One webhook of one project, or the mail server."""

    key: QueueKey
    most: int
    """Exchanges that it may have at once."""
    deliveries: int = 0
    """How many are not settled."""
    ready: deque[Lane] = field(default_factory=deque)
    """Lanes whose first delivery waits for a slot."""
    exchanges: dict[DeliveryJob, None] = field(default_factory=dict)
    """The deliveries in flight, oldest first."""
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
class DeliveryJob:
    """One delivery that was given a slot."""

    lane: Lane
    endpoint: DeliveryEndpoint
    delivery: Delivery
    began: float


Turn = tuple[int, int, DeliveryEndpoint]
"""How many exchanges an endpoint has, and the number of its turn: the least comes first."""


class WaitingEndpoints:
    """Endpoints that wait for a slot. A turn that was given up stays in the heap for a while."""

    def __init__(self) -> None:
        self._heap: list[Turn] = []
        self._roomy = 64
        """How long the heap may get until given up turns are cleared away."""

    def put(self, endpoint: DeliveryEndpoint, turn: int) -> None:
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


@dataclass(slots=True, eq=False)
class Pause:
    """One that an endpoint asked for. After it one delivery goes ahead, and the others if that fares well."""

    until: float
    probe: DeliveryJob | None = None
    waiting: list[Lane] = field(default_factory=list)


class Pauses:
    """Paused endpoints: a webhook, and all others with the same URL."""

    def __init__(self) -> None:
        self._pauses: dict[QueueKey, Pause] = {}

    @property
    def over_at(self) -> float | None:
        """Return when the next slot or pause with waiting deliveries ends; None without one."""
        if not self._pauses:
            return None  # as nearly always
        waited_for = (one.until for one in self._pauses.values() if one.waiting and not one.probe)
        return min(waited_for, default=None)

    def begin(self, job: DeliveryJob, until: float) -> None:
        """An endpoint asked for a pause. What was sent before it asked makes none shorter."""
        if len(self._pauses) >= PAUSES_KEPT:
            self._pauses = {k: one for k, one in self._pauses.items() if one.waiting or one.probe}
        for key in _pause_keys(job.delivery):
            pause = self._pauses.setdefault(key, Pause(until))
            pause.until = max(pause.until, until)
            if pause.probe is job:
                pause.probe = None

    def admits(self, job: DeliveryJob, now: float) -> bool:
        """Say whether a delivery may be sent now; else its lane is kept until the pause is over."""
        if not self._pauses:
            return True
        pauses = [self._pauses[key] for key in _pause_keys(job.delivery) if key in self._pauses]
        for pause in pauses:
            if now < pause.until or pause.probe:
                pause.waiting.append(job.lane)
                return False
        for pause in pauses:
            pause.probe = job
        return True

    def over(self, now: float) -> list[Lane]:
        """Return the lanes that waited for a pause that is over."""
        lanes: list[Lane] = []
        for pause in self._pauses.values():
            if pause.waiting and not pause.probe and now >= pause.until:
                lanes += pause.waiting
                pause.waiting = []
        return lanes

    def ended_by(self, job: DeliveryJob) -> list[Lane]:
        """Return the lanes that waited for what became of a delivery that went ahead."""
        lanes: list[Lane] = []
        for key in _pause_keys(job.delivery) if self._pauses else ():
            pause = self._pauses.get(key)
            if pause is not None and pause.probe is job:
                lanes += self._pauses.pop(key).waiting
        return lanes


def _pause_keys(delivery: Delivery) -> tuple[QueueKey, ...]:
    if isinstance(delivery.request, Mail):
        return ()
    return (delivery.project, delivery.webhook), (
        delivery.project,
        "",
        without_query(delivery.request.url),
    )


class Queues:
    """All deliveries that wait or are in flight. Times are any clock's, in seconds."""

    def __init__(self, limits: DispatcherLimits) -> None:
        self._limits = limits
        self._endpoints: dict[QueueKey, DeliveryEndpoint] = {}
        self._lanes: dict[QueueKey, Lane] = {}
        self._pauses = Pauses()
        self._jobs: set[DeliveryJob] = set()
        self._exchanges = 0
        self._turns = count(1)
        self._prompt = WaitingEndpoints()
        self._slow = WaitingEndpoints()

    @property
    def in_flight(self) -> int:
        """How many deliveries are being sent or recorded."""
        return len(self._jobs)

    @property
    def pause_over_at(self) -> float | None:
        """Return when the next pause with waiting deliveries ends; None without one."""
        return self._pauses.over_at

    def add(self, delivery: Delivery, order: str) -> None:
        """Put a delivery at the end of its lane, the one of its call under this order key."""
        key = _endpoint_key(delivery)
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            most = self._limits.mails if key == MAIL_SERVER else self._limits.per_endpoint
            endpoint = self._endpoints[key] = DeliveryEndpoint(key, most)
        endpoint.deliveries += 1
        lane_key = _lane_key(delivery, order)
        lane = self._lanes.get(lane_key)
        if lane is None:
            lane = self._lanes[lane_key] = Lane(lane_key)
        lane.waiting.append(delivery)
        if len(lane.waiting) == 1:
            self._make_ready(lane)

    def take(self, now: float) -> DeliveryJob | None:
        """Give a slot to the next delivery; None when none may start now."""
        for lane in self._pauses.over(now):
            self._make_ready(lane)
        while (endpoint := self._next(now)) is not None:
            lane = endpoint.ready.popleft()
            job = DeliveryJob(lane, endpoint, lane.waiting[0], now)
            if self._pauses.admits(job, now):
                return self._started(job)
            self._queue(endpoint)
        return None

    def _started(self, job: DeliveryJob) -> DeliveryJob:
        endpoint = job.endpoint
        self._jobs.add(job)
        endpoint.exchanges[job] = None
        self._exchanges += 1
        self._queue(endpoint)
        return job

    def exchanged(self, job: DeliveryJob, now: float, asked: float | None = None) -> None:
        """Free the slots of the exchange: the answer is there, or will not come.

        For `asked` seconds from now the endpoint wants nothing more.
        """
        if asked is not None:
            self._pauses.begin(job, now + asked)
        else:
            for lane in self._pauses.ended_by(job):
                self._make_ready(lane)
        endpoint = job.endpoint
        del endpoint.exchanges[job]
        self._exchanges -= 1
        endpoint.was_slow = now - job.began > self._limits.slow_after
        self._queue(endpoint)

    def settled(self, job: DeliveryJob) -> None:
        """Let go of a delivery that is done with; the next of its lane is ready."""
        self._jobs.remove(job)
        lane = job.lane
        lane.waiting.popleft()
        if lane.waiting:
            self._make_ready(lane)
        else:
            del self._lanes[lane.key]
        job.endpoint.deliveries -= 1
        self._let_go(job.endpoint)

    def forget(self, project: str, webhook: str) -> None:
        """Remember nothing of a webhook's endpoint once it has no more to do."""
        endpoint = self._endpoints.get((project, webhook))
        if endpoint is not None:
            endpoint.is_forgotten = True
            self._let_go(endpoint)

    def postponed(self, job: DeliveryJob) -> None:
        """Let go of a delivery, but keep its lane: the same one goes again after `resumed`."""
        self._jobs.remove(job)

    def resumed(self, job: DeliveryJob) -> None:
        """Let a postponed delivery wait for its turn."""
        self._make_ready(job.lane)

    def _let_go(self, endpoint: DeliveryEndpoint) -> None:
        if not endpoint.deliveries and (endpoint.is_forgotten or not endpoint.was_slow):
            self._endpoints.pop(endpoint.key)

    def _make_ready(self, lane: Lane) -> None:
        endpoint = self._endpoints[_endpoint_key(lane.waiting[0])]
        endpoint.ready.append(lane)
        if not endpoint.turn:
            self._queue(endpoint)

    def _queue(self, endpoint: DeliveryEndpoint) -> None:
        """Let an endpoint wait for its turn by what it has under way now, if it has work and a slot."""
        endpoint.turn = 0
        if endpoint.ready and len(endpoint.exchanges) < endpoint.most:
            turns = self._slow if endpoint.was_slow else self._prompt
            turns.put(endpoint, next(self._turns))

    def _next(self, now: float) -> DeliveryEndpoint | None:
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
