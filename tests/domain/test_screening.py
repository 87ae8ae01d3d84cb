"""The block list turns callers away; prefixes decide where answers may send calls."""

from __future__ import annotations

import pytest

from switchhook.domain.screening import NO_SCREENING, Screening, bare


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
    assert NO_SCREENING.is_emergency("112")
    assert not NO_SCREENING.is_emergency("1120")
    assert bare("+112") == bare("00112") == "112"
