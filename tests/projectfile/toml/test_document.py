"""Reading a document ends in a value or in mistakes, whatever the text; syntax errors name their line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.projectfile.toml.document import MAX_CHARACTERS, MAX_PARTS, decode, read_document
from switchhook.projectfile.toml.mistakes import MAX_MISTAKES, Mistake, Mistakes
from switchhook.projectfile.toml.tables import Table, TableKey
from switchhook.projectfile.toml.value_types import Text, Whole

POINT = Table(
    make=dict,
    keys=(
        TableKey("x", Whole(least=0, most=9), "across"),
        TableKey("name", Text(), "what it is called", default="?"),
    ),
)


def mistakes(text: str) -> list[str]:
    read = read_document(text, POINT)
    assert isinstance(read, Mistakes), read
    return str(read).splitlines()


def test_a_good_document_becomes_its_value() -> None:
    assert read_document("x = 3", POINT) == {"x": 3, "name": "?"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ny = = 2", "line 2: the value of y cannot be read"),
        ('x = "a', "line 1: the quotes of x are not closed"),
        ("x = 1\nx = 2", "line 2: x stands already in this table"),
        ("[[", "line 1: a key or a name is missing"),
        ("x = [\n1,\n", "line 3: the [ of a list is not closed"),
        (
            "#" * (MAX_CHARACTERS + 1),
            "line 1: 5000001 characters are too many; allowed are 5000000",
        ),
    ],
)
def test_a_syntax_error_names_its_line(text: str, said: str) -> None:
    (found,) = mistakes(text)

    assert found.startswith(said), found


def test_a_number_without_end_brings_no_advice_for_programmers() -> None:
    (found,) = mistakes("x = " + "9" * 10_000)

    assert "sys." not in found, found


def test_every_mistake_is_named_in_one_go() -> None:
    assert mistakes('x = 10\nname = 5\nnam = "x"') == [
        "line 1: x: 10 is more than 9; allowed are 0 to 9",
        "line 2: name: 5 is not text; write it in quotes",
        "line 3: nam: unknown key; did you mean name?",
    ]


def test_deep_nesting_is_a_mistake_and_no_crash() -> None:
    for text in ("x = " + "[" * 100_000, "x = " + "[" * 900 + "]" * 900, "x = " + "{a=" * 5000):
        assert isinstance(read_document(text, POINT), Mistakes)


@pytest.mark.parametrize("name", ["a", '"a"', "'a b'", r'"\""', "a-1_b"])
@pytest.mark.parametrize("dot", [".", " . ", ".\t"])
def test_a_key_of_very_many_names_is_a_mistake_at_once(name: str, dot: str) -> None:
    (found,) = mistakes(f"x = 1\n[t]\n{dot.join([name] * 40_000)} = 1")

    assert found == f"line 3: more than {MAX_PARTS} names are joined by dots; write fewer"


def test_a_key_of_as_many_names_as_there_may_be_is_read() -> None:
    for text in (
        ".".join(["a"] * MAX_PARTS) + " = 1",
        "name = '" + "a b. " * (MAX_PARTS - 1) + "'",
    ):
        assert "joined" not in str(read_document(f"x = 1\n{text}", POINT))


@pytest.mark.parametrize("text", ['name = "' + '\\"' * 400_000 + '"', "a" * 800_000, '"' * 800_000])
def test_no_text_takes_long_to_look_through(text: str) -> None:
    assert isinstance(read_document(text, POINT), Mistakes)


def test_a_number_without_end_is_a_mistake() -> None:
    assert isinstance(read_document("x = " + "9" * 10_000, POINT), Mistakes)


def test_a_fraction_without_end_is_a_mistake() -> None:
    (found,) = mistakes(f"x = 1.{'1' * 1_000}")

    assert found == "line 1: a number has too many digits; write telephone numbers in quotes"
    assert mistakes(f"x = 0.{'1' * 90}") != [found]


def test_a_hexadecimal_number_without_end_is_a_mistake() -> None:
    (found,) = mistakes(f"x = 0x{'f' * 10_000}")

    assert found == "line 1: x: a number of very many digits is more than 9; allowed are 0 to 9"


def test_a_document_of_nothing_but_mistakes_is_read_no_further_than_it_helps() -> None:
    found = mistakes("".join(f"k{i} = 1\n" for i in range(5_000)))

    assert len(found) == MAX_MISTAKES + 1
    assert "there are more than 1000 mistakes" in found[-1]


def test_a_document_without_end_is_a_mistake() -> None:
    (found,) = mistakes("#" * (MAX_CHARACTERS + 1))

    assert "too many" in found


@given(st.text() | st.text(alphabet="x=[]{}'\"#\n.,1a -_:T\\"))
def test_no_text_raises(text: str) -> None:
    read: Any = read_document(text, POINT)

    assert isinstance(read, Mistakes | dict)


def test_bytes_are_utf_8_with_or_without_a_mark() -> None:
    assert decode("name = 'Київ'".encode("utf-8-sig")) == "name = 'Київ'"
    assert decode(b"x = 1\nname = '\xff'") == Mistakes(
        (
            Mistake(
                line=2, path=(), problem="this is not UTF-8 text", advice="save the file as UTF-8"
            ),
        )
    )
