"""The current projects' policies for deliveries of earlier calls."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.current_credentials import credentials_of
from switchhook.delivery.lanes import OriginLimit
from switchhook.delivery.policy import NO_RETRIES, origin_of, policy_of, receiver_of
from switchhook.delivery.warnings import warnings_to
from switchhook.domain.credentials import NO_CREDENTIALS
from switchhook.domain.delivery_policy import NO_WARNINGS
from switchhook.domain.event import EventMail
from switchhook.domain.scheme import VOICEMAIL_MAIL
from switchhook.domain.tracking.call_tracking import Slot
from switchhook.webhooks.http import HttpRequest
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


class VersionPolicies:
    """What one version of a project says to all deliveries of a webhook alike, worked out once."""

    def __init__(self, snapshot: ProjectSnapshot) -> None:
        self.snapshot = snapshot
        self.networks = networks(snapshot.project.allowed_networks)
        self.limits: Mapping[str, int] = dict(_limits(snapshot))
        """How many requests an origin gets at once, where that is said."""
        self.policies: dict[str, DeliveryPolicy] = {}
        """Of webhooks that requests were made for, by their names."""
        self.without_credentials: set[str] = set()
        """The names of those that have none."""


class Policies:
    """Looks each of them up in the directory of the moment."""

    def __init__(self, directory: Callable[[], ProjectDirectory], subscribers: Subscribers) -> None:
        self._directory = directory
        self._versions: dict[str, VersionPolicies] = {}
        self._subscribers = subscribers

    def networks_of(self, project: str) -> AllowedNetworks:
        """Return the private networks that a project's webhooks may reach."""
        version = self._version(project)
        return networks(()) if version is None else version.networks

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
        if webhook == VOICEMAIL_MAIL:
            return bool(snapshot.voicemail_recipients)
        return any(one.webhook == webhook for one in self._subscribers.of(project))

    def policy_of(self, delivery: Delivery) -> DeliveryPolicy:
        """Return how a delivery is made, as its project says now."""
        version = self._version(delivery.project)
        if version is None:
            return policy_of(delivery, None)
        known = version.policies.get(delivery.webhook)
        if known is not None and type(delivery.request) is HttpRequest and not delivery.is_warning:
            return known
        policy = policy_of(delivery, version.snapshot)
        if _is_of_a_webhook(delivery) and policy is not NO_RETRIES:
            version.policies[delivery.webhook] = policy
        return policy

    def credentials_of(self, delivery: Delivery) -> Credentials | Failure:
        """Return what a delivery proves itself with, as its project or its subscriber says now."""
        version = self._version(delivery.project)
        if version is not None and delivery.webhook in version.without_credentials:
            return NO_CREDENTIALS
        subscription = self._subscribers.subscription_of(delivery)
        found = credentials_of(
            delivery, None if version is None else version.snapshot, subscription
        )
        if (
            version is not None
            and found is NO_CREDENTIALS
            and _is_of_a_webhook(delivery)
            and delivery.webhook in version.policies
        ):
            version.without_credentials.add(delivery.webhook)
        return found

    def limit_of(self, delivery: Delivery) -> OriginLimit | None:
        """Return how many requests a delivery's origin gets at once, where its project says that."""
        if isinstance(delivery.request, Mail):
            return None
        return self.limit_at(delivery.project, delivery.request.url)

    def limit_at(self, project: str, url: str) -> OriginLimit | None:
        """Return how many requests of a project the origin of a URL gets at once."""
        version = self._version(project)
        if version is None or not version.limits:
            return None  # as nearly always
        limits, origin = version.limits, origin_of(url)
        return OriginLimit((project, origin), limits[origin]) if origin in limits else None

    def _version(self, project: str) -> VersionPolicies | None:
        """Return what is worked out of a project's present version; None where there is no such project."""
        snapshot = self._directory().snapshots.get(project)
        if snapshot is None:
            self._versions.pop(project, None)
            return None
        known = self._versions.get(project)
        if known is None or known.snapshot is not snapshot:
            known = self._versions[project] = VersionPolicies(snapshot)
        return known


def _is_of_a_webhook(delivery: Delivery) -> bool:
    """Say whether its project's version has the same to say to all deliveries under its webhook's name."""
    return (
        type(delivery.request) is HttpRequest
        and not delivery.is_warning
        and not delivery.is_to_subscriber
    )


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
