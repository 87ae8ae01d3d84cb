"""Lenient parsing: the parts that decide, the repaired parts, and the dropped parts.

The rest of this package reads the grammar of RFC 3261 and writes it. A message that does not keep to it comes
here before it is refused. A part that *decides* is repaired when it can mean one thing only. Every other part
is optional, and is left out. Each repair leaves one line in `Message.dropped`, for the timeline. An unreadable
deciding part stays as it came, and the strict parser raises.

| part                       | of a request                     | of a response                    |
|----------------------------|----------------------------------|----------------------------------|
| start line                 | decides, but for the host        | decides, but for the reason      |
| top Via                    | decides, but for host and port   | decides: its branch is ours      |
| From                       | address and tag                  | ornament: it repeats ours        |
| To                         | address and tag                  | the tag                          |
| Call-ID                    | decides                          | ornament: it repeats ours        |
| CSeq                       | decides                          | decides                          |
| Contact                    | address; REGISTER cannot do without | address                       |
| Route, Record-Route, Path  | address; REGISTER needs its Path | address                          |
| Max-Forwards, Content-Type | the first that can be read       | the same                         |
| Content-Length             | on a stream (`framing.py`); a datagram has an end of its own (`whole_body`) |
| all else, names of people  | ornament                         | ornament                         |

Nothing is guessed: of two possible addresses none is taken (RFC 3261 §7.3.1, RFC 4475 §3.1.2).
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from switchhook.sip.wire.errors import ParseError, SipError, excerpt
from switchhook.sip.wire.header_values import UNREADABLE, CSeq, NameAddress, Via
from switchhook.sip.wire.headers import Headers
from switchhook.sip.wire.parameters import Parameters
from switchhook.sip.wire.syntax import (
    WHITE,
    is_token,
    read_host_port,
    read_number,
    split_list,
)
from switchhook.sip.wire.uri import Uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "ENDING",
    "MAX_LIST",
    "MAX_MAX_FORWARDS",
    "SDP",
    "UNREADABLE",
    "as_route",
    "looks_like_sdp",
    "media_type",
    "readable",
    "repair_address",
    "repair_headers",
    "repair_request_line",
    "repair_uri",
    "whole_body",
]

MAX_LIST: Final = 100
"""Values of one list header, such as Via: more hops than Max-Forwards allows."""
MAX_MAX_FORWARDS: Final = 255
SDP: Final = "application/sdp"
ENDING: Final = frozenset({"BYE", "CANCEL"})
"""Requests that end a call: none is refused for its body, and no BYE for its CSeq."""
_MEANT: Final = {method: frozenset({method, "INVITE"}) for method in ("ACK", "CANCEL")}
"""Methods of a CSeq that repeats its INVITE's number: some clients repeat the method too."""
MOST_USER: Final = 256
"""Characters of a user part that is repaired."""

_ONCE: Final = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Type")
_ADDRESSES: Final = ("Contact", "Route", "Record-Route", "Path")
_NEEDED_BY_REGISTER: Final = frozenset({"Contact", "Path"})
_REPEATED_BY_RESPONSES: Final = frozenset({"From", "Call-ID"})
_BRACKETED: Final = re.compile(r"<\s*([A-Za-z][A-Za-z0-9+.-]{0,31}:[^<>]*)>")
_SCHEME: Final = re.compile(r"\b(?:sips?|tel):", re.IGNORECASE)
_TAG: Final = re.compile(r";\s*tag\s*=\s*([^\s;,<>\"?=]+)", re.IGNORECASE)
_AUDIO: Final = re.compile(rb"(?:\A|[\r\n])[ \t]*m=audio[ \t]+[0-9]")
_QUOTED: Final = re.compile(r'"[^"\\\r\n\0]*"')
_ZONE: Final = re.compile(r"%[^\]]*\]")
"""The zone of an IPv6 address, which means nothing to another machine (RFC 4007 §6)."""
_USER_KEPT: Final = "-_.!~*'()&=+$,;?/%:"
_BLANK: Final = " \t\r\n\0"

_Pairs = list[tuple[str, str]]


def repair_headers(headers: Headers, method: str | None) -> tuple[Headers, tuple[str, ...]]:
    """Return the headers, repaired and without unreadable ones, and the list of repairs.

    `method` is that of the start line, None for a response. Takes time linear in the headers.
    """
    notes: list[str] = []
    repaired: _Pairs = []
    for name, value in _deduplicated(list(headers), notes):
        repaired += [(name, kept) for kept in _repaired(name, value, method, notes)]
    if method == "BYE" and "CSeq" not in headers:
        repaired.append(("CSeq", _repaired_cseq("", method, notes)))
    return Headers(repaired, verbatim=True), tuple(notes)


