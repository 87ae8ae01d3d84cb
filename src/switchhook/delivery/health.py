"""The health of an endpoint of deliveries: its failures in a row, and whether its deliveries are parked. Pure.

A failing endpoint's deliveries are parked: they wait, and none is given up. After the pause one goes ahead as a
probe. Where it fails, the next pause is twice as long; where it succeeds, the others follow. Without retries
nothing is parked: each delivery is one request (R2-04, A-23).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from switchhook.domain.failure import FailureKind

if TYPE_CHECKING:
    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.storage.delivery import Attempt

LONGEST_PARK: Final = 600.0
"""Seconds between two probes at most."""
MOST_DOUBLINGS: Final = 16

NOT_OF_THE_ENDPOINT: Final = frozenset(
    {
        FailureKind.EXPIRED,
        FailureKind.SUPERSEDED,
        FailureKind.UNSUBSCRIBED,
        FailureKind.INTERRUPTED,
        FailureKind.OUR_ERROR,
        FailureKind.UNDER_WAY,
    }
)
"""Failures that say nothing about the endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointHealth:
    """How an endpoint stands. A healthy one need not be kept."""

    failures: int = 0
    """In a row, up to now."""
    since: float = 0.0
    """When the first of them began, in unix seconds."""
    is_failing: bool = False
    """Whether its owner has to know."""
    is_gone: bool = False
    """Whether one of them said that it is gone (410); a restart forgets that."""
    parks: int = 0
    """How often its deliveries were parked since its last success."""
    parked_until: float | None = None
    """When a probe goes ahead; None: its deliveries are not parked."""


HEALTHY: Final = EndpointHealth()


def after_failure(
    health: EndpointHealth, policy: DeliveryPolicy, *, began: float, now: float, is_gone: bool
) -> EndpointHealth:
    """Count a failed attempt that began at `began`. One from before the parking prolongs no pause.

    An endpoint that says that it is gone (410) is failing at once.
    """
    failures = health.failures + 1
    is_over = 0 < policy.breaker_failures <= failures
    counted = replace(
        health,
        failures=failures,
        is_failing=health.is_failing or is_gone or is_over,
        is_gone=health.is_gone or is_gone,
    )
    if not (policy.can_park and is_over):
        return replace(counted, parks=0, parked_until=None)
    if health.parked_until is not None and began < health.parked_until:
        return counted
    pause = policy.breaker_pause * 2 ** min(health.parks, MOST_DOUBLINGS)
    pause = min(pause, max(LONGEST_PARK, policy.breaker_pause))
    return replace(counted, parks=health.parks + 1, parked_until=now + pause)


def speaks_of_endpoint(attempt: Attempt) -> bool:
    """Say whether an attempt tells how its endpoint stands. One that asks for less at once (429) is well."""
    if attempt.failure is None:
        return True
    throttles = attempt.status == HTTPStatus.TOO_MANY_REQUESTS and attempt.asked is not None
    return attempt.failure.kind not in NOT_OF_THE_ENDPOINT and not throttles
