"""A path says where in its scheme a call stands, and where it goes on."""

from __future__ import annotations

from switchhook.domain.scheme import FIRST, GoTo, HangUp, Scheme

SCHEME = Scheme(id=1, name="Day", steps=(GoTo(scheme=2), HangUp()))


def test_a_scheme_begins_with_its_first_step() -> None:
    assert SCHEME.step_at(FIRST) == GoTo(scheme=2)


def test_a_step_is_followed_by_the_next_and_the_last_by_none() -> None:
    second = SCHEME.after(FIRST)
    assert SCHEME.step_at(second) == HangUp()
    assert SCHEME.step_at(SCHEME.after(second)) is None


def test_a_scheme_without_steps_has_no_first() -> None:
    assert Scheme(id=1, name="Empty", steps=()).step_at(FIRST) is None
