"""An endpoint that keeps failing is left alone, for a pause and no longer, and one ask at a time probes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.delivery.breaker import (
    CLOSED,
    Breaker,
    BreakerDecision,
    BreakerPolicy,
    admit,
    cancelled,
    failed,
    retry_after,
    succeeded,
)

POLICY = BreakerPolicy(failures=3, pause=30.0)


def broken(now: float = 0.0) -> Breaker:
    breaker = CLOSED
    for _ in range(POLICY.failures):
        breaker = failed(breaker, POLICY, now)
    return breaker


def test_it_opens_at_the_last_of_the_failures_in_a_row() -> None:
    breaker = CLOSED
    for number in range(1, POLICY.failures):
        breaker = failed(breaker, POLICY, 0.0)
        assert (breaker.failures, breaker.is_open) == (number, False)
        assert admit(breaker, POLICY, 0.0)[1] is BreakerDecision.ALLOW

    assert failed(breaker, POLICY, 0.0).is_open


def test_an_answer_in_between_begins_the_count_anew() -> None:
    assert succeeded(failed(failed(CLOSED, POLICY, 0.0), POLICY, 1.0)) == CLOSED


def test_after_the_pause_one_ask_probes_and_the_others_wait() -> None:
    breaker = broken()

    assert admit(breaker, POLICY, 29.9)[1] is BreakerDecision.REJECT
    probing, first = admit(breaker, POLICY, 30.0)
    _, second = admit(probing, POLICY, 30.1)
    assert (first, second) == (BreakerDecision.PROBE, BreakerDecision.REJECT)


def test_a_probe_decides_for_the_others() -> None:
    probing, _ = admit(broken(), POLICY, 30.0)

    assert admit(succeeded(probing), POLICY, 31.0)[1] is BreakerDecision.ALLOW
    again = failed(probing, POLICY, 31.0, admitted=BreakerDecision.PROBE)
    assert admit(again, POLICY, 60.9)[1] is BreakerDecision.REJECT
    assert admit(again, POLICY, 61.0)[1] is BreakerDecision.PROBE


def test_an_abandoned_probe_is_the_next_asks_turn() -> None:
    probing, _ = admit(broken(), POLICY, 30.0)

    assert admit(cancelled(probing, 31.0), POLICY, 31.0)[1] is BreakerDecision.PROBE
    assert cancelled(CLOSED, 31.0) == CLOSED


def test_asks_that_were_under_way_prolong_no_pause() -> None:
    late = failed(broken(now=0.0), POLICY, 20.0)

    assert admit(late, POLICY, 30.0)[1] is BreakerDecision.PROBE


def test_zero_failures_mean_never() -> None:
    never = BreakerPolicy(failures=0)
    breaker = CLOSED
    for _ in range(50):
        breaker = failed(breaker, never, 0.0)

    assert admit(breaker, never, 0.0)[1] is BreakerDecision.ALLOW


@pytest.mark.parametrize("values", [{"failures": -1}, {"pause": 0.0}])
def test_a_policy_that_means_nothing_cannot_be(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="breaker"):
        BreakerPolicy(**values)  # type: ignore[arg-type]  # the keys are right, the values are the test


@given(
    failures=st.integers(1, 6),
    steps=st.lists(st.tuples(st.floats(0.0, 40.0), st.sampled_from(["ok", "bad", "gone"]))),
)
def test_whatever_happens_it_holds_back_for_no_longer_than_a_pause(
    failures: int, steps: list[tuple[float, str]]
) -> None:
    policy = BreakerPolicy(failures=failures, pause=30.0)
    breaker, now, row = CLOSED, 0.0, 0
    for seconds, outcome in steps:
        now += seconds
        breaker, admission = admit(breaker, policy, now)
        if admission is BreakerDecision.REJECT:
            assert row >= failures, "only an endpoint that failed so often is held back"
            assert breaker.open_until is not None
            assert breaker.open_until - now <= policy.pause + 1e-6
            assert admit(breaker, policy, now + policy.pause + 1e-6)[1] is BreakerDecision.PROBE
        elif outcome == "ok":
            breaker, row = succeeded(breaker), 0
            assert breaker == CLOSED
        elif outcome == "bad":
            breaker, row = failed(breaker, policy, now, admitted=admission), row + 1
            assert breaker.is_open == (row >= failures)
        else:
            breaker = cancelled(breaker, now)


@pytest.mark.row("FJ-05")
@pytest.mark.parametrize(("seconds", "until"), [(10.0, 10.0), (300.0, 30.0)])
def test_an_endpoint_that_asks_for_a_pause_has_it_at_once(seconds: float, until: float) -> None:
    breaker = retry_after(CLOSED, POLICY, 0.0, seconds)
    assert admit(breaker, POLICY, until - 0.1)[1] is BreakerDecision.REJECT
    assert admit(breaker, POLICY, until)[1] is BreakerDecision.PROBE
    never = BreakerPolicy(failures=0)
    assert admit(retry_after(CLOSED, never, 0.0, seconds), never, 0.0)[1] is BreakerDecision.ALLOW
