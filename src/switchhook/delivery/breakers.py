"""The breakers of all endpoints that fail, and what is told of them."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import structlog

from switchhook.delivery.breaker import (
    HEALTHY,
    Breaker,
    BreakerVerdict,
    abandoned,
    admit,
    asked_to_wait,
    failed,
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

    def admit(self, endpoint: Endpoint, policy: BreakerPolicy) -> BreakerVerdict:
        """Say what may be done with an ask; after anything but SKIP, its outcome has to be told."""
        breaker, admission = admit(self._of(endpoint), policy, self._clock())
        self._keep(endpoint, breaker)
        if admission is BreakerVerdict.SKIP:
            self.skipped += 1
        return admission

    def seconds_left(self, endpoint: Endpoint) -> float:
        """Return how long asks are still held back; 0 where they are not."""
        return max(0.0, (self._of(endpoint).closed_to or 0.0) - self._clock())

    def why(self, endpoint: Endpoint) -> str:
        """Say why asks are held back."""
        return "asked for a pause" if self._of(endpoint).is_asked else "failed too often lately"

    def succeeded(self, endpoint: Endpoint) -> None:
        """The endpoint answered."""
        before = self._of(endpoint)
        self._keep(endpoint, succeeded(before))
        if before.is_open:
            log.info("circuit breaker closed", project=endpoint[0], endpoint=endpoint[1])

    def failed(self, endpoint: Endpoint, policy: BreakerPolicy, admitted: BreakerVerdict) -> None:
        """The endpoint failed an ask."""
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

    def asked_to_wait(self, endpoint: Endpoint, policy: BreakerPolicy, seconds: float) -> None:
        """The endpoint failed an ask, and wants to be left alone for so many seconds."""
        before = self._of(endpoint)
        after = asked_to_wait(before, policy, self._clock(), seconds)
        self._keep(endpoint, after)
        if after.is_open and not before.is_open:
            log.warning(
                "circuit breaker opened",
                project=endpoint[0],
                endpoint=endpoint[1],
                reason="retry-after",
                seconds=min(seconds, policy.pause),
            )

    def abandoned(self, endpoint: Endpoint, admitted: BreakerVerdict) -> None:
        """An ask came to no end."""
        if admitted is BreakerVerdict.PROBE:
            self._keep(endpoint, abandoned(self._of(endpoint), self._clock()))

    def _of(self, endpoint: Endpoint) -> Breaker:
        return self._breakers.get(endpoint, HEALTHY)

    def _keep(self, endpoint: Endpoint, breaker: Breaker) -> None:
        if breaker == HEALTHY:
            self._breakers.pop(endpoint, None)
        else:
            self._breakers[endpoint] = breaker
