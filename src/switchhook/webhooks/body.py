"""An answer's body before a dialect looks for its meaning: its size, its text, its JSON, its escapes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, charmap_decode
from encodings.aliases import aliases
from typing import TYPE_CHECKING

from switchhook.webhooks.lenient_json import Json, NotJsonError, NumberText, read_json
from switchhook.webhooks.reading import ReadingStep

if TYPE_CHECKING:
    from collections.abc import Container

    from switchhook.webhooks.http import HttpResponse

MAX_WRAPPINGS = 4
"""Round one object."""
MAX_BODY = 65_536
"""Bytes [A-11]."""
SUCCESS = range(200, 300)
"""Any 2xx bears an answer [A-22]."""

_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\ufeff"
"""Several files saved with a byte order mark, put out by one script, leave as many of them."""
_WINDOWS_1252 = bytes(range(256)).decode("cp1252", "replace")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_-]{1,40})""", re.IGNORECASE)
_LIKE_ASCII = frozenset(
    {
        *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859_{number}" for number in range(2, 17) if number != 12),
        *("latin_1", "koi8_r", "koi8_u", "cp866", "mac_cyrillic"),
    }
)
"""Codecs in which a digit is a digit, one byte each: none of them can hide a number."""
_CODECS = {codec: codec for codec in _LIKE_ASCII} | {
    alias: codec for alias, codec in aliases.items() if codec in _LIKE_ASCII
}
"""By the names that charsets go by; `codecs.lookup` would import what a stranger names."""
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BYTES = {
    f"{high}{low}".encode(): bytes.fromhex(high + low)
    for high in "0123456789ABCDEFabcdef"
    for low in "0123456789ABCDEFabcdef"
}


class UnusableError(Exception):
    """The answer gives nothing that can be followed. The message is the failure's sentence."""


def text_of(response: HttpResponse) -> str:
    """Return a body as text, without byte order marks and blanks around it.

    What is UTF-8 is read so, whatever its head says; else in the charset that it declares. Raises
    UnusableError.
    """
    try:
        return _without_blanks(_decoded(response))
    except UnicodeDecodeError as error:
        problem = f"the body is not UTF-8 (byte {error.start + 1})"
        raise UnusableError(f"{problem} and declares no charset that it is in") from error


def lenient_text_of(response: HttpResponse) -> tuple[str, tuple[str, ...]]:
    """Return the body as text, and a notice where it had to be read as Windows-1252.

    For answers in which nothing but a name to be shown can hold more than ASCII. Raises UnusableError.
    """
    try:
        return _without_blanks(_decoded(response)), ()
    except UnicodeDecodeError:
        text = _windows_1252(response.body.removeprefix(BOM_UTF8))
        return _without_blanks(text), ("the body is not UTF-8 and was read as Windows-1252",)


def _decoded(response: HttpResponse) -> str:
    """Decode a body. Raises UnicodeDecodeError."""
    try:
        return response.body.decode()
    except UnicodeDecodeError:
        codec = _declared(response)
        if not codec:
            raise
    return response.body.decode(codec)


def _declared(response: HttpResponse) -> str:
    """Return the codec of the charset in Content-Type; empty where none is known that is like ASCII."""
    content_type = next((v for n, v in response.headers if n == "content-type"), "")
    found = _CHARSET.search(content_type)
    return _CODECS.get(found[1].lower().replace("-", "_"), "") if found else ""


def unescaped(text: str) -> str:
    """Resolve `%xx`; a `%` that begins none stays. Bytes that are no UTF-8 are Windows-1252.

    The library's `unquote` raises and catches an error for each stray `%`: too slow for hostile text.
    """
    parts = _ESCAPE.split(text.encode())
    parts[1::2] = map(_BYTES.__getitem__, parts[1::2])
    data = b"".join(parts)
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Beside letters that nobody encoded, `50%Café` has no escape in it either.
        return _windows_1252(data) if text.isascii() else text


def _windows_1252(data: bytes) -> str:
    """Decode any bytes; the codec of that name would look up a handler for each one it lacks."""
    return charmap_decode(data, "strict", _WINDOWS_1252)[0]


def _without_blanks(text: str) -> str:
    stripped = text.strip(_BLANK)
    if not stripped:
        raise UnusableError("the body is empty")
    return stripped


def unwrapped(value: Json, wanted: Container[str]) -> tuple[Json, tuple[str, ...]]:
    """Return the object within one more wrapping, and a notice where there was one (FB-06).

    It may be the only one of a list, stand under `json` as n8n's items do, or be JSON in a text. Of two
    objects that differ none is chosen, and the outermost that names a `wanted` member is the one.
    """
    inner = value
    for _ in range(MAX_WRAPPINGS):
        match inner:
            case str() if inner.startswith(("{", "[")) and not isinstance(inner, NumberText):
                inner = _json_within(inner)
            case [dict() as one, *others] if all(other == one for other in others):
                inner = one
            case [str() as one] if one.startswith("{"):
                inner = one
            case {"json": (dict() | str()) as one, **beside} if not any(
                n in wanted for n in beside
            ):
                inner = one
            case _:
                break
    if inner is value or not isinstance(inner, dict):
        return value, ()
    return inner, ("the answer's object was read out of one more wrapping",)


def _json_within(text: str) -> Json:
    try:
        return read_json(text)[0]
    except NotJsonError:
        return None


def json_of(text: str) -> tuple[Json, ReadingStep, tuple[str, ...]]:
    """Return the value, how it was read, and a notice where it took leniency [A-11].

    Raises UnusableError.
    """
    try:
        value, relaxed = read_json(text)
    except NotJsonError as error:
        page = "it is a page of HTML or XML, or begins with an error message"
        problem = page if text.startswith("<") else str(error)
        raise UnusableError(f"body is not JSON: {problem}") from error
    if relaxed:
        return value, ReadingStep.RELAXED_JSON, ("the body was read as relaxed JSON",)
    return value, ReadingStep.STRICT_JSON, ()
