"""Inside hours one branch is walked, outside the other, and only the one that is walked asks anybody."""

from __future__ import annotations

import pytest

from switchhook.domain.scheme import HoursStep
from switchhook.routing.events import CallArrived
from tests.support.snapshots import ASK, JOHN, MARY, MONDAY_NOON, OFFICE_HOURS, incoming, ring
from tests.support.transcript import Transcript, refuses

STEP = HoursStep(hours="office", open_=(ASK,), closed=(ring(JOHN),))
BEFORE = "emit incoming.before"


@pytest.mark.row("S-14", "R1-125")
def test_inside_hours_the_webhook_is_asked() -> None:
    story = Transcript(incoming(STEP, now=MONDAY_NOON))
    story.hears(MONDAY_NOON, CallArrived(), BEFORE, "show ringing", "ask crm as c-1")
    assert "branch open: hours office" in story.journal


@pytest.mark.row("S-14", "R1-125")
def test_outside_hours_nobody_is_asked() -> None:
    late = MONDAY_NOON + 6 * 3600
    story = Transcript(incoming(STEP, ring(MARY), now=late))
    story.hears(late, CallArrived(), BEFORE, "ring b1 john", "emit incoming.forwarding")
    assert story.call.position.path == (0, "closed", 0)
    story.hears(late + 1, refuses("b1", 486), "ring b2 mary", "emit incoming.forwarding")


def test_hours_that_do_not_exist_have_no_branch() -> None:
    story = Transcript(incoming(HoursStep(hours="gone", open_=(ASK,), closed=(ASK,)), ring(MARY)))
    story.hears(0, CallArrived(), BEFORE, "ring b1 mary", "emit incoming.forwarding")
    assert "notice working hours 'gone' are not in this project" in story.journal
    assert OFFICE_HOURS.name == "office"
