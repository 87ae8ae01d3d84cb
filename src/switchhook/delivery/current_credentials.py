"""What a waiting delivery proves itself with: the secrets of today, for where its webhook leads today. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.delivery.policy import origin_of, receiver_of
from switchhook.domain.credentials import NO_CREDENTIALS
from switchhook.domain.event import EventMail
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.tracking.call_tracking import TrackingScenario
from switchhook.webhooks.mail import Mail
from switchhook.webhooks.url import url_template

if TYPE_CHECKING:
    from switchhook.domain.credentials import Credentials
    from switchhook.domain.event import EventWebhook, Subscription
    from switchhook.domain.event_stream import StreamWebhook
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.delivery import Delivery


def credentials_of(
    delivery: Delivery, snapshot: ProjectSnapshot | None, subscription: Subscription | None
) -> Credentials | Failure:
    """Return what its project or its subscriber says now.

    Secrets are not taken to another origin than the webhook's: a delivery that would is not sent. Who is in the
    project no longer has none.
    """
    if isinstance(delivery.request, Mail):
        return NO_CREDENTIALS
    if delivery.is_to_subscriber:
        found = NO_CREDENTIALS if subscription is None else subscription.credentials
        return NO_CREDENTIALS if found == NO_CREDENTIALS else found
    webhook = None if snapshot is None else receiver_of(delivery.webhook, snapshot)
    if webhook is None or isinstance(webhook, EventMail):
        return NO_CREDENTIALS
    if webhook.credentials == NO_CREDENTIALS:
        return NO_CREDENTIALS  # the one value, which is cheap to know
    there, now = origin_of(delivery.request.url), origins_of(webhook)
    if there in now:
        return webhook.credentials
    return Failure(
        kind=FailureKind.NOT_SET_UP,
        detail=f"The webhook leads to {' and '.join(now) or 'nowhere'} now, and its credentials are not for {there},"
        " where this was to go.",
    )


def origins_of(webhook: EventWebhook | StreamWebhook | TrackingScenario) -> list[str]:
    """Return where a webhook leads."""
    if isinstance(webhook, TrackingScenario):
        urls: tuple[str, ...] = (webhook.moment_url, webhook.after_url)
    else:
        urls = (webhook.url,)
    return [origin_of(url_template(url).origin) for url in urls if url]
