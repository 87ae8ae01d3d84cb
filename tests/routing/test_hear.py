"""Each thing that can be heard has the same meaning whenever it comes, and none when it comes late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CALLER, CallState
from switchhook.domain.cause import Cause
from switchhook.domain.failure import FailureKind
from switchhook.domain.journal import EntryKind
from switchhook.domain.project import Plan
from switchhook.domain.scheme import RateStep
from switchhook.domain.screening import Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.routing.commands import EndLeg, WriteJournal
from switchhook.routing.events import (
    CallArrived,
    DirectionGiven,
    Event,
    HangUpRequested,
    LegEnded,
    LegMisread,
    LegRetried,
    LegUpdated,
    Resynced,
    TimePassed,
)
from switchhook.webhooks.e164 import dialling_of
from tests.support.plans import (
    ASK,
    CUSTOMER,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    OFFICE,
    OLGA,
    from_account,
    in_turn,
    incoming,
    plan,
    ring,
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

HANG_UP = HangUpRequested(by="operator bob")


def asking() -> Transcript:
    """Tell the story up to a webhook that is being asked; Mary is next."""
    story = Transcript(incoming(ASK, ring(MARY)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    return story


def ringing() -> Transcript:
    """Tell the story up to Mary and John ringing together; Olga is next."""
    story = Transcript(incoming(ring(MARY, JOHN), ring(OLGA)))
    story.hears(
        0,
        CallArrived(),
        "emit incoming.before",
        "ring b1 mary",
        "ring b2 john",
        "emit incoming.forwarding",
    )
    story.hears(1, rings("b1"), "show ringing")
    return story


def picked_up() -> Transcript:
    """Tell the story up to Mary's answer; the caller has not heard of it."""
    story = ringing()
    story.hears(5, answers("b1"), "connect b1", "end b2 answered_elsewhere", "emit incoming.pickup")
    return story


def talking() -> Transcript:
    """Tell the story up to a conversation with Mary."""
    story = picked_up()
    story.hears(5.1, answers(CALLER))
    return story


def ended() -> Transcript:
    """Tell the story to its end: Mary hangs up."""
    story = talking()
    story.hears(60, hangs_up("b1"), "end caller 200", "emit incoming.after")
    return story


# -- the whole way --


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
    assert story.call.rated == "5"


