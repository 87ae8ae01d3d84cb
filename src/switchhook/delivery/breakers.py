"""The circuit breakers of all failing endpoints, and the log of their changes."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import structlog

from switchhook.delivery.breaker import (
    CLOSED,
    Breaker,
    BreakerDecision,
    admit,
    cancelled,
    failed,
    retry_after,
    succeeded,
)
from switchhook.webhooks.url import without_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.delivery.breaker import BreakerPolicy

log = structlog.get_logger(__name__)

Endpoint = tuple[str, str]
"""A project's id and a URL as it was set, without credentials, query and fragment: fit for a log."""

_CREDENTIALS = re.compile(r"(?<=://)[^/]*@")


def endpoint_of(project: str, url: str) -> Endpoint:
    """Return what the webhooks of one project that ask the same address have in common."""
    return project, _CREDENTIALS.sub("", without_query(url))


class Breakers:
    """Keeps a breaker for each endpoint that failed last; projects share none.

    A change is logged, with the endpoint as it was set and without its query.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._breakers: dict[Endpoint, Breaker] = {}
        self.skipped = 0
        """Asks that were held back."""

    @property
    def failing(self) -> Mapping[Endpoint, Breaker]:
        """Return the endpoints whose last ask failed, and how they stand."""
        return dict(self._breakers)

    def admit(self, endpoint: Endpoint, policy: BreakerPolicy) -> BreakerDecision:
        """Admit an ask or reject it; the outcome of an admitted one has to be reported."""
        breaker, admission = admit(self._of(endpoint), policy, self._clock())
        self._keep(endpoint, breaker)
        if admission is BreakerDecision.REJECT:
            self.skipped += 1
        return admission

    def seconds_left(self, endpoint: Endpoint) -> float:
        """Return how long asks are still held back; 0 where they are not."""
        return max(0.0, (self._of(endpoint).open_until or 0.0) - self._clock())

    def why(self, endpoint: Endpoint) -> str:
        """Say why asks are held back."""
        return (
            "asked for a pause" if self._of(endpoint).is_retry_after else "failed too often lately"
        )

    def succeeded(self, endpoint: Endpoint) -> None:
        """Close the breaker of an endpoint that answered."""
        before = self._of(endpoint)
        self._keep(endpoint, succeeded(before))
        if before.is_open:
            log.info("circuit breaker closed", project=endpoint[0], endpoint=endpoint[1])

    def failed(self, endpoint: Endpoint, policy: BreakerPolicy, admitted: BreakerDecision) -> None:
        """Count a failed ask."""
        before = self._of(endpoint)
        after = failed(before, policy, self._clock(), admitted=admitted)
        self._keep(endpoint, after)
        if after.is_open and not before.is_open:
            log.warning(
                "circuit breaker opened",
                project=endpoint[0],
                endpoint=endpoint[1],
                reason="failures",
                failures=after.failures,
                seconds=policy.pause,
            )

    def retry_after(self, endpoint: Endpoint, policy: BreakerPolicy, seconds: float) -> None:
        """Count a failed ask whose endpoint sent Retry-After."""
        before = self._of(endpoint)
        after = retry_after(before, policy, self._clock(), seconds)
        self._keep(endpoint, after)
        if after.is_open and not before.is_open:
            log.warning(
                "circuit breaker opened",
                project=endpoint[0],
                endpoint=endpoint[1],
                reason="retry-after",
                seconds=min(seconds, policy.pause),
            )

    def cancelled(self, endpoint: Endpoint, admitted: BreakerDecision) -> None:
        """Take note of an ask that was cancelled."""
        if admitted is BreakerDecision.PROBE:
            self._keep(endpoint, cancelled(self._of(endpoint), self._clock()))

    def _of(self, endpoint: Endpoint) -> Breaker:
        return self._breakers.get(endpoint, CLOSED)

    def _keep(self, endpoint: Endpoint, breaker: Breaker) -> None:
        if breaker == CLOSED:
            self._breakers.pop(endpoint, None)
        else:
            self._breakers[endpoint] = breaker
