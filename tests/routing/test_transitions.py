"""The table holds every transition, and a story goes each way that it allows."""

from __future__ import annotations

from inspect import signature
from typing import get_args

from switchhook.domain.call import CallState
from switchhook.routing.events import Event, HangUpRequested
from switchhook.routing.transitions import TRANSITIONS
from tests.routing import test_ending, test_executor
from tests.routing.handlers import (
    test_asks,
    test_callback,
    test_calls,
    test_ivr,
    test_legs,
    test_redirection,
    test_restart,
    test_transfer,
    test_transfer_ordered,
)
from tests.routing.steps import (
    test_ask,
    test_dial_plan,
    test_hang_up,
    test_menu,
    test_play,
    test_rate,
    test_record,
    test_ring,
    test_voicemail,
)
from tests.support.transcript import watched

STORIES = (
    test_ending,
    test_asks,
    test_callback,
    test_calls,
    test_ivr,
    test_legs,
    test_redirection,
    test_restart,
    test_transfer,
    test_transfer_ordered,
    test_executor,
    test_ask,
    test_dial_plan,
    test_hang_up,
    test_menu,
    test_play,
    test_rate,
    test_record,
    test_ring,
    test_voicemail,
)
WAYS = {
    (state, event, to)
    for state, row in TRANSITIONS.items()
    for event, transition in row.items()
    for to in transition.to
}
"""Every way that the table allows."""


def test_every_state_has_a_row_and_every_event_an_entry() -> None:
    assert set(TRANSITIONS) == set(CallState)
    assert {event for _, event, _ in WAYS} == set(get_args(Event))


def test_every_way_is_gone_by_a_story() -> None:
    with watched() as seen:
        for module in STORIES:
            for name, tell in vars(module).items():
                if name.startswith("test_") and not signature(tell).parameters:
                    tell()
    assert set() == WAYS - seen


def test_a_call_that_has_begun_never_goes_back_to_the_start() -> None:
    for row in TRANSITIONS.values():
        for transition in row.values():
            assert CallState.ARRIVED not in transition.to


AFTER_TALK = {CallState.RATING, CallState.RECORDING, CallState.ENDED}


def test_whoever_talks_ends_and_who_ended_stays_so() -> None:
    for transition in TRANSITIONS[CallState.TALKING].values():
        assert transition.to <= {*AFTER_TALK, CallState.TALKING, CallState.TRANSFERRING}
    for transition in TRANSITIONS[CallState.RATING].values():
        assert transition.to <= AFTER_TALK
    for transition in TRANSITIONS[CallState.ENDED].values():
        assert transition.to == {CallState.ENDED}


def test_a_call_may_be_ended_by_an_operator_in_every_state_that_waits() -> None:
    for state in set(CallState) - {CallState.ARRIVED, CallState.ENDED}:
        assert TRANSITIONS[state][HangUpRequested].to == {CallState.ENDED}


def test_every_transition_is_described() -> None:
    for row in TRANSITIONS.values():
        for transition in row.values():
            assert transition.do.__doc__
