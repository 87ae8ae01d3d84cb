"""The errors of `tomllib` in the words of the file's author: the mistake, and what to do.

No value is repeated, since it may be a password; keys and names of tables are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container

SyntaxProblem = tuple[str, str]
"""Problem and advice."""

_KEY = re.compile(r"""\s*([\w-]+|"[^"\n]*"|'[^'\n]*')\s*([=:])""")
_TABLE = re.compile(r"\s*\[\[?\s*([\w.\"' -]+?)\s*\]")
_NAMES = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_LONE_RETURN = re.compile(r"\r(?!\Z)")
_LEADING_ZERO = re.compile(r"=\s*[+-]?0[0-9]")
_LIST_OPEN = "the [ of a list is not closed", "put commas between its items, and ] behind"
_TYPED_QUOTES = re.compile("[=\\[,{]\\s*[“”„«»‘’‚`´]")
_WORD = re.compile(r"=\s*([A-Za-z]+)\s*(?:#.*)?$")
_MEANT = {
    **dict.fromkeys(("true", "yes", "on"), "write true, in small letters"),
    **dict.fromkeys(("false", "no", "off"), "write false, in small letters"),
    **dict.fromkeys(
        ("null", "none", "nil", "undefined"), "leave the key out where it has no value"
    ),
}
"""Words of other languages, and their TOML."""
_OPENS_TEXT = re.compile(r"[=\[,{]\s*[\"']")


def explain(message: str, text: str, line: int, lists: Container[str]) -> SyntaxProblem:
    """Say what is wrong on a line of `text`, and what to do about it.

    `message` is what `tomllib` says, without its place; `lists` are the tables that are written `[[so]]`.
    """
    written = "".join(text.split("\n")[line - 1 : line])
    if _LONE_RETURN.search(written):
        return (
            "a line ends in a carriage return alone",
            "save the file with line ends of Unix or Windows",
        )
    for begin, rule in _RULES.items():
        if message.startswith(begin):
            return rule(message, written, text, lists)
    return f"this is not TOML: {message}", ""


def _table_twice(message: str, _: str, text: str, lists: Container[str]) -> SyntaxProblem:
    name = ".".join(first or second for first, second in _NAMES.findall(message))
    if name in lists or re.search(rf"^\s*\[\[\s*{re.escape(name)}\s*\]\]", text, re.MULTILINE):
        return f"[{name}] stands here, and there may be several", f"write [[{name}]] above each"
    first = re.search(rf"^\s*\[\s*{re.escape(name)}\s*\]", text, re.MULTILINE)
    where = "" if first is None else f" on line {text.count(chr(10), 0, first.end()) + 1}"
    return f"[{name}] stands already{where}", "put all its keys below one of them"


def _value_twice(_: str, written: str, __: str, lists: Container[str]) -> SyntaxProblem:
    table = _TABLE.match(written)
    if table is not None:
        name = table[1]
        advice = f"write [[{name}]] above each" if name in lists else "use another name"
        return f"{name} stands already, as something else", advice
    key = _KEY.match(written)
    name = "a key" if key is None else key[1]
    return f"{name} stands already in this table", "leave one of them out"


def _no_equals(_: str, written: str, __: str, ___: Container[str]) -> SyntaxProblem:
    key = _KEY.match(written)
    if key is not None and key[2] == ":":
        is_table = not written[key.end() :].partition("#")[0].strip()
        advice = f"write [{key[1]}]" if is_table else f"write {key[1]} = and then the value"
        return f"a colon stands behind {key[1]}", advice
    return "no = stands behind a key", "write KEY = VALUE on each line, and # before a remark"


def _no_value(_: str, written: str, __: str, ___: Container[str]) -> SyntaxProblem:
    if not written.strip():
        return _LIST_OPEN
    key = _KEY.match(written)
    name = "a key" if key is None else key[1]
    if _TYPED_QUOTES.search(written):
        return (
            f"the quotes of {name} are those of a word processor",
            'write straight ones: "office"',
        )
    if word := _WORD.search(written):
        advice = _MEANT.get(word[1].lower(), "")
        if advice:
            return f"the value of {name} cannot be read", advice
    return f"the value of {name} cannot be read", 'write text in quotes, such as "office"'


def _text_open(message: str, written: str, _: str, __: Container[str]) -> SyntaxProblem:
    if message.startswith("Illegal") and not message.endswith("'\\n'"):
        return "a text has a control character", r"write it as an escape, such as \u0007"
    key = _KEY.match(written)
    whose = f" of {key[1]}" if key is not None else ""
    return f"the quotes{whose} are not closed", "end the text with the quote that it begins with"


def _more_behind(_: str, written: str, __: str, ___: Container[str]) -> SyntaxProblem:
    if _LEADING_ZERO.search(written):
        return "a number begins with 0", "write telephone numbers in quotes"
    if _OPENS_TEXT.search(written):
        return "something stands behind a text", r"write a quote within a text as \""
    return "something stands behind a value", "write text in quotes, and each key on its own line"


def _no_key(_: str, written: str, __: str, ___: Container[str]) -> SyntaxProblem:
    unseen = next((char for char in written.strip(" \t\r") if not char.isprintable()), "")
    if unseen and written.strip(" \t\r").startswith(unseen):
        return f"an invisible character begins the line (U+{ord(unseen):04X})", "remove it"
    return "no key stands here", "write KEY = VALUE, [name] or [[name]]"


def _said(problem: str, advice: str) -> Callable[[str, str, str, Container[str]], SyntaxProblem]:
    return lambda *_: (problem, advice)


_RULES: dict[str, Callable[[str, str, str, Container[str]], SyntaxProblem]] = {
    "Cannot declare": _table_twice,
    "Cannot redefine namespace": _table_twice,
    "Cannot mutate immutable namespace": _said(
        "a table in { } is written on elsewhere", "write all its keys in the { }"
    ),
    "Cannot overwrite a value": _value_twice,
    "Duplicate inline table key": _said("a key stands twice in { }", "leave one of them out"),
    "Expected '=' after a key": _no_equals,
    "Invalid value": _no_value,
    "Invalid date or datetime": _said("there is no such day or time", "write it in quotes"),
    "Illegal character": _text_open,
    "Unterminated string": _text_open,
    "Expected newline or end of document": _more_behind,
    "Expected ']": _said(
        "the brackets of a table's name are not closed", "write [name] or [[name]]"
    ),
    "Invalid statement": _no_key,
    "Invalid initial character for a key part": _said(
        "a key or a name is missing", "write KEY = VALUE, [name] or [[name]]"
    ),
    "Unclosed array": _said(*_LIST_OPEN),
    "Unclosed inline table": _said(
        "the { of a table is not closed", "put commas between, } behind, and all on one line"
    ),
    "Unescaped '\\' in a string": _said(
        "a backslash stands in a text", r"write it as \\, or the text in single quotes"
    ),
}
"""Our message, by the begin of the parser's."""
