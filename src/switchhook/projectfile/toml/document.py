"""From TOML text to a value, or to every mistake in it."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from switchhook.projectfile.toml.mistakes import Mistake, Mistakes, Notes, TooManyMistakesError
from switchhook.projectfile.toml.syntax import explain
from switchhook.projectfile.toml.tables import Table, Tables
from switchhook.projectfile.toml.value_types import Location, NotedError, WrongError, holds_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from switchhook.projectfile.toml.value_types import ValueType

UnknownNames = dict[str, "AbstractSet[Any]"]

MAX_CHARACTERS = 5_000_000
"""Far more than a person writes, and read in seconds."""

MAX_PARTS = 50
"""Of a dotted key: `tomllib` takes minutes for one of 40,000, and seconds for many of 400."""

MAX_FRACTION_DIGITS = 100
"""Characters."""

_DOTTED = re.compile(
    r"""(?<![\w.'"\\-])(?:(?:[\w-]++|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*"|'[^'\n]*+')[ \t]*+\.[ \t]*+){"""
    f"{MAX_PARTS}}}"
)
"""Begins a key of more parts; each place is looked at a few times at most."""
_LONG_NUMBER = re.compile(r"[0-9][0-9_]{999}")
_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_document(
    text: str,
    kind: ValueType,
    names_of: Callable[[Mapping[str, Any]], UnknownNames] = lambda _: {},
    *,
    judge: bool = True,
    remark: Callable[[str], None] | None = None,
) -> Any | Mistakes:  # noqa: ANN401 (whatever the kind makes)
    """Read a whole document as one table of `kind`. Never raises on any text.

    `names_of` finds in the raw document what references may point to. Without `judge` each key alone
    is checked, for a document that was judged before. `remark` is told of keys under former names.
    """
    if len(text) > MAX_CHARACTERS:
        return _one(f"{len(text)} characters are too many", f"allowed are {MAX_CHARACTERS}")
    if dotted := _DOTTED.search(text):
        line = text.count("\n", 0, dotted.start()) + 1
        return _one(f"more than {MAX_PARTS} names are joined by dots", "write fewer", line)
    try:
        document = tomllib.loads(text, parse_float=_fraction)
    except RecursionError:
        return _one("lists or tables are nested too deeply", "write them flatter")
    except ValueError as error:
        return _syntax(text, str(error), _lists(kind))
    notes = Notes(text, judges=judge)
    try:
        if holds_tables(kind):
            kind.rename(document, Location(path=(), notes=notes, names={}))
        value = kind.read(document, Location(path=(), notes=notes, names=names_of(document)))
    except WrongError as wrong:
        notes.add((), wrong.problem, wrong.advice)
    except (NotedError, TooManyMistakesError):
        pass
    if remark is not None:
        for said in notes.remarks():
            remark(said)
    return notes.all() or value


def decode(data: bytes) -> str | Mistakes:
    """Return a file's bytes as text, without a byte order mark, or say where they are none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _one("this is not UTF-8 text", "save the file as UTF-8", line)


def _fraction(text: str) -> float:
    """Read a number with a fraction. Python takes a tenth of a second for one of a million digits, in one go."""
    if len(text) > MAX_FRACTION_DIGITS:
        raise ValueError(f"a number has more than {MAX_FRACTION_DIGITS} characters")
    return float(text)


def _lists(kind: ValueType) -> frozenset[str]:
    """Return the tables of a document that are written under `[[headers]]` of their own."""
    keys = kind.keys if isinstance(kind, Table) else ()
    return frozenset(key.name for key in keys if isinstance(key.kind, Tables))


def _syntax(text: str, message: str, lists: AbstractSet[str]) -> Mistakes:
    """Turn what `tomllib` says into a mistake. It stops at the first one."""
    where = _POSITION.search(message)
    if where is None:
        return _too_long(text, message)
    line = int(where[1]) if where[1] else text.count("\n") + 1
    problem, advice = explain(message[: where.start()], text, line, lists)
    return _one(problem, advice, line)


def _too_long(text: str, message: str) -> Mistakes:
    """Name the number that Python's message is about, in words for users."""
    found = _LONG_NUMBER.search(text)
    if found is None:
        return _one(f"this is not TOML: {message.partition(';')[0]}")
    line = text.count("\n", 0, found.start()) + 1
    return _one("a number has too many digits", "write telephone numbers in quotes", line)


def _one(problem: str, advice: str = "", line: int = 1) -> Mistakes:
    return Mistakes((Mistake(line=line, path=(), problem=problem, advice=advice),))
