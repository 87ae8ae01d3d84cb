"""Incidents: endpoints that fail again and again. Kept over restarts, and told to their owners once each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.delivery.health import (
    HEALTHY,
    EndpointHealth,
    after_failure,
    speaks_of_endpoint,
)
from switchhook.domain.delivery_policy import GONE, WarningKind
from switchhook.storage.delivery import Attempt, Delivery, Incident
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.storage.ports import IncidentStore

log = structlog.get_logger(__name__)

RETRY_AFTER: Final = 1.0
"""Seconds until a store that failed is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointNews:
    """What the owner of an endpoint is told, and by which attempt it was found out."""

    kind: WarningKind
    incident: Incident
    delivery: Delivery
    attempt: Attempt
    at: float
    """Unix seconds."""


Warn = Callable[[EndpointNews], Iterable[Delivery]]
"""Writes the warnings of the owner whom news concern."""


def nobody_is_warned(_news: EndpointNews) -> Iterable[Delivery]:
    """Write no warnings."""
    return ()


class Incidents:
    """Hears each attempt, and keeps what is known of endpoints that fail."""

    def __init__(
        self,
        store: IncidentStore,
        *,
        clock: Callable[[], float],
        warn: Warn,
        dispatch: Callable[..., None],
    ) -> None:
        """`clock` tells unix seconds; `dispatch` takes warnings that are stored."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._store = store
        self._clock = clock
        self._warn = warn
        self._dispatch = dispatch
        self._healths: dict[tuple[str, str], EndpointHealth] = {}
        self._succeeded: dict[tuple[str, str], float] = {}
        self._incidents: dict[tuple[str, str], Incident] = {}
        self._changed: dict[tuple[str, str], None] = {}
        self._is_storing = False
        self._warnings: list[Delivery] = []

    @property
    def is_quiet(self) -> bool:
        """Say whether the store knows all that there is to know."""
        return not self._is_storing

    async def stored(self) -> None:
        """Wait until what is being stored is."""
        if self.tasks:
            await asyncio.wait(self.tasks)

    @property
    def failing(self) -> Sequence[Incident]:
        """Return the endpoints that fail again and again."""
        return tuple(self._incidents.values())

    def is_parked(self, delivery: Delivery) -> bool:
        """Say whether a delivery's endpoint is parked, or has a probe under way."""
        health = self._healths.get((delivery.project, delivery.webhook), HEALTHY)
        return health.parked_until is not None

    def has_taken_others(self, delivery: Delivery, since: float) -> bool:
        """Say whether its endpoint took another one since a moment in unix seconds."""
        return self._succeeded.get((delivery.project, delivery.webhook), 0.0) > since

    def resume(self, failing: Iterable[Incident], now: float) -> Iterator[tuple[Incident, float]]:
        """Take up the incidents of a former process; yield those that park, and for how many seconds more."""
        for incident in failing:
            key = (incident.project, incident.webhook)
            left = None
            if incident.parked_until is not None:
                left = min(max(0.0, incident.parked_until - self._clock()), incident.parked_for)
                yield incident, left
            self._incidents[key] = incident
            self._healths[key] = EndpointHealth(
                failures=incident.failures,
                since=incident.since,
                is_failing=True,
                parks=incident.parks,
                parked_until=None if left is None else now + left,
            )

    def heard(
        self,
        delivery: Delivery,
        policy: DeliveryPolicy,
        attempt: Attempt,
        *,
        began: float,
        now: float,
    ) -> float | None:
        """Hear what came of an attempt; return for how long its endpoint is parked, None where it is not.

        `began` and `now` are of one clock. A warning never warns of itself.
        """
        key = (delivery.project, delivery.webhook)
        before = self._healths.get(key, HEALTHY)
        if attempt.failure is None:
            if policy.can_park:
                self._succeeded[key] = attempt.at
            if before is not HEALTHY:
                self._recovered(key, delivery, attempt)
            return None
        if delivery.is_warning or not policy.breaker_failures or not speaks_of_endpoint(attempt):
            return None
        is_gone = attempt.status == GONE
        if is_gone and delivery.is_to_subscriber:
            return None  # it ends the subscription
        after = after_failure(before, policy, began=began, now=now, is_gone=is_gone)
        if not before.failures:
            after = replace(after, since=attempt.at)
        self._healths[key] = after
        if after.is_failing and replace(after, failures=before.failures) != before:
            is_news = not before.is_failing or (is_gone and not before.is_gone)
            self._failing(key, after, delivery, attempt, now, is_news=is_news)
        return None if after.parked_until is None else max(0.0, after.parked_until - now)

    def forget(self, project: str, webhook: str) -> None:
        """Nobody has to know of a webhook that was removed."""
        self._healths.pop((project, webhook), None)
        self._succeeded.pop((project, webhook), None)
        if self._incidents.pop((project, webhook), None) is not None:
            self._keep((project, webhook))

    def _recovered(self, key: tuple[str, str], delivery: Delivery, attempt: Attempt) -> None:
        del self._healths[key]
        incident = self._incidents.pop(key, None)
        if incident is not None:
            log.info("endpoint recovered", project=key[0], webhook=key[1])
            self._tell(WarningKind.RECOVERED, incident, delivery, attempt)
            self._keep(key)

    def _failing(
        self,
        key: tuple[str, str],
        health: EndpointHealth,
        delivery: Delivery,
        attempt: Attempt,
        now: float,
        *,
        is_news: bool,
    ) -> None:
        left = None if health.parked_until is None else health.parked_until - now
        incident = self._incidents[key] = Incident(
            project=key[0],
            webhook=key[1],
            since=health.since,
            failures=health.failures,
            parks=health.parks,
            parked_for=left or 0.0,
            parked_until=None if left is None else self._clock() + left,
        )
        self._keep(key)
        if is_news:
            kind = WarningKind.FAILING if left is None else WarningKind.PARKED
            kind = WarningKind.GONE if attempt.status == GONE else kind
            log.warning(
                "endpoint failing",
                project=key[0],
                webhook=key[1],
                state=kind.word,
                failures=health.failures,
                failure=str(attempt.failure),
            )
            self._tell(kind, incident, delivery, attempt)

    def _tell(
        self, kind: WarningKind, incident: Incident, delivery: Delivery, attempt: Attempt
    ) -> None:
        news = EndpointNews(
            kind=kind, incident=incident, delivery=delivery, attempt=attempt, at=self._clock()
        )
        self._warnings += self._warn(news)

    def _keep(self, key: tuple[str, str]) -> None:
        """Have the store know what became of an endpoint; changes meanwhile come along."""
        self._changed[key] = None
        if not self._is_storing:
            self._is_storing = True
            task = spawn(self._store_changes(), name="keep incidents")
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _store_changes(self) -> None:
        try:
            while self._changed:
                changed, self._changed = list(self._changed), {}
                warnings, self._warnings = self._warnings, []
                await self._store_all(changed, warnings)
                self._dispatch(*warnings)
        finally:
            self._is_storing = False

    async def _store_all(
        self, changed: Sequence[tuple[str, str]], warnings: Sequence[Delivery]
    ) -> None:
        """Ask the store until it has how these endpoints stand at that moment, and what is told of them."""
        while True:
            now = {key: self._incidents.get(key) for key in changed}
            failing = [incident for incident in now.values() if incident is not None]
            over = [key for key, incident in now.items() if incident is None]
            try:
                return await self._store.save_incidents(failing, over, warnings)
            except Exception as error:  # noqa: BLE001 - whatever a store raises, it is asked again
                log.error("incidents not stored", error=str(error))  # noqa: TRY400 - the reader needs no traceback
            await asyncio.sleep(RETRY_AFTER)
