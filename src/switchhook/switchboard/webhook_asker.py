"""Asks a webhook while the caller waits, and turns the result into the engine's event."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, assert_never

import structlog

from switchhook.domain.failure import Failure
from switchhook.domain.webhook import Dialect
from switchhook.routing.events import AskFailed, DirectionGiven, SchemeGiven, VerdictGiven
from switchhook.switchboard.ask_dialects import DialPlanDialect, ForwardingNumberDialect
from switchhook.switchboard.ask_runner import AskRunner
from switchhook.switchboard.outbox import known_at_arrival
from switchhook.switchboard.shadow import Heard
from switchhook.webhooks.answer import (
    Ack,
    DialPlanReading,
    ForwardingNumberReading,
    Nak,
    RingTargets,
    SchemeId,
)
from switchhook.webhooks.parameters import CallFacts
from switchhook.webhooks.secrets import request_lines, response_lines
from switchhook.webhooks.url import with_masked_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.call import Call
    from switchhook.domain.journal import EntryFacts as JournalFacts
    from switchhook.routing.commands import AskWebhook
    from switchhook.switchboard.ask_dialects import AskDialect
    from switchhook.switchboard.ask_runner import AskResult, Try
    from switchhook.switchboard.outbox import FactsOf
    from switchhook.switchboard.ports import AskSender
    from switchhook.switchboard.shadow import ShadowAsks
    from switchhook.webhooks.answer import AnswerReading
    from switchhook.webhooks.http import Exchange

log = structlog.get_logger(__name__)

R = TypeVar("R", ForwardingNumberReading, DialPlanReading)

AskOutcome = DirectionGiven | SchemeGiven | VerdictGiven | AskFailed
"""The event that an ask ends in."""
ANSWER_SHOWN = 200
"""Characters of an answer's body that the timeline shows."""
KEPT = 2_000
"""Characters of headers, and of a body, that the journal keeps of each side of an exchange."""


class WebhookAsker:
    """Asks in every dialect; holds nothing of a call."""

    def __init__(
        self,
        sender: AskSender,
        product: str,
        *,
        facts_of: FactsOf = known_at_arrival,
        runner: AskRunner | None = None,
        shadows: ShadowAsks | None = None,
    ) -> None:
        """`facts_of` returns what endpoints may be told of a call from outside it; without `shadows` none is asked."""
        self.runner = AskRunner(sender) if runner is None else runner
        self._facts_of = facts_of
        self._product = product
        self._shadows = shadows

    async def ask(self, call: Call, ask: AskWebhook, *, now: float) -> AskOutcome:
        """Return what the webhook's answer, or the lack of one, means for the call."""
        match ask.dialect:
            case Dialect.FORWARDING_NUMBER:
                dialect = self._direction(call, ask, now)
                outcome = direction_event(ask.ask, await self._run(ask, dialect))
            case Dialect.DIAL_PLAN:
                branch = self._branch(call, ask, now)
                outcome = verdict_event(ask.ask, await self._run(ask, branch))
        if isinstance(outcome, AskFailed):
            _log_failed(call, ask, outcome)
        return outcome

    async def _run(self, ask: AskWebhook, dialect: AskDialect[R]) -> AskResult[R]:
        """Run an ask, and beside it the one of its shadow."""
        shadow = None if self._shadows is None else self._shadows.begin(dialect)
        if self._shadows is None or shadow is None:
            return await self.runner.run(dialect)
        began = self.runner.clock()
        try:
            result = await self.runner.run(dialect)
        except BaseException:
            shadow.cancel()
            raise
        secrets = () if result.exchange is None else result.exchange.request.secrets
        first = Heard(reading=result.reading, seconds=self.runner.clock() - began, secrets=secrets)
        self._shadows.compare(shadow, ask, dialect, first)
        return result

    def _direction(self, call: Call, ask: AskWebhook, now: float) -> ForwardingNumberDialect:
        webhook = call.snapshot.webhooks[ask.webhook]
        facts = CallFacts(call=call, now=now, webhook=webhook, extra=self._facts_of(call))
        return ForwardingNumberDialect(
            webhook=webhook, facts=facts, ask_id=ask.ask, product=self._product
        )

    def _branch(self, call: Call, ask: AskWebhook, now: float) -> DialPlanDialect:
        webhook = call.snapshot.dial_plan_webhooks[ask.webhook]
        facts = CallFacts(call=call, now=now, extra=self._facts_of(call))
        return DialPlanDialect(webhook=webhook, facts=facts, code=ask.code, product=self._product)


