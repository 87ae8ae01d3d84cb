"""The step that records a message. It waits for the recording's end, so that the last event can name it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, Recorder, Recording
from switchhook.domain.cause import Cause, EndedBy, Outcome
from switchhook.domain.journal import Happening
from switchhook.routing import prompts
from switchhook.routing.commands import StartRecording, StopRecording
from switchhook.routing.ending import end
from switchhook.routing.places import Went

if TYPE_CHECKING:
    from switchhook.domain.scheme import Voicemail
    from switchhook.routing.move import Move

SETTLING = 5.0
"""Seconds that are waited for what was recorded, once it was to stop."""
DONE = "#"
LEFT = Cause(sip=200, q850=16, text="left a message")
NOTHING_LEFT = Cause(sip=487, q850=16, text="hung up without leaving a message")


def begin(move: Move, step: Voicemail) -> Went:
    """Play the greeting, then record."""
    if not step.sounds:
        prompts.quiet(move)
        prompts.answer(move)
        record(move, step)
        return Went.TAKEN
    playback = prompts.play(move, step.sounds)
    wake_at = move.now + prompts.limit(step.sounds)
    move.change(state=CallState.RECORDING, playing=playback, wake_at=wake_at)
    return Went.TAKEN


def record(move: Move, step: Voicemail) -> None:
    """Start recording the caller."""
    recorder = Recorder(id=f"r{len(move.call.recordings) + 1}")
    move.change(
        state=CallState.RECORDING,
        playing="",
        recorder=recorder,
        wake_at=move.now + step.longest,
    )
    move.order(StartRecording(recording=recorder.id, both=False))


def stop(move: Move) -> None:
    """Stop recording, once; what was recorded comes by event."""
    recorder = move.call.recorder
    if recorder is None or recorder.is_stopping:
        return
    move.order(StopRecording(recording=recorder.id))
    recorder = replace(recorder, is_stopping=True)
    move.change(recorder=recorder, wake_at=move.now + SETTLING)


def finished(move: Move, seconds: float, path: str) -> Went:
    """End the call with the message; without one, go on while the caller is still there."""
    recorder, caller = move.call.recorder, move.call.leg(CALLER)
    is_there = caller is not None and caller.is_live
    move.change(recorder=None, wake_at=None)
    if recorder is not None and path:
        made = Recording(id=recorder.id, seconds=seconds, path=path)
        move.change(recordings=(*move.call.recordings, made))
        move.record(Happening.RECORDED, path, facts=(("seconds", f"{seconds:g}"),))
        end(move, Outcome.VOICEMAIL, EndedBy.SYSTEM if is_there else EndedBy.CALLER, LEFT)
        return Went.TAKEN
    move.record(Happening.NOTICE, "no message was recorded")
    if is_there:
        return Went.HANDED_ON
    end(move, Outcome.CANCELLED, EndedBy.CALLER, NOTHING_LEFT)
    return Went.TAKEN