def _repaired(name: str, value: str, method: str | None, notes: list[str]) -> Iterable[str]:
    """Return a header line as it is, repaired, or None."""
    if name in _ADDRESSES:
        needed = method == "REGISTER" and name in _NEEDED_BY_REGISTER
        return _repaired_list(name, value, notes, needed=needed)
    if method is None and name in _REPEATED_BY_RESPONSES:
        return (value,)
    if name in {"From", "To"}:
        return (_repaired_address(name, value, notes, response=method is None),)
    if name == "CSeq":
        return (_repaired_cseq(value, method, notes),)
    if name == "Via":
        return (_repaired_via(value, notes),)
    if name == "Max-Forwards" and not _is_hops(value):
        notes.append(f"Max-Forwards that is no number: {excerpt(value)}")
        return ()
    return (value,)


def _repaired_list(name: str, line: str, notes: list[str], *, needed: bool) -> Iterable[str]:
    """Repair the addresses of a list each by itself: a bad one does not drop the good ones."""
    values = split_list(line)
    if len(values) > MAX_LIST:
        return (line,)
    kept = []
    for value in values:
        if value == "*" or _reads(NameAddress.parse, value):
            kept.append(value)
            continue
        try:
            kept.append(str(repair_address(value)))
        except SipError as error:
            notes.append(f"{name}: {error}")
        else:
            notes.append(f"{name}: all but the address of {excerpt(value)}")
    if kept or not needed:
        return (", ".join(kept),) if kept else ()
    return (line,)


def _repaired_address(name: str, value: str, notes: list[str], *, response: bool) -> str:
    """Mend From or To: the address and the tag count, the name does not."""
    if _reads(NameAddress.parse, value):
        return value
    try:
        repaired = str(repair_address(value, any_host=True))
    except SipError:
        if not response:
            return value
        tag = _TAG.search(value)
        repaired = f"<sip:{UNREADABLE}>" + (f";tag={tag[1]}" if tag else "")
    notes.append(f"{name}: all but the address of {excerpt(value)}")
    return repaired


def _repaired_via(line: str, notes: list[str]) -> str:
    """Keep the parameters that can be read, of one hop alone: the branch must not be another's."""
    place, _, parameters = line.partition(";")
    place = place.rstrip(WHITE)
    if "," in line or _reads(_read_via, line) or not _reads(_read_via, place):
        return line
    notes.append(f"Via: all but the branch and place of {excerpt(line)}")
    return place + str(_repair_parameters(f";{parameters}"))


def _read_via(value: str) -> Via:
    return Via.parse(value, any_host=True)


def _repaired_cseq(value: str, method: str | None, notes: list[str]) -> str:
    """Spell the method of CSeq as the start line does, which is the one that counts.

    Another method is a contradiction, except in a BYE or CANCEL, which is served in any order.
    """
    number, _, word = value.strip(WHITE).partition(" ")
    word = word.strip(WHITE)
    if method is None or (_reads(CSeq.parse, value) and word == method):
        return value
    if method == "BYE":
        number = number if _reads(CSeq.parse, f"{number} BYE") else "0"
    elif word.upper() not in _MEANT.get(method, {method.upper()}):
        return value
    notes.append(f"CSeq: {excerpt(value)} is read as {number} {method}")
    return f"{number} {method}"


def _deduplicated(pairs: _Pairs, notes: list[str]) -> _Pairs:
    """Keep one of several lines of a single header, if it is clear which.

    Two that differ in what decides stay, and are refused.
    """
    for name in _ONCE:
        values = [value for known, value in pairs if known == name]
        if len(values) < 2:
            continue
        chosen = _choose(name, values)
        if chosen is None:
            continue
        notes.append(f"{name} that stands there {len(values)} times: {excerpt(chosen)} holds")
        place = next(place for place, pair in enumerate(pairs) if pair[0] == name)
        behind = [pair for pair in pairs[place:] if pair[0] != name]
        pairs = [*pairs[:place], (name, chosen), *behind]
    return pairs


def _choose(name: str, values: list[str]) -> str | None:
    if len(set(values)) == 1:
        return values[0]
    if name == "Max-Forwards":  # the lowest, so that a loop still ends
        return min(filter(_is_hops, values), key=int, default=values[0])
    if name == "Content-Type":
        return next((value for value in values if media_type(value) == SDP), values[0])
    return None


def _is_hops(value: str) -> bool:
    return _reads(_read_hops, value)


def _read_hops(value: str) -> int:
    return read_number(value, MAX_MAX_FORWARDS, "Max-Forwards")


