"""Renders the requests of every dialect. Exact bytes; no I/O, no clock, no chance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.webhook import table_of
from switchhook.webhooks.dialects import (
    call_notification,
    call_tracking,
    dial_plan,
    event,
    event_stream,
    forwarding_number,
)
from switchhook.webhooks.dialects.dial_plan import public_url
from switchhook.webhooks.dialects.event import (
    content_type,
    event_method,
    has_body,
    why_not_sent,
)
from switchhook.webhooks.dialects.forwarding_number import effective_method
from switchhook.webhooks.dialects.table import table_request
from switchhook.webhooks.secrets import secrets_of

if TYPE_CHECKING:
    from switchhook.domain.event import EventWebhook, Subscription
    from switchhook.domain.event_stream import StreamWebhook
    from switchhook.domain.tracking.call_tracking import Slot, TrackingScenario
    from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.parameters import CallFacts
    from switchhook.webhooks.request_headers import ErrorParameters


def render_ask(
    webhook: ForwardingNumber,
    facts: CallFacts,
    *,
    ask_id: str,
    product: str,
    url: str = "",
    error_parameters: ErrorParameters = (),
) -> HttpRequest:
    """Build the request that asks where the call goes. Never raises.

    `ask_id` becomes the id of a JSON-RPC call; `product` is the default User-Agent.
    `url` stands in place of the webhook's own, and `error_parameters` tells it why, at the end of its query.
    A URL that is none comes out unfit to be sent, for the sender to refuse.
    """
    if name := table_of(url or webhook.url):
        return table_request(name, facts)
    request = forwarding_number.render(
        webhook, facts, ask_id=ask_id, product=product, url=url, error_parameters=error_parameters
    )
    return replace(request, secrets=secrets_of(webhook))


def render_dial_plan_ask(
    webhook: DialPlanWebhook,
    facts: CallFacts,
    *,
    product: str,
    code: str = "",
    url: str = "",
    error_parameters: ErrorParameters = (),
) -> HttpRequest:
    """Build the request that asks which branch a call goes into. Never raises.

    `code` is what the caller entered, as it was keyed, leading zeros and all; empty without an IVR menu.
    What is logged or kept of the exchange goes through `secrecy.hidden` first. `url` is a template that stands in
    place of the webhook's own, and `error_parameters` tells it why.
    """
    if name := table_of(url or webhook.url_template):
        return table_request(name, facts, code=code)
    request = dial_plan.render(
        webhook, facts, code=code, product=product, url=url, error_parameters=error_parameters
    )
    return replace(request, secrets=secrets_of(webhook))


def render_event(
    webhook: EventWebhook, facts: CallFacts, *, delivery_id: str, product: str
) -> HttpRequest:
    """Build the request that tells of an event, once for all attempts. Never raises."""
    return event.render(webhook, facts, delivery_id=delivery_id, product=product)


def render_notification(
    subscription: Subscription, body: bytes, *, delivery_id: str, product: str
) -> HttpRequest:
    """Build the request that brings a call notification to a subscriber. Never raises."""
    return call_notification.render(subscription, body, delivery_id=delivery_id, product=product)


def render_stream_event(
    webhook: StreamWebhook, body: bytes, *, event: str, product: str
) -> HttpRequest:
    """Build the request that brings an event of the stream to a webhook; `event` is its id. Never raises."""
    return event_stream.render(webhook, body, event=event, product=product)


def render_call_tracking(
    tracking: TrackingScenario, slot: Slot, facts: CallFacts, *, delivery_id: str, product: str
) -> HttpRequest:
    """Build the post of one moment of a call, once for all attempts. Never raises."""
    told = call_tracking.members(tracking, slot, facts)
    return call_tracking.render(
        tracking, slot, told, delivery_id=delivery_id, product=product, facts=facts
    )


__all__ = [
    "content_type",
    "effective_method",
    "event_method",
    "has_body",
    "public_url",
    "render_ask",
    "render_call_tracking",
    "render_dial_plan_ask",
    "render_event",
    "render_notification",
    "render_stream_event",
    "why_not_sent",
]
