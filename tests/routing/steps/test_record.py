"""A conversation is recorded when its scheme says so, and the call's last event knows the recording."""

from __future__ import annotations

import pytest

from switchhook.domain.call import CallState, Recording
from switchhook.domain.journal import EntryKind
from switchhook.domain.scheme import RateStep, RecordStep, Step
from switchhook.routing.commands import EmitEvent, WriteJournal
from switchhook.routing.engine import amend
from switchhook.routing.events import (
    CallArrived,
    HangUpRequested,
    LateFacts,
    RecordingFinished,
    Resynced,
    TimePassed,
)
from switchhook.routing.recording import STOP_TIMEOUT
from switchhook.webhooks.parameters import CallFacts, resolve
from tests.support.snapshots import MARY, incoming, ring
from tests.support.transcript import Transcript, answers, hangs_up, is_played, is_recorded, presses

MADE = Recording(id="r1", seconds=7.0, path="r1.wav")


def talking(*before: Step) -> Transcript:
    story = Transcript(incoming(*before, RecordStep(), ring(MARY)))
    ringing = ("ring b1 mary", "emit incoming.forwarding")
    story.hears(0, CallArrived(), "emit incoming.before", *ringing)
    story.hears(5, answers("b1"), "connect b1", "record both as r1", "emit incoming.pickup")
    story.hears(5.1, answers("caller"))
    return story


def test_both_voices_are_recorded_until_somebody_hangs_up() -> None:
    story = talking()
    story.hears(60, hangs_up("b1"), "stop r1", "end caller 200")
    assert story.call.state is CallState.RECORDING
    story.hears(60.1, is_recorded(), "emit incoming.after")
    assert story.end == "answered by callee, 200 hung up"
    (*_, last) = story.commands
    assert isinstance(last, EmitEvent)
    assert last.call.recording.finished == (MADE,)


