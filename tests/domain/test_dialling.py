"""A number is known in each spelling that its country has for it, and in no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.dialling import ANYWHERE, MAX_DIGITS, Dialling
from tests.support.pace import cost

UKRAINE = Dialling(country_code="380", exit_code="00", trunk_prefix="0", lengths=(9, 10))
AMERICA = Dialling(country_code="1", exit_code="011", trunk_prefix="1", lengths=(10,))
ITALY = Dialling(country_code="39", exit_code="00", lengths=(9, 10))
BRAZIL = Dialling(
    country_code="55",
    exit_code="00(?:15|31)",
    trunk_prefix=r"(?:0|90)(?:(15|31)(\d{10,11}))?",
    trunk_rule=r"\2",
    lengths=(10, 11),
)

RUSSIA = Dialling(country_code="7", exit_code="810", trunk_prefix="8", lengths=(10,))
AUSTRALIA = Dialling(country_code="61", exit_code="0011", trunk_prefix="0", lengths=(9,))


@pytest.mark.parametrize(
    ("country", "written", "meanings"),
    [
        (UKRAINE, "+380441112233", ("380441112233",)),
        (UKRAINE, "380441112233", ("380441112233",)),
        (UKRAINE, "00380441112233", ("380441112233",)),
        (UKRAINE, "0441112233", ("380441112233",)),
        (UKRAINE, "441112233", ("441112233", "380441112233")),
        (UKRAINE, "+3800441112233", ("3800441112233", "380441112233")),
        (UKRAINE, "000441112233", ("380441112233",)),
        (AMERICA, "9001234567", ("9001234567", "19001234567")),
        (AMERICA, "19001234567", ("19001234567",)),
        (AMERICA, "011380441112233", ("380441112233",)),
        (AMERICA, "442071234567", ("442071234567",)),
        (ITALY, "0612345678", ("390612345678",)),
        (BRAZIL, "0311190012345", ("551190012345",)),
        (BRAZIL, "0011900", ("11900",)),
        (BRAZIL, "00311900", ("1900", "311900")),
        (AUSTRALIA, "00114412345678", ("4412345678", "114412345678")),
        (UKRAINE, "00441234567", ("441234567",)),
        (RUSSIA, "89161234567", ("89161234567", "79161234567")),
        (ANYWHERE, "0441112233", ("0441112233",)),
        (ANYWHERE, "0044", ("44",)),
        (ANYWHERE, "+44", ("44",)),
    ],
)
def test_a_number_means_what_its_country_reads_in_it(
    country: Dialling, written: str, meanings: tuple[str, ...]
) -> None:
    assert country.meanings(written) == meanings


@pytest.mark.parametrize("exit_code", ["00", "00[056]"])
def test_zeros_that_may_all_be_exit_codes_are_read_at_once(exit_code: str) -> None:
    country = Dialling(country_code="380", exit_code=exit_code, trunk_prefix="0")
    assert cost(lambda: country.meanings("0" * MAX_DIGITS), enough=100) < 100


def test_of_a_number_without_an_end_only_the_beginning_is_looked_at() -> None:
    assert ANYWHERE.meanings("+" + "1" * 60) == ("1" * MAX_DIGITS,)
    assert MAX_DIGITS == 40


@given(
    st.sampled_from((UKRAINE, AMERICA, ITALY, BRAZIL)),
    st.from_regex(r"\+?[0-9]{1,60}", fullmatch=True),
)
def test_whatever_is_written_means_something(country: Dialling, written: str) -> None:
    meanings = country.meanings(written)
    assert meanings
    assert all(meaning == "" or meaning.isdecimal() for meaning in meanings)
    assert max(map(len, meanings)) <= MAX_DIGITS + len(country.country_code)
