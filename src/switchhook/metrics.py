"""What a running server counts where it happens: plain numbers, whose sums go out at `/metrics`."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

OK: Final = "ok"
"""The result of what succeeded; of what failed it is the kind of failure."""
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the classes of an exchange's duration."""
DELAYS: Final = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
"""Upper bounds of the classes of how late the event loop is; sound that waits for 0.02 s is heard as a gap."""


class Histogram:
    """How many durations fell into each class, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        """The longest of each class but the last, which has no bound; in seconds."""
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


@dataclass(slots=True, kw_only=True)
class Metrics:
    """Sums since the start. No key of them grows with callers, numbers, projects or endpoints."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Ended calls by direction and outcome."""
    talked: float = 0.0
    """Seconds of talk in them."""
    rejected: Counter[int] = field(default_factory=Counter)
    """Calls that were not taken, by SIP status."""
    asks: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By dialect and result."""
    shadow_asks: Counter[str] = field(default_factory=Counter)
    """Asks of shadow endpoints by result: same, different, failed, left_out."""
    ask_seconds: Histogram = field(default_factory=Histogram)
    """How long callers waited for an ask, whatever came of it."""
    attempts: Counter[str] = field(default_factory=Counter)
    """Of deliveries, by result."""
    attempt_seconds: Histogram = field(default_factory=Histogram)
    traces: Counter[str] = field(default_factory=Counter)
    """Of calls and of late deliveries, by result: exported (`ok`), `failed`, or `dropped`."""
    loop_delay: Histogram = field(default_factory=lambda: Histogram(DELAYS))
    """How late the event loop ran a timer."""


class Gauge(NamedTuple):
    """Something that goes up and down, as it is now."""

    name: str
    help: str
    value: float
