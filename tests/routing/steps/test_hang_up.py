"""A scheme may end the call with the status of its choice."""

from __future__ import annotations

import pytest

from switchhook.domain.scheme import HangUpStep
from switchhook.routing.events import CallArrived
from tests.support.snapshots import incoming
from tests.support.transcript import Transcript


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (486, "busy"),
        (600, "busy"),
        (480, "unreachable"),
        (603, "rejected"),
        (403, "rejected"),
        (404, "rejected"),
    ],
)
def test_the_caller_gets_the_status_and_the_call_its_outcome(status: int, outcome: str) -> None:
    story = Transcript(incoming(HangUpStep(status=status)))
    story.hears(
        0, CallArrived(), "emit incoming.before", f"end caller {status}", "emit incoming.after"
    )
    assert story.end == f"{outcome} by system, {status} the scheme hangs up"
    assert story.journal == ["arrived", "step scheme 1", "ended the scheme hangs up"]
