"""The step that has later conversations recorded, and how a recorded conversation ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, LegState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.routing import prompts, recording
from switchhook.routing.commands import EndLeg
from switchhook.routing.ending import end

if TYPE_CHECKING:
    from switchhook.domain.scheme import RecordStep
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import RecordingFinished
    from switchhook.routing.position import StepResult

HUNG_UP = Cause(sip=200, q850=16, text="hung up")


def begin(ctx: TransitionContext, step: RecordStep) -> StepResult:
    """Remember it for the conversation, and tell the caller; the next step is due when that is over."""
    ctx.change_recording(is_on=step.is_on)
    return prompts.play_prompt(ctx, step.announcement if step.is_on else ())


def end_conversation(ctx: TransitionContext, side: EndedBy, why: Cause = HUNG_UP) -> None:
    """End the call; one that was recorded a moment later, so that its last event knows the recording.

    `why` is how the leg on that side ended.
    """
    by, cause = why.ended_by(side), why if why.is_ours else HUNG_UP
    recording.stop(ctx)
    recorder = ctx.call.recording.running
    if recorder is None:
        end(ctx, Outcome.ANSWERED, by, cause)
        return
    for leg in ctx.call.live_called_legs:
        ctx.end_leg(leg, AttemptEnd.ANSWERED, cause)
    caller = ctx.call.leg(CALLER)
    if caller is not None and caller.is_live:
        ctx.issue(EndLeg(leg=CALLER, cause=cause))
        ctx.change_leg(caller, state=LegState.ENDED, ended_at=ctx.now, cause=cause)
    ctx.change(state=CallState.RECORDING, collecting=None, wake_at=ctx.now + recording.STOP_TIMEOUT)
    ctx.change_playback(prompt="")
    ctx.change_recording(running=replace(recorder, hung_up_by=by))


def finished(ctx: TransitionContext, made: RecordingFinished | None) -> None:
    """End the call whose recording was waited for."""
    recorder = ctx.call.recording.running
    by = None if recorder is None else recorder.hung_up_by
    recording.keep(ctx, made)
    ends = [leg.cause for leg in ctx.call.legs if leg.id in ctx.call.talking_legs]
    why = next((cause for cause in ends if cause is not None and cause.is_ours), None)
    end(ctx, Outcome.ANSWERED, by or EndedBy.SYSTEM, why or HUNG_UP)
