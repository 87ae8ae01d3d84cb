"""Templates of text with `{{placeholders}}`: a raw body, a mail (R2-28, A-28).

A value stays in its place (S-73): it is escaped as the text around it wants it, so that no caller can
add a member, a parameter or an element. A value is never read for placeholders again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import Enum, auto
from functools import lru_cache
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, unquote_plus

import msgspec

from switchhook.webhooks.encoding import FORM_TYPE
from switchhook.webhooks.parameters import resolve, takes
from switchhook.webhooks.url import Piece, catalogued

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from switchhook.webhooks.parameters import CallFacts

Pieces = tuple[Piece, ...]
"""Text and placeholders in turn; the first and the last are text."""

STAND_IN: Final = "||"
"""Between a placeholder's parameter and what stands for an unknown value: `{{caller_id || a withheld number}}`."""
_PLACEHOLDER = re.compile(r"(?<!\{)\{\{([^{}]*)\}\}")
_LEFT = re.compile(
    r"\{\{\{[^{}\n]*\}\}\}|\{\{+(?:[^{}\n]*\}\})?|(?<!\{)\{(?P<name>[^{}\n\"]*)\}(?!\})"
)
_JSON_MARK = re.compile(r'\\.?|"', re.DOTALL)
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_JSON_WORDS = frozenset(("null", "true", "false"))
_PART_HEAD = re.compile(r"content-[a-z-]+[ \t]*:", re.IGNORECASE)
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, in any form (its §2.2)."""


class Escaping(Enum):
    """How a value is written, so that it stays in its place."""

    NONE = auto()
    JSON = auto()
    FORM = auto()
    """Percent-encoded; inside JSON that is a parameter's value, escaped as JSON before."""
    MARKUP = auto()
    """XML and HTML: the text of an element, or an attribute in quotes."""
    LINE = auto()
    """Text for people: a value breaks no line, moves no cursor and turns no direction of writing."""
    PART = auto()
    """A multipart body: as a LINE, so that no value ends a part; nor does one end a quoted string of its head."""


def fill_text(template: str, facts: CallFacts) -> str:
    """Put the facts into text for people; each stays on its line."""
    return fill_raw(template, facts, Escaping.LINE)


def fill_raw(template: str, facts: CallFacts, escaping: Escaping) -> str:
    """Put the facts into text; a placeholder that names no parameter stays as it is."""
    pieces = _pieces(template)

    def value(piece: Piece) -> str:
        return resolve(piece.parameter, piece.argument, facts) or piece.stand_in

    match escaping:
        case Escaping.JSON:
            return "".join(_in_json(pieces, value, _bare))
        case Escaping.FORM:
            return "".join(_in_form(pieces, value))
        case Escaping.PART:
            return "".join(_in_parts(pieces, value))
        case _:
            return _written(pieces, map(_WRITERS[escaping], map(value, pieces)))


def named_in(template: str) -> Iterator[tuple[str, str]]:
    """Yield the parameters that placeholders stand for, each with its argument."""
    for piece in _pieces(template):
        if piece.parameter:
            yield piece.parameter, piece.argument


def left_as_they_are(template: str) -> list[str]:
    """Return what looks like a placeholder and is none.

    That is `{{nobody}}`, `{{{`, `{{` without an end, and a parameter in single braces.
    """
    found = [found for piece in _pieces(template) for found in _LEFT.finditer(piece.text)]
    return [left[0] for left in found if left["name"] is None or catalogued(left["name"].strip())]


