"""Whom a transfer rings, or asks, is found along a scheme; what cannot be reached so is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.project import Number, ProjectSnapshot
from switchhook.domain.scheme import FIRST, AskStep, GoToStep, HangUpStep, HoursStep, PlayStep
from switchhook.routing.context import TransitionContext
from switchhook.routing.events import CallArrived
from switchhook.routing.transfer_targets import (
    NotTransferableError,
    TargetFromWebhook,
    account_of,
    find,
    ring_scheme,
    ring_targets,
    transferee_of,
)
from tests.support.snapshots import ASK, JOHN, MARY, OLGA, incoming, number, ring, snapshot
from tests.support.transcript import Transcript, answers

pytestmark = pytest.mark.row("FI-02")

NIGHT = "380800111333"


def talking(*steps: object) -> TransitionContext:
    """Mary talks to a customer, within a project whose second number runs these steps."""
    made = snapshot(ring(MARY), schemes={2: steps})  # type: ignore[dict-item]
    numbers = (*made.project.numbers, Number(number=NIGHT, scheme=2))
    within = ProjectSnapshot(replace(made.project, numbers=numbers))
    story = Transcript(incoming(within=within))
    story.comes_to(0, CallArrived(), answers("b1"), answers("caller"))
    return TransitionContext(story.call, 1.0)


def test_who_talks_is_known_by_their_legs() -> None:
    call = talking(ring(JOHN)).call
    assert (account_of(call, "b1"), account_of(call, "caller"), account_of(call, "b9")) == (
        "mary",
        "",
        "",
    )
    assert (transferee_of(call, "b1"), transferee_of(call, "caller")) == ("caller", "b1")


def test_a_scheme_is_gone_along_to_whom_it_rings_or_asks() -> None:
    assert find(talking(ring(JOHN)), NIGHT, "b1") == (JOHN,)
    hours = HoursStep(hours="none", open_=(ring(OLGA),))
    assert find(talking(PlayStep(sounds=("welcome",)), hours, ring(JOHN)), NIGHT, "b1") == (JOHN,)
    asking = TargetFromWebhook(webhook="crm", scheme=2, path=FIRST)
    assert find(talking(ASK, ring(JOHN)), NIGHT, "b1") == asking
    nobody = AskStep(webhook="no such webhook")
    assert find(talking(nobody, ring(JOHN)), NIGHT, "b1") == (JOHN,)


def test_the_projects_numbers_lead_to_their_schemes_alone_and_are_left_out_among_others() -> None:
    ctx = talking(ring(OLGA))
    assert ring_targets(ctx, (number(NIGHT),), "b1") == (OLGA,)
    assert ring_targets(ctx, (number(NIGHT), JOHN), "b1") == (JOHN,)


@pytest.mark.parametrize(
    ("steps", "status", "why"),
    [
        ((HangUpStep(),), 501, "scheme 2 does not come to ring telephones: hangup comes first"),
        ((GoToStep(scheme=2),), 501, "scheme 2 does not come to ring telephones: goto comes first"),
        ((PlayStep(sounds=("welcome",)),), 501, "scheme 2 does not come to ring telephones"),
        ((ring(MARY),), 603, "mary takes part in the call already"),
    ],
)
def test_what_leads_to_nobody_says_why(steps: tuple[object, ...], status: int, why: str) -> None:
    with pytest.raises(NotTransferableError) as caught:
        ring_scheme(talking(*steps), 2, FIRST, "b1")
    assert (caught.value.status, str(caught.value)) == (status, why)
