"""Who asked for a transfer, and the journal, are told once how it ended, whatever ended it."""

from __future__ import annotations

import pytest

from switchhook.domain.cause import Cause
from switchhook.domain.journal import Happening
from switchhook.routing import referral
from switchhook.routing.commands import Record, TellTransfer
from switchhook.routing.engine import fail
from switchhook.routing.events import CallArrived, LegEnded
from switchhook.routing.move import Move
from tests.support.plans import MARY, incoming, ring
from tests.support.transcript import Transcript, answers, transfers

pytestmark = pytest.mark.row("FI-02")


def transferring() -> Transcript:
    story = Transcript(incoming(ring(MARY)))
    story.comes_to(0, CallArrived(), answers("b1"), answers("caller"), transfers("b1", "john"))
    return story


def test_a_cause_that_is_no_failure_is_told_as_another_status() -> None:
    move = Move(transferring().call, 1.0)
    referral.fail(move, Cause(sip=200, text="ended by bob"), 487)
    told, record = move.commands
    assert isinstance(told, TellTransfer)
    assert (told.leg, told.status, told.reason) == ("b1", 487, "ended by bob")
    assert isinstance(record, Record)
    assert record.entry.happening is Happening.TRANSFER_FAILED
    assert ("sip", "487") in record.entry.facts


def test_who_has_left_is_told_nothing_and_the_journal_is() -> None:
    story = transferring()
    story.comes_to(1, LegEnded(leg="b1", cause=Cause(sip=200)))
    move = Move(story.call, 2.0)
    referral.fail(move, Cause(sip=486, text="busy"), 480)
    assert [type(command) for command in move.commands] == [Record]


def test_a_mistake_of_ours_ends_the_transfer_with_the_call() -> None:
    _, commands = fail(transferring().call, 1.0)
    told = [command.status for command in commands if isinstance(command, TellTransfer)]
    assert told == [500]
