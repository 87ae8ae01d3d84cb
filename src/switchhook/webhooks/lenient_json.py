"""Reads JSON leniently: strict first, then the relaxed spellings of A-11, then nothing.

Relaxed are: bare keys, single quotes, smart quotes, backticks, commas too many, invisible marks, comments, line
breaks and stray backslashes in texts, round brackets of Python's tuples, a semicolon at the end, and numbers
with a leading plus or zero. A bare word that JSON does not know, such as `NaN`, `None` or `ObjectId("5f")`,
names nothing: it is null. What begins as a number and is none, `0x1F` or `2020-01-01`, is the text that it is.
Reading takes time linear in the text and never evaluates it.

Fractions and exponents stay text (`NumberText`): a telephone number must not pass through a float.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn, TypeAlias

import msgspec

MAX_DEPTH = 32
MAX_VALUES = 1024
"""Of relaxed JSON, a text with escapes counting twice; it bounds the time that a hostile text can take."""

JsonValue: TypeAlias = (
    "str | NumberText | int | bool | list[JsonValue] | dict[str, JsonValue] | None"
)


class NumberText(str):
    """A number as it was spelt: one with a fraction or an exponent, or any in relaxed JSON."""

    __slots__ = ()


class NotJsonError(ValueError):
    """The text is not JSON, not even relaxed. The message is a clause that says why and where."""


def read_json(text: str) -> tuple[JsonValue, bool]:
    """Return the value and whether it took a relaxed reading. Raises NotJsonError and nothing else."""
    try:
        value = _read_strict(text)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return _Reader(text).read(), True
    _check_depth(value, text)
    return value, False


_STRICT: msgspec.json.Decoder[JsonValue] = msgspec.json.Decoder(float_hook=NumberText)
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 512


def _read_strict(text: str) -> JsonValue:
    """Leave long numbers to the relaxed reader: into an `int` and out of it takes quadratic time."""
    if len(text) >= len(_LONG_NUMBER) and _LONG_NUMBER in text.encode().translate(_ZEROS):
        raise ValueError
    return _STRICT.decode(text)


def _check_depth(value: JsonValue, text: str) -> None:
    """Refuse what the relaxed reader would refuse; going down level by level is as fast as decoding."""
    if len(text) <= 2 * MAX_DEPTH or text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if child and (type(child) is dict or type(child) is list)
        ]
    if level:
        raise NotJsonError(f"it is nested deeper than {MAX_DEPTH} levels")


_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f"
"""Characters that no JSON text holds, apart from unescaped line breaks and tabs."""
_STRINGS = {
    opening: re.compile(rf"((?:[^{closing}\\{_CONTROL}]++|\\[^{_CONTROL}])*)[{closing}]")
    for openings, closing in (
        ('"', '"'),
        ("'", "'"),
        ("“”„", '“”„"'),  # opened smart, it may close straight (R1-117)
        ("‘’‚", "‘’‚'"),
        ("`", "`"),
    )
    for opening in openings
}
_ESCAPED_QUOTES = tuple((f"\\{quote}", quote) for quote in _STRINGS)
_PLAIN_JSON = json.JSONDecoder(strict=False)
_COMMENT = (
    r"//[^\r\n]*+|\#[^\r\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*/|<!--[^-]*+(?:-(?!->)[^-]*+)*-->"
)
_UNSEEN = r"\s\x00\u200b-\u200f\u2060\ufeff"
"""Blanks, and marks that come along when text is copied off a page or out of C."""
_BLANK = re.compile(rf"(?:[{_UNSEEN}]++|{_COMMENT})*")
_GAP = re.compile(rf"(?:[{_UNSEEN},]++|{_COMMENT})*")
"""Commas with nothing between them."""
_END = re.compile(
    rf"(?:[{_UNSEEN},;\x04\x1a]++|{_COMMENT})*(?:-?[01]\s*+\Z|<[A-Za-z/!].*+)?", re.DOTALL
)
"""Of a text that a script prints as a statement or one of several, with what it returns
behind it (`0`, `1`, `-1`), or with markup that a server appends."""
_MARKED_STRING = re.compile("[bru]{1,2}(?=[\"'])", re.IGNORECASE)
"""Python's prefixes before a quote."""
_BARE_WORD = re.compile(
    r"[-+]?(?:new\s++)?(?:[^\W\d]|\$)[\w$.]*+(?:\([^()]*+(?:\([^()]*+\)[^()]*+)*\))?|<(?!!--)[^<>{}]++>"
    r"|[-.]{1,2}\d[\w.:%+-]*+"
)
_NO_NUMBER = re.compile(r"\+?\d[\w.:%+-]*+", re.ASCII)
"""Text that begins as a number, and goes on as none."""
_STRAY_BACKSLASH = re.compile(r'\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_BARE_KEY = re.compile(r":?[\w$][\w$-]*+")
"""A name without quotes; a symbol of Ruby begins with a colon."""
_COLON = re.compile(r":|=>")
_SCALAR = re.compile(
    r"(?P<word>true|false|null)(?!\w)|(?P<number>[-+]?\d++(?:\.\d++)?(?:[eE][-+]?\d++)?)(?![\w.:%-])",
    re.ASCII,
)
_HALF_PAIR = re.compile("[\ud800-\udfff]")
"""Of a character that was escaped as two UTF-16 codes."""
_WORDS = {"true": True, "false": False}
"""Any other word is null."""


class _Reader:
    """Reads one relaxed text from its start to its end, without ever going back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._values = 0

    def read(self) -> JsonValue:
        value = self._value(depth=0)
        self._pass(_END)
        while self._next() and isinstance(value, dict):
            at = self._at
            if self._text[at] != "{" or self._value(depth=0) != value:  # printed twice, it is one
                self._at = at
                break
            self._pass(_END)
        if self._next():
            self._fail("there is more after the value")
        return value

    def _next(self) -> str:
        """Skip blanks and return the next character; "" at the end."""
        char = self._text[self._at : self._at + 1]
        if "!" <= char <= "~" and char not in "/#<":
            return char
        self._pass(_BLANK)
        return self._text[self._at : self._at + 1]

    def _pass(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _count(self) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            self._fail(f"it has more than {MAX_VALUES} values")

    def _value(self, depth: int) -> JsonValue:
        self._count()
        if depth > MAX_DEPTH:
            self._fail(f"it is nested deeper than {MAX_DEPTH} levels")
        opening = self._next()
        match opening:
            case "{":
                return self._object(depth + 1)
            case "[":
                return self._array(depth + 1, "]")
            case "(" if depth:
                return self._array(depth + 1, ")")
            case _:
                return self._string(opening) if opening in _STRINGS else self._scalar(depth)

    def _object(self, depth: int) -> dict[str, JsonValue]:
        members: dict[str, JsonValue] = {}
        self._at += 1
        while not self._closes("}"):
            key = self._key()
            self._next()
            if not (colon := _COLON.match(self._text, self._at)):
                self._fail("a colon is missing after a name")
            self._at = colon.end()
            members[key] = self._value(depth)
            self._separate("}")
        return members

    def _array(self, depth: int, closing: str) -> list[JsonValue]:
        items: list[JsonValue] = []
        self._at += 1
        while not self._closes(closing):
            items.append(self._value(depth))
            self._separate(closing)
        return items

    def _closes(self, bracket: str) -> bool:
        self._pass(_GAP)
        if self._next() != bracket:
            return False
        self._at += 1
        return True

    def _separate(self, bracket: str) -> None:
        """Pass a comma, or stop before the closing bracket."""
        match self._next():
            case ",":
                self._at += 1
            case char if char != bracket:
                self._fail(f"a comma or {bracket} is missing")

    def _key(self) -> str:
        opening = self._next()
        if opening in _STRINGS:
            return self._string(opening)
        bare = _BARE_KEY.match(self._text, self._at)
        if bare is None:
            self._fail("a name is missing")
        self._at = bare.end()
        return bare[0].removeprefix(":")

    def _string(self, opening: str) -> str:
        found = _STRINGS[opening].match(self._text, self._at + 1)
        if found is None:
            self._fail("a quote is not closed")
        self._at = found.end()
        return self._unescape(found[1]) if "\\" in found[1] else found[1]

    def _unescape(self, text: str) -> str:
        r"""Bring the text into strict JSON and let its fast reader resolve the escapes.

        A NUL stands for `\\` meanwhile: none is in a string. Then each backslash that is left begins an
        escape, or stands for itself.
        """
        self._count()
        strict = text.replace(r"\\", "\0")
        for escaped, quote in _ESCAPED_QUOTES:
            strict = strict.replace(escaped, quote)
        strict = _STRAY_BACKSLASH.sub(r"\\\\", strict.replace('"', r"\""))
        plain, _ = _PLAIN_JSON.raw_decode('"' + strict.replace("\0", r"\\") + '"')
        return _HALF_PAIR.sub("\ufffd", plain)

    def _scalar(self, depth: int) -> str | NumberText | bool | None:
        found = _SCALAR.match(self._text, self._at)
        if found is None and depth and (other := _NO_NUMBER.match(self._text, self._at)):
            self._at = other.end()
            return other[0]
        if found is None:
            return self._bare_word(depth)
        self._at = found.end()
        return _WORDS.get(found["word"]) if found["word"] else NumberText(found["number"])

    def _bare_word(self, depth: int) -> str | bool | None:
        """Read a word that JSON does not know. A text that is nothing else is no JSON."""
        if depth and (marked := _MARKED_STRING.match(self._text, self._at)):
            self._at = marked.end()
            return self._string(self._text[self._at])
        word = _BARE_WORD.match(self._text, self._at) if depth else None
        if word is None:
            self._fail("a value is missing" if self._at < len(self._text) else "it ends too early")
        self._at = word.end()
        return _WORDS.get(word[0].lower())

    def _fail(self, why: str) -> NoReturn:
        raise NotJsonError(f"{why}, at character {self._at + 1}")
