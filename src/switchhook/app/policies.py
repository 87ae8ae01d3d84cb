"""The current projects' policies for deliveries of earlier calls."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.policy import policy_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.storage.delivery import Delivery


class Policies:
    """Looks each of them up in the directory of the moment."""

    def __init__(self, directory: Callable[[], ProjectDirectory]) -> None:
        self._directory = directory

    def networks_of(self, project: str) -> AllowedNetworks:
        """Return the private networks that a project's webhooks may reach."""
        snapshot = self._directory().snapshots.get(project)
        return networks(() if snapshot is None else snapshot.project.allowed_networks)

    def policy_of(self, delivery: Delivery) -> DeliveryPolicy:
        """Return how a delivery is made, as its project says now."""
        return policy_of(delivery, self._directory().snapshots.get(delivery.project))


@lru_cache(maxsize=1024)
def networks(allowed_networks: tuple[str, ...]) -> AllowedNetworks:
    """Read what a project file allows."""
    return AllowedNetworks.parse(allowed_networks)
