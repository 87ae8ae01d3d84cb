"""The `;name=value` list behind a URI, an address or a Via."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar, overload

from switchhook.sip.wire.errors import ParseError, excerpt
from switchhook.sip.wire.syntax import (
    WHITE,
    end_of_quoted,
    is_one_line,
    is_token,
    quote,
    split_list,
    unquote,
)

MAX_PARAMETERS: Final = 64
_ENDS_VALUE: Final = frozenset(' \t;,<>"?=')
_UNUSUAL: Final = re.compile(r'["<\s\0]')
"""What a list of parameters without quotes and blanks does not hold."""


_T = TypeVar("_T")


class Parameters(Mapping[str, str | None]):
    """Immutable and ordered. Names are stored in lower case and found in any case.

    A value is what stands on the wire, quotes included (`text` takes them off); None is a parameter
    without `=`. Of two parameters of one name the first holds. With `verbatim` the items are taken
    as they are: names in lower case, values as on the wire.
    """

    __slots__ = ("_items", "_text")

    _items: dict[str, str | None]
    _text: str | None

    def __init__(
        self,
        items: Mapping[str, str | None] | Iterable[tuple[str, str | None]] = (),
        *,
        verbatim: bool = False,
    ) -> None:
        pairs = dict(items)
        if not verbatim:
            pairs = {_checked_name(name): _on_the_wire(value) for name, value in pairs.items()}
        self._items = pairs
        self._text = None

    @classmethod
    def parse(cls, text: str) -> Parameters:
        """Read `;a=1;b`, with or without the first semicolon."""
        if not text:
            return NO_PARAMETERS
        if _UNUSUAL.search(text) is None:
            # As nearly all: the general way takes three times as long.
            usual: dict[str, str | None] = {}
            pieces = text.split(";")
            for piece in pieces:
                if piece:
                    name, equals, value = piece.partition("=")
                    usual.setdefault(name.lower(), value if equals else None)
            if len(pieces) <= MAX_PARAMETERS:
                return cls(usual, verbatim=True)
        if not is_one_line(text):
            raise ParseError(f"a parameter holds a line break or a NUL: {excerpt(text)}")
        pieces = split_list(text, ";")
        if len(pieces) > MAX_PARAMETERS:
            raise ParseError(f"there are {len(pieces)} parameters, more than {MAX_PARAMETERS}")
        items: dict[str, str | None] = {}
        for piece in pieces:
            name, equals, value = piece.partition("=")
            items.setdefault(name.rstrip(WHITE).lower(), _received(value) if equals else None)
        return cls(items, verbatim=True)

    def text(self, name: str) -> str | None:
        """Return the value without its quotes."""
        value = self._items.get(name.lower())
        return unquote(value) if value is not None and value.startswith('"') else value

    def set(self, name: str, value: str | None = None) -> Parameters:
        """Return these with one parameter set, in its place where it stood before.

        A value that cannot stand bare is quoted; one that is a quoted string already stays.
        """
        items = {**self._items, _checked_name(name): _on_the_wire(value)}
        return Parameters(items, verbatim=True)

    def without(self, *names: str) -> Parameters:
        """Return these but for `names`."""
        dropped = {name.lower() for name in names}
        kept = {name: value for name, value in self._items.items() if name not in dropped}
        return Parameters(kept, verbatim=True)

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: _T) -> str | _T | None: ...
    def get(self, name: str, /, default: object = None) -> object:
        """Return a value as it stands on the wire. That of `Mapping` raises and catches a KeyError."""
        return self._items.get(name.lower(), default)

    def __getitem__(self, name: str) -> str | None:
        return self._items[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameters):
            return NotImplemented
        return self._items == other._items

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __str__(self) -> str:
        if not self._items:
            return ""  # as most
        if self._text is None:
            self._text = "".join(
                [
                    f";{name}" if value is None else f";{name}={value}"
                    for name, value in self._items.items()
                ]
            )
        return self._text

    def __repr__(self) -> str:
        return f"Parameters({str(self)!r})"


def _checked_name(name: str) -> str:
    if not is_token(name):
        raise ValueError(f"this is no parameter name: {excerpt(name)}")
    return name.lower()


def _received(value: str) -> str:
    value = value.strip(WHITE)
    if value.startswith('"') and end_of_quoted(value) != len(value) - 1:
        raise ParseError(f"something stands behind a quoted value: {excerpt(value)}")
    return value


def _on_the_wire(value: str | None) -> str | None:
    if value is None:
        return value
    if not is_one_line(value):
        raise ValueError(f"a parameter holds a line break or a NUL: {excerpt(value)}")
    if value.startswith('"'):
        try:
            whole = end_of_quoted(value) == len(value) - 1
        except ParseError:
            whole = False
        if whole:
            return value
    return value if _ENDS_VALUE.isdisjoint(value) else quote(value)


NO_PARAMETERS: Final = Parameters()
