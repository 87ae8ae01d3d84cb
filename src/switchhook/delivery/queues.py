"""Queues of deliveries: order within a call, fairness between endpoints, slots for healthy ones. No I/O.

Deliveries of one call under one order key form a *lane* and go out one after another, over all webhooks. Lanes
wait for a slot of the *endpoint* that their first delivery is for, first come, first served; each webhook is
one. Of the endpoints with work, the one with the fewest exchanges under way comes first. Mail has one endpoint,
the mail server, and a lane for each call, mail and person: a slow address delays no other. An endpoint that
asks for a pause gets one, whatever waits for it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final

from switchhook.delivery.lanes import (
    MAIL_SERVER,
    DeliveryEndpoint,
    DeliveryJob,
    Lane,
    endpoint_key,
    lane_key,
)
from switchhook.delivery.origin_slots import OriginSlots
from switchhook.delivery.pauses import Pauses

if TYPE_CHECKING:
    from switchhook.delivery.lanes import OriginLimit, QueueKey
    from switchhook.storage.delivery import Delivery

SHARE: Final = 8
"""An endpoint may have as many exchanges as an eighth of the slots that are free, and always one.

So one busy endpoint has its own limit only, and many hung ones share the rest (dynamic thresholds, Choudhury
and Hahne 1998).
"""


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


class Queues:
    """All deliveries that wait or are in flight. Times are any clock's, in seconds."""

    def __init__(self, limits: DispatcherLimits, origins: OriginSlots | None = None) -> None:
        self._limits = limits
        self._origins = OriginSlots() if origins is None else origins
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

    def add(self, delivery: Delivery, order: str, limit: OriginLimit | None = None) -> None:
        """Put a delivery at the end of its lane, the one of its call under this order key.

        `limit` is that of its origin.
        """
        key = endpoint_key(delivery)
        endpoint = self._endpoints.get(key)
        if endpoint is None:
            most = self._limits.mails if key == MAIL_SERVER else self._limits.per_endpoint
            endpoint = self._endpoints[key] = DeliveryEndpoint(key, most)
        endpoint.deliveries += 1
        if limit is not None:
            self._origins.limit(delivery.id, limit)
        of_lane = lane_key(delivery, order)
        lane = self._lanes.get(of_lane)
        if lane is None:
            lane = self._lanes[of_lane] = Lane(of_lane)
        lane.waiting.append(delivery)
        if len(lane.waiting) == 1:
            self._make_ready(lane)

    def withdraw(self, delivery: Delivery, order: str) -> bool:
        """Let go of a delivery that waits for its turn; False where it does not: it may be in flight."""
        lane = self._lanes.get(lane_key(delivery, order))
        ids = () if lane is None else [one.id for one in lane.waiting]
        if lane is None or delivery.id not in ids:
            return False
        place = ids.index(delivery.id)
        if place == 0 and lane.is_taken:
            return False
        del lane.waiting[place]
        if place == 0:
            self._replace(lane)
        self._let_go_of(delivery)
        return True

    def _replace(self, lane: Lane) -> None:
        """Go on with the rest of a lane in another: this one stands in the queue of another endpoint."""
        rest, lane.waiting = lane.waiting, deque()
        if rest:
            fresh = self._lanes[lane.key] = Lane(lane.key, rest)
            self._make_ready(fresh)
        else:
            del self._lanes[lane.key]

    def resume_parked(self, project: str, webhook: str, until: float) -> None:
        """Keep a webhook's deliveries parked, as a former process did."""
        self._pauses.resume(project, webhook, until)

    def hurry(self, delivery: Delivery, now: float) -> bool:
        """End the pause that a delivery waits in: its lane goes ahead as the probe. False where it waits in none."""
        return self._pauses.hurry(delivery, now)

    def take(self, now: float) -> DeliveryJob | None:
        """Give a slot to the next delivery; None when none may start now."""
        while True:
            for lane in (*self._pauses.over(now), *self._origins.freed()):
                self._make_ready(lane)
            endpoint = self._next(now)
            if endpoint is None:
                return None
            lane = endpoint.ready.popleft()
            if lane.waiting:
                job = DeliveryJob(lane, endpoint, lane.waiting[0], now)
                if not self._pauses.holds(job, now) and self._origins.admits(job):
                    self._pauses.sent(job)
                    return self._started(job)
            self._queue(endpoint)

    def _started(self, job: DeliveryJob) -> DeliveryJob:
        endpoint = job.endpoint
        self._jobs.add(job)
        job.lane.is_taken = True
        endpoint.exchanges[job] = None
        self._exchanges += 1
        self._queue(endpoint)
        return job

    def exchanged(
        self,
        job: DeliveryJob,
        now: float,
        asked: float | None = None,
        parked: float | None = None,
        *,
        was_sent: bool = True,
    ) -> None:
        """Free the slots of the exchange: the answer is there, or will not come.

        For `asked` seconds from now the endpoint wants nothing more, and for `parked` seconds it gets nothing. Where
        nothing was sent, that says nothing about the endpoint.
        """
        if asked is not None:
            self._pauses.asked(job, now, now + asked)
        if parked is not None:
            self._pauses.parked(job, now, now + parked)
        if not was_sent:
            self._pauses.unsent(job)
        elif asked is None:
            for lane in self._pauses.ended_by(job, is_parked=parked is not None):
                self._make_ready(lane)
        self._origins.exchanged(job)
        endpoint = job.endpoint
        del endpoint.exchanges[job]
        self._exchanges -= 1
        endpoint.was_slow = now - job.began > self._limits.slow_after
        self._queue(endpoint)

    def written_anew(self, job: DeliveryJob, delivery: Delivery) -> None:
        """Go on with a delivery in place of its draft, which was given a slot."""
        job.delivery = job.lane.waiting[0] = delivery

    def settled(self, job: DeliveryJob) -> None:
        """Let go of a delivery that is done with; the next of its lane is ready."""
        self._jobs.remove(job)
        lane = job.lane
        lane.is_taken = False
        lane.waiting.popleft()
        if lane.waiting:
            self._make_ready(lane)
        else:
            del self._lanes[lane.key]
        self._let_go_of(job.delivery)

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
        job.lane.is_taken = False
        self._make_ready(job.lane)

    def _let_go_of(self, delivery: Delivery) -> None:
        self._origins.forget(delivery.id)
        endpoint = self._endpoints[endpoint_key(delivery)]
        endpoint.deliveries -= 1
        self._let_go(endpoint)

    def _let_go(self, endpoint: DeliveryEndpoint) -> None:
        if not endpoint.deliveries and (endpoint.is_forgotten or not endpoint.was_slow):
            self._endpoints.pop(endpoint.key, None)

    def _make_ready(self, lane: Lane) -> None:
        if not lane.waiting:
            return
        endpoint = self._endpoints[endpoint_key(lane.waiting[0])]
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
