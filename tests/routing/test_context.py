"""A step in the making numbers what it writes and tells, and touches nothing but its own call."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.call import CALLER, LegState
from switchhook.domain.cause import AttemptEnd, Cause, Outcome
from switchhook.domain.event import EventFilter, EventKind, ProjectEvent
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.project import ProjectSnapshot
from switchhook.routing.commands import EmitEvent, EndLeg, WriteJournal
from switchhook.routing.context import TransitionContext
from switchhook.routing.events import CallArrived
from switchhook.views.timeline import entry_line
from tests.support.snapshots import MARY, incoming, ring
from tests.support.transcript import Transcript


def test_entries_and_events_are_numbered_from_where_the_call_stands() -> None:
    call = incoming(ring(MARY))
    ctx = TransitionContext(call, 9.0)
    ctx.write_journal(EntryKind.NOTICE, "one")
    ctx.emit(EventKind.INCOMING_BEFORE)
    ctx.write_journal(EntryKind.NOTICE, "two", leg=CALLER, facts=(("a", "b"),))
    one, tell, two = ctx.commands
    assert one == WriteJournal(entry=JournalEntry(seq=1, at=9.0, kind=EntryKind.NOTICE, text="one"))
    assert isinstance(tell, EmitEvent)
    assert (tell.seq, tell.call.emitted, tell.call.entries) == (1, 1, 1)
    assert isinstance(two, WriteJournal)
    assert (two.entry.seq, two.entry.leg, two.entry.facts) == (2, CALLER, (("a", "b"),))
    assert (call.entries, call.emitted) == (0, 0)


def test_a_leg_that_is_ended_by_order_is_written_off_at_once() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    ctx = TransitionContext(story.call, 9.0)
    leg = story.call.leg("b1")
    assert leg is not None
    ctx.end_leg(leg, AttemptEnd.TIMEOUT, Cause(sip=408))
    end, record = ctx.commands
    assert end == EndLeg(leg="b1", cause=Cause(sip=408), why=AttemptEnd.TIMEOUT)
    assert isinstance(record, WriteJournal)
    assert record.entry.facts == (("target", "mary"), ("end", "timeout"), ("sip", "408"))
    ended = ctx.call.leg("b1")
    assert ended is not None
    assert (ended.state, ended.end, ended.ended_at) == (LegState.ENDED, AttemptEnd.TIMEOUT, 9.0)


def test_an_event_that_a_filter_keeps_out_is_named_in_the_journal_and_by_one_line() -> None:
    told = ProjectEvent(name="all", event=EventKind.INCOMING_AFTER)
    withheld = EventFilter(outcomes=(Outcome.MISSED,))
    others = (
        replace(told, name="missed", filter=withheld),
        replace(told, name="crm", filter=withheld),
        replace(told, name="another event", event=EventKind.INCOMING_BEFORE, filter=withheld),
    )
    call = incoming(ring(MARY))
    project = replace(call.snapshot.project, events=(told, *others))
    call = replace(call, snapshot=ProjectSnapshot(project), outcome=Outcome.ANSWERED)
    ctx = TransitionContext(call, 9.0)
    ctx.emit(EventKind.INCOMING_AFTER)
    _, line = ctx.commands
    assert isinstance(line, WriteJournal)
    assert (line.entry.kind, line.entry.text) == (EntryKind.FILTERED, "missed, crm")
    assert entry_line(line.entry).text == "incoming.after to missed, crm: filtered"


def test_where_every_filter_fits_no_line_is_written() -> None:
    call = incoming(ring(MARY))
    missed = ProjectEvent(
        name="missed",
        event=EventKind.INCOMING_AFTER,
        filter=EventFilter(outcomes=(Outcome.MISSED,)),
    )
    project = replace(call.snapshot.project, events=(missed,))
    call = replace(call, snapshot=ProjectSnapshot(project), outcome=Outcome.MISSED)
    ctx = TransitionContext(call, 9.0)
    ctx.emit(EventKind.INCOMING_AFTER)
    assert len(ctx.commands) == 1
