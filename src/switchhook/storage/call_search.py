"""What calls are searched by, and a page of what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from switchhook.domain.call import Direction
from switchhook.domain.cause import Outcome
from switchhook.domain.target import written_number
from switchhook.storage.records import CallRow


class PartOf(StrEnum):
    """Where in a number some digits stand."""

    WHOLE = "whole"
    BEGIN = "begin"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPart:
    """Digits that stand somewhere in the number of who called from outside, or was called there."""

    digits: str
    at: PartOf

    def fits(self, number: str) -> bool:
        """Say whether these digits stand there in a number of plain digits."""
        match self.at:
            case PartOf.WHOLE:
                return number == self.digits
            case PartOf.BEGIN:
                return number.startswith(self.digits)
            case PartOf.END:
                return number.endswith(self.digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are looked for; a call has to fit all that is given. Times are unix seconds."""

    since: float | None = None
    """Calls that arrived then or later."""
    until: float | None = None
    """Calls that arrived before."""
    number: NumberPart | None = None
    outcomes: tuple[Outcome, ...] = ()
    """Calls that ended with one of these; none: whatever the outcome."""
    direction: Direction | None = None
    scheme: int | None = None
    """The scheme that the call was in last."""
    dialled: str = ""
    """The dialled number in plain digits, or what else was dialled."""
    account: str = ""
    """The login of an account that called, rang or transferred."""
    webhook: str = ""
    """The name of a webhook or event mail that was asked about the call or told of it."""
    has_failures: bool = False
    """Calls of which an ask failed, or a delivery was given up; with `webhook`, one of its own."""
    is_running: bool | None = None
    """Calls that run, or calls that have ended; None: both."""

    @property
    def narrows(self) -> bool:
        """Say whether something else than the time is given."""
        return self != CallFilter(since=self.since, until=self.until, is_running=self.is_running)


EVERY_CALL = CallFilter()


class CallPlace(NamedTuple):
    """A place in the list of calls, newest first: behind it come the calls that arrived earlier."""

    arrived_at: float
    number: int

    def __str__(self) -> str:
        """Write it as text, to go on from."""
        return f"{self.arrived_at!r}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """The next calls of a list."""

    calls: tuple[CallRow, ...]
    """Newest first."""
    next: CallPlace | None = None
    """The place to go on from; None where the list is at its end."""
    searched_to: float | None = None
    """When the earliest call arrived that was looked at, where the search stopped there and found fewer than asked for."""
    count: int | None = None
    """How many calls fit, from the begin of this page on; None where nobody asked."""
    has_more: bool = False
    """Whether there are, or may be, more than `count`."""


def plain_digits(number: str) -> str:
    """Return a written number as digits alone, international ones without `+` or `00`; "" for no number."""
    digits = written_number(number)
    return digits.removeprefix("+").removeprefix("00")
