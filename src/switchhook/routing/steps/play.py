"""The steps that let the caller hear something: a prompt, and audio while they wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.routing import prompts
from switchhook.routing.position import StepResult

if TYPE_CHECKING:
    from switchhook.domain.scheme import BackgroundStep, PlayStep
    from switchhook.routing.context import TransitionContext


def begin(ctx: TransitionContext, step: PlayStep) -> StepResult:
    """Play once; the next step is due when it is over (R1-125)."""
    return prompts.play_prompt(ctx, step.sounds)


def set_background(ctx: TransitionContext, step: BackgroundStep) -> StepResult:
    """Set what fills the wait from here on (R1-125)."""
    prompts.stop_background(ctx)
    ctx.change_playback(background=step.sounds)
    return StepResult.CONTINUE
