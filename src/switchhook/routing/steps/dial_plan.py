"""The step that asks a dial-plan webhook which branch the call takes, perhaps after a code (R5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import DialPlanReturn
from switchhook.domain.journal import EntryKind
from switchhook.domain.scheme import FAILED, SUCCESS, AskDialPlanStep
from switchhook.domain.webhook import Dialect
from switchhook.routing import collect, prompts
from switchhook.routing.position import StepResult, enter_branch, journal_branch, step_of
from switchhook.routing.steps import ask

if TYPE_CHECKING:
    from switchhook.domain.call import PendingAsk
    from switchhook.domain.journal import EntryFacts
    from switchhook.domain.webhook import DialPlanWebhook
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import VerdictGiven

MAX_CODE_DIGITS = 32
"""Digits after which a code is complete."""
MAX_VARIABLES = 100
"""How many variables a call keeps."""
TERMINATOR = "#"
"""Completes a code, and is no part of it [A-47]."""


def begin(ctx: TransitionContext, step: AskDialPlanStep) -> StepResult:
    """Ask, or have the caller enter a code first (R5-17, A-51)."""
    webhook = ctx.call.snapshot.dial_plan_webhooks.get(step.webhook)
    if webhook is None:
        ctx.write_journal(
            EntryKind.NOTICE, f"dial-plan webhook {step.webhook!r} is not in this project"
        )
        return _enter(ctx, FAILED, "the webhook is not in this project")
    if not webhook.use_ivr:
        return _ask(ctx, webhook)
    collect.begin(ctx, _sounds(webhook.start_message), webhook.code_timeout)
    return StepResult.TAKEN


def timeout(ctx: TransitionContext, step: AskDialPlanStep) -> float:
    """Return how many seconds the caller has to begin with the code (R5-18)."""
    webhook = ctx.call.snapshot.dial_plan_webhooks.get(step.webhook)
    return 0.0 if webhook is None else webhook.code_timeout


def pressed(ctx: TransitionContext, step: AskDialPlanStep, digit: str) -> StepResult:
    """Add a digit to the code; ask when it is complete."""
    webhook = ctx.call.snapshot.dial_plan_webhooks.get(step.webhook)
    collecting = ctx.call.collecting
    if webhook is None or collecting is None:
        return StepResult.TAKEN
    if digit != TERMINATOR:
        digits = collect.add(ctx, digit, webhook.interdigit_timeout)
        return (
            _complete(ctx, webhook, digits) if len(digits) >= MAX_CODE_DIGITS else StepResult.TAKEN
        )
    return _complete(ctx, webhook, collecting.digits) if collecting.digits else StepResult.TAKEN


def overdue(ctx: TransitionContext, step: AskDialPlanStep) -> StepResult:
    """No further digit: what was entered is the code. No digit at all: one attempt is used up [A-47]."""
    webhook = ctx.call.snapshot.dial_plan_webhooks.get(step.webhook)
    collecting = ctx.call.collecting
    if webhook is None or collecting is None:
        return StepResult.CONTINUE
    if collecting.digits:
        return _complete(ctx, webhook, collecting.digits)
    ctx.write_journal(EntryKind.KEYED, "no code in time")
    attempt = collect.finish(ctx)
    return _retry(ctx, webhook, attempt, webhook.timeout_message)


def verdict_given(ctx: TransitionContext, event: VerdictGiven) -> StepResult:
    """Follow the webhook's word: a branch, or after NAK another code (R5-34, R5-35)."""
    asked = ctx.call.asks.pending
    webhook = _webhook_of(ctx, asked)
    ask.settle(ctx, EntryKind.ANSWER, event.text, event.notices, event.exchange)
    _keep_return(ctx, event)
    if event.accepted:
        return _enter(ctx, SUCCESS, event.text)
    if webhook is None or asked is None or not webhook.use_ivr:
        return _enter(ctx, FAILED, event.text)
    return _retry(ctx, webhook, asked.attempt, webhook.error_message)


def failed(ctx: TransitionContext) -> StepResult:
    """Take the failed branch at once, whatever attempts are left (R5-27, R5-36)."""
    if not isinstance(step_of(ctx.call), AskDialPlanStep):
        return StepResult.CONTINUE
    return _enter(ctx, FAILED, "no answer that counts")


def _enter(ctx: TransitionContext, branch: str, why: str) -> StepResult:
    journal_branch(ctx, branch, why)
    return enter_branch(ctx, branch)


def _ask(
    ctx: TransitionContext, webhook: DialPlanWebhook, code: str = "", attempt: int = 1
) -> StepResult:
    facts: EntryFacts = (("attempt", str(attempt)),) if code else ()
    if code and not webhook.mask_code:
        facts = (*facts, ("code", code))
    at = ctx.call.position.path
    ctx.change_asks(returned=tuple(one for one in ctx.call.asks.returned if one.at != at))
    ask.ask_and_wait(
        ctx,
        webhook.name,
        Dialect.DIAL_PLAN,
        webhook.time_limit,
        code=code,
        attempt=attempt,
        facts=facts,
    )
    return StepResult.TAKEN


def _complete(ctx: TransitionContext, webhook: DialPlanWebhook, code: str) -> StepResult:
    attempt = collect.finish(ctx)
    if webhook.mask_code and code not in ctx.call.asks.codes:
        ctx.change_asks(codes=(*ctx.call.asks.codes, code))
    return _ask(ctx, webhook, code, attempt)


def _retry(
    ctx: TransitionContext, webhook: DialPlanWebhook, attempt: int, message: str
) -> StepResult:
    """Play why it did not work, and let the caller enter another code while attempts are left (R5-19)."""
    if attempt >= webhook.attempts:
        journal_branch(ctx, FAILED, f"attempt {attempt} of {webhook.attempts}")
        return prompts.play_prompt(ctx, _sounds(message), then=FAILED)
    collect.begin(ctx, _sounds(message), webhook.code_timeout, attempt=attempt + 1)
    return StepResult.TAKEN


def _keep_return(ctx: TransitionContext, event: VerdictGiven) -> None:
    given = DialPlanReturn(
        at=ctx.call.position.path, destination=event.destination, caller_name=event.caller_name
    )
    variables = {**dict(ctx.call.asks.variables), **dict(event.variables)}
    ctx.change_asks(
        returned=(*ctx.call.asks.returned, given),
        variables=tuple(variables.items())[:MAX_VARIABLES],
    )


def _webhook_of(ctx: TransitionContext, asked: PendingAsk | None) -> DialPlanWebhook | None:
    return None if asked is None else ctx.call.snapshot.dial_plan_webhooks.get(asked.webhook)


def _sounds(message: str) -> tuple[str, ...]:
    return (message,) if message else ()
