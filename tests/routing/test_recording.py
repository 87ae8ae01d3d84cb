"""One recording runs at a time; it is stopped once, and kept where there is something to keep."""

from __future__ import annotations

from switchhook.domain.call import Recorder, Recording
from switchhook.routing import recording
from switchhook.routing.commands import Record, StartRecording, StopRecording
from switchhook.routing.move import Move
from tests.support.plans import incoming
from tests.support.transcript import is_recorded


def started() -> Move:
    move = Move(incoming(), 100.0)
    recording.start(move, both=True)
    return move


def test_each_recording_has_a_name_of_its_own() -> None:
    move = started()
    assert recording.keep(move, is_recorded())
    recording.start(move, both=False)
    orders = [order for order in move.commands if not isinstance(order, Record)]
    assert orders == [
        StartRecording(recording="r1", both=True),
        StartRecording(recording="r2", both=False),
    ]
    assert move.call.recordings == (Recording(id="r1", seconds=7.0, path="r1.wav"),)


def test_it_is_stopped_once() -> None:
    move = started()
    assert recording.stop(move)
    assert not recording.stop(move)
    assert move.commands[1:] == [StopRecording(recording="r1")]
    assert move.call.recorder == Recorder(id="r1", is_stopping=True)


def test_nothing_is_kept_of_nothing() -> None:
    move = started()
    assert not recording.keep(move, is_recorded(seconds=0))
    assert (move.call.recorder, move.call.recordings) == (None, ())
    assert not recording.stop(move)
    assert not recording.keep(move, is_recorded())
