"""Parameters are found in any case, keep their wire form and never let a value out of its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.wire.errors import ParseError
from switchhook.sip.wire.parameters import MAX_PARAMETERS, Parameters
from tests.support.sip_values import lines, parameters, tokens


def test_names_are_found_in_any_case_and_keep_their_order() -> None:
    found = Parameters.parse(";Branch=z9hG4bK1;RPORT;lr")
    assert found["branch"] == found["BRANCH"] == "z9hG4bK1"
    assert found.get("rport", "absent") is None
    assert "Lr" in found
    assert list(found) == ["branch", "rport", "lr"]
    assert len(found) == 3


def test_white_space_around_signs_is_legal() -> None:
    assert Parameters.parse(" tag    = 1 ;\tq = 0.3 ") == Parameters({"tag": "1", "q": "0.3"})


def test_the_first_of_two_holds() -> None:
    assert Parameters.parse(";tag=1;tag=2")["tag"] == "1"


def test_empty_pieces_are_nothing() -> None:
    assert str(Parameters.parse(";;a=1;;")) == ";a=1"


def test_an_empty_value_is_not_a_missing_one() -> None:
    assert str(Parameters.parse(";a=;b")) == ";a=;b"


def test_a_quoted_value_keeps_its_quotes_on_the_wire() -> None:
    found = Parameters.parse(r';+sip.instance="<urn:uuid:1>";x="a;b\"c,"')
    assert found["+sip.instance"] == '"<urn:uuid:1>"'
    assert found.text("x") == 'a;b"c,'
    assert found.text("absent") is None
    assert str(found) == r';+sip.instance="<urn:uuid:1>";x="a;b\"c,"'


def test_a_value_that_cannot_stand_bare_is_quoted() -> None:
    assert str(Parameters().set("text", 'a; "b')) == r';text="a; \"b"'
    assert str(Parameters().set("text", '"already"')) == ';text="already"'
    assert Parameters().set("text", '"').text("text") == '"'


def test_set_keeps_the_place_and_without_drops() -> None:
    before = Parameters.parse(";a=1;b=2;c=3")
    assert str(before.set("B", "9")) == ";a=1;b=9;c=3"
    assert str(before.set("d")) == ";a=1;b=2;c=3;d"
    assert str(before.without("A", "c", "absent")) == ";b=2"
    assert str(before) == ";a=1;b=2;c=3"


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\0b", "\r\nVia: x"])
def test_line_breaks_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        Parameters().set("x", value)
    with pytest.raises(ValueError, match="line break"):
        Parameters({"x": value})
    with pytest.raises(ParseError):
        Parameters.parse(f";x={value}")


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "ä", 'a"'])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(ValueError, match="parameter name"):
        Parameters().set(name)


@pytest.mark.parametrize("text", [';a="b', ';a="b"c', ';a="b\\'])
def test_a_broken_quote_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Parameters.parse(text)


def test_there_is_a_limit() -> None:
    Parameters.parse(";a" * MAX_PARAMETERS)
    with pytest.raises(ParseError, match="more than 64"):
        Parameters.parse(";a" * (MAX_PARAMETERS + 1))


def test_equal_whatever_the_order_of_names() -> None:
    one, other = Parameters.parse("a=1;b"), Parameters.parse("b;A=1")
    assert one == other
    assert hash(one) == hash(other)
    assert one != {"a": "1", "b": None}
    assert repr(one) == "Parameters(';a=1;b')"


@given(parameters)
def test_what_is_written_is_read_back(written: Parameters) -> None:
    assert Parameters.parse(str(written)) == written


@given(parameters, tokens, st.none() | lines)
def test_setting_one_leaves_the_others(before: Parameters, name: str, value: str | None) -> None:
    after = before.set(name, value)
    assert {**before, **after} == dict(after)
    assert after.without(name) == before.without(name)
    if value is not None and not value.startswith('"'):
        assert after.text(name) == value
