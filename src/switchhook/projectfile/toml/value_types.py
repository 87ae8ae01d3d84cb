"""Kinds of values in a document: each is read, written and described by the same object."""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeGuard

from switchhook.projectfile.toml.lines import KeyPath
from switchhook.projectfile.toml.mistakes import Notes, did_you_mean, shown


class WrongError(Exception):
    """A value that cannot be taken: `problem` says what is wrong, `advice` what to do."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)
        self.problem = problem
        self.advice = advice


class NotedError(Exception):
    """A value that cannot be taken, for reasons that stand in the notes already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a value is read."""

    path: KeyPath
    notes: Notes
    names: Mapping[str, AbstractSet[Any]]
    """The document's names by kind, such as logins and schemes; for references."""

    def at(self, *parts: str | int) -> Location:
        """Return the spot below this one."""
        return Location(path=(*self.path, *parts), notes=self.notes, names=self.names)


class ValueType(Protocol):
    """One kind of value. `write` gives TOML that `read` makes an equal value of."""

    @property
    def allowed(self) -> str:
        """Say in a few words what may be written."""

    def read(self, value: Any, at: Location) -> Any:  # noqa: ANN401 (kinds of everything)
        """Return the value. Raises WrongError, or NotedError after noting mistakes below `at`."""

    def write(self, value: Any) -> str:  # noqa: ANN401 (kinds of everything)
        """Return the value as TOML: on one line, unless it stands in no list or table of its own."""


class TableHolder(Protocol):
    """A kind of value that is a table, or has some in it."""

    def rename(self, value: Any, at: Location) -> None:  # noqa: ANN401 (kinds of everything)
        """Give the keys in `value` that stand under a former name their own, and tell `at.notes`."""


