"""Decodes an answer's body for the dialects: its size, text, JSON and escapes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, charmap_decode
from encodings.aliases import aliases
from typing import TYPE_CHECKING

from switchhook.webhooks.lenient_json import JsonValue, NotJsonError, read_json
from switchhook.webhooks.reading import ReadAs
from switchhook.webhooks.wrapping import json_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.webhooks.http import HttpResponse

MAX_WRAPPINGS = 4
"""Round one object."""
MAX_SIBLINGS = 100
"""Items of a list in which an object is looked for."""
MAX_BODY = 65_536
"""Bytes [A-11]."""
MAX_NAME = 128
"""Characters of a caller's name."""
SUCCESS = range(200, 300)
"""Any 2xx bears an answer [A-22]."""

_ENVELOPES = ("json", "body", "data", "result", "response", "payload", "output", "d", "value")
"""Members in which programs hand an answer on: items of n8n, AWS Lambda, ASP.NET, and the usual frames of APIs."""
_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\ufeff\u200b\u2060\0"
"""Several files saved with a byte order mark, put out by one script, leave as many of them."""
_WINDOWS_1252 = bytes(range(256)).decode("cp1252", "replace")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_-]{1,40})""", re.IGNORECASE)
_LIKE_ASCII = frozenset(
    {
        *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859_{number}" for number in range(2, 17) if number != 12),
        *("latin_1", "koi8_r", "koi8_u", "cp866", "mac_cyrillic"),
        *("gbk", "gb2312", "big5", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949"),
    }
)
"""Codecs in which a digit by itself is a digit: none of them can hide a number."""
_CODECS = {codec: codec for codec in _LIKE_ASCII} | {
    alias: codec for alias, codec in aliases.items() if codec in _LIKE_ASCII
}
"""By the names that charsets go by; `codecs.lookup` would import what a stranger names."""
_WIDE = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte order marks of UTF-16 and UTF-32, which settle the encoding."""
_BARE_WIDE = (
    (re.compile(rb"[^\0]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0[^\0]\0[^\0]"), "utf-16-be"),
)
"""How ASCII begins in them without a mark (RFC 4627 §3)."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]++")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BYTES = {
    f"{high}{low}".encode(): bytes.fromhex(high + low)
    for high in "0123456789ABCDEFabcdef"
    for low in "0123456789ABCDEFabcdef"
}


class UnusableError(Exception):
    """The answer gives nothing that can be followed. The message is the failure's sentence."""


def text_of(response: HttpResponse) -> tuple[str, str]:
    """Return a body as text, without byte order marks and blanks around it, and what could not be read of it.

    UTF-8 wins over the declared charset; then the declared charset; else each undecodable byte becomes a mark
    that no direction contains. Raises UnusableError.
    """
    try:
        return _without_blanks(_decoded(response)), ""
    except UnicodeDecodeError as error:
        problem = (
            f"the body is not UTF-8 (byte {error.start + 1}) and declares no charset that it is in"
        )
        if coding := _coding(response):
            problem = (
                f"the body is compressed (Content-Encoding: {coding}), which is not read; the endpoint has to send it"
                " plain, which the header Accept-Encoding: identity asks it for"
            )
        return _without_blanks(response.body.decode(errors="replace")), problem


def lenient_text_of(response: HttpResponse) -> tuple[str, tuple[str, ...]]:
    """Return the body as text, and a notice where it had to be read as Windows-1252.

    For answers in which nothing but a name to be shown can hold more than ASCII. Raises UnusableError.
    """
    try:
        return _without_blanks(_decoded(response)), ()
    except UnicodeDecodeError:
        text = _windows_1252(response.body.removeprefix(BOM_UTF8))
        return _without_blanks(text), ("the body is not UTF-8 and was read as Windows-1252",)


def _coding(response: HttpResponse) -> str:
    """Return the Content-Encoding that a body is left in."""
    said = response.header("content-encoding")
    return said if re.fullmatch(r"[\w-]{1,20}", said) else ""


def _decoded(response: HttpResponse) -> str:
    """Decode a body. Raises UnicodeDecodeError."""
    if response.body.isascii() and b"\0" not in response.body:
        return response.body.decode()
    for mark, codec in _WIDE:
        if response.body.startswith(mark):
            return response.body.decode(codec)
    for beginning, codec in _BARE_WIDE:
        if beginning.match(response.body):
            return response.body.decode(codec)
    try:
        return response.body.decode()
    except UnicodeDecodeError:
        codec = _declared(response)
        if not codec:
            raise
    return response.body.decode(codec)


def _declared(response: HttpResponse) -> str:
    """Return the codec of the charset in Content-Type; "" for an unknown one, or one unlike ASCII."""
    found = _CHARSET.search(response.header("content-type"))
    return _CODECS.get(found[1].lower().replace("-", "_"), "") if found else ""


