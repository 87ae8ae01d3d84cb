"""Putting a call to its webhook while the caller waits: facts to request, response to event."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from switchhook.domain.failure import Failure
from switchhook.routing.events import AskFailed, DirectionGiven, SchemeGiven
from switchhook.webhooks.answer import Direction, SchemeId, read_answer
from switchhook.webhooks.parameters import Facts
from switchhook.webhooks.request import render_ask

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.journal import Facts as JournalFacts
    from switchhook.routing.commands import AskWebhook
    from switchhook.switchboard.ports import Asker
    from switchhook.webhooks.answer import Reading
    from switchhook.webhooks.http import Exchange

ANSWER_SHOWN = 200
"""Characters of an answer's body that the journal keeps."""


class Asking:
    """Knows how to ask every dialect; holds nothing of a call."""

    def __init__(self, asker: Asker, product: str) -> None:
        self._asker = asker
        self._product = product

    async def ask(
        self, call: Call, ask: AskWebhook, *, now: float
    ) -> DirectionGiven | SchemeGiven | AskFailed:
        """Return what the webhook's answer, or the lack of one, means for the call."""
        webhook = call.plan.webhooks[ask.webhook]
        facts = Facts(call=call, now=now, webhook=webhook)
        request = render_ask(webhook, facts, ask_id=ask.ask, product=self._product)
        exchange = await self._asker.ask(call, request, deadline=webhook.response_timeout)
        if exchange.response is None:
            failure = exchange.failure
            assert failure is not None  # noqa: S101 (an exchange has one or the other)
            return AskFailed(ask=ask.ask, failure=failure, exchange=summary(exchange))
        reading = read_answer(webhook, exchange.response, call.plan, ask_id=ask.ask)
        return to_event(ask.ask, reading, exchange)


def to_event(
    ask: str, reading: Reading, exchange: Exchange
) -> DirectionGiven | SchemeGiven | AskFailed:
    """Translate a reading into what the engine hears."""
    facts = (*summary(exchange), ("read_as", reading.step))
    match reading.decision:
        case Direction(targets=targets):
            return DirectionGiven(ask=ask, targets=targets, notices=reading.notices, exchange=facts)
        case SchemeId(id=scheme):
            return SchemeGiven(ask=ask, scheme=scheme, notices=reading.notices, exchange=facts)
        case Failure() as failure:
            return AskFailed(ask=ask, failure=failure, notices=reading.notices, exchange=facts)
        case _:
            assert_never(reading.decision)


def summary(exchange: Exchange) -> JournalFacts:
    """Return what the journal keeps of an exchange. The query may hold secrets and stays out."""
    where = exchange.request.url.partition("?")[0]
    facts = [("request", f"{exchange.request.method} {where}"), ("address", exchange.address)]
    if exchange.response is not None:
        body = exchange.response.body[: 4 * ANSWER_SHOWN].decode("utf-8", "replace")
        facts += [("status", str(exchange.response.status)), ("body", body[:ANSWER_SHOWN])]
    return tuple(facts)