def holds_tables(kind: ValueType) -> TypeGuard[TableHolder]:
    """Say whether a kind is a TableHolder: isinstance() of a protocol takes 16 µs, once for each key of a file."""
    return hasattr(kind, "rename")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Printable text."""

    what: str = "text"
    least: int = 0
    most: int = 200
    pattern: str = ""
    """The pattern of the whole text; `what` names it in words."""
    secret: bool = False
    """Whether messages may not repeat it."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return self.what

    def read(self, value: object, at: Location) -> str:
        """Take text of the right length and form."""
        text = text_of(value, secret=self.secret)
        place = at.path[-1] if at.path else "this"
        if len(text) < self.least:
            if self.least == 1:
                raise WrongError(f"{place} is empty", f"write {self.what}")
            raise WrongError(f"{len(text)} characters are too few", f"write {self.what}")
        if len(text) > self.most:
            raise WrongError(f"{len(text)} characters are too many", f"allowed are {self.most}")
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise WrongError("it is not UTF-8 text", "write it in UTF-8")
        if not text.isprintable():
            raise WrongError("it holds a line break or another control character", "remove it")
        if self.pattern and not re.fullmatch(self.pattern, text):
            seen = "" if self.secret else f"{shown(text)} "
            raise WrongError(f"{seen}is not accepted here", f"write {self.what}")
        return text

    def write(self, value: str) -> str:
        """Write a basic string."""
        return quote(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Text of any number of lines. Messages do not repeat it."""

    what: str = "text, perhaps of several lines"
    most: int = 100_000
    secret: bool = False
    """Whether nobody is shown it."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return self.what

    def read(self, value: object, at: Location) -> str:
        """Take text without control characters besides tabs and line breaks."""
        del at
        text = text_of(value, secret=True)
        if len(text) > self.most:
            raise WrongError(f"{len(text)} characters are too many", f"allowed are {self.most}")
        if _CONTROL.search(text):
            raise WrongError("it holds a control character", "remove it")
        return text

    def write(self, value: str) -> str:
        """Write several lines as they are where TOML can, else as a basic string."""
        plain = "\n" in value and "\r" not in value and "'''" not in f"{value}''"
        return f"'''\n{value}'''" if plain else quote(value)


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base64:
    """Bytes, written in Base64 (RFC 4648 §4). Messages do not repeat them."""

    most: int = 1_000_000

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "bytes in Base64"

    def read(self, value: object, at: Location) -> bytes:
        """Take Base64; blanks and line breaks in it mean nothing."""
        del at
        text = "".join(text_of(value, secret=True).split())
        if len(text) > self.most:
            raise WrongError(f"{len(text)} characters are too many", f"allowed are {self.most}")
        try:
            return b64decode(text, validate=True)
        except ValueError:
            raise WrongError("this is not Base64", "write what `base64 FILE` prints") from None

    def write(self, value: bytes) -> str:
        """Write it without line breaks."""
        return quote(b64encode(value).decode("ascii"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number."""

    least: int
    most: int
    unit: str = ""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return _range(self.least, self.most, self.unit)

    def read(self, value: object, at: Location) -> int:
        """Take an integer of the range."""
        del at
        if type(value) is not int:
            problem = f"{described(value)} is not a whole number"
            raise WrongError(problem, f"write {self.allowed}{_unquoted(value)}")
        _check_range(value, self.least, self.most, self.unit)
        return value

    def write(self, value: int) -> str:
        """Write an integer."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Seconds:
    """A duration in seconds, perhaps with a fraction."""

    least: float
    most: float

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return _range(self.least, self.most, "seconds")

    def read(self, value: object, at: Location) -> float:
        """Take an integer or a fraction of the range."""
        del at
        if type(value) not in {int, float}:
            problem = f"{described(value)} is not a number of seconds"
            raise WrongError(problem, f"write {self.allowed}{_unquoted(value)}")
        assert isinstance(value, int | float)  # noqa: S101 (for the type checker; it is so above)
        if isinstance(value, float) and math.isnan(value):  # an int may have too many digits for it
            raise WrongError("nan is not a number of seconds", f"write {self.allowed}")
        _check_range(value, self.least, self.most, "seconds")
        return float(value)

    def write(self, value: float) -> str:
        """Write without a fraction where there is none."""
        return str(int(value)) if value == int(value) else repr(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNo:
    """true or false."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "true or false"

    def read(self, value: object, at: Location) -> bool:
        """Take a boolean."""
        del at
        if not isinstance(value, bool):
            raise WrongError(f"{described(value)} is not a yes or no", "write true or false")
        return value

    def write(self, value: bool) -> str:  # noqa: FBT001 (it is the value)
        """Write a boolean."""
        return "true" if value else "false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Nothing but `true`: the key alone says what its table is, and its value has no attribute."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "true"

    def read(self, value: object, at: Location) -> bool:
        """Take true."""
        del at
        if value is not True:
            raise WrongError(f"{described(value)} is not true", "write true")
        return True

    def write(self, value: object) -> str:
        """Write it."""
        del value
        return "true"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of the values of an enumeration."""

    of: type[StrEnum]
    former: tuple[StrEnum, ...] = ()
    """Values that are read and no longer offered; a rule says what becomes of them."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return ", ".join(quote(member.value) for member in self.of if member not in self.former)

    def read(self, value: object, at: Location) -> StrEnum:
        """Take a value as it is written, in its letter case."""
        del at
        text = text_of(value)
        for member in self.of:
            if member.value == text:
                return member
        offered = (member.value for member in self.of if member not in self.former)
        near = did_you_mean(text, offered)
        raise WrongError(f"{shown(text)} is not known here", near)

    def write(self, value: StrEnum) -> str:
        """Write its value."""
        return quote(value.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The name or number of something that stands elsewhere in the document."""

    to: str
    """The key in `Spot.names`, which is also what people call it."""
    kind: ValueType

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return f"{'an' if self.to[0] in 'aeiou' else 'a'} {self.to} of this project"

    def read(self, value: object, at: Location) -> object:
        """Take what exists."""
        name = self.kind.read(value, at)
        known = at.names[self.to]
        if name not in known:
            advice = did_you_mean(str(name), map(str, known))
            if not known:
                advice = f"this project has no {self.to}"
            raise WrongError(f"there is no {self.to} {shown(name)}", advice)
        return name

    def write(self, value: object) -> str:
        """Write as the kind does."""
        return self.kind.write(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list; its items are read one by one, so that every wrong one is named."""

    kind: ValueType
    least: int = 0
    most: int = 10_000

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return f"a list: {self.kind.allowed}"

    def read(self, value: object, at: Location) -> tuple[Any, ...]:
        """Take a list whose items can all be taken."""
        if not isinstance(value, list):
            raise WrongError(f"{type_of(value)} is not a list", "write it in [ ]")
        if len(value) < self.least:
            raise WrongError("the list is empty", f"write at least {self.least}")
        if len(value) > self.most:
            raise WrongError(f"{len(value)} items are too many", f"allowed are {self.most}")
        items = [self._item(item, at.at(index)) for index, item in enumerate(value)]
        if None in items:
            raise NotedError
        return tuple(items)

    def rename(self, value: object, at: Location) -> None:
        """Look into each item."""
        if holds_tables(self.kind) and isinstance(value, list) and len(value) <= self.most:
            for index, item in enumerate(value):
                self.kind.rename(item, at.at(index))

    def _item(self, item: object, at: Location) -> object:
        try:
            return self.kind.read(item, at)
        except WrongError as wrong:
            at.notes.add(at.path, wrong.problem, wrong.advice)
        except NotedError:
            pass
        return None

    def write(self, value: tuple[Any, ...]) -> str:
        """Write on one line."""
        return f"[{', '.join(self.kind.write(item) for item in value)}]"


def text_of(value: object, *, secret: bool = False) -> str:
    """Return the value if it is text; messages do not repeat what may be secret."""
    if not isinstance(value, str):
        advice = "write one text" if isinstance(value, list | dict) else "write it in quotes"
        what = type_of(value) if secret else described(value)
        raise WrongError(f"{what} is not text", advice)
    return value


def described(value: object) -> str:
    """Name a value of the wrong type: a number, which cannot be secret where one is written, is repeated."""
    return shown(value) if type(value) in {int, float} else type_of(value)


def type_of(value: object) -> str:
    """Name a value by its type, and repeat nothing of it: a password may be of digits alone."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a table"
        case None:
            return "null"
        case _:
            return "a date or time"


def quote(text: str) -> str:
    """Write a TOML basic string. TOML takes JSON's escapes, and wants DEL escaped as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _unquoted(value: object) -> str:
    return ", without quotes" if isinstance(value, str) else ""


def _range(least: float, most: float, unit: str) -> str:
    return f"{least:.12g} to {most:.12g}" + (f" {unit}" if unit else "")


def _check_range(value: float, least: float, most: float, unit: str) -> None:
    name = f" {unit}" if unit else ""
    if value < least:
        problem = f"{shown(value)} is less than {least:.12g}{name}"
    elif value > most:
        problem = f"{shown(value)} is more than {most:.12g}{name}"
    else:
        return
    raise WrongError(problem, f"allowed are {least:.12g} to {most:.12g}")
