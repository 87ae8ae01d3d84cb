"""How numbers are dialled in a country, so that one number is known in each of its spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERNATIONAL_PREFIX = "00"
"""The international prefix of nearly every country and of most carriers."""
MAX_DIGITS = 40
"""Digits that are looked at; a number has 15, and a prefix of a carrier's perhaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """The rules of one country, or of no country. Patterns are regular expressions."""

    country: str = ""
    """Its ISO 3166 code."""
    country_code: str = ""
    exit_code: str = ""
    """Begins numbers abroad, besides `00`."""
    trunk_prefix: str = ""
    """Begins national numbers; empty where nothing does."""
    trunk_rule: str = ""
    """The rewriting of a trunk prefix that holds groups."""
    former: str = ""
    """Begins international numbers as they were once; its first group is what is left of it."""
    lengths: tuple[int, ...] = ()
    """How many digits national numbers have without it."""

    def __hash__(self) -> int:
        return hash(self.country_code)  # much faster than all fields; hardly two share it

    def meanings(self, number: str) -> tuple[str, ...]:
        """Return the international digits that a written number may mean, the likeliest first.

        A number without `+` and without a leading zero is international as it stands (R1-28), though it may be
        national.
        """
        return _meanings(self, number[: MAX_DIGITS + 1])

    def _read(self, text: str, seen: set[str]) -> Iterator[str]:
        """Yield what a text may mean. One in `seen` was read already: zeros are an exit code at each place."""
        if text in seen:
            return
        seen.add(text)
        if text.startswith("+"):
            yield from self._international(text[1:])
            return
        abroad = [text[len(code) :] for code in self._exit_codes(text)]
        for rest in abroad:
            yield from self._read(rest, seen) if rest.startswith("0") else self._international(rest)
        if not text.startswith("0"):
            yield text
            if len(text) in self.lengths:
                yield self.country_code + text
        national = self._national(text)
        if not abroad and (national != text or text.startswith("0")):
            yield self.country_code + national

    def _exit_codes(self, text: str) -> Iterator[str]:
        for pattern in filter(None, (self.exit_code, INTERNATIONAL_PREFIX)):
            if (found := re.match(pattern, text)) is not None:
                yield found[0]

    def _international(self, digits: str) -> Iterator[str]:
        """Yield the digits; and without a trunk prefix that was written along: `+380 (0) 44`."""
        yield digits
        national = digits.removeprefix(self.country_code)
        if self.country_code and national != digits:
            yield self.country_code + self._national(national)

    def _national(self, text: str) -> str:
        """Return a national number without its trunk prefix."""
        found = re.match(self.trunk_prefix, text) if self.trunk_prefix else None
        if found is None:
            return text
        has_rule = self.trunk_rule and found.lastindex == found.re.groups
        kept = found.expand(self.trunk_rule) if has_rule else ""
        return kept + text[found.end() :]


@lru_cache(maxsize=4096)  # a caller's number is read a dozen times in a call
def _meanings(dialling: Dialling, number: str) -> tuple[str, ...]:
    found = tuple(dialling._read(number, set()))  # noqa: SLF001 (the other half of `meanings`)
    if dialling.former:
        found = (*(re.sub(rf"\A{dialling.former}", r"\1", one) for one in found), *found)
    return tuple(dict.fromkeys(found))


ANYWHERE = Dialling()
