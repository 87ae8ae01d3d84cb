"""A telephone number has one form, in whatever spelling it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.dialling import ANYWHERE
from switchhook.domain.numbering import as_listed, canonical, dialling_of, international, meanings


@pytest.mark.row("FA-03", "FA-07")
@pytest.mark.parametrize(
    ("country", "written", "form"),
    [
        ("UA", "0442223344", "380442223344"),
        ("UA", "00380442223344", "380442223344"),
        ("UA", "442223344", "380442223344"),
        ("UA", "+380-44-222-33-44", "380442223344"),
        ("UA", "+380 (0) 44 222 33 44", "380442223344"),
        ("UA", "+380 (044) 222 33 44", "380442223344"),
        ("UA", "00 380 (0)44.222.33.44", "380442223344"),
        ("UA", "0000000000", "0000000000"),
        ("UA", "215", "215"),
        ("GB", "+44 (0) 20 7946 0958", "442079460958"),
        ("", "+44 (0) 20 7946 0958", "442079460958"),
        ("", "0044 (0)20 7946 0958", "442079460958"),
        ("", "44 (0) 20 7946 0958", "442079460958"),
        ("", "+44 (020) 7946 0958", "442079460958"),
        ("", "+39 (0) 6 6982 1234", "390669821234"),
        ("GB", "(0) 20 7946 0958", "442079460958"),
        ("", "0442223344", "0442223344"),
        ("US", "011 380 44 222 33 44", "380442223344"),
        ("US", "(212) 555-0100", "12125550100"),
        ("HU", "+36 (06) 1 234 5678", "3612345678"),
        ("UA", "sales", ""),
        ("UA", "", ""),
    ],
)
def test_each_spelling_has_the_same_form(country: str, written: str, form: str) -> None:
    assert canonical(written, dialling_of(country)) == form


@pytest.mark.row("FA-03")
def test_of_what_is_dialled_every_meaning_counts_and_the_likeliest_comes_first() -> None:
    assert meanings("442223344", dialling_of("UA")) == ("442223344", "380442223344")
    assert meanings("tel", dialling_of("UA")) == ()
    assert meanings("0442223344", ANYWHERE) == ("0442223344",)


@pytest.mark.row("FE-06")
@pytest.mark.parametrize(
    ("country", "written", "form"),
    [
        ("NL", "085 000 1002", "31850001002"),
        ("NL", "0850001002", "31850001002"),
        ("NL", "850001002", "31850001002"),
        ("NL", "+31850001002", "31850001002"),
        ("NL", "0031 85 000 1002", "31850001002"),
        ("NL", "31 (0)85 000 1002", "31850001002"),
        ("DE", "31850001002", "31850001002"),
        ("US", "(323) 234-5678", "13232345678"),
        ("US", "+32 32 34 56 78", "3232345678"),
        ("", "31850001002", "31850001002"),
        ("NL", "215", "215"),
    ],
)
def test_a_listed_number_is_known_by_its_form(country: str, written: str, form: str) -> None:
    assert as_listed(written, dialling_of(country)) == form


@given(
    st.sampled_from(["", "UA", "NL", "DE", "US", "IT", "BR", "HU", "KZ"]),
    st.from_regex(r"\+?[0-9]{3,15}", fullmatch=True),
)
def test_the_form_of_a_form_is_itself(country: str, written: str) -> None:
    dialling = dialling_of(country)
    for form in (canonical(written, dialling), as_listed(written, dialling)):
        if international(f"+{form}", "") == form:
            assert canonical(f"+{form}", dialling) == as_listed(f"+{form}", dialling) == form
