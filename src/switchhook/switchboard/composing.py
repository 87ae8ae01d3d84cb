"""From what the engine ordered to what is stored and who carries out what. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from switchhook.domain.call import Call
from switchhook.domain.event import EventMail, EventWebhook, Subscription
from switchhook.domain.secrecy import written
from switchhook.routing.commands import (
    AskWebhook,
    EmitEvent,
    PhoneCommand,
    WriteJournal,
)
from switchhook.storage.records import CallRecord
from switchhook.webhooks.delivery import Delivery, delivery_id
from switchhook.webhooks.dialects.call_notification import STATUS, notification, wants
from switchhook.webhooks.listeners import listeners
from switchhook.webhooks.mail import MAIL_CODES, MAIL_SECONDS, NOBODY, render_mail
from switchhook.webhooks.parameters import Facts
from switchhook.webhooks.request import render_event, render_notification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.caller_history import Caller
    from switchhook.domain.outside import OutsideUse
    from switchhook.routing.commands import Command

FactsOf = Callable[[Call], Mapping[str, str]]
"""Returns what may be told of a call from outside it, under parameters' keys."""

SubscriptionsOf = Callable[[str], Sequence[Subscription]]
"""Returns the subscriptions of the project with this id."""

SUBSCRIBER_SUCCESS: Final = tuple(range(200, 300))
"""Which statuses of a subscriber count as delivered: it says yes in its own way."""
SUBSCRIBER_TIMEOUT: Final = 15.0
"""Seconds for the whole exchange."""


def known_at_arrival(call: Call) -> Mapping[str, str]:
    """Return no more facts from outside a call than it came with."""
    return dict(call.known)


def nobody(_project: str) -> Sequence[Subscription]:
    """Return no subscriptions."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """What it takes, besides the call, to tell those who listen of an event."""

    product: str
    """The User-Agent of webhooks that set none."""
    facts_of: FactsOf = known_at_arrival
    subscriptions_of: SubscriptionsOf = nobody
    mail_from: str = NOBODY
    """The sender of mail."""


def compose(
    call: Call,
    commands: Sequence[Command],
    teller: Teller,
    *,
    callers: tuple[Caller, ...] = (),
    outside: tuple[OutsideUse, ...] = (),
) -> CallRecord:
    """Return what must be durable before `commands` are carried out.

    `callers` and `outside` are what is known now.
    """
    return CallRecord(
        call=written(call),
        entries=tuple(command.entry for command in commands if isinstance(command, WriteJournal)),
        deliveries=tuple(
            delivery
            for command in commands
            if isinstance(command, EmitEvent)
            for delivery in promises(command, teller)
        ),
        callers=callers,
        outside=outside,
    )


def promises(tell: EmitEvent, teller: Teller) -> Iterator[Delivery]:
    """Render an event once for each who wants it."""
    facts = Facts(call=tell.call, now=tell.at, extra=teller.facts_of(tell.call))
    for listener in listeners(tell.call, tell.event):
        match listener:
            case EventWebhook():
                yield _to_webhook(listener, tell, facts, teller)
            case EventMail():
                for recipient in listener.to:
                    yield _to_person(listener, recipient, tell, facts, teller)
            case _:
                assert_never(listener)
    yield from _to_subscribers(tell, teller)


def _to_webhook(webhook: EventWebhook, tell: EmitEvent, facts: Facts, teller: Teller) -> Delivery:
    call = tell.call
    name = delivery_id(call.id, tell.seq, webhook.name)
    return Delivery(
        id=name,
        project=call.plan.project.id,
        call=call.id,
        seq=tell.seq,
        event=tell.event,
        webhook=webhook.name,
        occurred_at=tell.at,
        request=render_event(webhook, facts, delivery_id=name, product=teller.product),
        success_codes=webhook.success_codes,
        response_timeout=webhook.response_timeout,
        keep_alive=webhook.keep_alive,
    )


def _to_person(
    mail: EventMail, recipient: str, tell: EmitEvent, facts: Facts, teller: Teller
) -> Delivery:
    """Each person has a delivery: where one address is refused, the others neither miss it nor get it twice."""
    call = tell.call
    name = delivery_id(call.id, tell.seq, mail.name, recipient)
    return Delivery(
        id=name,
        project=call.plan.project.id,
        call=call.id,
        seq=tell.seq,
        event=tell.event,
        webhook=mail.name,
        occurred_at=tell.at,
        request=render_mail(mail, recipient, facts, delivery_id=name, sender=teller.mail_from),
        success_codes=MAIL_CODES,
        response_timeout=MAIL_SECONDS,
        keep_alive=False,
    )


def _to_subscribers(tell: EmitEvent, teller: Teller) -> Iterator[Delivery]:
    """Write a notification once for all who subscribed to it."""
    status = STATUS.get(tell.event)
    if status is None:
        return
    project = tell.call.plan.project.id
    told = [
        one for one in teller.subscriptions_of(project) if wants(one, status, tell.call.direction)
    ]
    body = notification(tell.call, status, at=tell.at) if told else b""
    for subscription in told:
        name = delivery_id(tell.call.id, tell.seq, subscription.webhook)
        yield Delivery(
            id=name,
            project=project,
            call=tell.call.id,
            seq=tell.seq,
            event=tell.event,
            webhook=subscription.webhook,
            occurred_at=tell.at,
            request=render_notification(
                subscription, body, delivery_id=name, product=teller.product
            ),
            success_codes=SUBSCRIBER_SUCCESS,
            response_timeout=SUBSCRIBER_TIMEOUT,
        )


def phone_commands(commands: Sequence[Command]) -> Iterator[PhoneCommand]:
    """Yield what the driver has to do, in order."""
    for command in commands:
        if not isinstance(command, AskWebhook | WriteJournal | EmitEvent):
            yield command


def webhooks_to_ask(commands: Sequence[Command]) -> Iterator[AskWebhook]:
    """Yield the webhooks that have to be asked."""
    return (command for command in commands if isinstance(command, AskWebhook))
