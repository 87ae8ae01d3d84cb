"""Handlers of what a routing webhook answered, or did not answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.journal import EntryKind
from switchhook.domain.webhook import Dialect
from switchhook.routing.caller_presentation import adopt_answered_name
from switchhook.routing.executor import apply_result, execute_scheme
from switchhook.routing.steps import ask, dial_plan, ring

if TYPE_CHECKING:
    from switchhook.domain.journal import EntryFacts
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        AskFailed,
        DirectionGiven,
        SchemeGiven,
        TimePassed,
        VerdictGiven,
    )


ASK_TIMEOUT = Failure(
    kind=FailureKind.NO_ANSWER_IN_TIME, detail="no answer within the webhook's response timeout"
)


def direction_given(ctx: TransitionContext, event: DirectionGiven) -> None:
    """Ring what the webhook returned, for as long as its ring timeout says (R1-23)."""
    webhook = ask.webhook_of(ctx)
    if webhook is None or not is_asked(ctx, event.ask, Dialect.FORWARDING_NUMBER):
        return
    text = ", ".join(str(target) for target in event.targets)
    ask.settle(ctx, EntryKind.ANSWER, text, event.notices, event.exchange)
    adopt_answered_name(ctx, event.caller_name)
    apply_result(ctx, ring.begin(ctx, event.targets, webhook.ring_order, webhook.ring_timeout))


def scheme_given(ctx: TransitionContext, event: SchemeGiven) -> None:
    """Go on with the scheme that the webhook returned (R1-25)."""
    if is_asked(ctx, event.ask, Dialect.FORWARDING_NUMBER):
        text = f"scheme {event.scheme}"
        ask.settle(ctx, EntryKind.ANSWER, text, event.notices, event.exchange)
        adopt_answered_name(ctx, event.caller_name)
        execute_scheme(ctx, event.scheme)


def ask_failed(ctx: TransitionContext, event: AskFailed) -> None:
    """Go on with the next step, or with the failed branch [A-54]."""
    if is_asked(ctx, event.ask):
        _fail_ask(ctx, event.failure, event.notices, event.exchange)


def ask_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """Go on with the next step: whatever the webhook still says comes too late."""
    if ctx.is_overdue:
        _fail_ask(ctx, ASK_TIMEOUT)


def verdict_given(ctx: TransitionContext, event: VerdictGiven) -> None:
    """Take the branch that the webhook opens; after NAK, perhaps another code first (R5-26, R5-35)."""
    if not is_asked(ctx, event.ask, Dialect.DIAL_PLAN):
        return
    if event.destination is not None and not ring.may_ring(ctx, event.destination):
        event = replace(event, destination=None)
    apply_result(ctx, dial_plan.verdict_given(ctx, event))


def _fail_ask(
    ctx: TransitionContext,
    failure: Failure,
    notices: tuple[str, ...] = (),
    exchange: EntryFacts = (),
) -> None:
    note_ask_failed(ctx, failure, notices, exchange)
    apply_result(ctx, dial_plan.failed(ctx))


def note_ask_failed(
    ctx: TransitionContext,
    failure: Failure,
    notices: tuple[str, ...] = (),
    exchange: EntryFacts = (),
) -> None:
    """Write down why the asked webhook gave nothing that can be followed."""
    facts = (("kind", failure.kind), *exchange)
    ask.settle(ctx, EntryKind.ASK_FAILED, failure.detail, notices, facts)


def is_asked(ctx: TransitionContext, ask_id: str, dialect: Dialect | None = None) -> bool:
    """Say whether this is the ask whose answer is waited for."""
    asked = ctx.call.asks.pending
    return asked is not None and asked.id == ask_id and dialect in {None, asked.dialect}
