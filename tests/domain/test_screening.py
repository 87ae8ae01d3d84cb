"""The block list turns callers away; prefixes decide where answers may send calls."""

from __future__ import annotations

import pytest

from switchhook.domain.dialling import Dialling
from switchhook.domain.numbering import dialling_of
from switchhook.domain.screening import NO_SCREENING, Screening, without_international_prefix


def test_without_lists_everybody_gets_through_and_anything_may_ring() -> None:
    assert not NO_SCREENING.blocks("380441112233")
    assert not NO_SCREENING.blocks("")
    assert NO_SCREENING.permits("+1900123456")


@pytest.mark.parametrize("caller", ["380441112233", "+380441112233", "00380441112233"])
def test_a_number_is_blocked_in_any_spelling(caller: str) -> None:
    assert Screening(blocked_callers=("+380441112233",)).blocks(caller)
    assert not Screening(blocked_callers=("38044111223",)).blocks(caller)


def test_all_numbers_that_begin_alike_can_be_blocked() -> None:
    screening = Screening(blocked_callers=("+38044*",))
    assert screening.blocks("380441112233")
    assert not screening.blocks("380501112233")


def test_withheld_numbers_can_be_blocked() -> None:
    assert Screening(block_withheld=True).blocks("")


@pytest.mark.row("S-78", "A-58")
@pytest.mark.parametrize(
    ("number", "permitted"),
    [
        ("380441112233", True),
        ("+380441112233", True),
        ("00380441112233", True),
        ("380900111222", False),
        ("380900777", True),
        ("1900123456", False),
    ],
)
def test_the_longest_prefix_decides(number: str, *, permitted: bool) -> None:
    screening = Screening(
        allowed_prefixes=("+380", "380900777"), denied_prefixes=("380900", "+3809001")
    )
    assert screening.permits(number) is permitted


def test_of_two_equal_prefixes_the_one_that_denies_wins() -> None:
    screening = Screening(allowed_prefixes=("380",), denied_prefixes=("+380",))
    assert not screening.permits("380441112233")


def test_denied_prefixes_alone_leave_all_other_numbers_free() -> None:
    screening = Screening(denied_prefixes=("1900",))
    assert screening.permits("380441112233")
    assert not screening.permits("+1900555")


def test_emergency_numbers_are_known_as_they_are_dialled() -> None:
    for dialled in ("112", "+112", "1 1 2", "1/12"):
        assert NO_SCREENING.is_emergency(dialled)
    assert not NO_SCREENING.is_emergency("1120")
    assert without_international_prefix("+112") == without_international_prefix("00112") == "112"


UKRAINE = Dialling(country_code="380", exit_code="00", trunk_prefix="0", lengths=(9, 10))
AMERICA = Dialling(country_code="1", exit_code="011", trunk_prefix="1", lengths=(10,))


@pytest.mark.row("S-78", "A-58")
@pytest.mark.parametrize("denied", ["380900", "+380900", "00380900", "0900"])
@pytest.mark.parametrize(
    "number",
    [
        "380900111222",
        "+380900111222",
        "00380900111222",
        "0900111222",
        "900111222",
        "+3800900111222",
    ],
)
def test_no_spelling_of_a_denied_number_slips_past(denied: str, number: str) -> None:
    screening = Screening(denied_prefixes=(denied,))
    assert not screening.permits(number, UKRAINE)
    assert screening.permits(number.replace("900111", "441112"), UKRAINE)


@pytest.mark.row("S-78", "A-58")
def test_a_number_that_may_be_a_denied_one_is_denied() -> None:
    screening = Screening(denied_prefixes=("1900",))
    for number in ("9001234567", "19001234567", "01119001234567"):
        assert not screening.permits(number, AMERICA)
    assert screening.permits("442079001234", AMERICA)


@pytest.mark.row("A-58")
def test_a_number_is_allowed_only_for_what_it_surely_is() -> None:
    """9 digits without a zero may be national or abroad; 882 are satellites."""
    screening = Screening(allowed_prefixes=("380",))
    for number in ("0441112233", "+380441112233", "00380441112233", "380441112233"):
        assert screening.permits(number, UKRAINE)
    for number in ("882123456", "00882123456", "+882123456"):
        assert not screening.permits(number, UKRAINE)
    assert Screening(allowed_prefixes=("044",)).permits("380441112233", UKRAINE)
    assert Screening(allowed_prefixes=("044",)).permits("0441112233")


@pytest.mark.row("S-78", "A-58")
def test_the_user_of_a_sip_address_is_a_number_too() -> None:
    screening = Screening(allowed_prefixes=("380",), denied_prefixes=("1900", "380900"))
    for user in ("0900111222", "+1-900-123", "0000000000000000380900111222", "4420712345"):
        assert not screening.permits_address(user, UKRAINE)
    for user in ("4412071", "+441207", "+4412"):
        assert not screening.permits_address(user, UKRAINE)
    for user in ("desk", "101", "441207", "+380441112233", "1900desk"):
        assert screening.permits_address(user, UKRAINE)


def test_a_caller_is_blocked_in_the_spellings_of_the_country() -> None:
    for blocked in ("380441112233", "0441112233", "044*"):
        screening = Screening(blocked_callers=(blocked,))
        for caller in ("380441112233", "+380441112233", "0441112233", "+380 44 111-22-33"):
            assert screening.blocks(caller, UKRAINE)
    assert Screening(blocked_callers=("380*",)).blocks("0441112233", UKRAINE)
    assert Screening(blocked_callers=("anna",)).blocks("anna", UKRAINE)
    assert not Screening(blocked_callers=("380*",)).blocks("441112233", UKRAINE)
    assert not Screening(blocked_callers=("380*",)).blocks("anna", UKRAINE)


@pytest.mark.parametrize(
    "dialled",
    ["112", "+112", "1 1 2", "1/12", "0112", "0/112", "+380112", "380112", "00112", "00380112"],
)
def test_an_emergency_number_is_known_with_whatever_stands_before_it(dialled: str) -> None:
    assert NO_SCREENING.emergency(dialled, UKRAINE) == "112"


def test_an_emergency_number_may_begin_with_a_zero_or_like_the_country() -> None:
    screening = Screening(emergency_numbers=("000", "112"))
    assert screening.emergency("000", UKRAINE) == "000"
    assert screening.emergency("+000", UKRAINE) == "000"
    assert screening.emergency("011112", AMERICA) == "112"


@pytest.mark.parametrize("dialled", ["", "1120", "380441112", "0380112", "help", "112 please"])
def test_no_other_number_is_an_emergency_number(dialled: str) -> None:
    assert NO_SCREENING.emergency(dialled, UKRAINE) == ""


def test_an_answer_may_name_an_emergency_number_whatever_the_prefixes_say() -> None:
    screening = Screening(allowed_prefixes=("380",), denied_prefixes=("1",))
    assert screening.permits("112")
    assert not screening.permits("1123")


@pytest.mark.row("FA-03")
def test_a_national_number_without_its_zero_is_a_blocked_caller_too() -> None:
    screening = Screening(blocked_callers=("380501112233",))

    assert screening.blocks("501112233", dialling_of("UA"))
    assert not screening.blocks("501112244", dialling_of("UA"))
