"""The circuit breaker of an endpoint. Pure: `now` comes as an argument.

Closed, it lets every ask pass and counts failures in a row. Too many open it: asks are held back until
the pause is over. Then one ask goes through as a probe; the others wait for what becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """After how many failures in a row a breaker opens, and for how long."""

    failures: int = 5
    """0: never."""
    pause: float = 30.0
    """Seconds."""

    def __post_init__(self) -> None:
        if self.failures < 0 or self.pause <= 0:
            raise ValueError("a breaker opens after 0 or more failures, for more than 0 seconds")


class BreakerDecision(StrEnum):
    """What the breaker decides of one ask."""

    ALLOW = "allow"
    PROBE = "probe"
    """It goes through, and its outcome decides for the others."""
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state of one endpoint's breaker. Closed and without failures, it need not be kept."""

    failures: int = 0
    """In a row, up to now."""
    open_until: float | None = None
    """Until when asks are held back; None: they are not."""
    is_retry_after: bool = False
    """Whether the endpoint itself asked for that."""

    @property
    def is_open(self) -> bool:
        """Say whether asks are held back, apart from a probe."""
        return self.open_until is not None


CLOSED = Breaker()


def admit(breaker: Breaker, policy: BreakerPolicy, now: float) -> tuple[Breaker, BreakerDecision]:
    """Say what may be done with an ask. A probe holds the others back for another pause at most."""
    if breaker.open_until is None or not policy.failures:
        return breaker, BreakerDecision.ALLOW
    if now < breaker.open_until:
        return breaker, BreakerDecision.REJECT
    return replace(breaker, open_until=now + policy.pause), BreakerDecision.PROBE


def succeeded(_: Breaker) -> Breaker:
    """Close the breaker: the endpoint answered."""
    return CLOSED


def failed(
    breaker: Breaker,
    policy: BreakerPolicy,
    now: float,
    *,
    admitted: BreakerDecision = BreakerDecision.ALLOW,
) -> Breaker:
    """Count a failure, and open the breaker at the limit. An ask from before it opened prolongs no pause."""
    failures = breaker.failures + 1
    if not policy.failures or failures < policy.failures:
        return replace(breaker, failures=failures)
    if breaker.is_open and admitted is not BreakerDecision.PROBE:
        return replace(breaker, failures=failures)
    return Breaker(failures=failures, open_until=now + policy.pause)


def retry_after(breaker: Breaker, policy: BreakerPolicy, now: float, seconds: float) -> Breaker:
    """Open the breaker for as long as Retry-After says, at most for the policy's pause."""
    if not policy.failures:
        return replace(breaker, failures=breaker.failures + 1)
    until = max(now + min(seconds, policy.pause), breaker.open_until or now)
    return Breaker(failures=breaker.failures + 1, open_until=until, is_retry_after=True)


def cancelled(breaker: Breaker, now: float) -> Breaker:
    """Let the next ask be the probe, where the caller of this one hung up."""
    return replace(breaker, open_until=now) if breaker.is_open else breaker
