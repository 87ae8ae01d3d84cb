"""Legs ring, are answered and end; the first to answer gets the call."""

from __future__ import annotations

import pytest

from switchhook.domain.call import CALLER, CallState
from switchhook.domain.cause import Cause
from switchhook.domain.journal import EntryKind
from switchhook.routing.commands import EndLeg, WriteJournal
from switchhook.routing.events import (
    CallArrived,
    LegMisread,
    LegRetried,
    LegUpdated,
    TimePassed,
)
from tests.routing.handlers.stories import asking, ended, ringing, talking
from tests.support.snapshots import (
    ASK,
    JOHN,
    MARY,
    in_turn,
    incoming,
    ring,
)
from tests.support.transcript import (
    Transcript,
    answers,
    gives_up,
    hangs_up,
    refuses,
    rings,
)


def test_the_caller_hears_early_media_only_of_a_leg_that_rings_alone() -> None:
    story = ringing()
    story.hears(2, rings("b2", early_media=True), "show ringing")
    story.hears(3, refuses("b1", 486))
    story.hears(4, rings("b2", early_media=True), "play b2")


def test_a_leg_rings_once_however_often_it_says_so() -> None:
    story = ringing()
    story.hears(2, rings("b1"), "show ringing")
    assert story.journal.count("rang b1") == 1
    assert [leg.rang_at for leg in story.call.called_legs] == [1, None]


def test_the_first_answer_wins_and_the_losers_were_answered_elsewhere() -> None:
    story = ringing()
    story.hears(3, answers("b2"), "connect b2", "end b1 answered_elsewhere", "emit incoming.pickup")
    elsewhere = Cause(sip=200, q850=26, text="answered elsewhere")
    assert any(isinstance(c, EndLeg) and c.cause == elsewhere for c in story.commands)
    assert story.attempts == ["b1 mary answered_elsewhere", "b2 john None"]


def test_when_the_last_leg_is_refused_the_next_step_begins() -> None:
    story = ringing()
    story.hears(2, refuses("b1", 486))
    story.hears(3, refuses("b2", 603), "ring b3 olga", "emit incoming.forwarding")
    assert story.attempts == ["b1 mary busy", "b2 john rejected", "b3 olga None"]


def test_when_the_last_leg_is_refused_the_next_webhook_may_be_asked() -> None:
    story = Transcript(incoming(ring(MARY), ASK))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(1, refuses("b1", 486), "show ringing", "ask crm as c-1")


def test_when_the_time_is_over_every_leg_is_given_up_and_the_next_step_begins() -> None:
    story = ringing()
    story.hears(29.9, TimePassed())
    story.hears(
        30,
        TimePassed(),
        "end b1 timeout",
        "end b2 timeout",
        "ring b3 olga",
        "emit incoming.forwarding",
    )


def test_a_leg_that_answers_after_it_was_given_up_is_hung_up() -> None:
    story = ringing()
    story.hears(2, refuses("b1", 486))
    story.hears(3, answers("b1"), "end b1 200")
    story.hears(5, answers("b2"), "connect b2", "emit incoming.pickup")
    story.hears(6, answers("b1"), "end b1 200")


def test_a_leg_that_nobody_ordered_is_hung_up_and_the_caller_never_is() -> None:
    story = ringing()
    story.hears(2, answers("nobody"), "end nobody 200")
    story.hears(2, answers(CALLER))
    assert story.call.state is CallState.RINGING


def test_a_leg_that_answers_while_the_next_webhook_is_asked_is_hung_up() -> None:
    story = Transcript(incoming(ring(MARY), ASK))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(30, TimePassed(), "end b1 timeout", "show ringing", "ask crm as c-1")
    story.hears(30.1, answers("b1"), "end b1 200")
    story.hears(30.2, refuses("b1", 487))


def test_a_leg_that_answers_after_the_call_has_ended_is_hung_up() -> None:
    story = ended()
    story.hears(61, answers("b2"), "end b2 200")
    story.hears(61, answers(CALLER))


def test_the_caller_may_give_up_while_a_webhook_is_asked() -> None:
    story = asking()
    story.hears(1, gives_up(), "emit incoming.after")
    assert story.end == "cancelled by caller, 487 the caller hung up before an answer"
    assert story.call.asks.pending is None


def test_the_caller_may_give_up_while_it_rings() -> None:
    story = ringing()
    story.hears(
        2,
        gives_up(),
        "end b1 cancelled_by_caller",
        "end b2 cancelled_by_caller",
        "emit incoming.after",
    )
    assert story.end == "cancelled by caller, 487 the caller hung up before an answer"


def test_the_caller_may_give_up_in_a_later_round() -> None:
    story = Transcript(incoming(in_turn(MARY, JOHN)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(1, refuses("b1", 486), "ring b2 john", "emit incoming.forwarding")
    story.hears(2, gives_up(), "end b2 cancelled_by_caller", "emit incoming.after")
    assert story.attempts == ["b1 mary busy", "b2 john cancelled_by_caller"]


def test_a_handle_that_changes_is_kept_for_a_restart() -> None:
    story = talking()
    story.hears(20, LegUpdated(leg=CALLER, handle="after a re-INVITE"))
    story.hears(20, LegUpdated(leg="b2", handle="of a leg that is gone"))
    story.hears(20, LegUpdated(leg="nobody", handle="x"))
    handles = [leg.handle for leg in story.call.legs]
    assert handles == ["after a re-INVITE", "handle of b1", ""]


@pytest.mark.row("FA-04")
def test_what_was_not_read_stands_in_the_timeline() -> None:
    story = talking()
    story.hears(20, LegMisread(leg="b1", text="SIP read in part: Contact"))
    assert "SIP read in part: Contact" in story.journal[-1]


def test_a_leg_that_does_not_talk_cannot_end_the_conversation() -> None:
    story = talking()
    story.hears(20, hangs_up("b2"))
    story.hears(20, hangs_up("nobody"))
    assert story.call.state is CallState.TALKING


@pytest.mark.row("FI-06")
def test_that_a_leg_goes_another_way_is_written_down() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.comes_to(0, CallArrived())
    story.hears(1, LegRetried(leg="b1", text="trunk one: no response"))
    story.hears(1, LegRetried(leg="nobody", text="trunk one: no response"))
    (entry,) = (
        command.entry
        for command in story.commands
        if isinstance(command, WriteJournal) and command.entry.kind is EntryKind.NOTICE
    )
    assert (entry.leg, entry.text) == ("b1", "trunk one: no response; the next one is tried")
