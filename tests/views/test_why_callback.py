"""A callback that reached nobody says so of whom it calls first, and of all who would have been called after that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CALLER
from switchhook.domain.cause import Cause
from switchhook.operations.history import CallStory
from switchhook.routing.events import CallbackPlaced, LegAnswered, LegEnded
from switchhook.storage.sqlite.rows import call_row, call_to_row
from switchhook.views.why import DecidedBy, why_not
from tests.support.snapshots import MOBILE, calls_back
from tests.support.transcript import Transcript, rings

if TYPE_CHECKING:
    from switchhook.routing.events import Event
    from switchhook.views.why import WhyNot

GONE = LegEnded(leg=CALLER, cause=Cause(sip=480, text="no telephone is registered"))


def why(target: str, *heard: Event) -> WhyNot:
    """Let a callback of Mary to a mobile hear all of that, and ask why somebody did not ring."""
    told = Transcript(calls_back())
    for after, event in enumerate((CallbackPlaced(), *heard)):
        told.comes_to(after, event)
    row = call_row({"value": call_to_row(told.call, "main")[-1], "number": 1})  # type: ignore[arg-type] # read by names
    story = CallStory(call=row, journal=tuple(told.entries), deliveries=())
    return why_not(story, told.call.snapshot, target)


def test_who_is_called_first_and_has_no_telephone_was_not_reached() -> None:
    found = why("mary", GONE)

    assert found.decision is DecidedBy.NOT_REACHED
    assert found.why.endswith("no telephone of it rang (no telephone is registered)")
    assert found.change.startswith("register a telephone of mary")
    assert found.entry is not None


def test_who_is_called_first_and_does_not_answer_did_ring() -> None:
    assert why("mary", rings(CALLER), GONE).decision is DecidedBy.RANG


@pytest.mark.parametrize("target", [MOBILE.value, "john"])
def test_nobody_else_is_called_before_the_first_has_answered(target: str) -> None:
    found = why(target, rings(CALLER), GONE)

    assert found.decision is DecidedBy.TURN
    assert found.why.startswith("mary was called first and did not answer")


def test_after_the_answer_it_is_a_call_like_any_other() -> None:
    answered = LegAnswered(leg=CALLER, handle="of the caller")
    refused = LegEnded(leg="b1", cause=Cause(sip=486, text="busy"))

    assert why(MOBILE.value, answered, refused).decision is DecidedBy.NOT_REACHED
