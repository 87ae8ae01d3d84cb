"""An operator or a program transfers a party of any conversation, under the rules of a telephone's transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CALLER, CallState
from switchhook.domain.scheme import PlayStep, RecordStep
from switchhook.domain.screening import Screening
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
    DirectionGiven,
    SchemeGiven,
    Side,
    TransferOrdered,
)
from switchhook.routing.handlers.asks import ASK_TIMEOUT
from switchhook.routing.handlers.transfer import HANGUP_AFTER_FAILURE, RING_TIMEOUT
from tests.support.snapshots import (
    ASK,
    CUSTOMER,
    JOHN,
    MARY,
    MOBILE,
    OLGA,
    from_account,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import Transcript, answers, hangs_up, refuses, rings

if TYPE_CHECKING:
    from switchhook.domain.scheme import Step
    from switchhook.routing.events import Event


def order(to: str = "olga", *, scheme: int = 0, leaves: Side | None = None) -> TransferOrdered:
    return TransferOrdered(by="crm over the API", to=to, scheme=scheme, leaves=leaves)


def talking() -> Transcript:
    """Tell of a customer who talks to Mary."""
    within = snapshot(ring(MARY), schemes={2: (PlayStep(sounds=("welcome",)), ring(OLGA))})
    story = Transcript(incoming(within=within))
    story.comes_to(0, CallArrived())
    story.comes_to(5, answers("b1"), answers(CALLER))
    return story


def test_the_customer_is_transferred_and_the_account_leaves() -> None:
    story = talking()
    story.hears(10, order(), "ring b2 olga for caller")
    story.hears(11, rings("b2"))
    story.hears(12, answers("b2"), "connect b2", "end b1 answered", "emit incoming.transfer")
    story.hears(60, hangs_up("b2"), "end caller 200", "emit incoming.after")
    assert story.attempts == ["b1 mary answered", "b2 olga answered"]
    requested = next(entry for entry in story.entries if entry.kind == "transfer_requested")
    assert ("by", "crm over the API") in requested.facts


def test_a_scheme_says_who_rings() -> None:
    story = talking()
    story.hears(10, order("scheme 2", scheme=2), "ring b2 olga for caller")


def test_the_callee_may_be_transferred_while_the_customer_leaves() -> None:
    story = talking()
    story.hears(10, order(leaves=Side.CALLER), "ring b2 olga for b1")
    story.hears(12, answers("b2"), "connect b2 to b1", "end caller 200", "emit incoming.transfer")


NOBODY: tuple[Event, ...] = (
    AskFailed(ask="c-1", failure=ASK_TIMEOUT),
    DirectionGiven(ask="c-1", targets=(MARY,)),
    SchemeGiven(ask="c-1", scheme=9),
)
"""Answers that name nobody who can be rung."""


def left_alone(*steps: Step) -> Transcript:
    """Mary is left alone while a webhook is asked whom she is transferred to."""
    within = snapshot(*steps, ring(MARY), schemes={2: (ASK,)})
    story = Transcript(incoming(within=within))
    story.comes_to(0, CallArrived(), answers("b1"), answers(CALLER))
    story.comes_to(10, order("scheme 2", scheme=2, leaves=Side.CALLER), hangs_up(CALLER))
    return story


def test_a_webhook_that_names_nobody_ends_the_call_where_the_customer_has_left() -> None:
    """There is no account to be rung back for the one who is left alone."""
    for answer in NOBODY:
        story = left_alone()
        story.hears(12, answer, "end b1 answered", "emit incoming.after")
        assert story.call.state is CallState.ENDED


def test_where_that_call_is_recorded_its_end_waits_for_the_recording() -> None:
    for answer in NOBODY:
        story = left_alone(RecordStep())
        story.comes_to(12, answer)
        assert story.call.state is CallState.RECORDING


def test_of_an_account_that_called_out_the_account_leaves() -> None:
    story = Transcript(from_account(MOBILE.value))
    story.comes_to(0, CallArrived())
    story.comes_to(5, answers("b1"), answers(CALLER))
    story.hears(10, order(), "ring b2 olga for b1")


def test_of_two_accounts_the_callee_leaves() -> None:
    story = Transcript(from_account("mary"))
    story.comes_to(0, CallArrived())
    story.comes_to(5, answers("b1"), answers(CALLER))
    story.hears(10, order(), "ring b2 olga for caller")


def test_without_an_answer_the_two_talk_on_and_a_hang_up_then_ends_the_call() -> None:
    story = talking()
    story.comes_to(10, order())
    story.hears(12, refuses("b2", 486))
    assert story.call.state is CallState.TALKING
    now = 12 + HANGUP_AFTER_FAILURE / 2
    story.hears(now, hangs_up("b1"), "end caller 200", "emit incoming.after")


def test_an_account_that_hung_up_meanwhile_is_rung_back() -> None:
    story = talking()
    story.comes_to(10, order())
    story.comes_to(11, hangs_up("b1"))
    story.hears(12, refuses("b2", 486), "ring b3 mary for caller")


def test_an_outside_party_that_hung_up_meanwhile_is_not_rung_back() -> None:
    story = Transcript(incoming(ring(MOBILE)))
    story.comes_to(0, CallArrived())
    story.comes_to(5, answers("b1"), answers(CALLER))
    story.comes_to(10, order())
    story.comes_to(11, hangs_up("b1"))
    story.hears(12, refuses("b2", 486), "end caller 200", "emit incoming.after")


@pytest.mark.parametrize(
    ("to", "scheme", "why"),
    [
        ("nobody", 0, "nobody is neither an account nor a group nor a number"),
        ("mary", 0, "mary takes part in the call already"),
        (CUSTOMER, 0, f"{CUSTOMER} takes part in the call already"),
        ("scheme 7", 7, "project shop has no scheme 7"),
        ("banker", 0, "banker is neither an account nor a group nor a number"),
    ],
)
def test_what_cannot_be_is_written_down(to: str, scheme: int, why: str) -> None:
    story = talking()
    story.hears(10, order(to, scheme=scheme))
    assert story.call.state is CallState.TALKING
    assert story.journal[-1] == f"transfer_failed b1 {why}"


def test_a_refused_order_leaves_the_conversation_as_it_is() -> None:
    story = talking()
    story.hears(10, order("nobody"))
    story.hears(11, hangs_up("b1"), "end caller 200", "emit incoming.after")


def test_prefixes_hold_for_its_target() -> None:
    within = snapshot(ring(JOHN), screening=Screening(denied_prefixes=("38050",)))
    story = Transcript(incoming(within=within))
    story.comes_to(0, CallArrived())
    story.comes_to(5, answers("b1"), answers(CALLER))
    story.hears(10, order(MOBILE.value))
    assert "rules forbid calling" in story.journal[-1]


def test_a_second_order_waits_for_the_first() -> None:
    story = talking()
    story.comes_to(10, order())
    before = story.call
    story.hears(11, order("john"))
    assert story.call is before
    assert story.call.wake_at == 10 + RING_TIMEOUT