def _log_failed(call: Call, ask: AskWebhook, failed: AskFailed) -> None:
    log.info(
        "ask failed",
        call=call.id,
        project=call.snapshot.project.id,
        webhook=ask.webhook,
        failure=str(failed.failure),
    )


def direction_event(ask: str, result: AskResult[ForwardingNumberReading]) -> AskOutcome:
    """Translate what came of asking a forwarding number into the engine's event."""
    decision, notices, facts = result.reading.decision, notices_of(result), exchange_facts(result)
    name = result.reading.caller_name
    match decision:
        case RingTargets(targets=targets):
            return DirectionGiven(
                ask=ask, targets=targets, caller_name=name, notices=notices, exchange=facts
            )
        case SchemeId(id=scheme):
            return SchemeGiven(
                ask=ask, scheme=scheme, caller_name=name, notices=notices, exchange=facts
            )
        case Failure() as failure:
            return AskFailed(ask=ask, failure=failure, notices=notices, exchange=facts)
        case _:
            assert_never(decision)


def verdict_event(ask: str, result: AskResult[DialPlanReading]) -> AskOutcome:
    """Translate what came of asking a dial-plan webhook into the engine's event."""
    reading, notices, facts = result.reading, notices_of(result), exchange_facts(result)
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


def notices_of(result: AskResult[AnswerReading]) -> tuple[str, ...]:
    """Say for people what else was tried and why that was not enough, and how the answer came and was read."""
    return (*other_tries(result), *_exchange_notices(result.exchange), *result.reading.notices)


def _exchange_notices(exchange: Exchange | None) -> Iterator[str]:
    """Say for people what was done on the way that they would not expect."""
    if exchange is not None:
        yield from exchange.request.notes
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


def exchange_facts(result: AskResult[AnswerReading]) -> JournalFacts:
    """Say for programs how the answer came, and how it was read."""
    if result.exchange is None:
        return try_facts(result)
    facts = (*summary(result.exchange), *try_facts(result))
    if result.exchange.response is None:
        return facts
    size = read_try(result).size  # of the body before anything was hidden in it
    return (*facts, ("bytes", str(size)), ("read_as", result.reading.read_as))


def other_tries(result: AskResult[AnswerReading]) -> tuple[str, ...]:
    """Say for people what was tried, or held back, besides the try that the reading is of."""
    read = read_try(result)
    return tuple(str(one) for one in result.tries if one is not read)


def read_try(result: AskResult[AnswerReading]) -> Try:
    """Return the try that the reading is of: the last that was asked, else the last that was held back."""
    asked = [one for one in result.tries if not one.skipped]
    return (asked or result.tries)[-1]


def try_facts(result: AskResult[AnswerReading]) -> JournalFacts:
    """Return the tries as facts, if there were several or none."""
    if len(result.tries) == 1 and not result.tries[0].skipped:
        return ()
    return tuple((f"try_{number}", one.summary) for number, one in enumerate(result.tries, 1))


def summary(exchange: Exchange) -> JournalFacts:
    """Return what the journal keeps of an exchange, and how many seconds each part of it took.

    The query may hold secrets and is masked.
    """
    request = f"{exchange.request.method} {with_masked_query(exchange.request.url)}"
    facts = [("request", request), ("address", exchange.address)]
    if exchange.redirects:
        facts.append(("redirected_to", ", ".join(exchange.redirects)))
    if exchange.left_out:
        facts.append(("left_out", ", ".join(exchange.left_out)))
    facts += [(f"seconds_{phase}", f"{took:.4f}") for phase, took in exchange.seconds]
    if exchange.response is not None:
        body = exchange.response.body[: 4 * ANSWER_SHOWN].decode("utf-8", "replace")
        facts += [("status", str(exchange.response.status)), ("body", body[:ANSWER_SHOWN])]
    return (*facts, *_whole(exchange))


def _whole(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield what went over the wire, within bounds, without secrets."""
    request, response = exchange.request, exchange.response or exchange.begun
    yield "request_headers", request_lines(request)[:KEPT]
    if request.body:
        yield "request_body", request.body[: 4 * KEPT].decode("utf-8", "replace")[:KEPT]
    if response is not None:
        yield "response_headers", response_lines(response)[:KEPT]
        if len(response.body) > ANSWER_SHOWN or exchange.response is None:
            yield "response_body", response.body[: 4 * KEPT].decode("utf-8", "replace")[:KEPT]
