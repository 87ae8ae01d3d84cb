"""A running call says in words in which step it is, and what it waits for, in every state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallState, Leg, LegState
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.target import Target, TargetKind
from switchhook.storage.sqlite.rows import call_row, call_to_row
from switchhook.views.running_calls import running_line
from tests.support.promises import OCCURRED, call

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.storage.records import CallRow


def leg(name: str, login: str, state: LegState) -> Leg:
    target = Target(kind=TargetKind.ACCOUNT, value=login)
    return Leg(id=name, target=target, state=state, started_at=OCCURRED)


def row_of(made: Call) -> CallRow:
    """Return the call as it is read back."""
    value = call_to_row(made, "main")[-1]
    return call_row({"value": value, "number": 1})  # type: ignore[arg-type] # a row is read by names


JOURNAL = (
    JournalEntry(seq=1, at=OCCURRED, kind=EntryKind.STEP, text="Main", facts=(("step", "ask"),)),
    JournalEntry(seq=2, at=OCCURRED, kind=EntryKind.ASKED, text="crm\x1b[2J"),
)
WAITS = {
    CallState.ASKING: "the answer of crm·[2J",
    CallState.RINGING: "an answer of 101, 102",
    CallState.TALKING: "the end of the conversation with 101",
    CallState.COLLECTING: "keys of the caller",
}


@pytest.mark.parametrize("state", list(CallState))
def test_each_state_says_what_is_waited_for(state: CallState) -> None:
    legs = (
        leg("b1", "101", LegState.RINGING),
        leg("b2", "102", LegState.DIALLING),
        leg("b3", "103", LegState.ENDED),
    )
    made = replace(call(), state=state, talking_to="b1")
    made = replace(made, legs=(*made.legs, *legs))
    told = running_line(row_of(made), JOURNAL)

    assert told["step"] == "scheme Main: ask"
    assert told["waits_for"]
    assert told["waits_for"] == WAITS.get(state, told["waits_for"])


def test_one_that_just_came_has_no_step() -> None:
    told = running_line(row_of(call()), ())
    assert (told["step"], told["waits_for"]) == ("", "its first step")
