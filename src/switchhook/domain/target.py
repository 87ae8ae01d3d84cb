"""A target that can ring: an outside number, an account or a group of the project, a SIP address."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

_BLANKS = (
    " \t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202d\u2060\u2066\u2068\u2069\ufeff"
"""Marks that come along when a number is copied out of a telephone's contacts or off a page."""
_WIDE = str.maketrans("\uff0b\uff0d\u30fc\uff08\uff09\uff0e", "+--().")
"""Signs beside the digits of other scripts, as keyboards there write them."""
_SEPARATORS = str.maketrans("", "", f"{_BLANKS}{_INVISIBLE}-\u2010\u2011\u2012().")
"""Characters that people write inside numbers and no switch dials [A-36], without the long dash, which may mean
a range."""
_PLAIN = str.maketrans(
    dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys(_INVISIBLE, "")
    | dict.fromkeys("\u2010\u2011\u2012", "-")
)
_MARKS = str.maketrans(dict.fromkeys(_BLANKS, " ") | dict.fromkeys(_INVISIBLE, ""))
_TWICE_ABROAD = re.compile(r"\A\+00(?=[1-9][0-9]{6})")
"""Both prefixes of an international number at once; a program added one of them."""
_TRUNK_ZERO = re.compile(
    r"(?P<before>[^0-9+]*+(?:(?:\+|00)[^0-9]*+(?P<code>(?:[0-9][^0-9(]*+){1,3})"
    r"|(?P<bare>[1-9][0-9]{1,2})[^0-9(]*+))\(\s*+0\s*+\)"
)
"""The trunk prefix behind a country code, `+44 (0) 20`: it is dialled inside the country only."""
_KEEP_ZERO = frozenset({"39", "225", "229", "242", "378", "379"})
"""Country codes whose numbers begin with a zero wherever they are dialled from (ITU-T E.164 national plans)."""


MAX_DIGITS = 15
"""Of an international number (ITU-T E.164)."""
MAX_EXIT_CODE_DIGITS = 4
"""Digits, as in `0011` of Australia."""


class TargetKind(StrEnum):
    """The kind of a target."""

    NUMBER = "number"
    """A telephone number behind a trunk; `value` holds digits, perhaps with a leading `+`."""
    ACCOUNT = "account"
    """An account of the call's own project; `value` holds its login."""
    GROUP = "group"
    """A group of the call's own project; `value` holds its name. Its accounts ring, each on a leg."""
    ADDRESS = "address"
    """A SIP address elsewhere; `value` holds a `sip:` or `sips:` URI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing that can ring."""

    kind: TargetKind
    value: str

    def __post_init__(self) -> None:
        if not self.value or not self.value.isprintable() or " " in self.value:
            raise ValueError(f"a target is one printable word, not {self.value!r}")

    def __str__(self) -> str:
        return self.value

    @property
    def user(self) -> str:
        """Return the user part of a SIP address, without its escapes."""
        return unquote(self.value.partition(":")[2].rpartition("@")[0])


def written_number(text: str) -> str:
    """Return the digits of a written number of any length, perhaps with a `+`; "" for none."""
    if text.isascii() and text.removeprefix("+").isdigit() and not text.startswith("+00"):
        return text
    cleaned = _without_trunk_zero(_ascii_digits(text)).translate(_SEPARATORS)
    cleaned = _TWICE_ABROAD.sub("+", cleaned)
    digits = cleaned.removeprefix("+")
    return cleaned if digits.isascii() and digits.isdigit() else ""


def _ascii_digits(text: str) -> str:
    """Return a text with the digits of every script as ASCII ones (Unicode, General_Category Nd)."""
    if text.isascii():
        return text
    text = text.translate(_WIDE)
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _without_trunk_zero(text: str) -> str:
    """Return a written number without the `(0)` behind its country code."""
    found = _TRUNK_ZERO.match(text) if "(" in text else None
    if found is None:
        return text
    code = "".join(filter(str.isdigit, found["code"] or found["bare"]))
    return text if code in _KEEP_ZERO else found["before"] + text[found.end() :]


def without_marks(text: str) -> str:
    """Return a text with plain blanks, and without the invisible marks that come along when it is copied."""
    return text if text.isascii() else text.translate(_MARKS)


def without_separators(text: str) -> str:
    """Return a written number with what is never dialled left out, its blanks made plain, and its groups kept."""
    return _without_trunk_zero(_ascii_digits(text)).translate(_PLAIN)


def clean_number(text: str) -> str | None:
    """Return the dialable form of a written number, or None.

    Blanks, hyphens, brackets, dots and invisible marks are removed, and the `(0)` of `+44 (0) 20`; a leading
    `+` stays; 3 to 15 ASCII digits are left [A-36, A-58], and a few more where an exit code begins them.
    """
    cleaned = written_number(text)
    most = MAX_DIGITS + (MAX_EXIT_CODE_DIGITS if cleaned.startswith("00") else 0)
    return cleaned if 3 <= len(cleaned.removeprefix("+")) <= most else None
