"""The step that asks a forwarding number, and the common part of all asking steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CallState, PendingAsk
from switchhook.domain.journal import EntryKind
from switchhook.domain.webhook import Dialect
from switchhook.routing import prompts
from switchhook.routing.commands import AskWebhook
from switchhook.routing.ids import ask_id
from switchhook.routing.position import StepResult

if TYPE_CHECKING:
    from switchhook.domain.journal import EntryFacts
    from switchhook.domain.scheme import AskStep
    from switchhook.domain.webhook import ForwardingNumber
    from switchhook.routing.context import TransitionContext

GRACE = 0.25
"""Seconds that the engine waits beyond the webhook's own deadline before it goes on by itself."""


def begin(ctx: TransitionContext, step: AskStep) -> StepResult:
    """Ask; the caller hears ringing meanwhile. Hands on when the webhook does not exist."""
    webhook = ctx.call.snapshot.webhooks.get(step.webhook)
    if webhook is None:
        ctx.write_journal(
            EntryKind.NOTICE, f"forwarding number {step.webhook!r} is not in this project"
        )
        return StepResult.CONTINUE
    ask_and_wait(ctx, webhook.name, Dialect.FORWARDING_NUMBER, webhook.time_limit)
    return StepResult.TAKEN


def ask_and_wait(
    ctx: TransitionContext,
    webhook: str,
    dialect: Dialect,
    time_limit: float,
    *,
    code: str = "",
    attempt: int = 1,
    facts: EntryFacts = (),
) -> None:
    """Ask while the caller waits; the engine names the ask. `facts` go into the journal."""
    ctx.change(state=CallState.ASKING, ring_round=None)
    issue_ask(ctx, webhook, dialect, time_limit, code=code, attempt=attempt, facts=facts)


def issue_ask(
    ctx: TransitionContext,
    webhook: str,
    dialect: Dialect,
    time_limit: float,
    *,
    code: str = "",
    attempt: int = 1,
    facts: EntryFacts = (),
) -> None:
    """Order the same, whatever else goes on in the call."""
    number = ctx.call.asks.started + 1
    ask = ask_id(ctx.call.id, number)
    asked = PendingAsk(
        id=ask,
        webhook=webhook,
        asked_at=ctx.now,
        dialect=dialect,
        attempt=attempt,
    )
    ctx.change(wake_at=ctx.now + time_limit + GRACE)
    ctx.change_asks(started=number, pending=asked)
    ctx.write_journal(EntryKind.ASKED, webhook, facts=(("ask", ask), *facts))
    if ctx.call.state is CallState.ASKING:
        prompts.fill_wait(ctx)
    ctx.issue(AskWebhook(ask=ask, webhook=webhook, dialect=dialect, code=code))


def settle(
    ctx: TransitionContext,
    kind: EntryKind,
    text: str,
    notices: tuple[str, ...],
    exchange: EntryFacts,
) -> None:
    """Write down what the answer was and how it came; nothing is asked any more."""
    for notice in notices:
        ctx.write_journal(EntryKind.NOTICE, notice)
    asked = ctx.call.asks.pending
    if asked is not None:
        seconds = f"{ctx.now - asked.asked_at:.4f}"
        ctx.write_journal(
            kind, text, facts=(("webhook", asked.webhook), ("seconds", seconds), *exchange)
        )
        if asked.dialect is Dialect.FORWARDING_NUMBER and ctx.call.state is CallState.ASKING:
            # Until something rings, or another scheme is executed.
            ctx.change_position(is_unplaced=True)
    ctx.change(wake_at=None)
    ctx.change_asks(pending=None)


def webhook_of(ctx: TransitionContext) -> ForwardingNumber | None:
    """Return the forwarding number that is being asked."""
    asked = ctx.call.asks.pending
    if asked is None or asked.dialect is not Dialect.FORWARDING_NUMBER:
        return None
    return ctx.call.snapshot.webhooks.get(asked.webhook)
