"""One recording runs at a time; it is stopped once, and kept where there is something to keep."""

from __future__ import annotations

from switchhook.domain.call import Recording, RunningRecording
from switchhook.routing import recording
from switchhook.routing.commands import StartRecording, StopRecording, WriteJournal
from switchhook.routing.context import TransitionContext
from tests.support.snapshots import incoming
from tests.support.transcript import is_recorded


def started() -> TransitionContext:
    ctx = TransitionContext(incoming(), 100.0)
    recording.start(ctx, both=True)
    return ctx


def test_each_recording_has_a_name_of_its_own() -> None:
    ctx = started()
    assert recording.keep(ctx, is_recorded())
    recording.start(ctx, both=False)
    orders = [order for order in ctx.commands if not isinstance(order, WriteJournal)]
    assert orders == [
        StartRecording(recording="r1", both=True),
        StartRecording(recording="r2", both=False),
    ]
    assert ctx.call.recording.finished == (Recording(id="r1", seconds=7.0, path="r1.wav"),)


def test_it_is_stopped_once() -> None:
    ctx = started()
    assert recording.stop(ctx)
    assert not recording.stop(ctx)
    assert ctx.commands[1:] == [StopRecording(recording="r1")]
    assert ctx.call.recording.running == RunningRecording(id="r1", is_stopping=True)


def test_nothing_is_kept_of_nothing() -> None:
    ctx = started()
    assert not recording.keep(ctx, is_recorded(seconds=0))
    assert (ctx.call.recording.running, ctx.call.recording.finished) == (None, ())
    assert not recording.stop(ctx)
    assert not recording.keep(ctx, is_recorded())
