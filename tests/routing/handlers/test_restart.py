"""After a restart a call goes on with the legs that still live, or ends."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.call import CALLER
from switchhook.domain.project import ProjectSnapshot
from switchhook.routing.events import (
    CallArrived,
    TimePassed,
)
from tests.routing.handlers.stories import asking, live, picked_up, ringing, talking
from tests.support.snapshots import (
    ASK,
    JOHN,
    MARY,
    from_account,
    in_turn,
    incoming,
    ring,
)
from tests.support.transcript import (
    Transcript,
    directs,
    hangs_up,
    rings,
)


def test_after_a_restart_a_webhook_is_asked_again_where_the_caller_still_waits() -> None:
    story = asking()
    story.hears(9, live(CALLER), "show ringing", "ask crm as c-2")
    assert story.call.wake_at == 9 + 2.25
    story.hears(9.1, directs(JOHN, ask="c-1"))


def test_after_a_restart_without_that_webhook_the_next_step_begins() -> None:
    story = asking()
    lost = replace(story.call.snapshot.project, forwarding_numbers=())
    story.call = replace(story.call, snapshot=ProjectSnapshot(lost))
    story.hears(9, live(CALLER), "ring b1 mary", "emit incoming.forwarding")
    assert story.call.asks.pending is None


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
