"""What a check-up found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How bad it is."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    """Perhaps meant so."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One fact, and what to do where it is not good."""

    check: str
    """What was looked at: ports, dns, tls, clock, disk, mail, nat, database, limits."""
    grade: Grade
    text: str
    advice: str = ""


def good(check: str, text: str) -> CheckResult:
    """Return a finding that needs nothing."""
    return CheckResult(check=check, grade=Grade.GOOD, text=text)


def doubtful(check: str, text: str, advice: str) -> CheckResult:
    """Return a finding that may be meant so."""
    return CheckResult(check=check, grade=Grade.DOUBTFUL, text=text, advice=advice)


def wrong(check: str, text: str, advice: str) -> CheckResult:
    """Return a finding that keeps something from working."""
    return CheckResult(check=check, grade=Grade.WRONG, text=text, advice=advice)