@pytest.mark.row("S-45")
def test_a_call_that_is_given_up_while_it_rings_has_three_events() -> None:
    story = Transcript(incoming(RateStep(sounds=("choose",)), ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(3, hangs_up(CALLER), "end b1 cancelled_by_caller", "emit incoming.after")


# -- asks --


@pytest.mark.row("A-54")
def test_an_ask_that_fails_goes_to_the_next_step() -> None:
    story = asking()
    story.hears(0.2, fails(), "ring b1 mary", "emit incoming.forwarding")
    assert "ask_failed crm.example answered 500" in story.journal


@pytest.mark.row("A-54")
def test_an_overdue_ask_goes_to_the_next_step_and_its_late_answer_means_nothing() -> None:
    story = asking()
    story.hears(2.2, TimePassed())
    story.hears(2.25, TimePassed(), "ring b1 mary", "emit incoming.forwarding")
    assert story.entries[-3].facts[-1] == ("kind", FailureKind.NO_ANSWER_IN_TIME)
    for late in (directs(JOHN), sends_to(1), fails()):
        story.hears(2.3, late)


def test_an_answer_to_a_former_ask_means_nothing_to_the_next() -> None:
    story = Transcript(incoming(ASK, ASK))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(2.25, TimePassed(), "show ringing", "ask crm as c-2")
    for late in (directs(JOHN), sends_to(1), fails()):
        story.hears(3, late)
    story.hears(4, directs(MARY, ask="c-2"), "ring b1 mary", "emit incoming.forwarding")


def test_what_was_read_leniently_and_what_was_exchanged_is_written_down() -> None:
    story = asking()
    told = DirectionGiven(
        ask="c-1", targets=(MARY,), notices=("relaxed JSON",), exchange=(("status", "200"),)
    )
    story.hears(0.25, told, "ring b1 mary", "emit incoming.forwarding")
    assert story.journal[3:5] == ["notice relaxed JSON", "answer mary"]
    facts = (("webhook", "crm"), ("seconds", "0.2500"), ("status", "200"))
    assert story.entries[4].facts == facts


# -- legs before an answer --


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


# -- the caller gives up --


def test_the_caller_may_give_up_while_a_webhook_is_asked() -> None:
    story = asking()
    story.hears(1, gives_up(), "emit incoming.after")
    assert story.end == "cancelled by caller, 487 the caller hung up before an answer"
    assert story.call.asked is None


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


# -- a conversation --


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


# -- an operator's hang-up --


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


# -- a restart --


def live(*legs: str) -> Resynced:
    """Say which legs live after a restart."""
    return Resynced(live_legs=frozenset(legs))


def test_after_a_restart_a_webhook_is_asked_again_where_the_caller_still_waits() -> None:
    story = asking()
    story.hears(9, live(CALLER), "show ringing", "ask crm as c-2")
    assert story.call.wake_at == 9 + 2.25
    story.hears(9.1, directs(JOHN, ask="c-1"))


def test_after_a_restart_without_that_webhook_the_next_step_begins() -> None:
    story = asking()
    lost = replace(story.call.plan.project, forwarding_numbers=())
    story.call = replace(story.call, plan=Plan(lost))
    story.hears(9, live(CALLER), "ring b1 mary", "emit incoming.forwarding")
    assert story.call.asked is None


def test_after_a_restart_a_call_that_was_asked_about_ends_where_the_caller_is_gone() -> None:
    story = asking()
    story.hears(9, live(), "emit incoming.after")
    assert story.end == "failed by system, 500 lost when Switchhook was restarted"


def test_after_a_restart_the_legs_that_live_ring_on() -> None:
    story = ringing()
    story.hears(9, live(CALLER, "b2"))
    assert story.attempts == ["b1 mary failed", "b2 john None"]
    assert story.journal[-1] == "resumed"
    story.hears(30, TimePassed(), "end b2 timeout", "ring b3 olga", "emit incoming.forwarding")


def test_after_a_restart_the_next_step_begins_where_no_leg_lives() -> None:
    story = ringing()
    story.hears(2, rings("b2"), "show ringing")
    story.hears(9, live(CALLER), "ring b3 olga", "emit incoming.forwarding")


def test_after_a_restart_a_leg_that_had_not_rung_is_rung_again() -> None:
    """Whether the order to ring it was carried out nobody knows; where it was, this does nothing."""
    story = ringing()
    story.hears(9, live(CALLER, "b1"), "ring b2 john")
    assert story.call.wake_at == 30
    assert story.journal[-1] == "resumed"


def test_after_a_restart_the_next_of_the_turn_rings() -> None:
    story = Transcript(incoming(in_turn(MARY, JOHN)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(1, rings("b1"), "show ringing")
    story.hears(9, live(CALLER), "ring b2 john", "emit incoming.forwarding")


def test_after_a_restart_the_next_step_may_ask_or_there_may_be_none() -> None:
    story = Transcript(incoming(ring(MARY), ASK))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(1, rings("b1"), "show ringing")
    story.hears(9, live(CALLER), "show ringing", "ask crm as c-1")
    alone = Transcript(from_account("mary"))
    alone.hears(0, CallArrived(), "ring b1 mary", "emit internal.forwarding")
    alone.hears(1, rings("b1"), "show ringing")
    alone.hears(9, live(CALLER), "end caller 500", "emit internal.after")


def test_after_a_restart_nothing_rings_on_for_a_caller_who_is_gone() -> None:
    story = ringing()
    story.hears(9, live("b1"), "end b1 failed", "emit incoming.after")
    assert story.end == "failed by system, 500 lost when Switchhook was restarted"


def test_after_a_restart_a_conversation_goes_on_where_both_are_there() -> None:
    story = talking()
    story.hears(99, live(CALLER, "b1"))
    assert story.journal[-1] == "resumed"
    story.hears(120, hangs_up(CALLER), "end b1 answered", "emit incoming.after")


def test_after_a_restart_a_conversation_ends_where_the_callee_is_gone() -> None:
    story = talking()
    story.hears(99, live(CALLER), "end caller 500", "emit incoming.after")
    assert story.end == "answered by system, 500 lost when Switchhook was restarted"


def test_after_a_restart_a_conversation_ends_where_the_caller_is_gone() -> None:
    story = talking()
    story.hears(99, live("b1"), "end b1 answered", "emit incoming.after")


def test_orders_that_a_crash_prevented_are_given_again() -> None:
    """It was stored that Mary answered; neither she was connected nor John's leg ended."""
    story = picked_up()
    story.hears(9, live(CALLER, "b1", "b2"), "end b2 200", "connect b1")
    story = ringing()
    story.hears(9, live(CALLER, "b1", "b2", "b7"), "end b7 200")


# -- what means nothing --


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


# -- who does not get through, and where answers do not lead --


@pytest.mark.row("R4-36", "A-42")
def test_a_blocked_caller_is_turned_away_before_any_step() -> None:
    screening = Screening(blocked_callers=(CUSTOMER,))
    story = Transcript(incoming(within=plan(ASK, screening=screening)))
    turned_away = ("end caller 603", "emit incoming.after")
    story.hears(0, CallArrived(), "emit incoming.before", *turned_away)
    assert story.end == "blocked by system, 603 the caller is on the block list"


def test_the_block_list_is_for_calls_from_outside() -> None:
    blocked = plan(ring(MARY), screening=Screening(blocked_callers=("john",)))
    story = Transcript(from_account("mary", blocked))
    story.hears(0, CallArrived(), "ring b1 mary", "emit internal.forwarding")
    story = Transcript(from_account(DIALLED, blocked))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )


@pytest.mark.row("S-78", "A-58")
def test_a_denied_destination_is_left_out_and_the_next_location_follows() -> None:
    screening = Screening(denied_prefixes=("38050",))
    story = Transcript(incoming(within=plan(ASK, ring(MARY), screening=screening)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1, directs(MOBILE), "ring b1 mary", "emit incoming.forwarding")
    (refused,) = [
        entry for entry in story.entries if ("alert", "destination refused") in entry.facts
    ]
    assert refused.text == f"this project does not call {MOBILE}"


@pytest.mark.row("S-78")
def test_of_several_destinations_those_that_are_allowed_ring() -> None:
    screening = Screening(allowed_prefixes=("38044",))
    story = Transcript(incoming(within=plan(ASK, screening=screening)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    ringing = (f"ring b1 {OFFICE}", "ring b2 mary", "emit incoming.forwarding")
    story.hears(1, directs(MOBILE, OFFICE, MARY), *ringing)


@pytest.mark.row("S-78", "A-58")
@pytest.mark.parametrize(
    "returned", ["sip:0900111222@gw.example", "sip:%2B380900111222@gw.example;user=phone"]
)
def test_a_denied_number_behind_a_sip_address_is_left_out_too(returned: str) -> None:
    within = plan(ASK, ring(MARY), screening=Screening(denied_prefixes=("380900",)))
    within = Plan(replace(within.project, country="UA", dialling=dialling_of("UA")))
    story = Transcript(incoming(within=within))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    address = Target(kind=TargetKind.ADDRESS, value=returned)
    story.hears(1, directs(address), "ring b1 mary", "emit incoming.forwarding")


def test_a_caller_who_is_blocked_in_another_spelling_is_turned_away() -> None:
    within = plan(ring(MARY), screening=Screening(blocked_callers=("0441112233",)))
    within = Plan(replace(within.project, country="UA", dialling=dialling_of("UA")))
    story = Transcript(incoming(within=within))
    story.comes_to(0, CallArrived())
    assert story.end == "blocked by system, 603 the caller is on the block list"


def test_a_caller_who_withholds_the_number_is_told_so() -> None:
    within = plan(ring(MARY), screening=Screening(block_withheld=True))
    story = Transcript(replace(incoming(within=within), caller=""))
    story.comes_to(0, CallArrived())
    assert story.end == "blocked by system, 603 the caller withholds the number"


def test_what_a_scheme_itself_rings_is_held_to_no_prefix() -> None:
    within = plan(ring(MOBILE), screening=Screening(denied_prefixes=("3",)), fallback=MOBILE)
    story = Transcript(incoming(within=within))
    story.comes_to(0, CallArrived(), refuses("b1", 486), refuses("b2", 486))
    assert story.attempts == [f"b1 {MOBILE} busy", f"b2 {MOBILE} busy"]


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
