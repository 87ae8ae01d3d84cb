"""The exact bytes that an endpoint would be sent, without sending them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never
from urllib.parse import quote

from switchhook.delivery.failing import ExchangeError
from switchhook.delivery.origin import Origin, split
from switchhook.delivery.wire import render
from switchhook.domain.webhook import DialPlanWebhook, EventWebhook, ForwardingNumber
from switchhook.operations.examples import ExampleError, example_facts
from switchhook.operations.plans import find_webhook
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.request import render_ask, render_dial_plan_ask, render_event

if TYPE_CHECKING:
    from switchhook.domain.project import Plan
    from switchhook.operations.examples import Example
    from switchhook.operations.plans import AnyWebhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One request, and where it would go."""

    webhook: str
    request: HttpRequest
    data: bytes
    """What goes over the connection, secrets and all."""
    origin: Origin


def preview_request(
    plan: Plan, name: str, example: Example, *, now: float, product: str
) -> Preview:
    """Build the request of a webhook for the example call.

    Raises NoSuchWebhookError, and ExampleError where the call or the webhook's URL is of no use.
    """
    webhook = find_webhook(plan, name)
    request = _render(webhook, plan, example, now=now, product=product)
    try:
        where, target = split(request.url)
        return Preview(
            webhook=webhook.name,
            request=request,
            data=render(request, target),
            origin=Origin.parse(where),
        )
    except ExchangeError as error:
        raise ExampleError(f"{webhook.name}: {error.failure.detail}") from error


def _render(
    webhook: AnyWebhook, plan: Plan, example: Example, *, now: float, product: str
) -> HttpRequest:
    facts = example_facts(plan, webhook, example, now=now)
    match webhook:
        case ForwardingNumber():
            return render_ask(webhook, facts, ask_id=f"{example.id}-1", product=product)
        case DialPlanWebhook():
            code = example.code if webhook.use_ivr else ""
            return render_dial_plan_ask(webhook, facts, product=product, code=code)
        case EventWebhook():
            delivery = f"{example.id}.1.{quote(webhook.name, safe='')}"
            return render_event(webhook, facts, delivery_id=delivery, product=product)
        case _:
            assert_never(webhook)
