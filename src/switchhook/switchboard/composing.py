"""From what the engine ordered to what is stored and who carries out what. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from switchhook.webhooks.listeners import listeners
from switchhook.webhooks.parameters import Facts
from switchhook.webhooks.request import render_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchhook.domain.event import EventWebhook
    from switchhook.domain.known import Caller
    from switchhook.routing.commands import Command

FactsOf = Callable[[Call], Mapping[str, str]]
"""Returns what may be told of a call from outside it, under parameters' keys."""


def known_at_arrival(call: Call) -> Mapping[str, str]:
    """Return no more facts from outside a call than it came with."""
    return dict(call.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """What it takes, besides the call, to tell those who listen of an event."""

    product: str
    """The User-Agent of webhooks that set none."""
    facts_of: FactsOf = known_at_arrival


def compose(
    call: Call, commands: Sequence[Command], teller: Teller, *, callers: tuple[Caller, ...] = ()
) -> CallRecord:
    """Return what must be durable before `commands` are carried out; `callers` are what is known now."""
    return CallRecord(
        call=written(call),
        entries=tuple(command.entry for command in commands if isinstance(command, Record)),
        deliveries=tuple(
            delivery
            for command in commands
            if isinstance(command, Tell)
            for delivery in promises(command, teller)
        ),
        callers=callers,
    )


def promises(tell: Tell, teller: Teller) -> Iterator[Delivery]:
    """Render an event once for each who wants it."""
    facts = Facts(call=tell.call, now=tell.at, extra=teller.facts_of(tell.call))
    for listener in listeners(tell.call, tell.event):
        yield _to_webhook(listener, tell, facts, teller)


def _to_webhook(webhook: EventWebhook, tell: Tell, facts: Facts, teller: Teller) -> Delivery:
    call = tell.call
    delivery_id = f"{call.id}.{tell.seq}.{quote(webhook.name, safe='')}"
    return Delivery(
        id=delivery_id,
        project=call.plan.project.id,
        call=call.id,
        seq=tell.seq,
        event=tell.event,
        webhook=webhook.name,
        occurred_at=tell.at,
        request=render_event(webhook, facts, delivery_id=delivery_id, product=teller.product),
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