def _reads(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def media_type(content_type: str) -> str:
    """Return the type in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


# Addresses


def readable(values: Iterable[str]) -> list[NameAddress]:
    """Parse identity addresses, each by itself."""
    found = []
    for value in values:
        try:
            found.append(NameAddress.parse(value))
        except SipError:
            with suppress(SipError):
                found.append(repair_address(value, any_host=True))
    return found


def repair_address(text: str, *, any_host: bool = False) -> NameAddress:
    """Read the address out of a value whose name or parameters cannot be read; raise ParseError.

    There must be exactly one: a name that looks like an address is one too many. With `any_host` the host need
    not be readable: From and To identify a user and not a place.
    """
    # `+sip.instance="<urn:uuid:…>"` is a parameter and no address.
    found = [
        one
        for one in _BRACKETED.finditer(text)
        if not text[max(0, one.start() - 4) : one.start()].replace(" ", "").endswith('="')
    ]
    if len(found) > 1:
        raise ParseError(f"two addresses could be meant: {excerpt(text)}")
    if found:
        uri, rest = found[0][1], text[found[0].end() :]
    else:
        uri, rest = _bare(text)
    return NameAddress(uri=repair_uri(uri, any_host=any_host), parameters=_repair_parameters(rest))


def _bare(text: str) -> tuple[str, str]:
    """Find an address without both brackets; what follows a semicolon is the header's (§20.10)."""
    schemes = list(_SCHEME.finditer(text))
    if len(schemes) != 1:
        raise ParseError(f"there is no address in {excerpt(text)}")
    uri = text[schemes[0].start() :]
    ends = [place for mark in ";>" if (place := uri.find(mark)) >= 0]
    end = min(ends, default=len(uri))
    if "," in uri[:end] or "?" in uri[:end]:
        raise ParseError(f"a URI with a comma or question mark needs <>: {excerpt(text)}")
    return uri[:end], uri[end:]


def _repair_parameters(text: str) -> Parameters:
    """Keep the parameters that can be read; what stands before the first semicolon is none."""
    kept: dict[str, str | None] = {}
    _, _, text = text.partition(";")
    for piece in text.split(";"):
        name, equals, value = (part.strip(WHITE) for part in piece.partition("="))
        if is_token(name) and (
            is_token(value) or _QUOTED.fullmatch(value) or not (equals or value)
        ):
            kept.setdefault(name.lower(), value if equals else None)
    return Parameters(kept)


def repair_uri(text: str, *, any_host: bool = False) -> Uri:
    """Read a SIP URI in whose user part stands what must be escaped there; raise ParseError."""
    text = "".join(character for character in text.strip(_BLANK) if character not in "\r\n\0")
    if _reads(Uri.parse, text):
        return Uri.parse(text)
    scheme, _, rest = text.partition(":")
    if scheme.lower() not in {"sip", "sips"}:
        return Uri.parse(text)
    # The host is behind the last @: an @ before it belongs to the user.
    user, at, place = rest.rpartition("@")
    place, _, headers = place.partition("?")
    authority, _, parameters = place.partition(";")
    host, number = _repair_host_port(authority, any_host=any_host and bool(at))
    if len(user) > MOST_USER:
        raise ParseError(f"the user part is too long to be repaired: {excerpt(user)}")
    user = quote(user.strip(WHITE), safe=_USER_KEPT, errors="surrogateescape") + at
    port = "" if number is None else f":{number}"
    parameters = str(_repair_parameters(f";{parameters}"))
    headers = f"?{headers}" if headers else ""
    return Uri.parse(f"{scheme}:{user}{host}{port}{parameters}{headers}")


def _repair_host_port(authority: str, *, any_host: bool) -> tuple[str, int | None]:
    authority = _ZONE.sub("]", authority.strip(WHITE).removesuffix(":"))
    try:
        return read_host_port(authority)
    except ParseError:
        if any_host:
            return UNREADABLE, None
        raise


def as_route(address: NameAddress) -> NameAddress:
    """Give a route without <> its URI's parameters back: there its grammar knows no others (§20.34)."""
    if "lr" not in address.parameters or "lr" in address.uri.parameters:
        return address
    uri = address.uri.replace(parameters=address.parameters)
    return NameAddress(uri=uri)


# Request lines


def repair_request_line(line: str) -> str:
    """Write a request line anew that has blanks, <> or URI headers too many (RFC 4475 §3.1.2.8 to 13).

    What is between the method and the version can only be the URI. Its user decides and not its host, since the
    request was sent to us. Returns the line as it came where that is none.
    """
    words = line.split()
    if len(words) < 3:
        return line
    uri = " ".join(words[1:-1])
    try:
        read = repair_uri(uri.strip("<>"), any_host=True).replace(headers="")
    except ValueError:
        return line
    return f"{words[0]} {read} {words[-1]}"


# Bodies


def looks_like_sdp(body: bytes) -> bool:
    """Whether a body without a Content-Type can only be a session description."""
    return _AUDIO.search(body) is not None


def whole_body(body: bytes, length: int, *, typed: bool) -> tuple[bytes, str]:
    """Return the body of a datagram with a wrong Content-Length, and a note of the repair.

    RFC 3261 §18.3 cuts off what is beyond, and refuses what is short. The datagram has an end of its
    own, so a number that ends within a line was counted wrong, as is one past lines that are whole, and
    0 before a description.
    Raises ParseError where a part is missing. `typed`: whether a Content-Type says that there is one.
    """
    if length < len(body):
        cut, rest = body[:length], body[length:]
        in_line = not cut.endswith(b"\n") and rest[:1] not in {b"\r", b"\n", b"\0"}
        is_left_out = not cut and typed and rest.startswith(b"v=") and looks_like_sdp(rest)
        if not (is_left_out or (cut and in_line and rest.endswith(b"\n"))):
            return cut, ""
    elif (body and not body.endswith(b"\n")) or (typed and not body):
        raise ParseError(f"Content-Length is {length}, but the body has {len(body)} bytes")
    return body, f"Content-Length {length}: the body has {len(body)} bytes"
