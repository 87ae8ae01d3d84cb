"""A target is one word that can be dialled, however people wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given

from switchhook.domain.target import Target, TargetKind, clean_number, written_number
from tests.support.strategies import numbers, texts


@pytest.mark.parametrize("value", ["", "two words", "line\nbreak", "bell\a"])
def test_what_is_not_one_printable_word_is_no_target(value: str) -> None:
    with pytest.raises(ValueError, match="one printable word"):
        Target(kind=TargetKind.ACCOUNT, value=value)


def test_a_target_shows_as_what_is_dialled() -> None:
    assert str(Target(kind=TargetKind.NUMBER, value="380441112233")) == "380441112233"


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("380441112233", "380441112233"),
        ("+380 (44) 111-22.33", "+380441112233"),
        ("\t044\u00a0111 22 33 ", "0441112233"),
        ("\u202d+38\u2011044\u202f111\u200922\u200b33\u202c", "+380441112233"),
        ("112", "112"),
        ("+380\u202f44\u2009111\u201122\u201233", "+380441112233"),
        ("\u202a+380441112233\u202c", "+380441112233"),
        ("\ufeff380\u200b441112233", "380441112233"),
        ("123456789012345", "123456789012345"),
        ("+123456789012345", "+123456789012345"),
    ],
)
def test_a_written_number_is_made_dialable(written: str, cleaned: str) -> None:
    assert cleaned == clean_number(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "+",
        "12",
        "1234567890123456",
        "38044a112233",
        "++380441112233",
        "380+44",
        "¹²³",
        "101–105",
    ],
)
def test_what_cannot_be_dialled_is_none(written: str) -> None:
    assert clean_number(written) is None


@pytest.mark.parametrize("written", ["", "+", "desk", "²"])
def test_what_holds_more_than_digits_is_no_written_number(written: str) -> None:
    assert written_number(written) == ""


@given(numbers | texts)
def test_a_cleaned_number_is_clean(written: str) -> None:
    cleaned = clean_number(written)
    if cleaned is not None:
        assert cleaned == clean_number(cleaned)
        assert Target(kind=TargetKind.NUMBER, value=cleaned).value == cleaned


@pytest.mark.row("FA-07")
@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("+44 (0) 20 7946 0958", "+442079460958"),
        ("+44(0)2079460958", "+442079460958"),
        ("+44-(0)-20-7946-0958", "+442079460958"),
        ("(+44) (0) 20 7946 0958", "+442079460958"),
        ("+ 44 ( 0 ) 20 7946 0958", "+442079460958"),
        ("0044 (0)20 7946 0958", "00442079460958"),
        ("44 (0) 20 7946 0958", "442079460958"),
        ("+380 (0) 44 222-33-44", "+380442223344"),
        ("+39 (0) 6 6982 1234", "+390669821234"),
        ("(0) 20 7946 0958", "02079460958"),
        ("050 (0) 111 22 33", "05001112233"),
        ("+4420 (0) 7946 0958", "+4420079460958"),
        ("+380 44 222 (0) 344", "+380442220344"),
    ],
)
def test_a_zero_in_brackets_behind_a_country_code_is_left_out(written: str, cleaned: str) -> None:
    """In Italy it is part of the number; anywhere else in a number it is a digit like others."""
    assert cleaned == clean_number(written)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("٣٨٠٤٤١١١٢٢٣٣", "380441112233"),
        ("۰۲۱ ۱۲۳۴", "0211234"),
        ("＋３８０ー４４１１１２２３３", "+380441112233"),
        ("+00380441112233", "+380441112233"),
        ("+000", "+000"),
        ("0011442079460958", "0011442079460958"),
        ("1234567890123456", None),
    ],
)
def test_digits_of_any_script_and_any_way_abroad_are_read(
    written: str, dialled: str | None
) -> None:
    assert clean_number(written) == dialled
