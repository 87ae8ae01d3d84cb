"""A message is recorded after the greeting, and the call's last event knows where it is."""

from __future__ import annotations

from switchhook.domain.call import CallState, Recording
from switchhook.domain.scheme import BackgroundStep, VoicemailStep
from switchhook.routing.commands import EmitEvent
from switchhook.routing.events import CallArrived, TimePassed
from switchhook.routing.prompts import MAX_SOUND_SECONDS
from switchhook.routing.recording import STOP_TIMEOUT
from tests.support.snapshots import MARY, incoming, ring
from tests.support.transcript import (
    Transcript,
    answers,
    gives_up,
    hangs_up,
    is_played,
    is_recorded,
    presses,
)

STEP = VoicemailStep(sounds=("welcome",), max_duration=60.0)
GREETED = ("emit incoming.before", "answer caller", "play welcome to caller as p1")
MADE = Recording(id="r1", seconds=7.0, path="r1.wav")


def greeting() -> Transcript:
    story = Transcript(incoming(STEP, ring(MARY)))
    story.hears(0, CallArrived(), *GREETED)
    story.hears(0.1, answers("caller"))
    return story


def speaking() -> Transcript:
    story = greeting()
    story.hears(3, is_played("p1"), "record caller as r1")
    assert story.call.wake_at == 63
    return story


def test_the_caller_leaves_a_message_and_hangs_up() -> None:
    story = speaking()
    story.hears(10, hangs_up("caller"), "stop r1")
    assert story.call.state is CallState.RECORDING
    story.hears(10.2, is_recorded(), "emit incoming.after")
    assert story.end == "voicemail by caller, 200 left a message"
    (*_, last) = story.commands
    assert isinstance(last, EmitEvent)
    assert last.call.recording.finished == (MADE,)
    assert story.journal[-2:] == ["recorded r1.wav", "ended left a message"]


def test_the_caller_ends_the_message_by_a_key() -> None:
    story = speaking()
    story.hears(9, presses("5"))
    story.hears(10, presses("#"), "stop r1")
    story.hears(10.1, presses("#"))
    story.hears(10.2, is_recorded(), "end caller 200", "emit incoming.after")
    assert story.end == "voicemail by system, 200 left a message"


def test_a_message_has_a_longest_time() -> None:
    story = speaking()
    story.hears(62, TimePassed())
    story.hears(63, TimePassed(), "stop r1")
    story.hears(63.2, is_recorded(), "end caller 200", "emit incoming.after")


def test_the_file_is_not_waited_for_without_end() -> None:
    story = speaking()
    story.hears(10, hangs_up("caller"), "stop r1")
    assert story.call.wake_at == 10 + STOP_TIMEOUT
    story.hears(10 + STOP_TIMEOUT, TimePassed(), "emit incoming.after")
    assert story.end == "cancelled by caller, 487 hung up without leaving a message"


def test_where_nothing_can_be_recorded_the_next_step_follows() -> None:
    story = speaking()
    ringing = ("ring b1 mary", "emit incoming.forwarding")
    story.hears(3, is_recorded(seconds=0), *ringing)
    assert "notice no message was recorded" in story.journal


def test_a_caller_who_leaves_during_the_greeting_left_no_message() -> None:
    story = greeting()
    story.hears(2, gives_up(), "emit incoming.after")
    assert story.end == "cancelled by caller, 487 the caller hung up before an answer"


def test_the_greeting_can_be_left_out_by_a_key() -> None:
    greeting().hears(1, presses("#"), "stop p1", "record caller as r1")


def test_a_greeting_that_never_ends_is_followed_by_the_recording() -> None:
    greeting().hears(MAX_SOUND_SECONDS, TimePassed(), "stop p1", "record caller as r1")


def test_without_a_greeting_the_recording_begins_at_once() -> None:
    story = Transcript(incoming(BackgroundStep(sounds=("music",)), VoicemailStep(sounds=())))
    story.hears(0, CallArrived(), "emit incoming.before", "answer caller", "record caller as r1")