def unescaped(text: str) -> str:
    """Resolve `%xx`; a `%` that begins none stays. Bytes that are no UTF-8 are Windows-1252.

    The library's `unquote` raises and catches an error for each stray `%`: too slow for hostile text.
    """
    if "%" not in text:
        return text
    parts = _ESCAPE.split(text.encode())
    parts[1::2] = map(_BYTES.__getitem__, parts[1::2])
    data = b"".join(parts)
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Beside unencoded letters, `50%Café` has no escape in it either.
        return _windows_1252(data) if text.isascii() else text


def _windows_1252(data: bytes) -> str:
    """Decode any bytes; the codec of that name would look up a handler for each one it lacks."""
    return charmap_decode(data, "strict", _WINDOWS_1252)[0]


def _without_blanks(text: str) -> str:
    stripped = text.strip(_BLANK)
    if not stripped:
        raise UnusableError("the body is empty")
    return stripped


def unwrapped(value: JsonValue, wanted: Iterable[str]) -> tuple[JsonValue, tuple[str, ...]]:
    """Return the object within one more wrapping, and a notice of the wrapping (FB-06).

    It may be among a list, stand in the envelope of a program, or be JSON in a text. The outermost object with
    a `wanted` member counts; of two different ones none is chosen.
    """
    if isinstance(value, dict):
        if not value.keys().isdisjoint(wanted) or value.keys().isdisjoint(_ENVELOPES):
            return value, ()  # as nearly always
    elif not isinstance(value, (list, str)):
        return value, ()
    inner, *others = [*_naming(value, wanted, MAX_WRAPPINGS)] or [*_alone(value)] or [value]
    if inner is value or not all(other == inner for other in others):
        return value, ()
    return inner, ("the answer's object was read out of one more wrapping",)


def _naming(value: JsonValue, wanted: Iterable[str], deep: int) -> Iterator[JsonValue]:
    """Yield the outermost objects that name a wanted member."""
    match value:
        case dict() if not value.keys().isdisjoint(wanted):
            yield value
        case dict() if deep and not _says_no(value):
            for name in filter(value.__contains__, _ENVELOPES):
                yield from _naming(value[name], wanted, deep - 1)
        case list() if deep and _may_hold_objects_alone(value):
            for item in value[:MAX_SIBLINGS]:
                yield from _naming(item, wanted, deep - 1)
        case str() if deep and value.startswith(("{", "[", '"')):
            yield from _naming(_json_within(value), wanted, deep - 1)


def _may_hold_objects_alone(items: list[JsonValue]) -> bool:
    """Say whether nothing stands among the objects of a list that may be an answer itself."""
    if len(items) > MAX_SIBLINGS and items.count(items[0]) < len(items):
        return False
    return not any(
        isinstance(item, int) or (isinstance(item, str) and not item.startswith(("{", "[")))
        for item in items[:MAX_SIBLINGS]
    )


def _says_no(envelope: dict[str, JsonValue]) -> bool:
    """Say whether its content may be an echoed request, or part of an error, and not an answer."""
    flags = (envelope.get("success"), envelope.get("ok"))
    return False in flags or bool(envelope.get("error")) or bool(envelope.get("errors"))


def _alone(value: JsonValue) -> Iterator[JsonValue]:
    """Yield the only object of a list or a text, for a sentence on what it lacks."""
    match value:
        case [dict() as one]:
            yield one
        case str() if value.startswith(("{", "[")):
            inner = _json_within(value)
            if isinstance(inner, dict):
                yield inner


def _json_within(text: str) -> JsonValue:
    try:
        return read_json(text)[0]
    except NotJsonError:
        return None


def json_of(text: str, wrappings: int = MAX_WRAPPINGS) -> tuple[JsonValue, ReadAs, tuple[str, ...]]:
    """Return the value, how it was read, and a notice where it took leniency [A-11].

    Raises UnusableError.
    """
    try:
        value, relaxed = read_json(text)
    except NotJsonError as error:
        inner, what = json_within(text) if wrappings else ("", "")
        if inner:
            value, _, notices = json_of(inner, wrappings - 1)
            return value, ReadAs.RELAXED_JSON, (*notices, f"the JSON was read out of {what}")
        page = "it is a page of HTML or XML, or begins with an error message"
        problem = page if text.startswith("<") else str(error)
        raise UnusableError(f"body is not JSON: {problem}") from error
    if relaxed:
        return value, ReadAs.RELAXED_JSON, ("the body was read as relaxed JSON",)
    return value, ReadAs.STRICT_JSON, ()


def scalar_text(value: JsonValue) -> str:
    """Write a text, number or boolean as text; any other value as ""."""
    match value:
        case bool():
            return "true" if value else "false"
        case None | list() | dict():
            return ""
        case _:
            return str(value)


def on_one_line(text: str, longest: int, what: str) -> tuple[str, tuple[str, ...]]:
    """Return the text without line breaks and blanks around it, and a notice where it was cut."""
    line = text.strip() if text.isprintable() else _BREAKS.sub(" ", text).strip()
    if len(line) <= longest:
        return line, ()
    return line[:longest].rstrip(), (f"{what} was cut to {longest} characters",)
