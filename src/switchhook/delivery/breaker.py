"""When an endpoint that keeps failing is left alone for a while. Pure: `now` comes as an argument.

Closed, it lets every ask pass and counts failures in a row. Too many open it: asks are held back until
the pause is over. Then one ask goes through as a probe; the others wait for what becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """After how many failures in a row, and for how long."""

    failures: int = 5
    """0: never."""
    pause: float = 30.0
    """Seconds."""

    def __post_init__(self) -> None:
        if self.failures < 0 or self.pause <= 0:
            raise ValueError("a breaker opens after 0 or more failures, for more than 0 seconds")


class BreakerVerdict(StrEnum):
    """What may be done with one ask."""

    GO = "go"
    PROBE = "probe"
    """It goes through, and its outcome decides for the others."""
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What is known of one endpoint. Closed and without failures, it is like one never heard of."""

    failures: int = 0
    """In a row, up to now."""
    closed_to: float | None = None
    """Until when asks are held back; None: they are not."""
    is_asked: bool = False
    """Whether the endpoint itself asked for that."""

    @property
    def is_open(self) -> bool:
        """Say whether asks are held back, apart from a probe."""
        return self.closed_to is not None


HEALTHY = Breaker()


def admit(breaker: Breaker, policy: BreakerPolicy, now: float) -> tuple[Breaker, BreakerVerdict]:
    """Say what may be done with an ask. A probe holds the others back for another pause at most."""
    if breaker.closed_to is None or not policy.failures:
        return breaker, BreakerVerdict.GO
    if now < breaker.closed_to:
        return breaker, BreakerVerdict.SKIP
    return replace(breaker, closed_to=now + policy.pause), BreakerVerdict.PROBE


def succeeded(_: Breaker) -> Breaker:
    """The endpoint answered; whatever was before is forgotten."""
    return HEALTHY


def failed(
    breaker: Breaker,
    policy: BreakerPolicy,
    now: float,
    *,
    admitted: BreakerVerdict = BreakerVerdict.GO,
) -> Breaker:
    """The endpoint failed once more. One that was asked before it opened prolongs no pause."""
    failures = breaker.failures + 1
    if not policy.failures or failures < policy.failures:
        return replace(breaker, failures=failures)
    if breaker.is_open and admitted is not BreakerVerdict.PROBE:
        return replace(breaker, failures=failures)
    return Breaker(failures=failures, closed_to=now + policy.pause)


def asked_to_wait(breaker: Breaker, policy: BreakerPolicy, now: float, seconds: float) -> Breaker:
    """The endpoint wants to be left alone for so long: one failure is enough. No pause is longer than usual."""
    if not policy.failures:
        return replace(breaker, failures=breaker.failures + 1)
    until = max(now + min(seconds, policy.pause), breaker.closed_to or now)
    return Breaker(failures=breaker.failures + 1, closed_to=until, is_asked=True)


def abandoned(breaker: Breaker, now: float) -> Breaker:
    """A probe came to no end, for its caller hung up: the next ask is the probe."""
    return replace(breaker, closed_to=now) if breaker.is_open else breaker
