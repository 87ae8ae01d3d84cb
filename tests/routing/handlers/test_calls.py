"""A call as a whole: it arrives, goes its way, and may be ended by an operator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CALLER, CallerId
from switchhook.domain.cause import Cause
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import RateStep
from switchhook.domain.screening import Screening
from switchhook.routing.events import (
    CallArrived,
    Event,
    LegEnded,
    TimePassed,
)
from switchhook.webhooks.e164 import dialling_of
from tests.routing.handlers.stories import HANG_UP, asking, ended, live, picked_up, ringing, talking
from tests.support.snapshots import (
    ASK,
    CUSTOMER,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    from_account,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import (
    Transcript,
    answers,
    directs,
    fails,
    gives_up,
    hangs_up,
    presses,
    refuses,
    rings,
    sends_to,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_call_is_asked_about_directed_rung_talked_and_ended_by_the_callee() -> None:
    story = Transcript(incoming(ASK))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1.5, directs(MARY), "ring b1 mary", "emit incoming.forwarding")
    story.hears(2, rings("b1"), "show ringing")
    story.hears(6, answers("b1"), "connect b1", "emit incoming.pickup")
    story.hears(6.1, answers(CALLER))
    story.hears(66, hangs_up("b1"), "end caller 200", "emit incoming.after")
    assert story.end == "answered by callee, 200 hung up"
    assert story.attempts == ["b1 mary answered"]
    assert story.journal == [
        "arrived",
        "step scheme 1",
        "asked crm",
        "answer mary",
        "dialled b1",
        "rang b1",
        "answered b1",
        "attempt_ended b1",
        "ended hung up",
    ]
    assert (story.call.arrived_at, story.call.answered_at, story.call.ended_at) == (0, 6, 66)


def test_the_caller_may_hang_up_first() -> None:
    story = talking()
    story.hears(30, hangs_up(CALLER), "end b1 answered", "emit incoming.after")
    assert story.end == "answered by caller, 200 hung up"
    assert story.attempts == ["b1 mary answered", "b2 john answered_elsewhere"]


def test_the_caller_may_hang_up_before_hearing_our_answer() -> None:
    story = picked_up()
    story.hears(5, gives_up(), "end b1 answered", "emit incoming.after")
    assert story.end == "answered by caller, 200 hung up"


@pytest.mark.row("FD-02")
@pytest.mark.parametrize("leg", [CALLER, "b1"])
def test_a_conversation_whose_other_end_is_lost_is_ended_by_us(leg: str) -> None:
    story = talking()
    lost = Cause(sip=408, q850=41, text="lost: the other end no longer answers", is_loss=True)
    orders = ["end b1 answered" if leg == CALLER else f"end {CALLER} 408", "emit incoming.after"]
    story.hears(30, LegEnded(leg=leg, cause=lost), *orders)
    assert story.end == "answered by system, 408 lost: the other end no longer answers"


@pytest.mark.row("FD-02")
def test_a_caller_who_is_lost_before_an_answer_did_not_hang_up() -> None:
    story = ringing()
    lost = Cause(sip=481, text="lost: the other end knows nothing of the call", is_loss=True)
    story.hears(
        2, LegEnded(leg=CALLER, cause=lost), "end b1 failed", "end b2 failed", "emit incoming.after"
    )
    assert story.end == "cancelled by system, 481 lost: the other end knows nothing of the call"


def test_a_caller_who_cannot_be_served_did_not_hang_up() -> None:
    story = ringing()
    refused = Cause(sip=488, q850=88, text="no sound in common")
    orders = ("end b1 failed", "end b2 failed", "emit incoming.after")
    story.hears(2, LegEnded(leg=CALLER, cause=refused), *orders)
    assert story.end == "failed by system, 488 no sound in common"


@pytest.mark.row("S-45")
def test_the_events_of_a_call_that_goes_to_a_second_location_come_in_order() -> None:
    story = Transcript(incoming(ring(MARY, timeout=5), ring(JOHN)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(5, TimePassed(), "end b1 timeout", "ring b2 john", "emit incoming.forwarding")
    story.hears(8, answers("b2"), "connect b2", "emit incoming.pickup")
    story.hears(20, hangs_up(CALLER), "end b2 answered", "emit incoming.after")


@pytest.mark.row("S-45", "FT-08")
def test_all_events_of_a_rated_call_come_in_order() -> None:
    scheme = (RateStep(sounds=("choose",)), ring(MARY, timeout=5), ring(JOHN))
    story = Transcript(incoming(*scheme))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(5, TimePassed(), "end b1 timeout", "ring b2 john", "emit incoming.forwarding")
    story.hears(8, answers("b2"), "connect b2", "emit incoming.pickup")
    story.hears(8, answers(CALLER))
    story.hears(20, hangs_up("b2"), "play choose to caller as p1")
    over = ("end caller 200", "emit incoming.after")
    story.hears(24, presses("5"), "stop p1", "emit incoming.rated", *over)
    assert story.call.rating.key == "5"


@pytest.mark.row("S-45")
def test_a_call_that_is_given_up_while_it_rings_has_three_events() -> None:
    story = Transcript(incoming(RateStep(sounds=("choose",)), ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(3, hangs_up(CALLER), "end b1 cancelled_by_caller", "emit incoming.after")


def test_an_operator_may_end_a_call_that_asks() -> None:
    story = asking()
    story.hears(1, HANG_UP, "end caller 480", "emit incoming.after")
    assert story.end == "cancelled by system, 480 ended by operator bob"


def test_an_operator_may_end_a_call_that_rings() -> None:
    story = ringing()
    story.hears(
        2, HANG_UP, "end b1 failed", "end b2 failed", "end caller 480", "emit incoming.after"
    )
    assert story.end == "cancelled by system, 480 ended by operator bob"


def test_an_operator_may_end_a_conversation() -> None:
    story = talking()
    story.hears(9, HANG_UP, "end b1 answered", "end caller 200", "emit incoming.after")
    assert story.end == "answered by system, 200 ended by operator bob"


@pytest.mark.row("FB-15")
def test_a_direct_call_is_told_of_as_one_within_the_house_or_out_of_it() -> None:
    inside = Transcript(from_account("mary"))
    inside.hears(0, CallArrived(), "ring b1 mary", "emit internal.forwarding")
    inside.hears(1, answers("b1"), "connect b1", "emit internal.pickup")
    inside.hears(9, hangs_up("b1"), "end caller 200", "emit internal.after")
    outside = Transcript(from_account(str(MOBILE)))
    ringing = f"ring b1 {MOBILE}", "emit outgoing.forwarding"
    outside.hears(0, CallArrived(), "emit outgoing.before", *ringing)
    outside.hears(1, answers("b1"), "connect b1", "emit outgoing.pickup")
    outside.hears(9, hangs_up(CALLER), "end b1 answered", "emit outgoing.after")


def test_a_direct_call_has_no_next_step() -> None:
    story = Transcript(from_account("mary"))
    story.hears(0, CallArrived(), "ring b1 mary", "emit internal.forwarding")
    story.hears(1, refuses("b1", 486), "end caller 486", "emit internal.after")
    assert story.end == "busy by system, 486 busy"


@pytest.mark.parametrize("tell", [asking, ringing, talking, ended])
@pytest.mark.parametrize(
    "event",
    [
        CallArrived(),
        rings("nobody"),
        refuses("nobody", 486),
        directs(MARY, ask="nonsense"),
        sends_to(1, ask="nonsense"),
        fails(ask="nonsense"),
        rings(CALLER),
    ],
    ids=lambda event: f"{type(event).__name__}",
)
def test_what_is_about_nothing_here_changes_nothing(
    tell: Callable[[], Transcript], event: Event
) -> None:
    story = tell()
    before = story.call
    story.hears(7, event)
    assert before is story.call


@pytest.mark.parametrize(
    ("tell", "event"),
    [
        (asking, CallArrived()),
        (ringing, rings("b1")),
        (talking, answers("b1")),
        (talking, answers(CALLER)),
        (ended, hangs_up("b1")),
        (ended, hangs_up(CALLER)),
        (ended, HANG_UP),
        (ended, TimePassed()),
        (ended, live()),
    ],
)
def test_what_is_heard_twice_is_written_once(tell: Callable[[], Transcript], event: Event) -> None:
    story = tell()
    before = story.call
    orders = ["show ringing"] if event == rings("b1") else []
    story.hears(70, event, *orders)
    assert before == story.call


@pytest.mark.row("R4-36", "A-42")
def test_a_blocked_caller_is_turned_away_before_any_step() -> None:
    screening = Screening(blocked_callers=(CUSTOMER,))
    story = Transcript(incoming(within=snapshot(ASK, screening=screening)))
    turned_away = ("end caller 603", "emit incoming.after")
    story.hears(0, CallArrived(), "emit incoming.before", *turned_away)
    assert story.end == "blocked by system, 603 the caller is on the block list"


def test_the_block_list_is_for_calls_from_outside() -> None:
    blocked = snapshot(ring(MARY), screening=Screening(blocked_callers=("john",)))
    story = Transcript(from_account("mary", blocked))
    story.hears(0, CallArrived(), "ring b1 mary", "emit internal.forwarding")
    story = Transcript(from_account(DIALLED, blocked))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )


def test_a_caller_who_is_blocked_in_another_spelling_is_turned_away() -> None:
    within = snapshot(ring(MARY), screening=Screening(blocked_callers=("0441112233",)))
    within = ProjectSnapshot(replace(within.project, country="UA", dialling=dialling_of("UA")))
    story = Transcript(incoming(within=within))
    story.comes_to(0, CallArrived())
    assert story.end == "blocked by system, 603 the caller is on the block list"


def test_a_caller_who_withholds_the_number_is_told_so() -> None:
    within = snapshot(ring(MARY), screening=Screening(block_withheld=True))
    story = Transcript(incoming(within=within).changed(caller=CallerId(number="")))
    story.comes_to(0, CallArrived())
    assert story.end == "blocked by system, 603 the caller withholds the number"
