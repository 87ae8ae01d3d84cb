"""The exact bytes that an endpoint would be sent, without sending them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin, split
from switchhook.delivery.http.wire import render
from switchhook.domain.event import EventKind, EventMail, EventWebhook, ProjectEvent
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.failure import FailureKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber
from switchhook.storage.delivery import DeliveryRequest, delivery_id
from switchhook.switchboard.ask_dialects import DialPlanDialect, ForwardingNumberDialect
from switchhook.tryout.examples import ExampleError, example_facts
from switchhook.tryout.lookup import find_webhook
from switchhook.webhooks.authentication import authenticated
from switchhook.webhooks.dialects import event_stream
from switchhook.webhooks.mail import DEFAULT_SENDER, render_mail
from switchhook.webhooks.request import render_event, render_stream_event

if TYPE_CHECKING:
    from switchhook.domain.event_stream import StreamWebhook
    from switchhook.tryout.examples import Example
    from switchhook.tryout.lookup import AskedWebhook
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.parameters import CallFacts

FAILED = FailureKind.CONNECT_TIMEOUT
"""The example failure that a fallback URL gets."""

FETCHED = "ACCESS-TOKEN"
"""Stands for the access token, which is fetched where something is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One request, and where it would go; of an event mail, its message."""

    webhook: str
    request: DeliveryRequest
    data: bytes
    """The bytes on the wire, with secrets."""
    origin: Origin | None
    """None: the mail server's."""
    is_fallback: bool = False


def preview_requests(
    snapshot: ProjectSnapshot,
    name: str,
    example: Example,
    *,
    now: float,
    product: str,
    mail_from: str = DEFAULT_SENDER,
) -> tuple[Preview, ...]:
    """Build the request of a webhook for the example call, and behind it the one to its fallback URL.

    Of an event mail, the message to its first recipient. Raises NoSuchWebhookError, and ExampleError where the call or a URL of the webhook is of no use.
    """
    if (streamed := snapshot.stream_webhooks.get(name)) is not None:
        return (_stream_event(streamed, snapshot, example, now=now, product=product),)
    webhook = find_webhook(snapshot, name)
    if isinstance(webhook, EventMail):
        facts = example_facts(snapshot, webhook, example, now=now)
        return (_mail(webhook, facts, example, mail_from),)
    requests = _render(webhook, snapshot, example, now=now, product=product)
    id_ = f"{example.id}-1"
    if isinstance(webhook, EventWebhook):
        id_ = delivery_id(example.id, 1, webhook.name)
    token = FETCHED if webhook.credentials.oauth else ""
    requests = tuple(
        authenticated(request, webhook.credentials, id_=id_, at=now, access_token=token)
        for request in requests
    )
    try:
        return tuple(
            _preview(webhook.name, request, is_fallback=place > 0)
            for place, request in enumerate(requests)
        )
    except ExchangeError as error:
        raise ExampleError(f"{webhook.name}: {error.failure.detail}") from error


def _preview(name: str, request: HttpRequest, *, is_fallback: bool) -> Preview:
    where, target = split(request.url)
    return Preview(
        webhook=name,
        request=request,
        data=render(request, target),
        origin=Origin.parse(where),
        is_fallback=is_fallback,
    )


def _stream_event(
    webhook: StreamWebhook, snapshot: ProjectSnapshot, example: Example, *, now: float, product: str
) -> Preview:
    """Show the event of the example call's end, or of its begin where that alone is wanted."""
    ends = (StreamEventType.CALL_ENDED, StreamEventType.CALL_CREATED)
    shown = next((one for one in ends if webhook.wants(one)), None)
    if shown is None:
        raise ExampleError(f"{webhook.name}: a preview shows {' or '.join(reversed(ends))} alone")
    kind = INCOMING_MOMENTS[shown]
    action = EventWebhook(name=webhook.name, url=webhook.url)
    event = ProjectEvent(name=webhook.name, event=kind, webhooks=(action,))
    told_so = ProjectSnapshot(replace(snapshot.project, events=(event,)))
    facts = example_facts(told_so, action, example, now=now)
    told = event_stream.StreamFacts(type=shown, seq=1, at=now, call=facts.call, facts=facts.extra)
    id_ = event_stream.event_id(example.id, 1)
    request = render_stream_event(webhook, event_stream.write(told), event=id_, product=product)
    token = FETCHED if webhook.credentials.oauth else ""
    signed = authenticated(request, webhook.credentials, id_=id_, at=now, access_token=token)
    try:
        return _preview(webhook.name, signed, is_fallback=False)
    except ExchangeError as error:
        raise ExampleError(f"{webhook.name}: {error.failure.detail}") from error


INCOMING_MOMENTS: Final = {
    StreamEventType.CALL_ENDED: EventKind.INCOMING_AFTER,
    StreamEventType.CALL_CREATED: EventKind.INCOMING_BEFORE,
}
"""The event at whose moment the example call is told."""


def _mail(webhook: EventMail, facts: CallFacts, example: Example, sender: str) -> Preview:
    recipient = webhook.to[0]
    delivery = delivery_id(example.id, 1, webhook.name, recipient)
    mail = render_mail(webhook, recipient, facts, delivery_id=delivery, sender=sender)
    return Preview(webhook=webhook.name, request=mail, data=mail.message, origin=None)


def _render(
    webhook: AskedWebhook | EventWebhook,
    snapshot: ProjectSnapshot,
    example: Example,
    *,
    now: float,
    product: str,
) -> tuple[HttpRequest, ...]:
    facts = example_facts(snapshot, webhook, example, now=now)
    match webhook:
        case ForwardingNumber():
            return _asks(
                ForwardingNumberDialect(
                    webhook=webhook, facts=facts, ask_id=f"{example.id}-1", product=product
                )
            )
        case DialPlanWebhook():
            code = example.code if webhook.use_ivr else ""
            return _asks(DialPlanDialect(webhook=webhook, facts=facts, code=code, product=product))
        case EventWebhook():
            delivery = delivery_id(example.id, 1, webhook.name)
            return (render_event(webhook, facts, delivery_id=delivery, product=product),)
        case _:
            assert_never(webhook)


def _asks(dialect: ForwardingNumberDialect | DialPlanDialect) -> tuple[HttpRequest, ...]:
    first, fallback = dialect.webhook.first_url, dialect.webhook.fallback_url
    if not fallback:
        return (dialect.request(first),)
    error_parameters = (("error_code", FAILED.value), ("error_url", dialect.public_url(first)))
    return dialect.request(first), dialect.request(fallback, error_parameters)
