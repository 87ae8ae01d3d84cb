"""The ends of subscriptions: by their endpoints, and by other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from switchhook.operations.subscriptions import unsubscribe
from switchhook.storage.records import StoreError
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from switchhook.delivery.subscribers import Subscribers
    from switchhook.domain.event import Subscription
    from switchhook.storage.delivery import Delivery
    from switchhook.storage.ports import Subscriptions

log = structlog.get_logger(__name__)


class SubscriptionEnds:
    """Knows which subscriptions have ended (the dispatcher's Recipients)."""

    def __init__(self, store: Subscriptions, subscribers: Subscribers) -> None:
        self._store = store
        self._subscribers = subscribers

    def wants(self, delivery: Delivery) -> bool:
        """Say whether a delivery may still be sent."""
        return self._subscribers.wants(delivery)

    def gone(self, delivery: Delivery) -> None:
        """End the subscription whose endpoint says that it is gone; nothing more is sent there."""
        subscription = self._subscribers.subscription_of(delivery)
        if subscription is None:
            return
        log.info(
            "subscription ended",
            project=subscription.project,
            subscription=subscription.number,
            status=410,
        )
        self._subscribers.remove(subscription.number)
        spawn(self._unsubscribe(subscription), name=f"end {subscription.webhook}")

    async def _unsubscribe(self, subscription: Subscription) -> None:
        project, number = subscription.project, subscription.number
        try:
            await unsubscribe(self._store, self._subscribers, project=project, number=number)
        except StoreError as error:  # its endpoint will say so again after a restart
            log.error("subscription not deleted", subscription=number, error=str(error))  # noqa: TRY400 - the reader needs no traceback

    async def refresh(self) -> None:
        """Honour what another process subscribed, and what it removed. Raises StoreError."""
        known = self._subscribers.numbers
        there = await self._store.subscription_numbers()
        for number in known - there:
            log.info("subscription removed", subscription=number)
            self._subscribers.remove(number)
        if there - known:
            for one in await self._store.subscriptions():
                if one.number not in self._subscribers.numbers:
                    self._subscribers.add(one)
