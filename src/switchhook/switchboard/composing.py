"""From what the engine ordered to what is stored and who carries out what. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from switchhook.domain.call import Call
from switchhook.domain.secrecy import written
from switchhook.routing.commands import (
    AskWebhook,
    PhoneCommand,
    Record,
    Tell,
)
from switchhook.storage.records import CallRecord
from switchhook.webhooks.delivery import Delivery
from switchhook.webhooks.parameters import Facts
from switchhook.webhooks.request import render_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchhook.domain.known import Caller
    from switchhook.routing.commands import Command

FactsOf = Callable[[Call], Mapping[str, str]]
"""Returns what may be told of a call from outside it, under parameters' keys."""


def known_at_arrival(call: Call) -> Mapping[str, str]:
    """Return no more facts from outside a call than it came with."""
    return dict(call.known)


def compose(
    call: Call,
    commands: Sequence[Command],
    product: str,
    *,
    facts_of: FactsOf = known_at_arrival,
    callers: tuple[Caller, ...] = (),
) -> CallRecord:
    """Return what must be durable before `commands` are carried out.

    `facts_of` returns what events are told of a call from outside it; `callers` are what is known now.
    """
    return CallRecord(
        call=written(call),
        entries=tuple(command.entry for command in commands if isinstance(command, Record)),
        deliveries=tuple(
            delivery
            for command in commands
            if isinstance(command, Tell)
            for delivery in promises(command, product, facts_of)
        ),
        callers=callers,
    )


def promises(tell: Tell, product: str, facts_of: FactsOf = known_at_arrival) -> Iterator[Delivery]:
    """Render an event once for each webhook of the call's project that wants it."""
    call = tell.call
    for webhook in call.plan.project.event_webhooks:
        if webhook.event is not tell.event:
            continue
        delivery_id = f"{call.id}.{tell.seq}.{quote(webhook.name, safe='')}"
        facts = Facts(call=call, now=tell.at, extra=facts_of(call))
        yield Delivery(
            id=delivery_id,
            project=call.plan.project.id,
            call=call.id,
            seq=tell.seq,
            event=tell.event,
            webhook=webhook.name,
            occurred_at=tell.at,
            request=render_event(webhook, facts, delivery_id=delivery_id, product=product),
            success_codes=webhook.success_codes,
            response_timeout=webhook.response_timeout,
            keep_alive=webhook.keep_alive,
        )


def phone_commands(commands: Sequence[Command]) -> Iterator[PhoneCommand]:
    """Yield what the telephone side has to do, in order."""
    for command in commands:
        if not isinstance(command, AskWebhook | Record | Tell):
            yield command


def webhooks_to_ask(commands: Sequence[Command]) -> Iterator[AskWebhook]:
    """Yield the webhooks that have to be asked."""
    return (command for command in commands if isinstance(command, AskWebhook))
