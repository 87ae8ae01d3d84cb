"""A row of an export does nothing in a spreadsheet, and says what the call was."""

from __future__ import annotations

import csv
import io

import pytest

from switchhook.views.as_csv import COLUMNS, call_lines, cell, header


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("+4930123", "+4930123"),
        ("-5", "-5"),
        (1.5, "1.5"),
        (None, ""),
        ("Mary = Ann", "Mary = Ann"),
    ],
)
def test_a_formula_is_text_and_a_number_stays_one(value: object, expected: str) -> None:
    assert cell(value) == expected


def test_the_header_names_the_columns() -> None:
    assert header().decode() == ",".join(COLUMNS) + "\r\n"
    assert list(csv.reader(io.StringIO(header().decode()))) == [list(COLUMNS)]


def test_no_call_is_no_line() -> None:
    assert call_lines(()) == b""
