"""Putting a call to its webhook while the caller waits: facts to request, response to event."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import structlog

from switchhook.domain.failure import Failure
from switchhook.domain.webhook import Dialect
from switchhook.routing.events import AskFailed, DirectionGiven, SchemeGiven, VerdictGiven
from switchhook.switchboard.composing import known_at_arrival
from switchhook.switchboard.ladder import Ladder
from switchhook.switchboard.questions import BranchQuestion, DirectionQuestion
from switchhook.webhooks.answer import Ack, Direction, Nak, SchemeId
from switchhook.webhooks.parameters import Facts
from switchhook.webhooks.url import bare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.call import Call
    from switchhook.domain.journal import Facts as JournalFacts
    from switchhook.routing.commands import AskWebhook
    from switchhook.switchboard.composing import FactsOf
    from switchhook.switchboard.ladder import Climbed, Try
    from switchhook.switchboard.ports import Asker
    from switchhook.webhooks.answer import DialPlanReading, Reading, Understood
    from switchhook.webhooks.http import Exchange

log = structlog.get_logger(__name__)

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
        self.ladder = Ladder(asker) if ladder is None else ladder
        self._facts_of = facts_of
        self._product = product

    async def ask(self, call: Call, ask: AskWebhook, *, now: float) -> Heard:
        """Return what the webhook's answer, or the lack of one, means for the call."""
        match ask.dialect:
            case Dialect.FORWARDING_NUMBER:
                question = self._direction(call, ask, now)
                heard = to_event(ask.ask, await self.ladder.climb(question))
            case Dialect.DIAL_PLAN:
                branch = self._branch(call, ask, now)
                heard = to_verdict(ask.ask, await self.ladder.climb(branch))
        if isinstance(heard, AskFailed):
            _note_failed(call, ask, heard)
        return heard

    def _direction(self, call: Call, ask: AskWebhook, now: float) -> DirectionQuestion:
        webhook = call.plan.webhooks[ask.webhook]
        facts = Facts(call=call, now=now, webhook=webhook, extra=self._facts_of(call))
        return DirectionQuestion(
            webhook=webhook, facts=facts, ask_id=ask.ask, product=self._product
        )

    def _branch(self, call: Call, ask: AskWebhook, now: float) -> BranchQuestion:
        webhook = call.plan.dial_plan_webhooks[ask.webhook]
        facts = Facts(call=call, now=now, extra=self._facts_of(call))
        return BranchQuestion(webhook=webhook, facts=facts, code=ask.code, product=self._product)


def _note_failed(call: Call, ask: AskWebhook, failed: AskFailed) -> None:
    log.info(
        "ask failed",
        call=call.id,
        project=call.plan.project.id,
        webhook=ask.webhook,
        failure=str(failed.failure),
    )


def to_event(ask: str, climbed: Climbed[Reading]) -> Heard:
    """Translate what came of asking a forwarding number into what the engine hears."""
    decision, notices, facts = climbed.reading.decision, notices_of(climbed), how_it_came(climbed)
    match decision:
        case Direction(targets=targets):
            return DirectionGiven(ask=ask, targets=targets, notices=notices, exchange=facts)
        case SchemeId(id=scheme):
            return SchemeGiven(ask=ask, scheme=scheme, notices=notices, exchange=facts)
        case Failure() as failure:
            return AskFailed(ask=ask, failure=failure, notices=notices, exchange=facts)
        case _:
            assert_never(decision)


def to_verdict(ask: str, climbed: Climbed[DialPlanReading]) -> Heard:
    """Translate what came of asking a dial-plan webhook into what the engine hears."""
    reading, notices, facts = climbed.reading, notices_of(climbed), how_it_came(climbed)
    match reading.verdict:
        case Ack() | Nak() as verdict:
            return VerdictGiven(
                ask=ask,
                accepted=isinstance(verdict, Ack),
                text=str(verdict),
                destination=reading.destination,
                caller_name=reading.caller_name or "",
                variables=reading.variables,
                notices=notices,
                exchange=facts,
            )
        case Failure() as failure:
            return AskFailed(ask=ask, failure=failure, notices=notices, exchange=facts)
        case _:
            assert_never(reading.verdict)


def notices_of(climbed: Climbed[Understood]) -> tuple[str, ...]:
    """Say for people what else was tried and why that was not enough, and how the answer came and was read."""
    return (*others(climbed), *_carriage(climbed.exchange), *climbed.reading.notices)


def _carriage(exchange: Exchange | None) -> Iterator[str]:
    """Say for people what was done on the way that they would not expect."""
    if exchange is not None and exchange.left_out:
        yield (
            f"redirected to {exchange.redirects[-1]} without {', '.join(exchange.left_out)}: that is for the "
            "webhook's own origin alone. Set its URL to where it leads if it may have it"
        )
    if exchange is not None and exchange.has_lost_body:
        yield (
            "redirected by a status that asks again by GET, without the body and the values in it. Set its URL to"
            " where it leads, or answer 307 or 308"
        )
    if exchange is not None and exchange.response is not None and exchange.response.remark:
        yield exchange.response.remark


def how_it_came(climbed: Climbed[Understood]) -> JournalFacts:
    """Say for programs how the answer came, and how it was read."""
    if climbed.exchange is None:
        return tries(climbed)
    facts = (*summary(climbed.exchange), *tries(climbed))
    if climbed.exchange.response is None:
        return facts
    size = read_try(climbed).size  # of the body before anything was hidden in it
    return (*facts, ("bytes", str(size)), ("read_as", climbed.reading.step))


def others(climbed: Climbed[Understood]) -> tuple[str, ...]:
    """Say for people what was tried, or held back, besides the try that the reading is of."""
    read = read_try(climbed)
    return tuple(str(one) for one in climbed.tries if one is not read)


def read_try(climbed: Climbed[Understood]) -> Try:
    """Return the try that the reading is of: the last that was asked, else the last that was held back."""
    asked = [one for one in climbed.tries if not one.skipped]
    return (asked or climbed.tries)[-1]


def tries(climbed: Climbed[Understood]) -> JournalFacts:
    """Say for programs what was tried, where that was more than once or nothing at all."""
    if len(climbed.tries) == 1 and not climbed.tries[0].skipped:
        return ()
    return tuple((f"try_{number}", one.summary) for number, one in enumerate(climbed.tries, 1))


def summary(exchange: Exchange) -> JournalFacts:
    """Return what the journal keeps of an exchange, and how many seconds each part of it took.

    The query may hold secrets and stays out.
    """
    request = f"{exchange.request.method} {bare(exchange.request.url)}"
    facts = [("request", request), ("address", exchange.address)]
    if exchange.redirects:
        facts.append(("redirected_to", ", ".join(exchange.redirects)))
    if exchange.left_out:
        facts.append(("left_out", ", ".join(exchange.left_out)))
    facts += [(f"seconds_{phase}", f"{took:.4f}") for phase, took in exchange.seconds]
    if exchange.response is not None:
        body = exchange.response.body[: 4 * ANSWER_SHOWN].decode("utf-8", "replace")
        facts += [("status", str(exchange.response.status)), ("body", body[:ANSWER_SHOWN])]
    return tuple(facts)
