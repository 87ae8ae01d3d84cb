"""The project's screening: blocked callers, emergency numbers, prefixes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from switchhook.domain.dialling import ANYWHERE, MAX_DIGITS, Dialling
from switchhook.domain.numbering import canonical
from switchhook.domain.target import written_number

if TYPE_CHECKING:
    from collections.abc import Iterator

WILDCARD = "*"
"""At the end of a blocked number: and whatever begins like it."""
_LEADING = re.compile(r"\+?[0-9().\-]+")
_SERVICE = re.compile(r"[*#]+(?:[0-9]{2,3}[*#]|[0-9]{2})")
"""A service code before a number, such as one that hides the caller: `*31*`, `#31#`, `*67`."""
MIN_OUTSIDE_DIGITS = 7
"""Number of digits from which the user of a SIP address is an outside number and no extension."""


SOS = "urn:service:sos"
"""The service URN that telephones dial for an emergency without a number (RFC 5031)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """The project's lists. Numbers are the same in each spelling that its country knows."""

    blocked_callers: tuple[str, ...] = ()
    """Numbers that are turned away, each perhaps with `*` at its end for all that begin like it."""
    block_withheld: bool = False
    """Whether callers are turned away who do not show their number."""
    emergency_numbers: tuple[str, ...] = ("112", "911")
    """An account that dials one of these gets it at once: no webhook, no scheme, no colleague whose
    login looks like it. They are called whatever the other rules say."""
    allowed_prefixes: tuple[str, ...] = ()
    """Where there are any, calls go to no other outside numbers [A-58]."""
    denied_prefixes: tuple[str, ...] = ()
    """Outside numbers that no call goes to, such as premium-rate ones (S-78)."""

    def blocks(self, caller: str, dialling: Dialling = ANYWHERE) -> bool:
        """Say whether this caller is turned away; an empty number is a withheld one."""
        if not caller:
            return self.block_withheld
        if not self.blocked_callers:
            return False
        number = written_number(caller) or caller
        blocked = _spellings(self.blocked_callers, dialling)
        return any(
            spelling in blocked
            or any(start + WILDCARD in blocked for start in _prefixes_of(spelling))
            for spelling in (*_certain_meanings(number, dialling), canonical(number, dialling))
        )

    def is_emergency(self, dialled: str) -> bool:
        """Say whether this is an emergency number, apart from a `+` or blanks."""
        if dialled == SOS:
            return bool(self.emergency_numbers)
        return "".join(_dialled(dialled).split()).removeprefix("+") in self.emergency_numbers

    def emergency(self, dialled: str, dialling: Dialling = ANYWHERE) -> str:
        """Return the emergency number in what was dialled, with any prefix before it; "" for none."""
        if dialled == SOS:
            return next(iter(self.emergency_numbers), "")
        number = written_number(_dialled(dialled))
        meanings = dialling.meanings(number) if number else ()
        bare_ones = (meaning.removeprefix(dialling.country_code) for meaning in meanings)
        found = (number.removeprefix("+"), *meanings, *bare_ones)
        return next((one for one in found if one in self.emergency_numbers), "")

    def permits(self, number: str, dialling: Dialling = ANYWHERE) -> bool:
        """Say whether a call may go to this outside number.

        The longest prefix decides; of two equal ones the one that denies. A number is denied when
        anything that it may mean is, and allowed only for what it means surely.
        """
        if self.emergency(number, dialling):
            return True
        surely = _certain_meanings(number, dialling)
        possibly = (*dialling.meanings(number), *surely)
        if number.startswith("000"):  # a carrier may leave out all that it cannot use
            possibly = (*possibly, number.lstrip("0"))
        if any(self._denies(meaning, dialling) for meaning in possibly):
            return False
        return not self.allowed_prefixes or any(
            _longest_prefix(meaning, self.allowed_prefixes, dialling) >= 0 for meaning in surely
        )

    def permits_address(self, user: str, dialling: Dialling = ANYWHERE) -> bool:
        """Say whether a call may go to a SIP address with this user part.

        Behind a gateway's name such a user is a telephone number; a short one is an extension there and needs
        no allowed prefix. Of `900123&x` a gateway may dial the digits, of `*31*900123` those behind the service
        code.
        """
        if user.startswith(("*", "#")):
            code = _SERVICE.match(user)
            readings = {user.lstrip("*#"), user[code.end() :] if code else ""}
            return all(self.permits_address(one, dialling) for one in readings)
        number = written_number(user) or _leading_number(user)
        if not number:
            return True
        if len(number) >= MIN_OUTSIDE_DIGITS or number.startswith("+"):
            return self.permits(number, dialling)
        return not self._denies(number, dialling)

    def _denies(self, digits: str, dialling: Dialling) -> bool:
        denied = _longest_prefix(digits, self.denied_prefixes, dialling)
        return denied >= 0 and denied >= _longest_prefix(digits, self.allowed_prefixes, dialling)


NO_SCREENING = Screening()


def _dialled(text: str) -> str:
    """Return what was dialled with the slash of an area code as a blank, as `grouping.dialled_number` reads it."""
    return text.replace("/", " ")


def without_international_prefix(number: str) -> str:
    """Return a number without what marks it as international."""
    return number.removeprefix("+").removeprefix("00")


def _leading_number(user: str) -> str:
    """Return the outside number that a user part begins with; "" without one."""
    found = _LEADING.match(user)
    number = "" if found is None else written_number(found[0])
    return number if len(number) >= MIN_OUTSIDE_DIGITS else ""


def _certain_meanings(number: str, dialling: Dialling) -> tuple[str, ...]:
    """Return what a number means in the first place, and its digits as they are written."""
    meanings = dialling.meanings(number)
    return (*meanings[:1], without_international_prefix(number))


@lru_cache(maxsize=1024)  # a list may be long, and each call is held to it
def _spellings(listed: tuple[str, ...], dialling: Dialling) -> frozenset[str]:
    """Return a list's entries as they were written, and those in national form as international ones too."""
    found: set[str] = set()
    for entry in listed:
        digits = entry.removesuffix(WILDCARD)
        spellings = (
            _certain_meanings(digits, dialling)
            if digits.startswith("0")
            else (without_international_prefix(digits),)
        )
        found |= {spelling + entry[len(digits) :] for spelling in spellings}
    return frozenset(found)


def _prefixes_of(number: str) -> Iterator[str]:
    """Yield all that a number begins with, the longest first."""
    return (number[:length] for length in range(min(len(number), MAX_DIGITS), -1, -1))


def _longest_prefix(digits: str, prefixes: tuple[str, ...], dialling: Dialling) -> int:
    """Return the length of the longest prefix that fits, -1 where none does."""
    if not prefixes:
        return -1
    spelled = _spellings(prefixes, dialling)
    return next((len(start) for start in _prefixes_of(digits) if start in spelled), -1)
