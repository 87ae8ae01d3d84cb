"""Who may not get through, and where answers may not send a call: the same for the whole project."""

from __future__ import annotations

from dataclasses import dataclass

MORE = "*"
"""At the end of a blocked number: and whatever begins like it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """The project's lists. Numbers are compared without `+` and without a leading `00`."""

    blocked_callers: tuple[str, ...] = ()
    """Numbers that are turned away, each perhaps with `*` at its end for all that begin like it."""
    block_withheld: bool = False
    """Whether callers are turned away who do not show their number."""
    emergency_numbers: tuple[str, ...] = ("112", "911")
    """An account that dials one of these gets it at once: no webhook, no scheme, no colleague whose
    login looks like it."""
    allowed_prefixes: tuple[str, ...] = ()
    """Where there are any, an answer may send calls to no other outside numbers [A-58]."""
    denied_prefixes: tuple[str, ...] = ()
    """Outside numbers that an answer may not send calls to, such as premium-rate ones (S-78)."""

    def blocks(self, caller: str) -> bool:
        """Say whether this caller is turned away; an empty number is a withheld one."""
        if not caller:
            return self.block_withheld
        number = bare(caller)
        return any(_matches(number, bare(blocked)) for blocked in self.blocked_callers)

    def is_emergency(self, dialled: str) -> bool:
        """Say whether an account dialled for help."""
        return dialled in self.emergency_numbers

    def permits(self, number: str) -> bool:
        """Say whether an answer may send a call to this outside number.

        The longest prefix decides; of two equal ones the one that denies.
        """
        digits = bare(number)
        allowed = _longest(digits, self.allowed_prefixes)
        denied = _longest(digits, self.denied_prefixes)
        if denied >= 0:
            return allowed > denied
        return allowed >= 0 or not self.allowed_prefixes


NO_SCREENING = Screening()


def bare(number: str) -> str:
    """Return a number without what marks it as international."""
    return number.removeprefix("+").removeprefix("00")


def _matches(number: str, blocked: str) -> bool:
    if blocked.endswith(MORE):
        return number.startswith(blocked.removesuffix(MORE))
    return number == blocked


def _longest(digits: str, prefixes: tuple[str, ...]) -> int:
    """Return the length of the longest prefix that fits, -1 where none does."""
    fitting = (bare(prefix) for prefix in prefixes if digits.startswith(bare(prefix)))
    return max(map(len, fitting), default=-1)
