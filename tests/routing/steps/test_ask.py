"""Asking takes the call until the webhook's own deadline, and a moment's grace, has passed."""

from __future__ import annotations

import pytest

from switchhook.domain.call import CallState, PendingAsk
from switchhook.domain.scheme import AskStep
from switchhook.routing.commands import AskWebhook
from switchhook.routing.events import CallArrived, TimePassed
from switchhook.routing.steps.ask import GRACE
from switchhook.webhooks.parameters import CallFacts, resolve
from tests.support.snapshots import ASK, MARY, incoming, ring, snapshot
from tests.support.transcript import Transcript, directs, fails, refuses, sends_to


@pytest.mark.row("R1-123", "R3-17")
def test_the_engine_names_the_ask_and_waits_a_little_longer_than_the_webhook_may_take() -> None:
    story = Transcript(incoming(ASK, now=100))
    story.hears(100, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    assert story.call.state is CallState.ASKING
    assert story.call.asks.pending == PendingAsk(id="c-1", webhook="crm", asked_at=100)
    assert story.call.wake_at == 100 + 2 + GRACE
    assert story.commands[-1] == AskWebhook(ask="c-1", webhook="crm")


@pytest.mark.row("S-12")
def test_the_grace_leaves_room_within_half_a_second() -> None:
    """S-12: the next location starts within the response timeout and half a second."""
    assert 0 < GRACE < 0.5


def test_a_webhook_that_does_not_exist_hands_the_call_on() -> None:
    story = Transcript(incoming(AskStep(webhook="gone"), ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    assert "notice forwarding number 'gone' is not in this project" in story.journal


@pytest.mark.row("S-13", "A-08", "R1-23", "R3-11")
def test_the_answer_rings_for_the_webhooks_ring_timeout_not_its_response_timeout() -> None:
    """S-13: asked at 0, two seconds for the answer, seven for the ringing."""
    story = Transcript(incoming(ASK))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1.5, directs(MARY), "ring b1 mary", "emit incoming.forwarding")
    assert story.call.asks.pending is None
    assert story.call.wake_at == 1.5 + 7


def test_a_direction_to_nobody_hands_the_call_on() -> None:
    story = Transcript(incoming(within=snapshot(ASK, ring(MARY))))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1, directs(), "ring b1 mary", "emit incoming.forwarding")
    assert "notice there is no target to ring" in story.journal


def test_a_direction_to_nobody_ends_the_call_where_no_step_is_left() -> None:
    story = Transcript(incoming(ASK))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1, directs(), "end caller 486", "emit incoming.after")


def test_an_overdue_ask_ends_the_call_where_no_step_is_left() -> None:
    story = Transcript(incoming(ASK))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(2.25, TimePassed(), "end caller 486", "emit incoming.after")


@pytest.mark.row("A-14", "R1-42")
def test_the_next_location_is_told_that_this_one_placed_the_call_nowhere() -> None:
    story = Transcript(incoming(within=snapshot(ASK, ASK, ring(MARY), ASK)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    assert status(story) == ""
    story.hears(1, fails("c-1"), "show ringing", "ask crm as c-2")
    assert status(story) == "NO-FORWARD"
    story.hears(2, fails("c-2"), "ring b1 mary", "emit incoming.forwarding")
    assert status(story) == ""
    story.hears(3, refuses("b1", 486), "show ringing", "ask crm as c-3")
    assert status(story) == "BUSY"


@pytest.mark.row("A-14", "R1-42")
def test_a_scheme_that_was_named_is_a_place_and_one_that_is_gone_is_none() -> None:
    for named, told in ((2, ""), (99, "NO-FORWARD")):
        story = Transcript(incoming(within=snapshot(ASK, ASK, schemes={2: (ASK,)})))
        story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
        story.hears(1, sends_to(named), "show ringing", "ask crm as c-2")
        assert status(story) == told


def status(story: Transcript) -> str:
    return resolve("status", "", CallFacts(call=story.call, now=0.0))
