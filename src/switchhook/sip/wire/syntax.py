"""The few rules of RFC 3261 §25.1 that several values share. Every function takes linear time."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv6Address
from typing import Final

from switchhook.sip.wire.errors import ParseError, excerpt

_ALPHANUMERIC: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TOKEN: Final = frozenset(_ALPHANUMERIC + "-.!%*_+`'~")
_HOST: Final = frozenset(_ALPHANUMERIC + "-._")
_IPV6: Final = frozenset("0123456789abcdefABCDEF:.")
MAX_PORT: Final = 65535
USUAL_DIGITS: Final = 9
WHITE: Final = " \t"
"""White space within a header; str.strip() alone would take much of Unicode with it."""


def is_token(text: str) -> bool:
    """Tell whether `text` is a token: a method, a header name, a tag."""
    return bool(text) and _TOKEN.issuperset(text)


def is_host(text: str) -> bool:
    """Tell whether `text` is made like a name, an IPv4 address or a bracketed IPv6 address."""
    if text.startswith("["):
        return text.endswith("]") and _IPV6.issuperset(text[1:-1])
    return bool(text) and _HOST.issuperset(text)


def is_one_line(text: str) -> bool:
    """Tell whether `text` can stand in a header without ending it."""
    # CR, LF and NUL end a header in one parser or another. A set, asked for each character, takes ten times as long.
    return "\n" not in text and "\r" not in text and "\0" not in text


def read_number(text: str, limit: int, what: str) -> int:
    """Read a decimal number from 0 to `limit`; leading zeros are legal (RFC 4475 §3.1.1.1)."""
    if len(text) <= USUAL_DIGITS and text.isdecimal() and text.isascii() and int(text) <= limit:
        return int(text)
    digits = text.lstrip("0") or text[-1:]
    # The length is compared first: int() refuses thousands of digits with an error of its own.
    if not (text.isascii() and text.isdigit()) or len(digits) > len(str(limit)):
        raise ParseError(f"{what} is not a number from 0 to {limit}: {excerpt(text)}")
    if (number := int(digits)) > limit:
        raise ParseError(f"{what} is greater than {limit}: {number}")
    return number


def read_host_port(text: str) -> tuple[str, int | None]:
    """Read `host[:port]`; the host may be a name of one label, an IPv4 address or `[IPv6]`.

    Names are not resolved and underscores are let through, for container hosts have them.
    """
    if text.startswith("["):
        address, closed, rest = text[1:].partition("]")
        if not closed:
            raise ParseError(f"the IPv6 address is never closed: {excerpt(text)}")
        host = f"[{_checked_ipv6(address)}]"
        if rest and not rest.lstrip(WHITE).startswith(":"):
            raise ParseError(f"something stands behind the IPv6 address: {excerpt(text)}")
        separator, port = (":", rest.lstrip(WHITE)[1:]) if rest.strip(WHITE) else ("", "")
    else:
        name, separator, port = text.partition(":")
        host = name.rstrip(WHITE)
        if not is_host(host):
            raise ParseError(f"this is no host: {excerpt(host)}")
    return host.lower(), read_number(port.strip(WHITE), MAX_PORT, "the port") if separator else None


def _checked_ipv6(address: str) -> str:
    try:
        zone = IPv6Address(address).scope_id
    except AddressValueError:
        raise ParseError(f"this is no IPv6 address: {excerpt(address)}") from None
    if zone is not None:
        raise ParseError(f"a zone means nothing to another machine: {excerpt(address)}")
    return address


def split_list(text: str, separator: str = ",") -> list[str]:
    """Split on `separator` outside "quotes" and <angle brackets>; strip, and drop empty pieces.

    A quote or bracket that is never closed takes the rest into its piece, whose parser refuses it.
    """
    if separator not in text:
        return [stripped] if (stripped := text.strip(WHITE)) else []
    pieces = text.split(separator)
    if '"' in text or "<" in text:
        pieces = _join_enclosed(pieces, separator)
    return [stripped for piece in pieces if (stripped := piece.strip(WHITE))]


def _join_enclosed(pieces: list[str], separator: str) -> list[str]:
    """Put together again what was split inside quotes or brackets."""
    joined: list[str] = []
    open_pieces: list[str] = []
    inside = ""
    for piece in pieces:
        open_pieces.append(piece)
        inside = _enclosure_after(piece, inside)
        if not inside:
            joined.append(separator.join(open_pieces))
            open_pieces.clear()
    if open_pieces:
        joined.append(separator.join(open_pieces))
    return joined


def _enclosure_after(piece: str, inside: str) -> str:
    """Say which closing character is awaited at the end of `piece`: `"`, `>` or none."""
    if not inside and '"' not in piece and "<" not in piece:
        return ""
    escaped = False
    for character in piece:
        if escaped:
            escaped = False
        elif inside:
            if character == inside:
                inside = ""
            elif character == "\\" and inside == '"':
                escaped = True
        elif character == '"':
            inside = '"'
        elif character == "<":
            inside = ">"
    return inside


def end_of_quoted(text: str) -> int:
    """Return where the quoted string that opens `text` closes."""
    start = 1
    while (end := text.find('"', start)) >= 0:
        backslashes = end
        while backslashes > start and text[backslashes - 1] == "\\":
            backslashes -= 1
        if (end - backslashes) % 2 == 0:
            return end
        start = end + 1
    raise ParseError(f"a quote is never closed: {excerpt(text)}")


def quote(text: str) -> str:
    """Write `text` as a quoted string; CR, LF and NUL become spaces, for no quoting tames them."""
    if not is_one_line(text):
        text = text.replace("\r", " ").replace("\n", " ").replace("\0", " ")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote(quoted: str) -> str:
    """Read a quoted string, its quotes included."""
    inner = quoted[1:-1]
    if "\\" not in inner:
        return inner
    # Between two escaped backslashes stand only escapes of other characters.
    return "\\".join(part.replace("\\", "") for part in inner.split("\\\\"))
