"""Targets ring together or in turn, each for its time, and the first to answer gets the call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.call import CallState, LegState
from switchhook.domain.journal import EntryKind
from switchhook.domain.project import Group, ProjectSnapshot
from switchhook.domain.scheme import CallerName, HangUpStep, NameChoice, RingDestinationStep
from switchhook.domain.webhook import RingOrder
from switchhook.routing.commands import EndLeg, RingLeg
from switchhook.routing.events import CallArrived, Resynced, TimePassed
from tests.support.snapshots import (
    ASK,
    CUSTOMER,
    JOHN,
    MARY,
    MOBILE,
    OLGA,
    SALES,
    ask_crm,
    from_account,
    group,
    in_turn,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import Transcript, accepts, answers, directs, refuses, rings

TOGETHER = (
    "emit incoming.before",
    "ring b1 mary",
    "ring b2 john",
    "ring b3 olga",
    "emit incoming.forwarding",
)
FIRST = ("emit incoming.before", "ring b1 mary", "emit incoming.forwarding")


def test_a_leg_shows_who_calls() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.hears(0, CallArrived(), *FIRST)
    ringing = RingLeg(leg="b1", target=MARY, caller=CUSTOMER, caller_name="Anna")
    assert ringing in story.commands


@pytest.mark.row("S-03", "R1-31", "A-10")
def test_several_ring_at_once_and_one_answers() -> None:
    """S-03: the second answers, the other two are ended."""
    story = Transcript(incoming(ring(MARY, JOHN, OLGA)))
    story.hears(0, CallArrived(), *TOGETHER)
    story.hears(1, rings("b3"), "show ringing")
    story.hears(
        4,
        answers("b2"),
        "connect b2",
        "end b1 answered_elsewhere",
        "end b3 answered_elsewhere",
        "emit incoming.pickup",
    )
    assert story.call.talking_to == "b2"
    assert story.call.wake_at is None
    assert story.call.ring_round is None


def test_two_answers_at_once_connect_one_and_end_the_other() -> None:
    story = Transcript(incoming(ring(MARY, JOHN)))
    story.hears(
        0,
        CallArrived(),
        "emit incoming.before",
        "ring b1 mary",
        "ring b2 john",
        "emit incoming.forwarding",
    )
    story.hears(4, answers("b2"), "connect b2", "end b1 answered_elsewhere", "emit incoming.pickup")
    story.hears(4, answers("b1"), "end b1 200")


@pytest.mark.row("A-10")
def test_one_after_another_each_has_the_whole_time() -> None:
    story = Transcript(incoming(in_turn(MARY, JOHN, OLGA, timeout=20)))
    story.hears(0, CallArrived(), *FIRST)
    story.hears(20, TimePassed(), "end b1 timeout", "ring b2 john", "emit incoming.forwarding")
    assert story.call.wake_at == 40
    story.hears(25, refuses("b2", 486), "ring b3 olga", "emit incoming.forwarding")
    assert story.call.wake_at == 45
    story.hears(45, TimePassed(), "end b3 timeout", "end caller 480", "emit incoming.after")
    assert story.attempts == ["b1 mary timeout", "b2 john busy", "b3 olga timeout"]


@pytest.mark.row("A-10")
def test_one_after_another_may_be_what_the_webhook_is_set_to() -> None:
    story = Transcript(incoming(within=snapshot(ASK, ring_order=RingOrder.ONE_AFTER_ANOTHER)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1, directs(MARY, MOBILE), "ring b1 mary", "emit incoming.forwarding")
    story.hears(8, TimePassed(), "end b1 timeout", f"ring b2 {MOBILE}", "emit incoming.forwarding")


def test_a_refusal_does_not_lengthen_what_the_others_have() -> None:
    story = Transcript(incoming(ring(MARY, JOHN, timeout=20)))
    story.hears(
        0,
        CallArrived(),
        "emit incoming.before",
        "ring b1 mary",
        "ring b2 john",
        "emit incoming.forwarding",
    )
    story.hears(5, refuses("b1", 486))
    assert story.call.wake_at == 20
    story.hears(20, TimePassed(), "end b2 timeout", "end caller 480", "emit incoming.after")


def test_a_time_that_has_not_come_changes_nothing() -> None:
    story = Transcript(incoming(ring(MARY, timeout=20)))
    story.hears(0, CallArrived(), *FIRST)
    story.hears(19.999, TimePassed())
    assert story.call.state is CallState.RINGING


def test_a_ring_of_nobody_hands_the_call_on() -> None:
    story = Transcript(incoming(ring(), ring(MARY)))
    story.hears(0, CallArrived(), *FIRST)
    assert "notice there is no target to ring" in story.journal


def test_a_leg_that_answers_without_ringing_is_an_answer() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.hears(0, CallArrived(), *FIRST)
    story.hears(0.1, answers("b1"), "connect b1", "emit incoming.pickup")
    leg = story.call.leg("b1")
    assert leg is not None
    assert (leg.rang_at, leg.answered_at, leg.handle) == (None, 0.1, "handle of b1")
    assert leg.state is LegState.TALKING


def test_who_did_not_get_the_call_is_told_why() -> None:
    story = Transcript(incoming(in_turn(MARY, timeout=20), ring(JOHN, OLGA)))
    story.comes_to(0, CallArrived())
    story.comes_to(20, TimePassed())
    story.comes_to(21, answers("b2"))
    ends = {c.leg: c.cause for c in story.commands if isinstance(c, EndLeg)}
    assert {leg: (cause.sip, cause.q850) for leg, cause in ends.items()} == {
        "b1": (408, 19),
        "b3": (200, 26),
    }


def test_the_journal_says_whom_a_leg_rings_and_who_answered() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.comes_to(0, CallArrived())
    story.comes_to(1, answers("b1"))
    told = {e.kind: e.facts for e in story.entries if e.leg == "b1"}
    assert told[EntryKind.DIALLED] == told[EntryKind.ANSWERED] == (("target", "mary"),)


def test_the_accounts_of_a_group_ring_together() -> None:
    story = Transcript(incoming(ring(SALES)))
    story.hears(
        0,
        CallArrived(),
        "emit incoming.before",
        "ring b1 mary",
        "ring b2 olga",
        "emit incoming.forwarding",
    )
    story.hears(3, answers("b2"), "connect b2", "end b1 answered_elsewhere", "emit incoming.pickup")


def test_a_group_takes_one_turn_in_which_it_rings_together() -> None:
    story = Transcript(incoming(in_turn(JOHN, SALES, MOBILE, timeout=20)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 john", "emit incoming.forwarding"
    )
    story.hears(
        20,
        TimePassed(),
        "end b1 timeout",
        "ring b2 mary",
        "ring b3 olga",
        "emit incoming.forwarding",
    )
    story.hears(25, refuses("b2", 486))
    assert story.call.wake_at == 40
    story.hears(26, refuses("b3", 486), f"ring b4 {MOBILE}", "emit incoming.forwarding")


def test_who_is_named_twice_rings_once() -> None:
    story = Transcript(incoming(ring(OLGA, SALES, OLGA)))
    story.hears(
        0,
        CallArrived(),
        "emit incoming.before",
        "ring b1 olga",
        "ring b2 mary",
        "emit incoming.forwarding",
    )


def test_a_webhook_may_name_groups_among_others() -> None:
    story = Transcript(incoming(within=snapshot(ASK)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(
        1,
        directs(MOBILE, SALES, JOHN),
        f"ring b1 {MOBILE}",
        "ring b2 mary",
        "ring b3 olga",
        "ring b4 john",
        "emit incoming.forwarding",
    )


def test_the_fallback_may_be_a_group() -> None:
    story = Transcript(incoming(within=snapshot(ring(JOHN, timeout=5), fallback=SALES)))
    story.comes_to(0, CallArrived())
    story.hears(
        5,
        TimePassed(),
        "end b1 timeout",
        "ring b2 mary",
        "ring b3 olga",
        "emit incoming.forwarding",
    )


def test_a_webhooks_destination_and_name_may_be_for_a_group() -> None:
    step = RingDestinationStep(caller_name=CallerName(choice=NameChoice.WEBHOOK))
    story = Transcript(incoming(within=snapshot(ask_crm(step))))
    story.comes_to(0, CallArrived())
    story.comes_to(1, accepts(destination=SALES, name="VoysPartners"))
    rung = [order for order in story.commands if isinstance(order, RingLeg)]
    assert [(str(one.target), one.caller_name) for one in rung] == [
        ("mary", "VoysPartners"),
        ("olga", "VoysPartners"),
    ]


def test_who_dials_a_group_rings_all_but_the_own_telephone() -> None:
    story = Transcript(from_account("200"))
    story.hears(0, CallArrived(), "ring b1 mary", "ring b2 olga", "emit internal.forwarding")
    with_john = replace(
        snapshot(HangUpStep()).project, groups=(Group(name="200", accounts=("john", "mary")),)
    )
    story = Transcript(from_account("200", ProjectSnapshot(with_john)))
    story.hears(0, CallArrived(), "ring b1 mary", "emit internal.forwarding")


def test_a_group_of_none_but_the_caller_rings_nobody() -> None:
    alone = replace(snapshot(HangUpStep()).project, groups=(Group(name="200", accounts=("john",)),))
    story = Transcript(from_account("200", ProjectSnapshot(alone)))
    story.hears(0, CallArrived(), "end caller 486", "emit internal.after")


def test_a_destination_of_nobody_takes_the_failed_branch() -> None:
    story = Transcript(
        incoming(within=snapshot(ask_crm(RingDestinationStep(), failed=(ring(JOHN),))))
    )
    story.comes_to(0, CallArrived())
    story.hears(1, accepts(destination=group("nobody")), "ring b1 john", "emit incoming.forwarding")


def test_a_group_whose_turn_has_not_come_survives_a_restart() -> None:
    story = Transcript(incoming(in_turn(JOHN, SALES, timeout=20)))
    story.comes_to(0, CallArrived())
    story.hears(
        5,
        Resynced(live_legs=frozenset({"caller"})),
        "ring b1 john",
    )
    story.hears(
        20,
        TimePassed(),
        "end b1 timeout",
        "ring b2 mary",
        "ring b3 olga",
        "emit incoming.forwarding",
    )
