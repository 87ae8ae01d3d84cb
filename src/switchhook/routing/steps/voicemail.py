"""The step that records a message. It waits for the recording's end, so that the last event can name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState
from switchhook.domain.cause import Cause, EndedBy, Outcome
from switchhook.domain.journal import Happening
from switchhook.routing import prompts, recording
from switchhook.routing.ending import end
from switchhook.routing.places import Went

if TYPE_CHECKING:
    from switchhook.domain.scheme import Voicemail
    from switchhook.routing.events import RecordingFinished
    from switchhook.routing.move import Move

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
    move.change(state=CallState.RECORDING, playing="", wake_at=move.now + step.longest)
    recording.start(move, both=False)


def finished(move: Move, made: RecordingFinished | None) -> Went:
    """End the call with the message; without one, go on while the caller is still there."""
    caller = move.call.leg(CALLER)
    is_there = caller is not None and caller.is_live
    cause = None if caller is None else caller.cause
    by = EndedBy.CALLER if cause is None else cause.ended_by(EndedBy.CALLER)
    move.change(wake_at=None)
    if recording.keep(move, made):
        end(move, Outcome.VOICEMAIL, EndedBy.SYSTEM if is_there else by, LEFT)
        return Went.TAKEN
    move.record(Happening.NOTICE, "no message was recorded")
    if is_there:
        return Went.HANDED_ON
    end(move, Outcome.CANCELLED, by, NOTHING_LEFT)
    return Went.TAKEN
