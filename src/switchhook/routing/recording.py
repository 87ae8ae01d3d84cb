"""Recordings: started, stopped, waited for, kept. One at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import Recording, RunningRecording
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.routing.commands import StartRecording, StopRecording
from switchhook.routing.ids import recording_id

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import RecordingFinished

STOP_TIMEOUT = 5.0
"""Seconds that are waited for a recording, once it was to stop."""


def start(ctx: TransitionContext, *, both: bool) -> None:
    """Start a recording, of the caller or of a conversation."""
    number = ctx.call.recording.started + 1
    recorder = RunningRecording(id=recording_id(number))
    ctx.change_recording(running=recorder, started=number)
    ctx.issue(StartRecording(recording=recorder.id, both=both))


def stop(ctx: TransitionContext) -> bool:
    """Stop the recording; what was recorded comes by event. False where there is none to stop."""
    recorder = ctx.call.recording.running
    if recorder is None or recorder.is_stopping:
        return False
    ctx.issue(StopRecording(recording=recorder.id))
    ctx.change_recording(running=replace(recorder, is_stopping=True))
    return True


def keep(ctx: TransitionContext, made: RecordingFinished | None) -> bool:
    """Keep the recording, and note why it is missing or cut short, if known.

    False without a recording to keep; `made` is None after a time-out.
    """
    recorder = ctx.call.recording.running
    ctx.change_recording(running=None)
    if made is None:
        return False
    if made.trouble:
        ctx.change_recording(trouble=made.trouble)
        how = "recorded in part" if made.path else "not recorded"
        ctx.write_journal(EntryKind.NOTICE, f"{how}: {made.trouble}")
    if recorder is None or not made.path:
        return False
    add(ctx, recorder.id, made)
    ctx.publish(StreamEventType.RECORDING_READY, recording=recorder.id)
    return True


def add(ctx: TransitionContext, recording: str, made: RecordingFinished) -> None:
    """Add a recording to those of the call."""
    one = Recording(id=recording, seconds=made.seconds, path=made.path)
    ctx.change_recording(finished=(*ctx.call.recording.finished, one))
    ctx.write_journal(EntryKind.RECORDED, made.path, facts=(("seconds", f"{made.seconds:g}"),))
