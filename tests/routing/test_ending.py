"""Every ending says what became of the call and who ended it, and tells the caller why."""

from __future__ import annotations

import pytest

from switchhook.domain.cause import OUTCOME_OF_ATTEMPT, AttemptEnd, Cause, EndedBy
from switchhook.domain.event import EventKind
from switchhook.domain.journal import EntryKind
from switchhook.routing.commands import EmitEvent, EndLeg, WriteJournal
from switchhook.routing.ending import REFUSALS
from switchhook.routing.events import CallArrived, HangUpRequested, TimePassed
from tests.support.snapshots import ASK, JOHN, MARY, incoming, ring
from tests.support.transcript import Transcript, fails, hangs_up, refuses

IN_KIND = {
    500: 500,
    502: 502,
    503: 503,
    504: 504,
    513: 500,
    302: 480,
    401: 500,
    407: 500,
    421: 500,
    488: 488,
    606: 488,
    0: 480,
}
"""What the caller gets, whose last attempt failed with this status."""
BOTH = ("emit incoming.before", "ring b1 mary", "ring b2 john", "emit incoming.forwarding")


@pytest.mark.row("FI-05")
@pytest.mark.parametrize(
    ("status", "q850", "end"),
    [
        (486, 0, "busy by system, 486 busy"),
        (600, 0, "busy by system, 486 busy"),
        (603, 0, "rejected by system, 603 declined"),
        (403, 0, "rejected by system, 603 declined"),
        (486, 21, "rejected by system, 603 declined"),
        (404, 0, "unreachable by system, 480 no target could be reached"),
        (480, 0, "unreachable by system, 480 no target could be reached"),
        (408, 0, "missed by system, 480 no answer"),
        (408, 27, "unreachable by system, 480 no target could be reached"),
        (503, 27, "unreachable by system, 503 no target could be reached"),
        *(
            (status, 0, f"failed by system, {told} the call forwarding scheme did not work")
            for status, told in IN_KIND.items()
        ),
    ],
)
def test_when_all_refuse_alike_the_caller_is_told_so(status: int, q850: int, end: str) -> None:
    story = Transcript(incoming(ring(MARY, JOHN)))
    story.hears(0, CallArrived(), *BOTH)
    story.hears(1, refuses("b1", status, q850))
    told = end.split(", ")[1][:3]
    story.hears(2, refuses("b2", status, q850), f"end caller {told}", "emit incoming.after")
    assert story.end == end


def test_nobody_answered_in_time_is_a_missed_call() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(30, TimePassed(), "end b1 timeout", "end caller 480", "emit incoming.after")
    assert story.end == "missed by system, 480 no answer"


def test_the_attempt_that_ended_last_says_what_became_of_the_call() -> None:
    """Mary rang for the whole time; that John was busy from the start is not what the caller met."""
    story = Transcript(incoming(ring(MARY, JOHN)))
    story.hears(0, CallArrived(), *BOTH)
    story.hears(1, refuses("b2", 486))
    story.hears(30, TimePassed(), "end b1 timeout", "end caller 480", "emit incoming.after")
    assert story.end == "missed by system, 480 no answer"


@pytest.mark.row("A-54")
def test_a_scheme_that_tried_nobody_did_not_work() -> None:
    story = Transcript(incoming(ASK))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1, fails(), "end caller 486", "emit incoming.after")
    assert story.end == "failed by system, 486 the call forwarding scheme did not work"


def test_every_unplaced_end_has_a_refusal() -> None:
    talked = {AttemptEnd.ANSWERED, AttemptEnd.ANSWERED_ELSEWHERE, AttemptEnd.CANCELLED_BY_CALLER}
    for end in set(AttemptEnd) - talked:
        assert OUTCOME_OF_ATTEMPT[end] in REFUSALS
    for cause in REFUSALS.values():
        assert 400 <= cause.sip <= 699


def test_the_end_is_the_last_entry_and_the_last_event_and_says_both_axes() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(
        9,
        HangUpRequested(by="bob"),
        "end b1 failed",
        "end caller 480",
        "emit incoming.after",
    )
    record, tell = story.commands[-2:]
    assert isinstance(record, WriteJournal)
    assert record.entry.kind is EntryKind.ENDED
    assert record.entry.facts == (("outcome", "cancelled"), ("ended_by", "system"), ("sip", "480"))
    assert isinstance(tell, EmitEvent)
    assert tell.event is EventKind.INCOMING_AFTER
    assert tell.call == story.call
    assert tell.call.ended_by is EndedBy.SYSTEM


def test_the_caller_gets_the_cause_and_the_attempt_its_reason() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(30, TimePassed(), "end b1 timeout", "end caller 480", "emit incoming.after")
    ends = [command for command in story.commands if isinstance(command, EndLeg)]
    timeout = Cause(sip=408, q850=19, text="no answer in time")
    assert ends == [
        EndLeg(leg="b1", cause=timeout, why=AttemptEnd.TIMEOUT),
        EndLeg(leg="caller", cause=Cause(sip=480, text="no answer")),
    ]


@pytest.mark.row("FI-05")
def test_a_stop_tells_the_caller_to_try_again() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.comes_to(0, CallArrived())
    story.comes_to(1, HangUpRequested(by="a stop", retry_after=5))
    (order,) = (c for c in story.commands if isinstance(c, EndLeg) and c.leg == "caller")
    assert order == EndLeg(
        leg="caller", cause=Cause(sip=503, text="ended by a stop"), retry_after=5
    )


def test_after_the_end_nothing_more_is_written_or_told() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.hears(
        0, CallArrived(), "emit incoming.before", "ring b1 mary", "emit incoming.forwarding"
    )
    story.hears(1, refuses("b1", 486), "end caller 486", "emit incoming.after")
    before = len(story.commands)
    for event in (hangs_up("caller"), TimePassed(), HangUpRequested(by="bob"), CallArrived()):
        story.hears(2, event)
    assert before == len(story.commands)
