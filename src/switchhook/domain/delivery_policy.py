"""The delivery policy of an action: what is delivered, tried again and parked; and who is told of endpoints that fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

USUAL_PAUSES: Final = (30.0, 120.0, 480.0, 1920.0, *(3600.0,) * 6)
"""The pauses before the first retry, the second, and so on, in seconds, where a policy names none."""
MAX_RETRIES: Final = len(USUAL_PAUSES)
MAX_PAUSE: Final = 7 * 86_400.0
"""Seconds between two attempts at most."""
GONE: Final = 410
"""The status of an endpoint that is there no longer (RFC 9110 §15.5.11): nothing is tried again after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """How deliveries to one endpoint are made. The default is that of an event webhook (R2-03, R2-04, A-23)."""

    success_codes: tuple[int, ...] = (200,)
    """Which statuses count as delivered (R2-03, A-22)."""
    response_timeout: float = 15.0
    """Seconds for one whole attempt."""
    retries: int = 0
    """How often a failed delivery is sent again by itself, 0 to 10 times (R2-04, A-23)."""
    pauses: tuple[float, ...] = ()
    """Seconds before each retry, in place of the usual ones and of `retries`."""
    final: frozenset[int] = frozenset({GONE})
    """Statuses after which nothing is tried again."""
    delay: float = 0.0
    """Seconds after its event before which a delivery is not sent."""
    max_age: float | None = None
    """Seconds after its event from which a delivery is sent no more; None: it is sent however late."""
    at_most_once: bool = False
    """Whether nothing is sent again that may have reached the endpoint, not even after a crash."""
    collapse: bool = False
    """Whether a newer event of the call takes the place of one that still waits."""
    keep_order: bool = True
    """Whether a call's events go to the endpoint's origin one after another."""
    order_key: str = ""
    """A call's events to webhooks of one key go out in order; empty: to webhooks of one origin."""
    max_concurrent: int | None = None
    """Requests of the project at once to the endpoint's origin, asks included; None: as many as come."""
    breaker_failures: int = 5
    """After so many failures in a row an endpoint is failing: its owner is warned, and where there are
    retries, its deliveries are parked. 0: never."""
    breaker_pause: float = 30.0
    """Seconds that deliveries are parked until one is sent as a probe; they double after each that fails."""
    parks: bool = True
    """Whether a failing endpoint's deliveries are parked; never without retries (R2-04, A-23)."""

    def __post_init__(self) -> None:
        if not 0 <= self.retries <= MAX_RETRIES:
            raise ValueError(f"a delivery is tried again 0 to 10 times, not {self.retries}")
        if len(self.pauses) > MAX_RETRIES:
            raise ValueError(f"a delivery is tried again 10 times at most, not {len(self.pauses)}")
        if not all(0 < pause <= MAX_PAUSE for pause in self.pauses):
            raise ValueError("a pause between attempts is above 0 and 7 days at most")
        if self.breaker_failures < 0 or self.breaker_pause <= 0:
            raise ValueError(
                "deliveries are parked after 0 or more failures, for more than 0 seconds"
            )

    @property
    def most_retries(self) -> int:
        """Return how often a failed delivery is sent again by itself."""
        return len(self.pauses) or self.retries

    @property
    def can_park(self) -> bool:
        """Say whether deliveries to a failing endpoint wait until it answers again."""
        return self.parks and self.most_retries > 0 and self.breaker_failures > 0

    def pause(self, attempts: int) -> float:
        """Return the whole pause after so many failed attempts, in seconds; `most_retries` have one."""
        return (self.pauses or USUAL_PAUSES)[attempts - 1]


DEFAULT_POLICY: Final = DeliveryPolicy()


class WarningKind(StrEnum):
    """What an owner is told of an endpoint; the value is stored, shown and documented, so it never changes."""

    FAILING = "endpoint.failing"
    """It failed several times in a row; each event is sent once all the same."""
    PARKED = "endpoint.parked"
    """It failed several times in a row; its deliveries wait until it answers again."""
    GONE = "endpoint.gone"
    """It says that it is there no longer (410)."""
    RECOVERED = "endpoint.recovered"
    """It takes deliveries again."""

    @property
    def word(self) -> str:
        """Return the last word of it."""
        return self.value.partition(".")[2]


WARNINGS: Final = "[warnings]"
"""The name that deliveries of warnings are listed under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerWarnings:
    """Who is told when an endpoint of a project fails again and again, is parked, and recovers."""

    to: tuple[str, ...] = ()
    """People, by mail; bare addresses."""
    url: str = field(default="", repr=False)
    """An endpoint that gets them as JSON; empty: none."""


NO_WARNINGS: Final = OwnerWarnings()
