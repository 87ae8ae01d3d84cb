"""Lanes, endpoints and jobs: the parts of the queues of deliveries."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from switchhook.storage.delivery import Delivery
from switchhook.webhooks.mail import Mail

QueueKey = tuple[str, ...]
"""The identity of an endpoint, of a lane, or of an origin within a project."""
MAIL_SERVER: Final[QueueKey] = ()
"""The endpoint of all mail."""


def endpoint_key(delivery: Delivery) -> QueueKey:
    """Return the endpoint that a delivery is for."""
    if isinstance(delivery.request, Mail):
        return MAIL_SERVER
    return (delivery.project, delivery.webhook)


def lane_key(delivery: Delivery, order: str) -> QueueKey:
    """Return the lane of a delivery under an order key; an owner gets all warnings in one."""
    person = delivery.request.recipient if isinstance(delivery.request, Mail) else ""
    return (delivery.project, "" if delivery.is_warning else delivery.call, order, person)


class OriginLimit(NamedTuple):
    """How many requests an origin gets at once from one project."""

    key: QueueKey
    """The project and the origin."""
    most: int


@dataclass(slots=True, eq=False)
class Lane:
    """Deliveries of one call under one order key, in order."""

    key: QueueKey
    waiting: deque[Delivery] = field(default_factory=deque)
    """Empty in a lane that another stands in place of."""
    is_taken: bool = False
    """Whether its first delivery is in flight, or waits for another attempt."""


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

    @property
    def is_awaited(self) -> bool:
        """Say whether another delivery of its lane waits for it."""
        return len(self.lane.waiting) > 1
