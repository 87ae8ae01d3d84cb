"""A script says what a telephone does, and cannot say what none can do."""

from __future__ import annotations

import pytest

from switchhook.drivers.simulator.script import (
    BUSY,
    DECLINED,
    NOBODY,
    SimulatedPhone,
    answering,
    refusing,
    ringing_out,
)


def test_a_telephone_does_not_answer_and_refuse() -> None:
    with pytest.raises(ValueError, match="not both"):
        SimulatedPhone(answers_after=1.0, refuses_after=1.0)


@pytest.mark.parametrize("seconds", [-0.1, float("inf"), float("nan")])
def test_seconds_are_finite_and_not_negative(seconds: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        SimulatedPhone(hangs_up_after=seconds)


def test_the_usual_telephones_have_names() -> None:
    assert answering(3.0, talks=10.0) == SimulatedPhone(answers_after=3.0, hangs_up_after=10.0)
    assert ringing_out() == SimulatedPhone(rings_after=0.0)
    assert refusing(BUSY) == SimulatedPhone(rings_after=None, refuses_after=0.0, refusal=BUSY)
    declined = SimulatedPhone(rings_after=0.0, refuses_after=2.0, refusal=DECLINED)
    assert refusing(DECLINED, after=2.0, rings=True) == declined
    assert NOBODY.refusal.sip == 480
