"""Recordings: started, stopped, waited for, kept. One at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import Recorder, Recording
from switchhook.domain.journal import Happening
from switchhook.routing.commands import StartRecording, StopRecording

if TYPE_CHECKING:
    from switchhook.routing.events import RecordingFinished
    from switchhook.routing.move import Move

SETTLING = 5.0
"""Seconds that are waited for a recording, once it was to stop."""


def start(move: Move, *, both: bool) -> None:
    """Start a recording, of the caller or of a conversation."""
    number = move.call.recorders + 1
    recorder = Recorder(id=f"r{number}")
    move.change(recorder=recorder, recorders=number)
    move.order(StartRecording(recording=recorder.id, both=both))


def stop(move: Move) -> bool:
    """Stop the recording; what was recorded comes by event. False where there is none to stop."""
    recorder = move.call.recorder
    if recorder is None or recorder.is_stopping:
        return False
    move.order(StopRecording(recording=recorder.id))
    move.change(recorder=replace(recorder, is_stopping=True))
    return True


def keep(move: Move, made: RecordingFinished | None) -> bool:
    """Keep what was recorded, and say why there is none or a part, where that is known.

    False where there is nothing to keep: `made` is None for a recording that was waited for in vain.
    """
    recorder = move.call.recorder
    move.change(recorder=None)
    if made is None:
        return False
    if made.trouble:
        move.change(recording_trouble=made.trouble)
        how = "recorded in part" if made.path else "not recorded"
        move.record(Happening.NOTICE, f"{how}: {made.trouble}")
    if recorder is None or not made.path:
        return False
    one = Recording(id=recorder.id, seconds=made.seconds, path=made.path)
    move.change(recordings=(*move.call.recordings, one))
    move.record(Happening.RECORDED, made.path, facts=(("seconds", f"{made.seconds:g}"),))
    return True
