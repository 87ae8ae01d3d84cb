"""Both ends agree how long a session lasts and who refreshes it; what cannot be read was not said."""

from __future__ import annotations

import pytest

from switchhook.sip.ua.session_timer import (
    SessionTimer,
    agreed_by_them,
    agreed_by_us,
    is_too_short,
    shortest_of,
)
from tests.support.sip import request, response

pytestmark = pytest.mark.row("FI-01", "FI-10")
OURS = SessionTimer(interval=1800, is_ours=True)
THEIRS = SessionTimer(interval=1800, is_ours=False)
TIMER = "Supported: timer"


@pytest.mark.parametrize(
    ("headers", "agreed"),
    [
        ((), None),
        ((TIMER,), None),
        ((TIMER, "Session-Expires: 1800"), THEIRS),
        ((TIMER, "Session-Expires: 1800 ; refresher=uac"), THEIRS),
        ((TIMER, "Session-Expires: 1800;refresher=UAS"), OURS),
        (("Require: timer", "x: 1800;refresher=uas;odd"), OURS),
        (("Session-Expires: 1800",), OURS),  # a proxy put it there
        (("Session-Expires: 1800;refresher=uac",), OURS),
        (("Session-Expires: 60",), None),
        ((TIMER, "Session-Expires: soon"), None),
        ((TIMER, "Session-Expires: 0"), None),
        ((TIMER, "Session-Expires: ;refresher=uac"), None),
        ((TIMER, 'Session-Expires: 1800;refresher="'), THEIRS),
    ],
)
def test_what_a_2xx_of_ours_agrees_on(
    headers: tuple[str, ...], agreed: SessionTimer | None
) -> None:
    assert agreed_by_us(request("INVITE", *headers)) == agreed


@pytest.mark.parametrize(
    ("header", "agreed"),
    [
        ("Session-Expires: 1800;refresher=uac", OURS),
        ("Session-Expires: 1800;refresher=uas", THEIRS),
        ("Session-Expires: 1800", OURS),
        ("Session-Expires: x", None),
        ("X: y", None),
    ],
)
def test_what_their_2xx_agrees_on(header: str, agreed: SessionTimer | None) -> None:
    assert agreed_by_them(response(request(), 200, header)) == agreed


def test_each_end_is_told_who_refreshes() -> None:
    assert OURS.offered == (("Session-Expires", "1800;refresher=uac"),)
    assert THEIRS.offered == (("Session-Expires", "1800;refresher=uas"),)
    assert OURS.answered == (("Session-Expires", "1800;refresher=uas"),)
    assert THEIRS.answered == (("Session-Expires", "1800;refresher=uac"), ("Require", "timer"))


@pytest.mark.parametrize(
    ("interval", "is_ours", "pause"),
    [
        (1800, True, 900.0),
        (1800, False, 1768.0),
        (90, True, 45.0),
        (90, False, 60.0),
        (4, True, 15.0),
    ],
)
def test_a_refresh_comes_at_half_time_and_an_end_shortly_before_it(
    interval: int, pause: float, *, is_ours: bool
) -> None:
    assert SessionTimer(interval=interval, is_ours=is_ours).pause == pause


def test_a_422_says_what_is_long_enough() -> None:
    assert shortest_of(response(request(), 422, "Min-SE: 3600;odd")) == 3600
    assert shortest_of(response(request(), 422, "Min-SE: long")) == 0
    assert shortest_of(response(request(), 422)) == 0


def test_numbers_of_any_length_are_read() -> None:
    long = request("INVITE", TIMER, f"Session-Expires: {'9' * 5000}")

    assert not is_too_short(long)
    agreed = agreed_by_us(long)
    assert agreed is not None
    assert agreed.interval == 2**31 - 1
