"""No code that a caller keyed is written down where its webhook masks codes, whoever repeats it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switchhook.domain.call import CallAsks, CallState, DialPlanReturn, DigitCollection
from switchhook.domain.masking import mask, redacted
from tests.support.snapshots import MOBILE, incoming

CODE = "904172635518"


@pytest.mark.row("S-25")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET http://target/12%2A4/%2B31850001001", "GET http://target/****/%2B31850001001"),
        ("callername=12*4", "callername=****"),
        ("0042 and 12*4", "**** and ****"),
        ("status=ACK", "status=ACK"),
        ("dropped 'a'… and \"b\"…", "dropped 'a'… and \"b\"…"),
        ("", ""),
    ],
)
def test_a_code_is_hidden_in_either_spelling(text: str, shown: str) -> None:
    assert mask(text, ("12*4", "0042")) == shown
    assert mask(text, ()) == text


@pytest.mark.row("S-25")
@pytest.mark.parametrize("codes", [("47", "4711"), ("4711", "47")])
def test_a_code_that_begins_like_another_does_not_leave_its_end(codes: tuple[str, ...]) -> None:
    assert mask("callername=4711", codes) == "callername=****"


@pytest.mark.row("S-25")
@given(before=st.text("ab '\"", max_size=50))
@example(before="a" * 28)
@example(before="a" * 29)
@example(before="a" * 30)
@example(before="'" + "a" * 30)
@example(before="a" * 39)
def test_a_code_that_was_cut_off_is_hidden_too(before: str) -> None:
    text = repr((before + CODE)[:40]) + "…"
    assert not any(digit in mask(text, (CODE,)) for digit in CODE)


@pytest.mark.row("S-25")
def test_a_call_is_written_down_without_what_was_keyed() -> None:
    call = replace(
        incoming(),
        state=CallState.COLLECTING,
        collecting=DigitCollection(attempt=2, digits=CODE, playback="p1"),
        asks=CallAsks(
            codes=(CODE,),
            returned=(DialPlanReturn(at=(0,), destination=MOBILE, caller_name=f"PIN {CODE}"),),
            caller_name=CODE,
            variables=(("value", CODE), (CODE, "x"), ("city", "Delft")),
        ),
    )
    assert redacted(call) == replace(
        call,
        collecting=DigitCollection(attempt=2, playback="p1"),
        asks=call.asks.changed(
            codes=(),
            returned=(DialPlanReturn(at=(0,), destination=MOBILE),),
            caller_name="",
            variables=(("value", "****"), ("****", "x"), ("city", "Delft")),
        ),
    )


@pytest.mark.row("S-25")
def test_no_name_is_written_down_that_holds_one_of_several_codes() -> None:
    call = replace(incoming(), asks=CallAsks(codes=("0042", CODE), caller_name=f"PIN {CODE}"))
    assert redacted(call).asks.caller_name == ""


@pytest.mark.row("S-25")
def test_digits_are_not_written_down_before_they_are_a_code() -> None:
    call = replace(incoming(), collecting=DigitCollection(digits=CODE[:11]))
    assert redacted(call) == replace(call, collecting=DigitCollection())


def test_a_call_in_which_nothing_was_keyed_is_written_down_as_it_is() -> None:
    call = replace(incoming(), asks=CallAsks(caller_name="Acme", variables=(("value", "1"),)))
    assert redacted(call) is call
