"""A step in the making numbers what it writes and tells, and touches nothing but its own call."""

from __future__ import annotations

from switchhook.domain.call import CALLER, LegState
from switchhook.domain.cause import AttemptEnd, Cause
from switchhook.domain.event import EventKind
from switchhook.domain.journal import Entry, Happening
from switchhook.routing.commands import EndLeg, Record, Tell
from switchhook.routing.events import CallArrived
from switchhook.routing.move import Move
from tests.support.plans import MARY, incoming, ring
from tests.support.transcript import Transcript


def test_entries_and_events_are_numbered_from_where_the_call_stands() -> None:
    call = incoming(ring(MARY))
    move = Move(call, 9.0)
    move.record(Happening.NOTICE, "one")
    move.tell(EventKind.INCOMING_BEFORE)
    move.record(Happening.NOTICE, "two", leg=CALLER, facts=(("a", "b"),))
    one, tell, two = move.commands
    assert one == Record(entry=Entry(seq=1, at=9.0, happening=Happening.NOTICE, text="one"))
    assert isinstance(tell, Tell)
    assert (tell.seq, tell.call.told, tell.call.entries) == (1, 1, 1)
    assert isinstance(two, Record)
    assert (two.entry.seq, two.entry.leg, two.entry.facts) == (2, CALLER, (("a", "b"),))
    assert (call.entries, call.told) == (0, 0)


def test_a_leg_that_is_ended_by_order_is_written_off_at_once() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.hears(
        0, CallArrived(), "tell incoming.before", "ring b1 mary", "tell incoming.forwarding"
    )
    move = Move(story.call, 9.0)
    leg = story.call.leg("b1")
    assert leg is not None
    move.end_leg(leg, AttemptEnd.TIMEOUT, Cause(sip=408))
    end, record = move.commands
    assert end == EndLeg(leg="b1", cause=Cause(sip=408), why=AttemptEnd.TIMEOUT)
    assert isinstance(record, Record)
    assert record.entry.facts == (("target", "mary"), ("end", "timeout"), ("sip", "408"))
    ended = move.call.leg("b1")
    assert ended is not None
    assert (ended.state, ended.end, ended.ended_at) == (LegState.ENDED, AttemptEnd.TIMEOUT, 9.0)
