"""Recordings: started, stopped, waited for, kept. One at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import Recorder, Recording
from switchhook.domain.journal import Happening
from switchhook.routing.commands import StartRecording, StopRecording

if TYPE_CHECKING:
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


def keep(move: Move, seconds: float, path: str) -> bool:
    """Keep what was recorded. False where there is nothing to keep."""
    recorder = move.call.recorder
    move.change(recorder=None)
    if recorder is None or not path:
        return False
    made = Recording(id=recorder.id, seconds=seconds, path=path)
    move.change(recordings=(*move.call.recordings, made))
    move.record(Happening.RECORDED, path, facts=(("seconds", f"{seconds:g}"),))
    return True
