"""The current projects' policies for deliveries of earlier calls."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.current_credentials import credentials_of
from switchhook.delivery.lanes import OriginLimit
from switchhook.delivery.policy import origin_of, policy_of, receiver_of
from switchhook.delivery.warnings import warnings_to
from switchhook.domain.delivery_policy import NO_WARNINGS
from switchhook.domain.event import EventMail
from switchhook.domain.tracking.call_tracking import Slot
from switchhook.webhooks.mail import Mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from switchhook.delivery.incidents import EndpointNews
    from switchhook.delivery.subscribers import Subscribers
    from switchhook.domain.credentials import Credentials
    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.failure import Failure
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.delivery import Delivery


class Policies:
    """Looks each of them up in the directory of the moment."""

    def __init__(self, directory: Callable[[], ProjectDirectory], subscribers: Subscribers) -> None:
        self._directory = directory
        self._origins: dict[str, tuple[ProjectSnapshot, Mapping[str, int]]] = {}
        self._subscribers = subscribers

    def networks_of(self, project: str) -> AllowedNetworks:
        """Return the private networks that a project's webhooks may reach."""
        snapshot = self._directory().snapshots.get(project)
        return networks(() if snapshot is None else snapshot.project.allowed_networks)

    def warnings(self, news: EndpointNews, *, product: str, mail_from: str) -> tuple[Delivery, ...]:
        """Write what the owner of an endpoint is told, as its project says now."""
        snapshot = self._directory().snapshots.get(news.delivery.project)
        owner = NO_WARNINGS if snapshot is None else snapshot.project.warnings
        return tuple(warnings_to(owner, news, product=product, sender=mail_from))

    def is_told(self, project: str, webhook: str) -> bool:
        """Say whether anything is told under a webhook's name; of a project that cannot be read, it may be."""
        snapshot = self._directory().snapshots.get(project)
        if snapshot is None or receiver_of(webhook, snapshot) is not None:
            return True
        return any(one.webhook == webhook for one in self._subscribers.of(project))

    def policy_of(self, delivery: Delivery) -> DeliveryPolicy:
        """Return how a delivery is made, as its project says now."""
        return policy_of(delivery, self._directory().snapshots.get(delivery.project))

    def credentials_of(self, delivery: Delivery) -> Credentials | Failure:
        """Return what a delivery proves itself with, as its project or its subscriber says now."""
        subscription = self._subscribers.subscription_of(delivery)
        snapshot = self._directory().snapshots.get(delivery.project)
        return credentials_of(delivery, snapshot, subscription)

    def limit_of(self, delivery: Delivery) -> OriginLimit | None:
        """Return how many requests a delivery's origin gets at once, where its project says that."""
        if isinstance(delivery.request, Mail):
            return None
        return self.limit_at(delivery.project, delivery.request.url)

    def limit_at(self, project: str, url: str) -> OriginLimit | None:
        """Return how many requests of a project the origin of a URL gets at once."""
        snapshot = self._directory().snapshots.get(project)
        limits = None if snapshot is None else self._limits(snapshot)
        if not limits:
            return None  # as nearly always
        origin = origin_of(url)
        return OriginLimit((project, origin), limits[origin]) if origin in limits else None

    def _limits(self, snapshot: ProjectSnapshot) -> Mapping[str, int]:
        """Return the limits of origins, worked out once for each version of a project."""
        project = snapshot.project.id
        known = self._origins.get(project)
        if known is None or known[0] is not snapshot:
            known = self._origins[project] = snapshot, dict(_limits(snapshot))
        return known[1]


def _limits(snapshot: ProjectSnapshot) -> Iterator[tuple[str, int]]:
    """Yield each origin with a limit: of several, the least comes last."""
    webhooks = (*snapshot.actions.values(), *snapshot.stream_webhooks.values())
    told = [(one.url, one.policy) for one in webhooks if not isinstance(one, EventMail)]
    if (tracking := snapshot.project.call_tracking) is not None:
        told += [(tracking.url(slot), tracking.policy) for slot in Slot]
    limits = [
        (origin_of(url), policy.max_concurrent)
        for url, policy in told
        if url and policy.max_concurrent is not None
    ]
    yield from sorted(limits, key=itemgetter(1), reverse=True)


@lru_cache(maxsize=1024)
def networks(allowed_networks: tuple[str, ...]) -> AllowedNetworks:
    """Read what a project file allows."""
    return AllowedNetworks.parse(allowed_networks)
