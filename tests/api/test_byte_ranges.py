"""Ranges, If-Range and conditions are read as RFC 9110 has them; what cannot be read is ignored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.api.byte_ranges import MAX_RANGES, has_it, http_date, is_of_this, parse_ranges

AT = 1_700_000_000.75
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
TAG = '"r1-10"'


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-499", [range(500)]),
        ("bytes=500-999", [range(500, 1000)]),
        ("bytes=-500", [range(9500, 10000)]),
        ("bytes=9500-", [range(9500, 10000)]),
        ("bytes=0-0,-1", [range(1), range(9999, 10000)]),
        (" Bytes = 500-600 , 601-999", [range(500, 601), range(601, 1000)]),
        ("bytes=9000-20000", [range(9000, 10000)]),
        ("bytes=-20000", [range(10000)]),
        ("bytes=10000-", []),
        ("bytes=-0", []),
        ("bytes=20000-,5-6", [range(5, 7)]),
    ],
)
def test_ranges_of_ten_thousand_bytes(header: str, found: list[range]) -> None:
    assert parse_ranges(header, 10_000) == tuple(found)


@pytest.mark.parametrize(
    "header",
    [
        *("", "bytes", "bytes=", "bytes=,", "items=0-1", "bytes=5-4", "bytes=-", "bytes=a-b"),
        *("bytes=0-1;2-3", "bytes=0-10,5-20", "bytes=0-1-2", "bytes=٠-١", "bytes=0-,0-"),
        f"bytes=0-{'9' * 5000}",
        "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(MAX_RANGES + 1)),
    ],
)
def test_what_cannot_be_followed_is_ignored(header: str) -> None:
    assert parse_ranges(header, 10_000) is None


@given(st.text(alphabet="bytes=-,0123456789 ", max_size=40), st.integers(0, 200))
def test_ranges_lie_within_the_file(header: str, size: int) -> None:
    for one in parse_ranges(header, size) or ():
        assert 0 <= one.start < one.stop <= size


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({}, False),
        ({"if-none-match": TAG}, True),
        ({"if-none-match": f'"x", W/{TAG}'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"x"', "if-modified-since": DATE}, False),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": DATE.replace("20 GMT", "19 GMT")}, False),
        ({"if-modified-since": "yesterday"}, False),
    ],
)
def test_who_has_it_is_sent_nothing(headers: dict[str, str], known: bool) -> None:  # noqa: FBT001
    assert has_it(headers, tag=TAG, at=AT) is known


@pytest.mark.parametrize(
    ("wanted", "same"),
    [(TAG, True), ('"x"', False), (f"W/{TAG}", False), (DATE, True), ("yesterday", False)],
)
def test_parts_are_of_the_version_that_is_named(wanted: str, same: bool) -> None:  # noqa: FBT001
    assert is_of_this({"if-range": wanted}, tag=TAG, at=AT) is same
    assert is_of_this({}, tag=TAG, at=AT)


def test_dates_are_written_as_http_does() -> None:
    assert http_date(AT) == DATE
