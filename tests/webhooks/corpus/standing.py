"""Whether a destination stands in a body: the judge of "no reader invents one", apart from the readers' code.

A number stands there when some stretch of digits and separators, as long as it goes, has its digits and no
others, but for the zero in brackets of `+44 (0) 20`: neither cut from a longer stretch nor joined of two. A login or an address stands there letter by letter.
Escapes are resolved before, each kind by itself.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

from switchhook.domain.target import Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.project import ProjectSnapshot

_SEPARATORS = " \t\u00a0\u2000-\u200f\u2010\u2011\u202a\u202c\u202d\u202f\u205f\u2060\u2066\u2068\u2069\u3000\ufeff"
_STRETCH = re.compile(rf"[0-9+().\-{_SEPARATORS}]+")
_CHARSETS = ("utf-8", "cp1252")
_WIDE = str.maketrans("\uff0b\uff08\uff09\uff0d\uff0e\u30fc", "+()-.-")
_TRUNK_ZERO = re.compile(rf"\([{_SEPARATORS}]*0[{_SEPARATORS}]*\)")
_LITERAL = re.compile(
    r"(?<![\w.])(?:[0-9],[0-9]+[eE][-+]?[0-9]{1,3}|[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?)"
)
"""The first is a spreadsheet's, where a comma is the decimal point."""
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([bfnrt])|(.))", re.DOTALL)


def stands_in(target: Target, body: bytes, snapshot: ProjectSnapshot) -> bool:
    """Say whether the body names this target, and the plan lets it ring."""
    match target.kind:
        case TargetKind.NUMBER:
            return target.value.removeprefix("+") in _numbers(body)
        case TargetKind.ACCOUNT:
            named = any(target.value in text for text in _texts(body))
            return target.value in snapshot.accounts and (named or target.value in _numbers(body))
        case TargetKind.GROUP:
            named = any(target.value in text for text in _texts(body))
            return target.value in snapshot.groups and (named or target.value in _numbers(body))
        case TargetKind.ADDRESS:
            host = re.sub(r"^sips?:[^@]+@|[:;].*$", "", target.value)
            bare = re.sub(r"^sips?:|[;:][^@]*$", "", target.value).lower()
            named = any(bare in text.lower() for text in _texts(body))
            return named and host in snapshot.project.allowed_sip_hosts


def _numbers(body: bytes) -> set[str]:
    found = set()
    for text in map(_in_ascii, _texts(body)):
        for stretch in _STRETCH.findall(text):
            found.add(re.sub(r"[^0-9]", "", stretch))
            found.add(re.sub(r"[^0-9]", "", _TRUNK_ZERO.sub("", stretch, count=1)))
        for literal in _LITERAL.findall(text):
            number = Decimal(literal.replace(",", "."))
            if number == number.to_integral_value() and len(literal) < 80:
                found.add(str(int(number)))
    return found


def _in_ascii(text: str) -> str:
    """Return the text with the digits of every script as 0 to 9, and wide marks beside them as narrow ones."""
    digits = "".join(str(int(char)) if char.isdecimal() else char for char in text)
    return digits.translate(_WIDE)


def _texts(body: bytes) -> Iterator[str]:
    """Yield the body's text with no escape resolved, then with those of JSON, then of forms."""
    plain = body.replace(b"\0", b"")  # of UTF-16, with its mark or without
    for text in (*(body.decode(c, "replace") for c in _CHARSETS), plain.decode("utf-8", "replace")):
        yield text
        yield _ESCAPED.sub(_resolved, text)
        yield unquote(text)
        yield unquote_to_bytes(text).decode("cp1252", "replace")


def _resolved(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return "\n" if escape[2] else escape[3]
