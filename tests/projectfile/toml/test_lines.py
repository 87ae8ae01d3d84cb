"""Every table, key and array item of a TOML document is found on the line where a person wrote it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.projectfile.toml.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.projectfile.toml.lines import KeyPath


def marked(text: str) -> dict[str, int]:
    """Return the line of each `@name` that stands in the text as a value."""
    return {
        word.strip("\"',]})"): number
        for number, line in enumerate(text.splitlines(), start=1)
        for word in line.split()
        if word.strip("\"',[{").startswith("@")
    }


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every scalar of a document with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


DOCUMENTS = {
    "plain keys": '\n# a comment\na = "@1"\n\nb = "@2" # another\n',
    "tables": '[x]\na = "@1"\n\n[y.z]\na = "@2"\n[y]\nb = "@3"\n',
    "arrays of tables": '[[x]]\na = "@1"\n[[x]]\na = "@2"\n[[x.y]]\nb = "@3"\n[[x.y]]\nb = "@4"\n',
    "tables in arrays": '[[x]]\n[x.t]\na = "@1"\n[[x]]\n[x.t]\na = "@2"\n',
    "dotted keys": 'a.b.c = "@1"\na.b.d = "@2"\n"x.y".z = "@3"\n\'q "r\'.s = "@4"\n',
    "escaped keys": '"\\u0041\\t" = "@1"\n"" = "@2"\n',
    "inline tables": 'a = { b = "@1", c.d = "@2" }\ne = {}\nf = { g = [ { h = "@3" } ] }\n',
    "arrays": 'a = [\n  "@1", # one ]\n\n  "@2",\n  [ "@3",\n "@4" ],\n]\nb = []\nc = "@5"\n',
    "multi-line text": 'a = """\nno = "x"\n[y]\n\\"""" \nb = "@1"\nc = \'\'\'\n[z]\'\'\'\nd = "@2"\n',
    "quotes before the end": 'a = """x"""""\nb = "@1"\nc = \'\'\'y\'\'\'\'\nd = "@2"\n',
    "empty texts": 'a = ""\nb = \'\'\nc = """"""\nd = "@1"\n',
    "other scalars": 'a = 1979-05-27 07:32:00Z\nb = 1_000\nc = [1,2.5,true]\nd = "@1"\ne = -inf\nf = "@2"',
    "signs in texts": 'a = "x # y ] } = \\" "\nb = \'# [\'\nc = ["]", "}"]\nd = "@1"\n',
    "carriage returns": 'a = 1\r\nb = "@1"\r\n[c]\r\nd = """x\r\ny"""\r\ne = "@2"\r\n',
    "spaces": '  [ x . "y" ]\n\ta  .  b  =  "@1"\n[[ z ]]\nc= "@2"\n',
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_value_is_found_on_its_line(name: str) -> None:
    text = DOCUMENTS[name]
    lines = Lines(text)

    found = {
        value: lines.of(path)
        for path, value in leaves(tomllib.loads(text))
        if isinstance(value, str) and value.startswith("@")
    }

    assert marked(text) == found


def test_what_is_not_there_is_on_the_line_of_its_table() -> None:
    lines = Lines("[a]\nb = 1\n\n[[c]]\nd = 1\n\n[[c]]\nd = 2\n")

    assert lines.of(("a", "missing")) == 1
    assert lines.of(("c", 1, "missing", "deeper")) == 7
    assert lines.of(("nothing", "at all")) == 1


def test_what_lies_deeper_than_any_document_of_ours_is_on_the_line_above() -> None:
    """A value's place is not kept for each of a million values below a hundred names."""
    lines = Lines(f"a = 1\n[{'.'.join(['b'] * 100)}]\nc = 1\n")

    assert lines.of(("b",) * 49) == 1
    assert lines.of((*("b",) * 100, "c")) == 1


names = st.text(st.characters(codec="utf-8"), max_size=5)
scalars = st.one_of(st.integers(-5, 5), st.booleans(), names)


def to_toml(value: Any) -> str:
    """Write a value the way that nothing but strings and brackets can go wrong."""
    if isinstance(value, dict):
        pairs = (f"{to_toml(key)} = {to_toml(item)}" for key, item in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(to_toml, value)) + "\n]"
    if isinstance(value, str):
        escaped = "".join(
            f"\\U{ord(char):08x}" if char in '"\\' or not char.isprintable() else char
            for char in value
        )
        return f'"{escaped}"'
    return str(value).lower()


values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)


@given(st.dictionaries(names, values, max_size=5))
def test_random_documents_are_walked_to_their_end(document: dict[str, Any]) -> None:
    text = "".join(f"{to_toml(key)} = {to_toml(item)}\n" for key, item in document.items())
    text += "[the-end]\nmark = 1\n"
    assert tomllib.loads(text)["the-end"] == {"mark": 1}

    assert Lines(text).of(("the-end", "mark")) == text.count("\n")


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    Lines(text)


@given(st.text(alphabet="[]{}=\"'\n.,# a1\\"))
def test_text_of_signs_is_survived(text: str) -> None:
    Lines(text)
