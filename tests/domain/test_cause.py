"""A refusal is classified by what the target said, and every end of an attempt has its outcome."""

from __future__ import annotations

import pytest
from hypothesis import given

from switchhook.domain.cause import OUTCOME_OF_ATTEMPT, AttemptEnd, Cause, attempt_end
from tests.support.strategies import causes


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (486, "busy"),
        (600, "busy"),
        (603, "rejected"),
        (403, "rejected"),
        (404, "unreachable"),
        (410, "unreachable"),
        (480, "unreachable"),
        (604, "unreachable"),
        (408, "timeout"),
        (488, "failed"),
        (500, "failed"),
        (503, "failed"),
        (0, "failed"),
    ],
)
def test_the_status_says_how_an_attempt_ended(status: int, end: str) -> None:
    assert attempt_end(Cause(sip=status)) == end


def test_a_declined_call_that_is_reported_as_busy_was_declined() -> None:
    assert attempt_end(Cause(sip=486, q850=21)) is AttemptEnd.REJECTED


@pytest.mark.parametrize(
    ("sip", "q850", "end"),
    [
        (480, 17, "busy"),
        (480, 18, "timeout"),
        (480, 19, "timeout"),
        (480, 20, "unreachable"),
        (404, 17, "unreachable"),
        (603, 17, "rejected"),
    ],
)
def test_what_another_network_says_tells_more_than_temporarily_unavailable(
    sip: int, q850: int, end: str
) -> None:
    assert attempt_end(Cause(sip=sip, q850=q850)) == end


@given(causes)
def test_no_refusal_counts_as_an_answer_or_as_the_callers_will(cause: Cause) -> None:
    assert attempt_end(cause) not in {
        AttemptEnd.ANSWERED,
        AttemptEnd.ANSWERED_ELSEWHERE,
        AttemptEnd.CANCELLED_BY_CALLER,
    }


def test_every_end_of_an_attempt_has_its_outcome() -> None:
    assert set(AttemptEnd) == set(OUTCOME_OF_ATTEMPT)
