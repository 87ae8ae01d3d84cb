"""The step that records a message. It waits for the recording's end, so that the last event can name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState
from switchhook.domain.cause import Cause, EndedBy, Outcome
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.routing import prompts, recording
from switchhook.routing.ending import end
from switchhook.routing.position import StepResult

if TYPE_CHECKING:
    from switchhook.domain.scheme import VoicemailStep
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import RecordingFinished

TERMINATOR = "#"
LEFT_MESSAGE = Cause(sip=200, q850=16, text="left a message")
NO_MESSAGE = Cause(sip=487, q850=16, text="hung up without leaving a message")


def begin(ctx: TransitionContext, step: VoicemailStep) -> StepResult:
    """Play the greeting, then record."""
    if not step.sounds:
        prompts.stop_background(ctx)
        prompts.answer(ctx)
        record(ctx, step)
        return StepResult.TAKEN
    playback = prompts.play(ctx, step.sounds)
    wake_at = ctx.now + prompts.time_limit(step.sounds)
    ctx.change(state=CallState.RECORDING, wake_at=wake_at)
    ctx.change_playback(prompt=playback)
    return StepResult.TAKEN


def record(ctx: TransitionContext, step: VoicemailStep) -> None:
    """Start recording the caller."""
    ctx.change(state=CallState.RECORDING, wake_at=ctx.now + step.max_duration)
    ctx.change_playback(prompt="")
    recording.start(ctx, both=False)


def finished(ctx: TransitionContext, made: RecordingFinished | None) -> StepResult:
    """End the call with the message; without one, go on while the caller is still there."""
    caller = ctx.call.leg(CALLER)
    is_there = caller is not None and caller.is_live
    cause = None if caller is None else caller.cause
    by = EndedBy.CALLER if cause is None else cause.ended_by(EndedBy.CALLER)
    ctx.change(wake_at=None)
    if recording.keep(ctx, made):
        message = ctx.call.recording.finished[-1]
        ctx.publish(StreamEventType.VOICEMAIL_LEFT, recording=message.id)
        end(ctx, Outcome.VOICEMAIL, EndedBy.SYSTEM if is_there else by, LEFT_MESSAGE)
        return StepResult.TAKEN
    ctx.write_journal(EntryKind.NOTICE, "no message was recorded")
    if is_there:
        return StepResult.CONTINUE
    end(ctx, Outcome.CANCELLED, by, NO_MESSAGE)
    return StepResult.TAKEN
