"""A number comes out in E.164 form, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.dialling import ANYWHERE
from switchhook.webhooks.e164 import dialling_of, to_e164


@pytest.mark.row("R1-79", "R1-28", "R1-29", "A-19")
@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("380441112233", "UA", "+380441112233"),
        ("380441112233", "", "+380441112233"),
        ("380441112233", "NL", "+380441112233"),
        ("+380441112233", "NL", "+380441112233"),
        ("0441112233", "UA", "+380441112233"),
        ("0441112233", "ua", "+380441112233"),
        ("00380441112233", "", "+380441112233"),
        ("12125096995", "UA", "+12125096995"),
        ("77012345678", "KZ", "+77012345678"),
        ("+31 50 210 25 44", "", "+31502102544"),
        ("101", "UA", ""),
        ("agent7", "UA", ""),
        ("", "UA", ""),
        ("anonymous", "", ""),
        ("agent380441112233", "UA", ""),
        ("sales-0441112233", "UA", ""),
        ("1-800-FLOWERS", "US", ""),
        ("0441112233;ext=5", "UA", ""),
        ("+380 (44) 111-22.33", "", "+380441112233"),
        ("+380\u00a044 111\u201022\u201133", "", "+380441112233"),
        ("+", "UA", ""),
        ("1234567890123456789", "", ""),
        ("٣٨٠٤٤١١١٢٢٣٣", "UA", "+380441112233"),
        ("+5215512345678", "", "+5215512345678"),
        ("+88235551234", "UA", "+88235551234"),
        ("+0441112233", "", ""),
        ("+101", "", ""),
        ("88235551234", "UA", ""),
        ("380441112233", "no country", "+380441112233"),
    ],
)
def test_a_number_is_told_or_left_out(written: str, country: str, expected: str) -> None:
    assert expected == to_e164(written, country)


@given(written=st.text(max_size=24), country=st.sampled_from(["", "UA", "XX"]))
def test_whatever_a_caller_calls_itself_it_is_a_number_or_nothing(
    written: str, country: str
) -> None:
    number = to_e164(written, country)

    assert number == "" or (number[0] == "+" and number[1:].isdigit() and len(number) <= 16)


@pytest.mark.parametrize(
    ("country", "written", "international"),
    [
        ("UA", "0441112233", "380441112233"),
        ("nl", "0201234567", "31201234567"),
        ("KZ", "8107", "7"),
        ("US", "01144", "44"),
        ("IT", "0612345678", "390612345678"),
        ("MX", "5215512345678", "525512345678"),
        ("MX", "+5215512345678", "525512345678"),
        ("MX", "0445512345678", "525512345678"),
        ("MX", "5512345678", "5512345678"),
    ],
)
def test_a_country_tells_how_it_dials(country: str, written: str, international: str) -> None:
    assert dialling_of(country).meanings(written)[0] == international
    assert dialling_of("") == dialling_of("XX") == ANYWHERE
