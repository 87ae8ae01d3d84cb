"""How many calls may leave the project for numbers that cost money: against toll fraud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from switchhook.quick_init import quick_init

UNLIMITED: Final = 0
"""As a limit: there is none."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much may go outside; 0 sets no limit."""

    concurrent_calls: int = UNLIMITED
    """Calls that ring or talk at the same time."""
    calls: int = UNLIMITED
    """A day, each target that is rung."""
    minutes: int = UNLIMITED
    """Of conversation, a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideCalls:
    """The project's rules. A day begins at midnight in the project's time zone."""

    hours: str = ""
    """The working hours within which outside numbers are called; empty: always."""
    concurrent_calls: int = 300
    calls_per_day: int = 20_000
    minutes_per_day: int = 20_000
    account_concurrent_calls: int = 5
    account_calls_per_day: int = 200
    account_minutes_per_day: int = 600

    @property
    def of_project(self) -> Allowance:
        """Return what all together may."""
        return Allowance(
            concurrent_calls=self.concurrent_calls,
            calls=self.calls_per_day,
            minutes=self.minutes_per_day,
        )


DEFAULT_LIMITS: Final = OutsideCalls()


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideUse:
    """An account's use of a day's allowance; the project's, when the account is empty."""

    project: str
    account: str
    day: str
    """As in ISO 8601, in the project's time zone."""
    calls: int = 0
    seconds: float = 0.0
    """Of conversations that are over."""
