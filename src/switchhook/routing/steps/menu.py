"""The step that lets the caller choose a branch by one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.journal import EntryKind
from switchhook.domain.scheme import INVALID, TIMEOUT
from switchhook.routing import collect, prompts
from switchhook.routing.position import StepResult, enter_branch

if TYPE_CHECKING:
    from switchhook.domain.scheme import MenuStep
    from switchhook.routing.context import TransitionContext

ADDITIONAL_NUMBER = "additional_number"
"""The parameter that tells what a caller chose."""


def begin(ctx: TransitionContext, step: MenuStep) -> StepResult:
    """Play the prompt and wait for a key."""
    collect.begin(ctx, step.sounds, step.timeout)
    return StepResult.TAKEN


def pressed(ctx: TransitionContext, step: MenuStep, digit: str) -> StepResult:
    """Take the branch of the key; one that means nothing uses up an attempt."""
    attempt = collect.finish(ctx)
    is_known = step.choice(digit) is not None
    text = digit if is_known else f"{digit} means nothing here"
    ctx.write_journal(EntryKind.KEYED, text, facts=(("digit", digit),))
    if is_known:
        _keep_key(ctx, digit)
        return enter_branch(ctx, digit)
    return _retry(ctx, step, attempt, step.invalid_sounds, INVALID)


def _keep_key(ctx: TransitionContext, digit: str) -> None:
    """Keep the key for those who are asked or told from now on (R1-80)."""
    known = (pair for pair in ctx.call.facts if pair[0] != ADDITIONAL_NUMBER)
    ctx.change(facts=(*known, (ADDITIONAL_NUMBER, digit)))


def overdue(ctx: TransitionContext, step: MenuStep) -> StepResult:
    """No key came in time: an attempt is used up."""
    ctx.write_journal(EntryKind.KEYED, "no key in time")
    return _retry(ctx, step, collect.finish(ctx), step.timeout_sounds, TIMEOUT)


def _retry(
    ctx: TransitionContext, step: MenuStep, attempt: int, sounds: tuple[str, ...], branch: str
) -> StepResult:
    if attempt >= step.attempts:
        return prompts.play_prompt(ctx, sounds, then=branch)
    collect.begin(ctx, (*sounds, *step.sounds), step.timeout, attempt=attempt + 1)
    return StepResult.TAKEN
