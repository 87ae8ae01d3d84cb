"""Digits with something between them are one number, or none: never one that is made of two."""

from __future__ import annotations

import pytest

from switchhook.domain.grouping import dialled_number, single_number
from switchhook.domain.numbering import dialling_of

UA = dialling_of("UA")


@pytest.mark.row("FJ-04")
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("380501112233", "380501112233"),
        ("380 50 111 22 33", "380501112233"),
        ("380501112233 101", ""),
        ("380501112233 5", ""),
        ("380501112233/101", ""),
        ("044/222-33-44", "0442223344"),
        ("101/102", ""),
        ("101 2223344", ""),
        ("1 01", "101"),
        ("31 50", "3150"),
        ("923456789 12", ""),
        ("sales", ""),
        ("12", ""),
    ],
)
def test_groups_make_a_number_that_there_is(text: str, number: str) -> None:
    assert single_number(text, UA, {"101"}.__contains__) == number


@pytest.mark.row("FJ-04")
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2-15", "215"),
        ("222-33-44", "2223344"),
        ("(044) 222-33-44", "0442223344"),
        ("044/222-33-44", "0442223344"),
        ("380501112233/101", ""),
        ("380501112233 101", ""),
        ("1", "1"),
        ("sales", ""),
    ],
)
def test_hyphens_are_ornaments_of_what_is_dialled(text: str, number: str) -> None:
    assert dialled_number(text, UA) == number


@pytest.mark.row("FJ-04")
@pytest.mark.parametrize("country", ["NL", "DE", "AT", "UA", ""])
@pytest.mark.parametrize("text", ["201 202", "2001 20"])
def test_two_extensions_make_no_short_number(country: str, text: str) -> None:
    assert single_number(text, dialling_of(country)) == ""
