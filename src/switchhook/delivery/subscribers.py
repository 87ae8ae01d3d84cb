"""Subscriptions in memory, so that no call waits for the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from switchhook.domain.event import Subscription
    from switchhook.storage.delivery import Delivery


class Subscribers:
    """The subscriptions of all projects: loaded at the start, changed by operations."""

    def __init__(self, subscriptions: Iterable[Subscription] = ()) -> None:
        """`subscriptions` come oldest first."""
        self._all: dict[int, Subscription] = {}
        self._by_name: dict[tuple[str, str], Subscription] = {}
        self._of_project: dict[str, tuple[Subscription, ...]] = {}
        self._when_removed: list[Callable[[Subscription], None]] = []
        for subscription in subscriptions:
            self.add(subscription)

    @property
    def numbers(self) -> frozenset[int]:
        """Return the numbers of all of them."""
        return frozenset(self._all)

    def of(self, project: str) -> Sequence[Subscription]:
        """Return a project's, oldest first."""
        return self._of_project.get(project, ())

    def subscription_of(self, delivery: Delivery) -> Subscription | None:
        """Return the subscription of a delivery; None for a webhook's, or a removed subscription's."""
        return self._by_name.get((delivery.project, delivery.webhook))

    def wants(self, delivery: Delivery) -> bool:
        """Say whether a delivery may be sent: not where it is a subscription's that was removed."""
        return not delivery.is_to_subscriber or self.subscription_of(delivery) is not None

    def add(self, subscription: Subscription) -> None:
        """Let the next event be told to it, too."""
        self._all[subscription.number] = subscription
        self._by_name[subscription.project, subscription.webhook] = subscription
        self._of_project[subscription.project] = (*self.of(subscription.project), subscription)

    def remove(self, number: int) -> None:
        """Let nothing be told to it any more, what was promised included. One that is gone stays gone."""
        removed = self._all.pop(number, None)
        if removed is None:
            return
        del self._by_name[removed.project, removed.webhook]
        rest = tuple(one for one in self.of(removed.project) if one != removed)
        self._of_project[removed.project] = rest
        for tell in self._when_removed:
            tell(removed)

    def on_removed(self, tell: Callable[[Subscription], None]) -> None:
        """Call `tell` for each subscription that is removed."""
        self._when_removed.append(tell)
