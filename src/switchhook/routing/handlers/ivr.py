"""Handlers of prompts and keys: an announcement, a menu, a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER
from switchhook.domain.scheme import DTMF_KEYS, AskDialPlanStep, MenuStep
from switchhook.routing import collect, prompts
from switchhook.routing.executor import apply_result
from switchhook.routing.position import StepResult, step_of
from switchhook.routing.steps import dial_plan, menu

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        DigitPressed,
        PlaybackFinished,
        TimePassed,
    )


def prompt_finished(ctx: TransitionContext, event: PlaybackFinished) -> None:
    """Go on behind the prompt."""
    if event.playback == ctx.call.playback.prompt:
        apply_result(ctx, prompts.after_prompt(ctx))


def prompt_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """Prompt timed out: continue as if PlaybackFinished had arrived."""
    if ctx.is_overdue:
        prompts.stop_prompt(ctx, ctx.call.playback.prompt)
        apply_result(ctx, prompts.after_prompt(ctx))


def collect_prompt_finished(ctx: TransitionContext, event: PlaybackFinished) -> None:
    """The time to press a key begins when the prompt is over."""
    collecting = ctx.call.collecting
    if collecting is not None and collecting.playback and collecting.playback == event.playback:
        collect.start_timer(ctx, key_timeout(ctx))


def digit_pressed(ctx: TransitionContext, event: DigitPressed) -> None:
    """Take a key of the caller's for a menu or a code; it breaks the prompt off."""
    if not is_key(event):
        return
    collect.barge_in(ctx, key_timeout(ctx))
    match step_of(ctx.call):
        case MenuStep() as step:
            apply_result(ctx, menu.pressed(ctx, step, event.digit))
        case AskDialPlanStep() as step:
            apply_result(ctx, dial_plan.pressed(ctx, step, event.digit))
        case _:
            pass


def collect_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """No further key: the code is complete, or the attempt brought nothing [A-47]."""
    if not ctx.is_overdue or skip_overdue_prompt(ctx):
        return
    match step_of(ctx.call):
        case MenuStep() as step:
            apply_result(ctx, menu.overdue(ctx, step))
        case AskDialPlanStep() as step:
            apply_result(ctx, dial_plan.overdue(ctx, step))
        case _:
            apply_result(ctx, StepResult.CONTINUE)


def is_key(event: DigitPressed) -> bool:
    """Say whether the caller pressed a key of a telephone."""
    return event.leg == CALLER and len(event.digit) == 1 and event.digit in DTMF_KEYS


def key_timeout(ctx: TransitionContext) -> float:
    """Return how many seconds the caller has for the first key."""
    if ctx.call.talking_to:
        return 0.0 if ctx.call.rating.step is None else ctx.call.rating.step.timeout
    match step_of(ctx.call):
        case MenuStep(timeout=seconds):
            return seconds
        case AskDialPlanStep() as step:
            return dial_plan.timeout(ctx, step)
        case _:
            return 0.0


def skip_overdue_prompt(ctx: TransitionContext) -> bool:
    """Prompt timed out: count it as played."""
    collecting = ctx.call.collecting
    if collecting is None or not collecting.playback:
        return False
    collect.barge_in(ctx, key_timeout(ctx))
    return True
