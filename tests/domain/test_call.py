"""A call answers questions about its own legs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.call import CALLER, Call, Leg, LegState
from switchhook.domain.cause import AttemptEnd
from tests.support.snapshots import JOHN, MARY, OLGA, incoming


def called(name: str, ended_at: float | None = None, end: AttemptEnd | None = None) -> Leg:
    state = LegState.RINGING if end is None else LegState.ENDED
    target = {"b1": MARY, "b2": JOHN, "b3": OLGA}[name]
    return Leg(id=name, target=target, state=state, started_at=0, ended_at=ended_at, end=end)


def with_legs(*legs: Leg) -> Call:
    call = incoming()
    return replace(call, legs=(*call.legs, *legs))


def test_a_leg_is_found_by_its_name() -> None:
    call = with_legs(called("b1"))
    assert call.leg("b1") == called("b1")
    assert call.leg(CALLER) == call.legs[0]
    assert call.leg("b2") is None


def test_called_legs_are_all_but_the_callers_and_live_until_they_end() -> None:
    busy = called("b1", 3, AttemptEnd.BUSY)
    call = with_legs(busy, called("b2"))
    assert call.called_legs == (busy, called("b2"))
    assert call.live_called_legs == (called("b2"),)


@pytest.mark.row("R1-42", "A-14")
def test_the_last_attempt_is_the_one_that_finished_last() -> None:
    assert with_legs().last_attempt is None
    assert with_legs(called("b1")).last_attempt is None
    late = called("b1", 30, AttemptEnd.TIMEOUT)
    early = called("b2", 1, AttemptEnd.BUSY)
    assert with_legs(late, early, called("b3")).last_attempt is AttemptEnd.TIMEOUT


def test_of_several_that_finished_at_once_the_last_is_the_one_dialled_last() -> None:
    one, two = called("b1", 30, AttemptEnd.TIMEOUT), called("b2", 30, AttemptEnd.FAILED)
    assert with_legs(one, two).last_attempt is AttemptEnd.FAILED


def test_a_changed_call_is_the_same_but_for_what_was_changed() -> None:
    call = with_legs(called("b1"))
    assert call.changed(entries=3, talking_to="b1") == replace(call, entries=3, talking_to="b1")
    assert (call.entries, call.talking_to) == (0, "")


def test_a_changed_leg_is_the_same_but_for_what_was_changed() -> None:
    leg = called("b1")
    assert leg.changed(rang_at=3.0) == replace(leg, rang_at=3.0)
    assert leg == called("b1")


def test_calls_and_legs_are_changed_in_fields_alone_that_they_have() -> None:
    with pytest.raises(TypeError, match="a call has no field spoken"):
        incoming().changed(spoken=True)
    with pytest.raises(TypeError, match="a leg has no field spoken"):
        called("b1").changed(spoken=True)


def test_two_legs_talk_whoever_transferred_the_call() -> None:
    assert CALLER in incoming().talking_legs
    passed_on = incoming().changed(party="b1", talking_to="b2")
    assert passed_on.talking_legs == {"b1", "b2"}
