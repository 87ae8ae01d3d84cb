"""A text that is no TOML is told what is wrong with it and what to do, in words of the file, never a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.projectfile.toml.document import read_document
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.projectfile.toml.syntax import explain
from switchhook.projectfile.toml.tables import Table, TableKey, Tables
from switchhook.projectfile.toml.value_types import Text

NUMBER = Table(make=dict, keys=(TableKey("number", Text(), "digits"),))
FILE = Table(
    make=dict,
    keys=(
        TableKey("project", NUMBER, "the project", default=None),
        TableKey("numbers", Tables(table=NUMBER), "numbers", default=()),
    ),
)


def told(text: str) -> str:
    read = read_document(text, FILE)
    assert isinstance(read, Mistakes), read
    assert len(read) == 1, str(read)
    return str(read)


@pytest.mark.row("FE-10")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "name = “Acme”",
            'line 1: the quotes of name are those of a word processor; write straight ones: "office"',
        ),
        (
            '[numbers]\nnumber = "1"\n[numbers]\nnumber = "2"',
            "line 3: [numbers] stands here, and there may be several; write [[numbers]] above each",
        ),
        (
            '[[numbers]]\nnumber = "1"\n[numbers]\nnumber = "2"',
            "line 3: [numbers] stands here, and there may be several; write [[numbers]] above each",
        ),
        (
            '[numbers]\nnumber = "1"\n[[numbers]]\nnumber = "2"',
            "line 3: numbers stands already, as something else; write [[numbers]] above each",
        ),
        (
            '[project]\nname = "a"\n[project]',
            "line 3: [project] stands already on line 1; put all its keys below one of them",
        ),
        (
            'name = "x',
            "line 1: the quotes of name are not closed; end the text with the quote that it begins with",
        ),
        (
            'name = "x\nb = 1',
            "line 1: the quotes of name are not closed; end the text with the quote that it begins with",
        ),
        ("keep = True", "line 1: the value of keep cannot be read; write true, in small letters"),
        (
            "keep = off # x",
            "line 1: the value of keep cannot be read; write false, in small letters",
        ),
        (
            "url = None",
            "line 1: the value of url cannot be read; leave the key out where it has no value",
        ),
        ("project:", "line 1: a colon stands behind project; write [project]"),
        ('name: "x"', "line 1: a colon stands behind name; write name = and then the value"),
        (
            "name = office",
            'line 1: the value of name cannot be read; write text in quotes, such as "office"',
        ),
        ("number = 0380", "line 1: a number begins with 0; write telephone numbers in quotes"),
        (
            "number = 380 44",
            "line 1: something stands behind a value; write text in quotes, and each key on its own line",
        ),
        (
            'name = "Desk "North" 2"',
            r"line 1: something stands behind a text; write a quote within a text as \"",
        ),
        ('id = "a"\nid = "b"', "line 2: id stands already in this table; leave one of them out"),
        (
            "[project\nid = 1",
            "line 1: the brackets of a table's name are not closed; write [name] or [[name]]",
        ),
        (
            "remark",
            "line 1: no = stands behind a key; write KEY = VALUE on each line, and # before a remark",
        ),
        ("= 1", "line 1: no key stands here; write KEY = VALUE, [name] or [[name]]"),
        (
            "\n\u00a0id = 1",
            "line 2: an invisible character begins the line (U+00A0); remove it",
        ),
        (
            "id = 1\rx = 2\r",
            "line 1: a line ends in a carriage return alone; save the file with line ends of Unix or Windows",
        ),
        (
            f"id = 1\nx = {'9' * 5000}",
            "line 2: a number has too many digits; write telephone numbers in quotes",
        ),
        (
            'file = "C:\\sounds"',
            r"line 1: a backslash stands in a text; write it as \\, or the text in single quotes",
        ),
        ("day = 2026-02-30", "line 1: there is no such day or time; write it in quotes"),
        ("a = { b = 1, b = 2 }", "line 1: a key stands twice in { }; leave one of them out"),
    ],
)
def test_each_slip_is_told_in_words_of_the_file(text: str, said: str) -> None:
    assert told(text) == said


def test_no_value_is_repeated() -> None:
    for text in ("password = hunter2", 'password = "hunter2', 'password = "hunter2" hunter2'):
        assert "hunter2" not in told(text)


def test_what_no_rule_knows_is_told_as_the_parser_says_it() -> None:
    assert explain("Something new", "x", 1, ()) == ("this is not TOML: Something new", "")


@given(st.text(alphabet="ab=[]{}'\"#\n.,:1 \\") | st.text())
def test_no_text_raises(text: str) -> None:
    for message in ("Cannot declare ('a',) twice", "Cannot overwrite a value", "Invalid value"):
        problem, _ = explain(message, text, 1, ("a",))
        assert problem
