"""What endpoints cost callers: the delay that each adds, and who hung up while it was thinking; from stored exchanges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.storage.call_search import CallPlace
    from switchhook.storage.trails import CallTrails

MOST_CALLS: Final = 20_000
"""Calls that are looked at, the newest of the time: enough for a 99th percentile, and some tenths of a second."""
BATCH: Final = 500
"""Calls that are read at once: some milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCost:
    """What one webhook cost. Times are seconds, from the ask to its last try's answer or failure."""

    webhook: str
    asks: int
    failed: int
    p50: float
    p99: float
    longest: float
    total: float
    """All delays together."""
    hung_up: int
    """Callers who hung up while it was thinking; their asks are not among the others."""
    waited: float
    """How long these had waited for it, in the middle (median); 0 without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """What the webhooks of a project cost, the dearest first."""

    costs: tuple[EndpointCost, ...]
    calls: int
    """Calls that were looked at."""
    reached: float | None
    """When the earliest of them arrived, in unix seconds."""
    is_cut: bool
    """Whether there are earlier ones in the time that were not looked at."""


@dataclass(slots=True)
class _Delays:
    """The delays of one webhook."""

    settled: list[float] = field(default_factory=list)
    failed: int = 0
    left: list[float] = field(default_factory=list)


async def endpoint_costs(
    trails: CallTrails,
    project: str,
    *,
    since: float | None = None,
    until: float | None = None,
    most: int = MOST_CALLS,
) -> CostReport:
    """Return what the webhooks of a project cost in the newest `most` calls of a time. Raises StoreError."""
    found: dict[str, _Delays] = {}
    calls, reached = 0, None
    behind: CallPlace | None = None
    while True:
        page = await trails.exchanges(
            project, since=since, until=until, behind=behind, limit=min(BATCH, most - calls)
        )
        for one in page.exchanges:
            delays = found.setdefault(one.webhook, _Delays())
            if one.is_hung_up:
                delays.left.append(one.seconds)
                continue
            delays.settled.append(one.seconds)
            delays.failed += one.is_failed
        calls, behind = calls + page.calls, page.next
        reached = reached if page.reached is None else page.reached
        if behind is None or calls >= most:
            break
    costs = [_cost(name, delays) for name, delays in found.items()]
    costs.sort(key=lambda one: (-one.total, one.webhook))
    return CostReport(costs=tuple(costs), calls=calls, reached=reached, is_cut=behind is not None)


def _cost(name: str, delays: _Delays) -> EndpointCost:
    settled, left = sorted(delays.settled), sorted(delays.left)
    return EndpointCost(
        webhook=name,
        asks=len(settled),
        failed=delays.failed,
        p50=percentile(settled, 50),
        p99=percentile(settled, 99),
        longest=settled[-1] if settled else 0.0,
        total=sum(settled),
        hung_up=len(left),
        waited=percentile(left, 50),
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent are not above (nearest rank); 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
