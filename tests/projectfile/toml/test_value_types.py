"""Each kind takes what it allows, writes it so that it reads the same, and repeats no secret."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.projectfile.toml.mistakes import Notes
from switchhook.projectfile.toml.value_types import (
    Base64,
    ListOf,
    Location,
    NotedError,
    OneOf,
    Passage,
    Reference,
    Seconds,
    Text,
    ValueType,
    Whole,
    WrongError,
    YesNo,
    quote,
)


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


PIN = Text(what="four digits", least=4, most=4, pattern=r"[0-9]+", secret=True)


def spot(**names: set[Any]) -> Location:
    return Location(path=("key",), notes=Notes(), names=names)


def refusal(kind: ValueType, value: object) -> str:
    with pytest.raises(WrongError) as caught:
        kind.read(value, spot())
    return f"{caught.value.problem}; {caught.value.advice}"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Text(), ""),
        (Text(least=1), "Київ 'x' \"y\" \\"),
        (PIN, "0042"),
        (Passage(), ""),
        (Passage(), "one line, 'quoted' \u200d\xa0"),
        (Passage(), "two\n\tlines \\"),
        (Passage(), "\n\nthree\n"),
        (Passage(), "Windows\r\nlines"),
        (Passage(), "ends in a quote\n'"),
        (Passage(), "fenced\n'''"),
        (Base64(), b""),
        (Base64(), bytes(range(256))),
        (Whole(least=1, most=5), 5),
        (Seconds(5, 600), 5.0),
        (Seconds(5, 600), 7.25),
        (YesNo(), False),
        (OneOf(Colour), Colour.GREEN),
        (ListOf(kind=Whole(least=0, most=9)), (1, 2)),
        (ListOf(kind=Text()), ()),
    ],
)
def test_what_is_written_reads_the_same(kind: ValueType, value: object) -> None:
    written = tomllib.loads(f"x = {kind.write(value)}")["x"]

    assert kind.read(written, spot()) == value


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Text(), 5, "5 is not text; write it in quotes"),
        (Text(what="a name", least=1), "", "key is empty; write a name"),
        (Text(most=3), "abcd", "4 characters are too many; allowed are 3"),
        (Text(), "\ud800", "it is not UTF-8 text; write it in UTF-8"),
        (Text(), "a\nb", "it holds a line break or another control character; remove it"),
        (
            Text(what="small letters", pattern="[a-z]+"),
            "A",
            "'A' is not accepted here; write small",
        ),
        (Whole(least=1, most=5, unit="calls"), 6, "6 is more than 5 calls; allowed are 1 to 5"),
        (Whole(least=1, most=5), 0, "0 is less than 1; allowed are 1 to 5"),
        (Whole(least=1, most=5), True, "true is not a whole number; write 1 to 5"),
        (Whole(least=1, most=5), 1.0, "1.0 is not a whole number"),
        (Whole(least=1, most=5), "1", "text is not a whole number; write 1 to 5, without quotes"),
        (Seconds(5, 600), 700, "700 is more than 600 seconds; allowed are 5 to 600"),
        (Seconds(5, 600), float("nan"), "nan is not a number of seconds"),
        (Seconds(5, 600), float("inf"), "inf is more than 600 seconds"),
        pytest.param(
            Seconds(5, 600),
            16**5000,
            "a number of very many digits is more than 600 seconds",
            id="16**5000",
        ),
        (Seconds(5, 600), None, "null is not a number of seconds; write 5 to 600 seconds"),
        (Seconds(5, 600), True, "true is not a number of seconds"),
        (YesNo(), 1, "1 is not a yes or no; write true or false"),
        (OneOf(Colour), "rad", "'rad' is not known here; did you mean red?"),
        (OneOf(Colour), "Red", "'Red' is not known here; did you mean red?"),
        (OneOf(Colour), [], "a list is not text"),
        (Passage(), 5, "a number is not text; write it in quotes"),
        (Passage(most=3), "abcd", "4 characters are too many; allowed are 3"),
        (Passage(), "a\x00b", "it holds a control character; remove it"),
        (Base64(), "a", "this is not Base64; write what `base64 FILE` prints"),
        (Base64(), "Ключ", "this is not Base64"),
        (Base64(most=4), "AAAAAAAA", "8 characters are too many; allowed are 4"),
        (ListOf(kind=Text()), "a", "text is not a list; write it in [ ]"),
        (ListOf(kind=Text(), least=1), [], "the list is empty"),
        (ListOf(kind=Text(), most=1), ["a", "b"], "2 items are too many; allowed are 1"),
    ],
)
def test_what_is_not_allowed_is_refused_with_a_reason(
    kind: ValueType, value: object, said: str
) -> None:
    assert refusal(kind, value).startswith(said)


@pytest.mark.parametrize("value", ["98765", "987", "abcd", "98\n7", 9876, ["9876"], {"a": "9876"}])
def test_a_secret_is_never_repeated(value: object) -> None:
    said = refusal(PIN, value)

    assert not any(part in said for part in ("987", "abcd", "98\n7"))


def test_several_lines_are_written_as_they_are() -> None:
    assert Passage().write('a\n\\b"\n') == "'''\na\n\\b\"\n'''"
    assert Passage().write("a") == '"a"'
    assert Passage().write("a\r\n") == '"a\\r\\n"'


@given(text=st.text(alphabet="a'\"\\\n\r\t"))
def test_any_passage_reads_the_same(text: str) -> None:
    assert tomllib.loads(f"x = {Passage().write(text)}\n") == {"x": text}


def test_base64_may_stand_on_several_lines() -> None:
    assert Base64().read("aGVs\n  bG8=\n", spot()) == b"hello"


def test_a_long_value_is_shortened() -> None:
    said = refusal(Text(most=500, pattern="[a-z]+"), "A" * 300)

    assert len(said) < 100


def test_every_wrong_item_of_a_list_is_noted() -> None:
    at = spot()

    with pytest.raises(NotedError):
        ListOf(kind=Whole(least=0, most=9)).read([1, 10, 2, "x"], at)

    found = at.notes.all()
    assert found is not None
    assert [mistake.path for mistake in found.mistakes] == [("key", 1), ("key", 3)]


def test_a_reference_points_to_what_is_there() -> None:
    kind = Reference(to="scheme", kind=Whole(least=1, most=99))

    assert kind.read(7, spot(scheme={7, 8})) == 7
    with pytest.raises(WrongError) as caught:
        kind.read(9, spot(scheme={7, 8}))
    assert caught.value.problem == "there is no scheme 9"
    assert caught.value.advice == "known are 7, 8"
    with pytest.raises(WrongError) as caught:
        kind.read(9, spot(scheme=set()))
    assert caught.value.advice == "this project has no scheme"


@given(st.text(st.characters(codec="utf-8")))
def test_every_text_can_be_quoted(text: str) -> None:
    assert tomllib.loads(f"x = {quote(text)}")["x"] == text
