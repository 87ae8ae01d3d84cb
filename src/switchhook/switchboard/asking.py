"""Putting a call to its webhook while the caller waits: facts to request, response to event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from switchhook.domain.failure import Failure
from switchhook.domain.webhook import Dialect
from switchhook.routing.events import AskFailed, DirectionGiven, SchemeGiven, VerdictGiven
from switchhook.switchboard.composing import known_at_arrival
from switchhook.switchboard.ladder import Ladder
from switchhook.webhooks.answer import (
    Ack,
    Direction,
    SchemeId,
    read_dial_plan_answer,
)
from switchhook.webhooks.parameters import Facts
from switchhook.webhooks.request import masked, render_dial_plan_ask

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.journal import Facts as JournalFacts
    from switchhook.domain.webhook import DialPlanWebhook
    from switchhook.routing.commands import AskWebhook
    from switchhook.switchboard.composing import FactsOf
    from switchhook.switchboard.ladder import Climbed
    from switchhook.switchboard.ports import Asker
    from switchhook.webhooks.answer import DialPlanReading
    from switchhook.webhooks.http import Exchange

Heard = DirectionGiven | SchemeGiven | VerdictGiven | AskFailed
"""What the engine hears of an ask."""
ANSWER_SHOWN = 200
"""Characters of an answer's body that the journal keeps."""


class Asking:
    """Knows how to ask every dialect; holds nothing of a call."""

    def __init__(
        self,
        asker: Asker,
        product: str,
        *,
        facts_of: FactsOf = known_at_arrival,
        ladder: Ladder | None = None,
    ) -> None:
        """`facts_of` returns what endpoints may be told of a call from outside it."""
        self.ladder = Ladder(asker, product) if ladder is None else ladder
        self._facts_of = facts_of
        self._asker = asker
        self._product = product

    async def ask(self, call: Call, ask: AskWebhook, *, now: float) -> Heard:
        """Return what the webhook's answer, or the lack of one, means for the call."""
        match ask.dialect:
            case Dialect.FORWARDING_NUMBER:
                return await self._ask_forwarding_number(call, ask, now)
            case Dialect.DIAL_PLAN:
                return await self._ask_dial_plan(call, ask, now)

    async def _ask_forwarding_number(self, call: Call, ask: AskWebhook, now: float) -> Heard:
        webhook = call.plan.webhooks[ask.webhook]
        facts = Facts(call=call, now=now, webhook=webhook, extra=self._facts_of(call))
        climbed = await self.ladder.climb(webhook, facts, ask.ask)
        return to_event(ask.ask, climbed)

    async def _ask_dial_plan(self, call: Call, ask: AskWebhook, now: float) -> Heard:
        webhook = call.plan.dial_plan_webhooks[ask.webhook]
        facts = Facts(call=call, now=now, extra=self._facts_of(call))
        request = render_dial_plan_ask(webhook, facts, code=ask.code, product=self._product)
        exchange = await self._asker.ask(call, request, deadline=webhook.response_timeout)
        if exchange.response is None:
            heard: Heard = _unanswered(ask, exchange)
        else:
            reading = read_dial_plan_answer(webhook, exchange.response, call.plan)
            heard = to_verdict(ask.ask, reading, exchange)
        return hide_code(heard, webhook, ask.code)


def _unanswered(ask: AskWebhook, exchange: Exchange) -> AskFailed:
    failure = exchange.failure
    assert failure is not None  # noqa: S101 (an exchange has one or the other)
    return AskFailed(ask=ask.ask, failure=failure, exchange=summary(exchange))


def to_event(ask: str, climbed: Climbed) -> Heard:
    """Translate what came of an ask into what the engine hears."""
    reading, notices = climbed.reading, (*earlier(climbed), *climbed.reading.notices)
    facts = tries(climbed)
    if climbed.exchange is not None:
        facts = (*summary(climbed.exchange), *facts)
    if climbed.exchange is not None and climbed.exchange.response is not None:
        facts = (*facts, ("read_as", reading.step))
    match reading.decision:
        case Direction(targets=targets):
            return DirectionGiven(ask=ask, targets=targets, notices=notices, exchange=facts)
        case SchemeId(id=scheme):
            return SchemeGiven(ask=ask, scheme=scheme, notices=notices, exchange=facts)
        case Failure() as failure:
            return AskFailed(ask=ask, failure=failure, notices=notices, exchange=facts)
        case _:
            assert_never(reading.decision)


def to_verdict(ask: str, reading: DialPlanReading, exchange: Exchange) -> Heard:
    """Translate a reading of the dial-plan dialect into what the engine hears."""
    facts = (*summary(exchange), ("read_as", reading.step))
    verdict = reading.verdict
    if isinstance(verdict, Failure):
        return AskFailed(ask=ask, failure=verdict, notices=reading.notices, exchange=facts)
    return VerdictGiven(
        ask=ask,
        accepted=isinstance(verdict, Ack),
        text="ACK" if isinstance(verdict, Ack) else str(verdict),
        destination=reading.destination,
        caller_name=reading.caller_name or "",
        variables=reading.variables,
        notices=reading.notices,
        exchange=facts,
    )


def hide_code(heard: Heard, webhook: DialPlanWebhook, code: str) -> Heard:
    """Hide the entered code in all that goes into the journal (S-25); an answer may repeat it."""

    def hidden(text: str) -> str:
        return masked(webhook, text, code=code)

    heard = replace(
        heard,
        notices=tuple(map(hidden, heard.notices)),
        exchange=tuple((name, hidden(value)) for name, value in heard.exchange),
    )
    if isinstance(heard, AskFailed):
        detail = hidden(heard.failure.detail)
        return replace(heard, failure=replace(heard.failure, detail=detail))
    return heard


def earlier(climbed: Climbed) -> tuple[str, ...]:
    """Say for people what was tried before the last try, and why that was not enough."""
    return tuple(str(one) for one in climbed.tries[:-1])


def tries(climbed: Climbed) -> JournalFacts:
    """Say for programs what was tried, where that was more than once or nothing at all."""
    if len(climbed.tries) == 1 and not climbed.tries[0].skipped:
        return ()
    return tuple((f"try_{number}", one.summary) for number, one in enumerate(climbed.tries, 1))


def summary(exchange: Exchange) -> JournalFacts:
    """Return what the journal keeps of an exchange, and how many seconds each part of it took.

    The query may hold secrets and stays out.
    """
    where = exchange.request.url.partition("?")[0]
    facts = [("request", f"{exchange.request.method} {where}"), ("address", exchange.address)]
    facts += [(f"seconds_{phase}", f"{took:.4f}") for phase, took in exchange.seconds]
    if exchange.response is not None:
        body = exchange.response.body[: 4 * ANSWER_SHOWN].decode("utf-8", "replace")
        facts += [("status", str(exchange.response.status)), ("body", body[:ANSWER_SHOWN])]
    return tuple(facts)
