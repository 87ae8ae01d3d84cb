"""Who asked for a transfer, and the journal, are told once how it ended, whatever ended it."""

from __future__ import annotations

import pytest

from switchhook.domain.cause import Cause
from switchhook.domain.journal import EntryKind
from switchhook.routing import transfer_progress
from switchhook.routing.commands import NotifyTransfer, WriteJournal
from switchhook.routing.context import TransitionContext
from switchhook.routing.engine import fail_call
from switchhook.routing.events import CallArrived, LegEnded
from tests.support.snapshots import MARY, incoming, ring
from tests.support.transcript import Transcript, answers, transfers

pytestmark = pytest.mark.row("FI-02")


def transferring() -> Transcript:
    story = Transcript(incoming(ring(MARY)))
    story.comes_to(0, CallArrived(), answers("b1"), answers("caller"), transfers("b1", "john"))
    return story


def test_a_cause_that_is_no_failure_is_told_as_another_status() -> None:
    ctx = TransitionContext(transferring().call, 1.0)
    transfer_progress.fail(ctx, Cause(sip=200, text="ended by bob"), 487)
    told, record = ctx.commands
    assert isinstance(told, NotifyTransfer)
    assert (told.leg, told.status, told.reason) == ("b1", 487, "ended by bob")
    assert isinstance(record, WriteJournal)
    assert record.entry.kind is EntryKind.TRANSFER_FAILED
    assert ("sip", "487") in record.entry.facts


def test_who_has_left_is_told_nothing_and_the_journal_is() -> None:
    story = transferring()
    story.comes_to(1, LegEnded(leg="b1", cause=Cause(sip=200)))
    ctx = TransitionContext(story.call, 2.0)
    transfer_progress.fail(ctx, Cause(sip=486, text="busy"), 480)
    assert [type(command) for command in ctx.commands] == [WriteJournal]


def test_a_mistake_of_ours_ends_the_transfer_with_the_call() -> None:
    _, commands = fail_call(transferring().call, 1.0)
    told = [command.status for command in commands if isinstance(command, NotifyTransfer)]
    assert told == [500]
