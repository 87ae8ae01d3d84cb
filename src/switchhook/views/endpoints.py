"""What endpoints cost, for programs and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.views.text import iso, one_line, seconds

if TYPE_CHECKING:
    from switchhook.operations.calls.endpoint_cost import CostReport


def cost_as_json(report: CostReport) -> dict[str, Any]:
    """Return it for programs; times are seconds."""
    return {
        "calls": report.calls,
        "reached": iso(report.reached),
        "is_cut": report.is_cut,
        "webhooks": [
            {
                "webhook": one.webhook,
                "asks": one.asks,
                "failed": one.failed,
                "p50": round(one.p50, 4),
                "p99": round(one.p99, 4),
                "longest": round(one.longest, 4),
                "total": round(one.total, 3),
                "hung_up": one.hung_up,
                "hung_up_after": round(one.waited, 3) if one.hung_up else None,
            }
            for one in report.costs
        ],
    }


def cost_rows(report: CostReport) -> list[tuple[str, ...]]:
    """Return a row for each webhook, for people."""
    return [
        (
            one_line(one.webhook),
            f"{one.asks:,}",
            f"{one.failed:,}",
            seconds(one.p50),
            seconds(one.p99),
            seconds(one.longest),
            f"{one.hung_up:,}, after {seconds(one.waited)}" if one.hung_up else "0",
        )
        for one in report.costs
    ]
