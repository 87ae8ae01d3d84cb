"""A URL's fragment says how long and how often it is tried, or is refused in words; stored, it never raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.retry_policy import (
    NO_OVERRIDES,
    RetryOn,
    UrlOverrides,
    overrides_of,
    parse_overrides,
)

URL = "https://crm.example.com/route"


def test_every_name_is_read() -> None:
    said = parse_overrides(f"{URL}?key=1#ct=1500&rt=2000&tt=9000&rc=2&rp=ct,5XX,ct")

    expected = UrlOverrides(
        connect=1.5,
        response=2.0,
        total=9.0,
        retries=2,
        retry_on=(RetryOn.CONNECT, RetryOn.STATUS_5XX),
    )
    assert said == expected


@pytest.mark.parametrize("url", [URL, f"{URL}#", f"{URL}#top", f"{URL}?ct=1"])
def test_a_url_without_such_a_fragment_says_nothing(url: str) -> None:
    assert parse_overrides(url) == NO_OVERRIDES


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("ct=99", "100 to 30000 milliseconds"),
        ("rt=30001", "100 to 30000 milliseconds"),
        ("tt=1s", "100 to 30000 milliseconds"),
        ("tt=", "100 to 30000 milliseconds"),
        ("rc=6", "0 to 5"),
        ("rc=-1", "0 to 5"),
        ("rp=6xx", "any of ct, rt, 4xx, 5xx, all"),
        ("rp=", "any of ct, rt, 4xx, 5xx, all"),
        ("ct=1000&ct=1000", "stands twice"),
        ("e=ashburn", "none of ct, rt, tt, rc, rp"),
        ("ct=1000&top", "none of ct, rt, tt, rc, rp"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(fragment: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_overrides(f"{URL}#{fragment}")
    assert overrides_of(f"{URL}#{fragment}") == NO_OVERRIDES


@given(st.text(max_size=60))
def test_a_stored_url_never_raises(fragment: str) -> None:
    found = overrides_of(f"{URL}#{fragment}")

    assert found.retries is None or 0 <= found.retries <= 5