def test_callers_are_told_before_anything_rings() -> None:
    step = RecordStep(announcement=("recorded",))
    story = Transcript(incoming(step, ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "answer caller", "play recorded to caller as p1"
    )
    ringing = ("ring b1 mary", "emit incoming.forwarding")
    story.hears(4, is_played("p1"), *ringing)
    story.comes_to(5, answers("b1"))
    assert story.call.recording.running is not None


def test_who_stops_recording_announces_nothing() -> None:
    story = Transcript(incoming(RecordStep(is_on=False, announcement=("recorded",)), ring(MARY)))
    story.comes_to(0, CallArrived())
    assert (story.call.state, story.call.playback.started) == (CallState.RINGING, 0)


def test_the_caller_may_hang_up_first() -> None:
    story = talking()
    story.hears(60, hangs_up("caller"), "stop r1", "end b1 answered")
    story.hears(60.1, is_recorded(), "emit incoming.after")
    assert story.end == "answered by caller, 200 hung up"


def test_the_recording_is_not_waited_for_without_end() -> None:
    story = talking()
    story.hears(60, hangs_up("b1"), "stop r1", "end caller 200")
    story.hears(60 + STOP_TIMEOUT, TimePassed(), "emit incoming.after")
    assert story.end == "answered by callee, 200 hung up"
    assert story.call.recording.finished == ()


def test_a_recording_that_cannot_be_made_disturbs_nobody() -> None:
    story = talking()
    story.hears(6, is_recorded("r9"))
    story.hears(6, is_recorded(seconds=0))
    story.hears(60, hangs_up("b1"), "end caller 200", "emit incoming.after")


@pytest.mark.row("FI-11")
def test_a_conversation_that_cannot_be_recorded_says_why() -> None:
    story = talking()
    story.hears(5.2, is_recorded(seconds=0, trouble="no G.711"))
    assert story.journal[-1] == "notice not recorded: no G.711"
    story.hears(60, hangs_up("b1"), "end caller 200", "emit incoming.after")
    (*_, last) = story.commands
    assert isinstance(last, EmitEvent)
    facts = CallFacts(call=last.call, now=60.0)
    assert (resolve("recording", "", facts), resolve("call_id", "", facts)) == ("", "c")


@pytest.mark.row("FI-11")
def test_a_recording_that_broke_off_says_so_and_is_kept() -> None:
    story = talking()
    story.hears(30, is_recorded(trouble="the disk is full"))
    assert "notice recorded in part: the disk is full" in story.journal
    assert story.call.recording.finished == (MADE,)
    assert resolve("recording", "", CallFacts(call=story.call, now=60.0)) == "c"


def test_what_a_recording_brought_before_the_end_is_kept() -> None:
    story = talking()
    story.hears(30, is_recorded())
    assert story.call.recording.finished == (MADE,)
    assert story.journal[-1] == "recorded r1.wav"


def test_the_mark_is_not_recorded() -> None:
    story = talking(RateStep(sounds=("choose",)))
    story.hears(60, hangs_up("b1"), "stop r1", "play choose to caller as p1")
    story.hears(60.1, is_recorded())
    ended = ("end caller 200", "emit incoming.after")
    story.hears(62, presses("5"), "stop p1", "emit incoming.rated", *ended)
    assert story.call.recording.finished == (MADE,)


def test_a_later_step_may_switch_it_off() -> None:
    story = Transcript(incoming(RecordStep(), RecordStep(is_on=False), ring(MARY)))
    story.comes_to(0, CallArrived())
    story.hears(5, answers("b1"), "connect b1", "emit incoming.pickup")


def test_an_operator_does_not_wait_for_the_recording() -> None:
    talking().hears(
        60, HangUpRequested(by="bob"), "end b1 answered", "end caller 200", "emit incoming.after"
    )


def test_after_a_restart_a_new_recording_begins() -> None:
    both = Resynced(live_legs=frozenset({"caller", "b1"}))
    talking().hears(30, both, "record both as r2")


PART = RecordingFinished(recording="r1", seconds=29.5, path="/r/r1.wav")


@pytest.mark.row("FE-04")
def test_after_a_kill_the_part_before_it_is_named_and_another_begins() -> None:
    story = talking()
    both = Resynced(live_legs=frozenset({"caller", "b1"}), recorded=PART)
    story.hears(30, both, "record both as r2")
    story.hears(60, hangs_up("b1"), "stop r2", "end caller 200")
    second = RecordingFinished(recording="r2", seconds=30, path="/r/r2.wav")
    story.hears(61, second, "emit incoming.after")
    assert [made.id for made in story.call.recording.finished] == ["r1", "r2"]
    named = [entry for entry in story.entries if entry.kind is EntryKind.RECORDED]
    assert [entry.text for entry in named] == ["/r/r1.wav", "/r/r2.wav"]


@pytest.mark.row("FE-04")
def test_after_a_stop_it_is_recorded_on() -> None:
    story = talking()
    story.hears(29, PART)  # its sound ended with the process
    story.hears(30, Resynced(live_legs=frozenset({"caller", "b1"})), "record both as r2")
    assert [made.id for made in story.call.recording.finished] == ["r1"]


@pytest.mark.row("FE-04")
def test_a_conversation_that_a_kill_ended_names_what_was_recorded() -> None:
    story = talking()
    lost = Resynced(live_legs=frozenset({"caller"}), recorded=PART)
    story.hears(30, lost, "end caller 500", "emit incoming.after")
    assert [made.id for made in story.call.recording.finished] == ["r1"]


@pytest.mark.row("FE-04")
def test_a_recording_that_was_waited_for_at_a_kill_is_named() -> None:
    story = talking()
    story.hears(60, hangs_up("b1"), "stop r1", "end caller 200")
    after = Resynced(live_legs=frozenset({"caller"}), recorded=PART)
    story.hears(70, after, "end caller 200", "emit incoming.after")
    assert [made.id for made in story.call.recording.finished] == ["r1"]
    assert story.end == "answered by callee, 200 hung up"


def test_after_a_restart_the_recording_is_not_waited_for() -> None:
    story = talking()
    story.hears(60, hangs_up("b1"), "stop r1", "end caller 200")
    story.hears(
        70, Resynced(live_legs=frozenset({"caller"})), "end caller 200", "emit incoming.after"
    )
    assert story.end == "answered by callee, 200 hung up"


def test_an_operator_does_not_take_the_end_of_a_conversation_upon_themselves() -> None:
    story = talking()
    story.hears(60, hangs_up("b1"), "stop r1", "end caller 200")
    story.hears(61, HangUpRequested(by="bob"), "emit incoming.after")
    assert story.end == "answered by callee, 200 ended by bob"


def test_a_recording_that_comes_after_the_end_is_added_once() -> None:
    story = talking()
    story.comes_to(60, hangs_up("b1"))
    story.comes_to(60 + STOP_TIMEOUT, TimePassed())
    assert (story.call.state, story.call.recording.finished) == (CallState.ENDED, ())
    late = LateFacts(recording=RecordingFinished(recording="r1", seconds=7.0, path="r1.wav"))
    after, commands = amend(story.call, late, 80.0)
    assert after.recording.finished == (MADE,)
    assert [type(command) for command in commands] == [WriteJournal]
    assert amend(after, late, 81.0) == (after, ())
    lost = LateFacts(recording=RecordingFinished(recording="r2", seconds=0, path=""))
    assert amend(after, lost, 81.0) == (after, ())