@lru_cache(maxsize=256)
def escaping_of(template: str, content_type: str) -> Escaping:
    """Return how values are written in a body that is sent as this type.

    A body that is JSON by itself is JSON whatever it is called: a receiver may read it so.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if "json" in media_type or is_json(template):
        return Escaping.JSON
    if media_type == FORM_TYPE:
        return Escaping.FORM
    if "xml" in media_type or "html" in media_type:
        return Escaping.MARKUP
    return Escaping.PART if media_type.startswith("multipart/") else Escaping.NONE


def is_json(template: str) -> bool:
    """Say whether the text is an object or array of JSON, whatever its placeholders stand for."""
    return _are_json(_pieces(template))


def _are_json(pieces: Pieces) -> bool:
    probe = "".join(_in_json(pieces, lambda _: "x", lambda _, __: "null"))
    try:
        return isinstance(msgspec.json.decode(probe), dict | list)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False


@lru_cache(maxsize=256)
def _pieces(template: str) -> Pieces:
    """Cut at the placeholders. One that stands for nothing stays text."""
    pieces: list[Piece] = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        name, _, stand_in = found[1].partition(STAND_IN)
        named = catalogued(name.strip())
        if named is not None and takes(named.parameter, named.argument):
            pieces.append(Piece(text=template[end : found.start()]))
            pieces.append(replace(named, stand_in=stand_in.strip()))
            end = found.end()
    return (*pieces, Piece(text=template[end:]))


def _written(pieces: Iterable[Piece], values: Iterable[str]) -> str:
    """Put the text of the pieces and their values together."""
    return "".join(
        value if piece.parameter else piece.text
        for piece, value in zip(pieces, values, strict=True)
    )


def _in_form(pieces: Pieces, value: Callable[[Piece], str]) -> Iterator[str]:
    """Write values percent-encoded, and in JSON that is a parameter's value so that it stays JSON."""
    between = ""
    for parameter in _parameters(pieces):
        rest = parameter[0].text.partition("=")[2]
        inner = tuple(map(_decoded, (Piece(text=rest), *parameter[1:])))
        values = _in_json(inner, value, _bare) if _are_json(inner) else map(value, parameter)
        yield between + _written(parameter, map(quote_plus, values))
        between = "&"


def _parameters(pieces: Pieces) -> Iterator[Pieces]:
    """Cut a form at its `&`. Each part begins and ends with text, as the whole does."""
    part: list[Piece] = []
    for piece in pieces:
        text, *others = piece.text.split("&")
        part.append(replace(piece, text=text))
        for other in others:
            yield tuple(part)
            part = [Piece(text=other)]
    yield tuple(part)


def _decoded(piece: Piece) -> Piece:
    return replace(piece, text=unquote_plus(piece.text))


def _in_parts(pieces: Pieces, value: Callable[[Piece], str]) -> Iterator[str]:
    """Keep values on their line, and those in a part's head in their quotes, as browsers do there."""
    line = ""
    for piece in pieces:
        if not piece.parameter:
            line = (line + piece.text).rpartition("\n")[2]
            yield piece.text
        elif _PART_HEAD.match(line) and line.count('"') % 2:
            yield _on_a_line(value(piece)).replace('"', "%22").replace("\\", "%5C")
        else:
            yield _on_a_line(value(piece))


def _in_json(
    pieces: Pieces, value: Callable[[Piece], str], bare: Callable[[Piece, str], str]
) -> Iterator[str]:
    """Write values inside strings escaped, and those outside of them as `bare` says."""
    inside = False
    for piece in pieces[:-1]:
        if not piece.parameter:
            inside, text = _through(piece.text, inside=inside)
            yield text
        elif inside:
            yield _json_string(value(piece))[1:-1]
        else:
            yield bare(piece, value(piece))
    yield pieces[-1].text


def _through(text: str, *, inside: bool) -> tuple[bool, str]:
    """Return whether a string is open behind the text, and the text as it can stand before a value.

    A backslash at its end would take the first character of the value with it, so it is escaped.
    """
    marks = _JSON_MARK.findall(text)
    if marks and marks[-1] == "\\":
        text += "\\"
    return inside ^ (marks.count('"') % 2 == 1), text


def _json_string(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _bare(piece: Piece, text: str) -> str:
    """Write a value outside of strings: a number stays one, and so does null, true or false in place of a value.

    Anything else becomes a string.
    """
    is_word = text == piece.stand_in and text in _JSON_WORDS
    return text if is_word or _JSON_NUMBER.fullmatch(text) else _json_string(text)


def _in_markup(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _on_a_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


_WRITERS: Mapping[Escaping, Callable[[str], str]] = MappingProxyType(
    {Escaping.NONE: str, Escaping.MARKUP: _in_markup, Escaping.LINE: _on_a_line}
)
