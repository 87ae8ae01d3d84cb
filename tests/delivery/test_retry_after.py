"""What a receiver says about when is read in every form that HTTP has for it, and kept within bounds."""

from __future__ import annotations

import pytest

from switchhook.delivery.retry_after import LONGEST, retry_after_seconds
from switchhook.webhooks.http import HttpResponse

NOW = 1_760_000_000.0
"""Thu, 09 Oct 2025 08:53:20 GMT."""


def asked(*headers: tuple[str, str], status: int = 429) -> float | None:
    return retry_after_seconds(
        HttpResponse(status=status, reason="", headers=headers, body=b""), NOW
    )


@pytest.mark.row("FB-09")
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("300", 300.0),
        ("  7 ", 7.0),
        ("7.5", 7.0),
        ("30s", 30.0),
        ("30 seconds", 30.0),
        ("0", 1.0),
        ("99999999999", LONGEST),
        ("Thu, 09 Oct 2025 08:58:20 GMT", 300.0),
        ("Thursday, 09-Oct-25 08:58:20 GMT", 300.0),
        ("Thu Oct  9 08:58:20 2025", 300.0),
        ("Thu, 09 Oct 2025 08:53:00 GMT", 1.0),
        ("Sat, 09 Oct 2055 08:53:00 GMT", LONGEST),
        ("5 min", 300.0),
        ('"300"', 300.0),
        ("300, 300", 300.0),
        ("300; reason=busy", 300.0),
        ("1760000300", 300.0),
        ("1760000300000", 300.0),
        ("2025-10-09T08:58:20Z", 300.0),
        ("2025-10-09 08:58:20", 300.0),
        ("Mon, 09 Oct 2025 08:58:20 GMT", 300.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 400, None),
        ("Thu, 99 Oct 99999 08:58:20 GMT", None),
    ],
)
def test_seconds_and_dates(said: str, seconds: float | None) -> None:
    assert asked(("retry-after", said)) == seconds


def test_a_date_counts_from_the_receiver_s_own_clock() -> None:
    ahead = (
        ("date", "Thu, 09 Oct 2025 09:53:20 GMT"),
        ("retry-after", "Thu, 09 Oct 2025 09:54:20 GMT"),
    )
    assert asked(*ahead) == 60.0


def test_the_first_of_several_counts() -> None:
    assert asked(("retry-after", "5"), ("retry-after", "500")) == 5.0
    assert asked(("retry-after", "soon"), ("retry-after", "500")) == 500.0


@pytest.mark.parametrize(
    ("status", "is_asked"), [(429, True), (503, True), (500, False), (200, False), (301, False)]
)
def test_only_two_statuses_say_so(status: int, *, is_asked: bool) -> None:
    assert (asked(("retry-after", "5"), status=status) is not None) is is_asked


def test_without_an_answer_nothing_is_asked() -> None:
    assert retry_after_seconds(None, NOW) is None
    assert asked() is None
