"""When the callee hangs up, the caller may rate the conversation, once; and then the call is over."""

from __future__ import annotations

import pytest

from switchhook.domain.call import CallState, Recording
from switchhook.domain.scheme import RateStep, RecordStep
from switchhook.routing.commands import EmitEvent
from switchhook.routing.events import (
    CallArrived,
    HangUpRequested,
    LegMisread,
    LegUpdated,
    Resynced,
    TimePassed,
)
from switchhook.routing.prompts import MAX_SOUND_SECONDS
from switchhook.routing.recording import STOP_TIMEOUT
from tests.support.snapshots import MARY, from_account, incoming, ring
from tests.support.transcript import (
    Transcript,
    answers,
    hangs_up,
    is_played,
    is_recorded,
    presses,
    refuses,
)

RATE = RateStep(sounds=("choose",), timeout=10.0)
ASKED = "play choose to caller as p1"
AFTER = ("end caller 200", "emit incoming.after")


def talking(rate: RateStep = RATE) -> Transcript:
    story = Transcript(incoming(rate, ring(MARY)))
    ringing = ("ring b1 mary", "emit incoming.forwarding")
    story.hears(0, CallArrived(), "emit incoming.before", *ringing)
    story.hears(5, answers("b1"), "connect b1", "emit incoming.pickup")
    story.hears(5.1, answers("caller"))
    return story


def asked(rate: RateStep = RATE) -> Transcript:
    story = talking(rate)
    story.hears(60, hangs_up("b1"), ASKED)
    story.hears(61, refuses("nobody", 486))
    story.hears(61, answers("caller"))
    story.hears(61, LegUpdated(leg="caller", handle="newer"))
    story.hears(61, LegMisread(leg="caller", text="SIP read in part"))
    return story


@pytest.mark.row("R2-11")
def test_the_caller_gives_a_rating_which_is_told() -> None:
    story = asked()
    story.hears(62, is_played("p1"))
    assert story.call.wake_at == 72
    story.hears(63, presses("4"), "emit incoming.rated", *AFTER)
    assert story.call.rating.key == "4"
    assert story.end == "answered by callee, 200 hung up"
    assert story.journal[-2:] == ["rated 4", "ended hung up"]


def test_the_caller_is_thanked() -> None:
    story = asked(RateStep(sounds=("choose",), thanks=("thanks",)))
    story.hears(62, presses("5"), "stop p1", "emit incoming.rated", "play thanks to caller as p2")
    story.hears(63, presses("1"))
    story.hears(64, is_played("p2"), *AFTER)
    assert story.call.rating.key == "5"


def test_thanks_that_never_end_end_the_call() -> None:
    story = asked(RateStep(sounds=("choose",), thanks=("thanks",)))
    story.hears(62, presses("5"), "stop p1", "emit incoming.rated", "play thanks to caller as p2")
    story.hears(62 + MAX_SOUND_SECONDS, TimePassed(), *AFTER)


def test_keys_that_are_no_mark_are_ignored() -> None:
    story = asked()
    story.hears(62, presses("0"), "stop p1")
    story.hears(62, presses("6"))
    story.hears(62, presses("#"))
    assert story.call.wake_at == 72


def test_a_caller_who_gives_no_mark_is_not_told_of() -> None:
    story = asked()
    story.hears(60 + MAX_SOUND_SECONDS, TimePassed(), "stop p1")
    story.hears(70 + MAX_SOUND_SECONDS, TimePassed(), *AFTER)
    assert story.end == "answered by callee, 200 hung up"


def test_a_caller_who_hangs_up_first_is_not_asked() -> None:
    story = talking()
    story.hears(60, hangs_up("caller"), "end b1 answered", "emit incoming.after")
    assert story.end == "answered by caller, 200 hung up"


def test_a_caller_who_hangs_up_when_asked_ends_what_the_callee_ended() -> None:
    story = asked()
    story.hears(61, hangs_up("caller"), "emit incoming.after")
    assert story.end == "answered by callee, 200 hung up"


def test_an_operator_may_end_it() -> None:
    story = asked()
    story.hears(61, HangUpRequested(by="operator bob"), *AFTER)
    assert story.end == "answered by system, 200 ended by operator bob"


def test_after_a_restart_nobody_is_asked_for_a_mark() -> None:
    asked().hears(90, Resynced(live_legs=frozenset({"caller"})), *AFTER)


def test_calls_that_run_no_scheme_are_not_rated() -> None:
    story = Transcript(from_account("mary"))
    story.hears(0, CallArrived(), "ring b1 mary", "emit internal.forwarding")
    story.hears(1, answers("b1"), "connect b1", "emit internal.pickup")
    story.hears(9, hangs_up("b1"), "end caller 200", "emit internal.after")


def recorded(rate: RateStep = RATE) -> Transcript:
    """Tell a recorded conversation up to the question, with the recording's file still to come."""
    story = Transcript(incoming(rate, RecordStep(), ring(MARY)))
    ringing = ("ring b1 mary", "emit incoming.forwarding")
    story.hears(0, CallArrived(), "emit incoming.before", *ringing)
    story.hears(5, answers("b1"), "connect b1", "record both as r1", "emit incoming.pickup")
    story.hears(5.1, answers("caller"))
    story.hears(60, hangs_up("b1"), "stop r1", ASKED)
    return story


def test_the_last_event_knows_the_recording_though_both_hang_up_at_once() -> None:
    story = recorded()
    story.hears(60.01, hangs_up("caller"))
    assert story.call.state is CallState.RECORDING
    story.hears(60.1, is_recorded(), "emit incoming.after")
    (*_, last) = story.commands
    assert isinstance(last, EmitEvent)
    assert last.call.recording.finished == (Recording(id="r1", seconds=7.0, path="r1.wav"),)
    assert story.end == "answered by callee, 200 hung up"


def test_a_mark_that_comes_before_the_recording_waits_for_it_a_moment() -> None:
    story = recorded()
    story.hears(60.1, presses("5"), "stop p1", "emit incoming.rated", "end caller 200")
    story.hears(60.1 + STOP_TIMEOUT, TimePassed(), "emit incoming.after")
    assert story.end == "answered by callee, 200 hung up"
    assert (story.call.rating.key, story.call.recording.finished) == ("5", ())


def test_after_a_restart_the_recording_of_what_is_rated_is_not_waited_for() -> None:
    recorded().hears(90, Resynced(live_legs=frozenset({"caller"})), *AFTER)


def test_whatever_ends_the_question_the_recording_is_waited_for() -> None:
    story = recorded(RateStep(sounds=("choose",), thanks=("thanks",)))
    story.hears(62, presses("5"), "stop p1", "emit incoming.rated", "play thanks to caller as p2")
    story.hears(64, is_played("p2"), "end caller 200")
    story.hears(65, is_recorded(), "emit incoming.after")
    story = recorded()
    over = 60 + MAX_SOUND_SECONDS
    story.hears(over, TimePassed(), "stop p1")
    story.hears(over + 10, TimePassed(), "end caller 200")
    story.hears(over + 11, is_recorded(), "emit incoming.after")
