"""A location says its kind and the whole seconds that it may ring, and other steps are none."""

from __future__ import annotations

import pytest

from switchhook.domain.project import ask_location, location_of
from switchhook.domain.scheme import (
    AskStep,
    HangUpStep,
    RingDestinationStep,
    RingStep,
    Step,
)
from switchhook.domain.target import Target, TargetKind
from tests.webhooks.samples import PLAN, make_number

BOB = Target(kind=TargetKind.ACCOUNT, value="agent7")


@pytest.mark.row("R1-61", "R1-126", "A-08")
@pytest.mark.parametrize(
    ("step", "location"),
    [
        (AskStep(webhook="PHP demo"), "webhookNumber:90"),
        (AskStep(webhook="gone"), ""),
        (RingStep(targets=(BOB,), timeout=25.0), "phone:25"),
        (RingDestinationStep(timeout=7.9), "phone:7"),
        (HangUpStep(), ""),
    ],
)
def test_where_a_call_may_ring_is_a_location(step: Step, location: str) -> None:
    assert location == location_of(step, PLAN)


@pytest.mark.row("R1-61", "A-08")
def test_the_seconds_are_those_that_it_rings_and_not_those_that_it_is_asked() -> None:
    webhook = make_number(ring_timeout=7.0, response_timeout=2.0)

    assert ask_location(webhook) == "webhookNumber:7"
