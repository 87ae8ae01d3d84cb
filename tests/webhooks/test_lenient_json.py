"""Strict JSON is read as JSON, sloppy JSON as it was meant, and the rest refused with the place."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.webhooks.lenient_json import (
    MAX_DEPTH,
    MAX_VALUES,
    JsonValue,
    NotJsonError,
    NumberText,
    _Reader,
    read_json,
)

DOCUMENTS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**18), 10**18),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def plain(value: JsonValue) -> object:
    """Bring numbers to one kind, so that readings can be compared."""
    match value:
        case NumberText():
            return Decimal(value)
        case bool() | str() | None:
            return value
        case int():
            return Decimal(value)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(member) for name, member in value.items()}


@pytest.mark.row("A-11")
@given(document=DOCUMENTS, escaped=st.booleans(), indent=st.sampled_from([None, 2]))
def test_both_readers_agree_with_the_standard_library(
    document: object, *, escaped: bool, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=escaped, indent=indent)
    expected = plain(json.loads(text, parse_float=NumberText))
    value, was_relaxed = read_json(text)

    assert not was_relaxed
    assert expected == plain(value)
    assert expected == plain(_Reader(text).read())


@pytest.mark.row("A-11")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a:'1'}", {"a": "1"}),
        ("{$a_1:1,}", {"$a_1": "1"}),
        ("{ключ:true}", {"ключ": True}),
        ('[\'a\',"b",“c”,„d“,‘e’,“f"]', ["a", "b", "c", "d", "e", "f"]),
        ('["it\'s","“x”",]', ["it's", "“x”"]),
        ("['say \"x\"','don\\'t',]", ['say "x"', "don't"]),
        (r"['\u0041\n\t\/\\\"\b\f\r']", ['A\n\t/\\"\b\f\r']),
        (r"['\ud83d\ude42']", ["🙂"]),
        (r"['\ud83d']", ["\ufffd"]),
        (r"['\x41\d']", [r"\x41\d"]),
        ("['a\n\tb']", ["a\n\tb"]),
        ("[1.,1x,0x1F,2020-01-01,.5,-x]", ["1.", "1x", "0x1F", "2020-01-01", None, None]),
        ("[(1,),new A(f(1)),<A at 0x7f>,`a`];", [["1"], None, None, "a"]),
        ("{:a=>1,b-c:2,3:4}\0", {"a": "1", "b-c": "2", "3": "4"}),
        ("[1,-2,+3,04,5.50,6e1,]", ["1", "-2", "+3", "04", "5.50", "6e1"]),
        ("[true,false,null,]", [True, False, None]),
        ("\ufeff [ ] ", []),
        ("\ufeff{}", {}),
        ("{a:1,a:2}", {"a": "2"}),
        ("{'':1}", {"": "1"}),
    ],
)
def test_relaxed_spellings(text: str, expected: object) -> None:
    value, was_relaxed = read_json(text)

    assert expected == value
    assert was_relaxed


@pytest.mark.row("A-56")
def test_fractions_and_exponents_stay_text() -> None:
    value, _ = read_json('{"a":3.80443334455E+11,"b":380443334455,"c":1.0}')

    assert value == {"a": "3.80443334455E+11", "b": 380443334455, "c": "1.0"}


@pytest.mark.row("A-11", "S-06")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it ends too early, at character 1"),
        ("{", "a name is missing, at character 2"),
        ("[1", "a comma or ] is missing, at character 3"),
        ("{a 1}", "a colon is missing after a name, at character 4"),
        ("{a:}", "a value is missing, at character 4"),
        ("{a:1 b:2}", "a comma or } is missing, at character 6"),
        ("{'a:1}", "a quote is not closed, at character 2"),
        ("['a\0']", "a quote is not closed, at character 2"),
        ("{} x", "there is more after the value, at character 4"),
        ("truex", "a value is missing, at character 1"),
        ("[/]", "a value is missing, at character 2"),
        ("[/*1]", "a value is missing, at character 2"),
        ("[f(]", "a comma or ] is missing, at character 3"),
        ("<html>", "a value is missing, at character 1"),
        ("[" * 50 + "1" + "]" * 50, f"it is nested deeper than {MAX_DEPTH} levels"),
        ("[" * 50_000, f"it is nested deeper than {MAX_DEPTH} levels"),
        ("['a'" + ",1" * MAX_VALUES + "]", f"it has more than {MAX_VALUES} values"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(text: str, why: str) -> None:
    with pytest.raises(NotJsonError) as refusal:
        read_json(text)

    assert str(refusal.value).startswith(why)


@pytest.mark.row("A-11")
def test_a_text_with_escapes_counts_twice() -> None:
    read_json("[" + r"'\n'," * (MAX_VALUES // 2 - 1) + "]")
    with pytest.raises(NotJsonError, match="more than"):
        read_json("[" + r"'\n'," * (MAX_VALUES // 2) + "]")


@pytest.mark.row("A-11")
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_long_number_is_read_as_it_is_spelt(sign: str) -> None:
    """Into an `int` and out of it would take quadratic time."""
    digits = sign + "1" * 512

    assert read_json(f'{{"a":[{digits}]}}') == ({"a": [NumberText(digits)]}, True)
    assert read_json(f'{{"a":[{digits[:-1]}]}}') == ({"a": [int(digits[:-1])]}, False)


@pytest.mark.row("A-11")
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_both_readers_draw_the_line_at_the_same_depth(
    quote: str, opening: str, closing: str
) -> None:
    def nested(depth: int) -> str:
        return opening * depth + f"{quote}x{quote}" + closing * depth

    read_json(nested(MAX_DEPTH))
    with pytest.raises(NotJsonError, match="nested deeper"):
        read_json(nested(MAX_DEPTH + 1))
