"""When the callee hangs up, the caller may rate the conversation, once; and then the call is over."""

from __future__ import annotations

import pytest

from switchhook.domain.scheme import Rate
from switchhook.routing.events import CallArrived, HangUpRequested, LegUpdated, Resynced, TimePassed
from tests.support.plans import MARY, from_account, incoming, ring
from tests.support.transcript import Transcript, answers, hangs_up, is_played, presses, refuses

RATE = Rate(sounds=("choose",), timeout=10.0)
ASKED = "play choose to caller as p1"
AFTER = ("end caller 200", "tell incoming.after")


def talking(rate: Rate = RATE) -> Transcript:
    story = Transcript(incoming(rate, ring(MARY)))
    ringing = ("ring b1 mary", "tell incoming.forwarding")
    story.hears(0, CallArrived(), "tell incoming.before", *ringing)
    story.hears(5, answers("b1"), "connect b1", "tell incoming.pickup")
    story.hears(5.1, answers("caller"))
    return story


def asked(rate: Rate = RATE) -> Transcript:
    story = talking(rate)
    story.hears(60, hangs_up("b1"), ASKED)
    story.hears(61, refuses("nobody", 486))
    story.hears(61, answers("caller"))
    story.hears(61, LegUpdated(leg="caller", handle="newer"))
    return story


@pytest.mark.row("R2-11")
def test_the_caller_gives_a_mark_which_is_told() -> None:
    story = asked()
    story.hears(62, is_played("p1"))
    assert story.call.wake_at == 72
    story.hears(63, presses("4"), "tell incoming.rated", *AFTER)
    assert story.call.rated == "4"
    assert story.end == "answered by callee, 200 hung up"
    assert story.journal[-2:] == ["rated 4", "ended hung up"]


def test_the_caller_is_thanked() -> None:
    story = asked(Rate(sounds=("choose",), thanks=("thanks",)))
    story.hears(62, presses("5"), "stop p1", "tell incoming.rated", "play thanks to caller as p2")
    story.hears(63, presses("1"))
    story.hears(64, is_played("p2"), *AFTER)
    assert story.call.rated == "5"


def test_thanks_that_never_end_end_the_call() -> None:
    story = asked(Rate(sounds=("choose",), thanks=("thanks",)))
    story.hears(62, presses("5"), "stop p1", "tell incoming.rated", "play thanks to caller as p2")
    story.hears(122, TimePassed(), *AFTER)


def test_keys_that_are_no_mark_are_ignored() -> None:
    story = asked()
    story.hears(62, presses("0"), "stop p1")
    story.hears(62, presses("6"))
    story.hears(62, presses("#"))
    assert story.call.wake_at == 72


def test_a_caller_who_gives_no_mark_is_not_told_of() -> None:
    story = asked()
    story.hears(120, TimePassed(), "stop p1")
    story.hears(130, TimePassed(), *AFTER)
    assert story.end == "answered by callee, 200 hung up"


def test_a_caller_who_hangs_up_first_is_not_asked() -> None:
    story = talking()
    story.hears(60, hangs_up("caller"), "end b1 answered", "tell incoming.after")
    assert story.end == "answered by caller, 200 hung up"


def test_a_caller_who_hangs_up_when_asked_ends_what_the_callee_ended() -> None:
    story = asked()
    story.hears(61, hangs_up("caller"), "tell incoming.after")
    assert story.end == "answered by callee, 200 hung up"


def test_an_operator_may_end_it() -> None:
    story = asked()
    story.hears(61, HangUpRequested(by="operator bob"), *AFTER)
    assert story.end == "answered by system, 200 ended by operator bob"


def test_after_a_restart_nobody_is_asked_for_a_mark() -> None:
    asked().hears(90, Resynced(live_legs=frozenset({"caller"})), *AFTER)


def test_calls_that_run_no_scheme_are_not_rated() -> None:
    story = Transcript(from_account("mary"))
    story.hears(0, CallArrived(), "ring b1 mary")
    story.hears(1, answers("b1"), "connect b1")
    story.hears(9, hangs_up("b1"), "end caller 200")
