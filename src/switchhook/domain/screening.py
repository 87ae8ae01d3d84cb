"""Who may not get through, and where answers may not send a call: the same for the whole project."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.domain.dialling import ANYWHERE, Dialling
from switchhook.domain.target import written_number

MORE = "*"
"""At the end of a blocked number: and whatever begins like it."""
LEAST_OUTSIDE = 7
"""Digits from which the user of a SIP address is an outside number, and not somebody's extension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """The project's lists. Numbers are the same in each spelling that its country knows."""

    blocked_callers: tuple[str, ...] = ()
    """Numbers that are turned away, each perhaps with `*` at its end for all that begin like it."""
    block_withheld: bool = False
    """Whether callers are turned away who do not show their number."""
    emergency_numbers: tuple[str, ...] = ("112", "911")
    """An account that dials one of these gets it at once: no webhook, no scheme, no colleague whose
    login looks like it. An answer may name them whatever the prefixes say."""
    allowed_prefixes: tuple[str, ...] = ()
    """Where there are any, an answer may send calls to no other outside numbers [A-58]."""
    denied_prefixes: tuple[str, ...] = ()
    """Outside numbers that an answer may not send calls to, such as premium-rate ones (S-78)."""

    def blocks(self, caller: str, dialling: Dialling = ANYWHERE) -> bool:
        """Say whether this caller is turned away; an empty number is a withheld one."""
        if not caller:
            return self.block_withheld
        number = written_number(caller) or caller
        spellings = _surely(number, dialling)
        return any(_matches(spellings, blocked, dialling) for blocked in self.blocked_callers)

    def is_emergency(self, dialled: str) -> bool:
        """Say whether somebody dialled for help, with nothing but a `+` or blanks added."""
        return "".join(dialled.split()).removeprefix("+") in self.emergency_numbers

    def emergency(self, dialled: str, dialling: Dialling = ANYWHERE) -> str:
        """Return the emergency number in what was dialled, with any prefix before it; "" for none."""
        number = written_number(dialled)
        meanings = dialling.meanings(number) if number else ()
        bare_ones = (meaning.removeprefix(dialling.country_code) for meaning in meanings)
        found = (number.removeprefix("+"), *meanings, *bare_ones)
        return next((one for one in found if one in self.emergency_numbers), "")

    def permits(self, number: str, dialling: Dialling = ANYWHERE) -> bool:
        """Say whether an answer may send a call to this outside number.

        The longest prefix decides; of two equal ones the one that denies. A number is denied when
        anything that it may mean is, and allowed only for what it means surely.
        """
        if self.emergency(number, dialling):
            return True
        surely = _surely(number, dialling)
        possibly = (*dialling.meanings(number), *surely)
        if any(self._denies(meaning, dialling) for meaning in possibly):
            return False
        return not self.allowed_prefixes or any(
            _longest(meaning, self.allowed_prefixes, dialling) >= 0 for meaning in surely
        )

    def permits_address(self, user: str, dialling: Dialling = ANYWHERE) -> bool:
        """Say whether an answer may send a call to a SIP address with this user part.

        Behind a gateway's name such a user is a telephone number; a short one is an extension there,
        which need not be among those that are allowed.
        """
        number = written_number(user)
        if not number:
            return True
        if len(number) >= LEAST_OUTSIDE or number.startswith("+"):
            return self.permits(number, dialling)
        return not self._denies(number, dialling)

    def _denies(self, digits: str, dialling: Dialling) -> bool:
        denied = _longest(digits, self.denied_prefixes, dialling)
        return denied >= 0 and denied >= _longest(digits, self.allowed_prefixes, dialling)


NO_SCREENING = Screening()


def bare(number: str) -> str:
    """Return a number without what marks it as international."""
    return number.removeprefix("+").removeprefix("00")


def _surely(number: str, dialling: Dialling) -> tuple[str, ...]:
    """Return what a number means in the first place, and its digits as they are written."""
    meanings = dialling.meanings(number)
    return (*meanings[:1], bare(number))


def _spellings(prefix: str, dialling: Dialling) -> tuple[str, ...]:
    """Return the prefix as it was written, and one in national form as an international one too."""
    return _surely(prefix, dialling) if prefix.startswith("0") else (bare(prefix),)


def _matches(numbers: tuple[str, ...], blocked: str, dialling: Dialling) -> bool:
    """Say whether a number is the blocked one, in any of their spellings."""
    prefixes = _spellings(blocked.removesuffix(MORE), dialling)
    if blocked.endswith(MORE):
        return any(number.startswith(prefixes) for number in numbers)
    return any(number in prefixes for number in numbers)


def _longest(digits: str, prefixes: tuple[str, ...], dialling: Dialling) -> int:
    """Return the length of the longest prefix that fits, -1 where none does."""
    fitting = (
        spelling
        for prefix in prefixes
        for spelling in _spellings(prefix, dialling)
        if digits.startswith(spelling)
    )
    return max(map(len, fitting), default=-1)
