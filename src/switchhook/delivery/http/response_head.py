"""Repairs a malformed response head: framing fields are read strictly, all others leniently. Pure.

Three fields decide where the response ends and whether another follows: `DECISIVE`. Where one of them cannot be
read without a doubt, the response is refused, since two readers could end it at two places. Every other line is
optional: an unreadable one is left out, with a trace, and costs no call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DECISIVE: Final = frozenset({b"content-length", b"transfer-encoding", b"connection"})
TELLING: Final = frozenset(
    {
        b"content-encoding",
        b"content-type",
        b"date",
        b"keep-alive",
        b"location",
        b"retry-after",
        b"set-cookie",
    }
)
"""Fields that something is read from; blanks before their colon are taken away (RFC 9112 §5.1)."""
SHOWN: Final = 40
"""Bytes of a line that was left out which its trace repeats."""

_END = re.compile(rb"\n\r*\n")
_STATUS_LINE = re.compile(
    rb"http/(\d+)(?:\.(\d+))?[ \t]+(\d{3})(?!\d)[ \t]*(.*)", re.IGNORECASE | re.DOTALL
)
_BEGINNING = b"HTTP/"
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NO_LETTER = re.compile(rb"[^a-z]+")
_SQUEEZED: Final = tuple(_NO_LETTER.sub(b"", name) for name in DECISIVE)


class UnreadableHeadError(Exception):
    """A head in which something that decides cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """A head as a strict parser takes it."""

    data: bytes
    """Status line and fields, to the empty line."""
    left_out: tuple[str, ...]
    """The beginnings of the lines that were left out."""


def may_be_http(data: bytes) -> bool:
    """Say whether a response begins here, as far as it has come."""
    data = data.lstrip(b"\r\n")
    line, end, _ = data.partition(b"\n")
    if not end:
        return line[: len(_BEGINNING)].upper() == _BEGINNING[: len(line)]
    return _STATUS_LINE.fullmatch(line.rstrip(b"\r")) is not None


def cut(data: bytes) -> tuple[bytes, bytes]:
    """Return the head and the rest; an empty head before it is whole.

    Empty lines before it go with it (RFC 9112 §2.2).
    """
    data = data.lstrip(b"\r\n")
    end = _END.search(data)
    return (b"", data) if end is None else (data[: end.end()], data[end.end() :])


def repair(head: bytes) -> ResponseHead:
    """Return a whole head as a strict parser takes it. Raises UnreadableHeadError.

    A folded line is joined to the one before it (RFC 9112 §5.2); equal lengths count as one (RFC 9110 §8.6),
    and no length counts beside chunks (RFC 9112 §6.3).
    """
    first, *lines = (line.rstrip(b"\r") for line in head.rstrip(b"\r\n").split(b"\n"))
    fields: list[tuple[bytes, bytes]] = []
    left_out: list[str] = []
    is_kept = False
    for line in lines:
        if line[:1] in {b" ", b"\t"}:
            is_kept = is_kept and _join(fields, line.strip(b" \t"))
            field = fields[-1] if is_kept else None
        else:
            field = _field(line)
            is_kept = field is not None
            if field is not None:
                fields.append(field)
        if field is None:
            cut_off = "…" if len(line) > SHOWN else ""
            left_out.append(ascii(line[:SHOWN].decode("latin-1")) + cut_off)
    written = b"".join(b"%b: %b\r\n" % field for field in _one_length(_one_coding(fields)))
    return ResponseHead(data=_status_line(first) + written + b"\r\n", left_out=tuple(left_out))


def _status_line(line: bytes) -> bytes:
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise UnreadableHeadError
    # An unknown version counts as one that closes after the response.
    version = b"1.1" if match[1] == b"1" and match[2] == b"1" else b"1.0"
    return b"HTTP/%b %b %b\r\n" % (version, match[3], _CONTROL.sub(b" ", match[4]))


def _field(line: bytes) -> tuple[bytes, bytes] | None:
    """Return name and value; None for a line that is no field and decides nothing."""
    name, colon, value = line.partition(b":")
    value = value.strip(b" \t")
    known = name.rstrip(b" \t").lower()
    if known in TELLING:
        name = known
    if colon and _NAME.fullmatch(name) and not _CONTROL.search(value):
        return name, value
    squeezed = _NO_LETTER.sub(b"", name.lower())
    if any(squeezed == one or (not colon and squeezed.startswith(one)) for one in _SQUEEZED):
        raise UnreadableHeadError
    return None


def _join(fields: list[tuple[bytes, bytes]], more: bytes) -> bool:
    """Put the rest of a folded line to its beginning; say whether it can be read."""
    name, value = fields.pop()
    if name.lower() in DECISIVE:
        raise UnreadableHeadError
    if _CONTROL.search(more):
        return False
    fields.append((name, b" ".join(part for part in (value, more) if part)))
    return True


def _one_coding(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Leave `chunked` alone of what transfer codings say; `identity` is none (RFC 2616 §3.6)."""
    lines = [value for name, value in fields if name.lower() == b"transfer-encoding"]
    codings = [part.strip(b" \t").lower() for value in lines for part in value.split(b",")]
    if not lines:
        return fields
    said = {*codings} - {b"", b"identity"}
    if said - {b"chunked"}:
        raise UnreadableHeadError
    unsaid = {b"transfer-encoding", *((b"content-length",) if said else ())}
    others = [field for field in fields if field[0].lower() not in unsaid]
    return [*others, (b"Transfer-Encoding", b"chunked")] if said else others


def _one_length(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    lengths = [value for name, value in fields if name.lower() == b"content-length"]
    said = {part.strip(b" \t") for value in lengths for part in value.split(b",")}
    if not said:
        return fields
    if len(said) > 1:
        raise UnreadableHeadError
    others = [field for field in fields if field[0].lower() != b"content-length"]
    return [*others, (b"Content-Length", said.pop())]
