"""What a routing webhook answered leads on, and so does its silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.failure import FailureKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.screening import Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.routing.commands import RingLeg
from switchhook.routing.events import (
    CallArrived,
    DirectionGiven,
    SchemeGiven,
    TimePassed,
)
from switchhook.webhooks.e164 import dialling_of
from tests.routing.handlers.stories import asking
from tests.support.snapshots import (
    ASK,
    JOHN,
    MARY,
    MOBILE,
    OFFICE,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import (
    Transcript,
    directs,
    fails,
    refuses,
    sends_to,
)


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


@pytest.mark.row("S-78", "A-58")
def test_a_denied_destination_is_left_out_and_the_next_location_follows() -> None:
    screening = Screening(denied_prefixes=("38050",))
    story = Transcript(incoming(within=snapshot(ASK, ring(MARY), screening=screening)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1, directs(MOBILE), "ring b1 mary", "emit incoming.forwarding")
    (refused,) = [
        entry for entry in story.entries if ("alert", "destination refused") in entry.facts
    ]
    assert refused.text == f"this project does not call {MOBILE}"


@pytest.mark.row("S-78")
def test_of_several_destinations_those_that_are_allowed_ring() -> None:
    screening = Screening(allowed_prefixes=("38044",))
    story = Transcript(incoming(within=snapshot(ASK, screening=screening)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    ringing = (f"ring b1 {OFFICE}", "ring b2 mary", "emit incoming.forwarding")
    story.hears(1, directs(MOBILE, OFFICE, MARY), *ringing)


@pytest.mark.row("S-78", "A-58")
@pytest.mark.parametrize(
    "returned", ["sip:0900111222@gw.example", "sip:%2B380900111222@gw.example;user=phone"]
)
def test_a_denied_number_behind_a_sip_address_is_left_out_too(returned: str) -> None:
    within = snapshot(ASK, ring(MARY), screening=Screening(denied_prefixes=("380900",)))
    within = ProjectSnapshot(replace(within.project, country="UA", dialling=dialling_of("UA")))
    story = Transcript(incoming(within=within))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    address = Target(kind=TargetKind.ADDRESS, value=returned)
    story.hears(1, directs(address), "ring b1 mary", "emit incoming.forwarding")


def test_what_a_scheme_itself_rings_is_held_to_no_prefix() -> None:
    within = snapshot(ring(MOBILE), screening=Screening(denied_prefixes=("3",)), fallback=MOBILE)
    story = Transcript(incoming(within=within))
    story.comes_to(0, CallArrived(), refuses("b1", 486), refuses("b2", 486))
    assert story.attempts == [f"b1 {MOBILE} busy", f"b2 {MOBILE} busy"]


def test_the_name_that_an_answer_gives_the_caller_is_shown_from_then_on() -> None:
    story = asking()
    story.hears(
        1,
        DirectionGiven(ask="c-1", targets=(MARY,), caller_name="Acme"),
        "ring b1 mary",
        "emit incoming.forwarding",
    )
    assert [one.caller_name for one in story.commands if isinstance(one, RingLeg)] == ["Acme"]

    moved = Transcript(incoming(within=snapshot(ASK, schemes={2: (ring(JOHN),)})))
    moved.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    told = SchemeGiven(ask="c-1", scheme=2, caller_name="Ben")
    moved.hears(1, told, "ring b1 john", "emit incoming.forwarding")
    assert [one.caller_name for one in moved.commands if isinstance(one, RingLeg)] == ["Ben"]


def test_an_answer_without_a_name_leaves_the_callers_own() -> None:
    story = asking()
    story.hears(1, directs(MARY), "ring b1 mary", "emit incoming.forwarding")
    assert [one.caller_name for one in story.commands if isinstance(one, RingLeg)] == ["Anna"]
