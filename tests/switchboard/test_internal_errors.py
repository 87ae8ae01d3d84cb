"""Whoever waits for what a mistake kept from being done hears of it, and nobody else does."""

from __future__ import annotations

import pytest

from switchhook.domain.call import CALLER
from switchhook.domain.cause import OUR_ERROR, AttemptEnd, Cause, attempt_end
from switchhook.domain.target import Target, TargetKind
from switchhook.routing.commands import (
    ConnectLegs,
    EndLeg,
    Play,
    RingLeg,
    ShowRinging,
    StartRecording,
    StopRecording,
)
from switchhook.routing.events import (
    HangUpRequested,
    LegEnded,
    PlaybackFinished,
    RecordingFinished,
)
from switchhook.switchboard.internal_errors import failed_ask, failed_command

TARGET = Target(kind=TargetKind.ACCOUNT, value="101")

pytestmark = pytest.mark.row("FI-03")


def test_each_command_that_is_answered_has_an_answer() -> None:
    ring = RingLeg(leg="b1", target=TARGET, caller="", caller_name="")
    assert failed_command(ring) == LegEnded(leg="b1", cause=OUR_ERROR)
    assert attempt_end(OUR_ERROR) is AttemptEnd.FAILED
    assert isinstance(failed_command(ConnectLegs(leg="b1")), HangUpRequested)
    play = Play(leg=CALLER, playback="p1", sounds=("hello",))
    assert failed_command(play) == PlaybackFinished(playback="p1")
    record = StartRecording(recording="r1", both=True)
    assert failed_command(record) == RecordingFinished(recording="r1", seconds=0, path="")


def test_of_others_nothing_is_said() -> None:
    silent = (
        Play(leg=CALLER, playback="p1", sounds=("music",), loop=True),
        ShowRinging(),
        StopRecording(recording="r1"),
        EndLeg(leg=CALLER, cause=Cause()),
    )
    assert [failed_command(command) for command in silent] == [None] * 4


def test_an_ask_that_was_never_put_has_failed() -> None:
    assert failed_ask("a1").ask == "a1"
    assert str(failed_ask("a1").failure).startswith("our_error: ")
