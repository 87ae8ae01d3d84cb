"""Handlers of a recording that the call waits for: a message, or a conversation that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, LegState
from switchhook.domain.scheme import VoicemailStep
from switchhook.routing import prompts, recording
from switchhook.routing.executor import apply_result
from switchhook.routing.handlers.ivr import is_key
from switchhook.routing.handlers.legs import leg_ended
from switchhook.routing.position import StepResult, step_of
from switchhook.routing.steps import record, voicemail

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        DigitPressed,
        LegEnded,
        PlaybackFinished,
        RecordingFinished,
        TimePassed,
    )


def greeting_finished(ctx: TransitionContext, event: PlaybackFinished) -> None:
    """Record the caller, once they heard the greeting."""
    if ctx.call.playback.prompt and event.playback == ctx.call.playback.prompt:
        _record(ctx)


def digit_pressed(ctx: TransitionContext, event: DigitPressed) -> None:
    """End the message on `#`; before it has begun, leave the greeting out."""
    if not is_key(event) or event.digit != voicemail.TERMINATOR:
        return
    if ctx.call.playback.prompt:
        prompts.stop_prompt(ctx, ctx.call.playback.prompt)
        _record(ctx)
    else:
        _stop_message(ctx)


def overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """The greeting, the message or the wait for its file has lasted long enough."""
    if not ctx.is_overdue:
        return
    recorder = ctx.call.recording.running
    if recorder is None:
        prompts.stop_prompt(ctx, ctx.call.playback.prompt)
        _record(ctx)
    elif recorder.is_stopping:
        _finish(ctx, None)
    else:
        _stop_message(ctx)


def recording_finished(ctx: TransitionContext, event: RecordingFinished) -> None:
    """Keep the message; the call ends with it, or goes on where there is none."""
    if is_current_recording(ctx, event):
        _finish(ctx, event)


def caller_left(ctx: TransitionContext, event: LegEnded) -> None:
    """The caller left: what they said is waited for, for a moment."""
    caller, recorder = ctx.call.leg(CALLER), ctx.call.recording.running
    if event.leg != CALLER or caller is None or not caller.is_live or recorder is None:
        leg_ended(ctx, event)
        return
    ctx.change_leg(caller, state=LegState.ENDED, ended_at=ctx.now, cause=event.cause)
    _stop_message(ctx)


def _record(ctx: TransitionContext) -> None:
    step = step_of(ctx.call)
    if isinstance(step, VoicemailStep):
        voicemail.record(ctx, step)
    else:
        apply_result(ctx, StepResult.CONTINUE)


def is_current_recording(ctx: TransitionContext, event: RecordingFinished) -> bool:
    """Say whether the recording that runs has ended."""
    recorder = ctx.call.recording.running
    return recorder is not None and recorder.id == event.recording


def _stop_message(ctx: TransitionContext) -> None:
    if recording.stop(ctx):
        ctx.change(wake_at=ctx.now + recording.STOP_TIMEOUT)


def _finish(ctx: TransitionContext, made: RecordingFinished | None) -> None:
    if ctx.call.talking_to:
        record.finished(ctx, made)
    else:
        apply_result(ctx, voicemail.finished(ctx, made))
