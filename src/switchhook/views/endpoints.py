"""What endpoints cost, and what their shadows say, for programs and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.views.text import clock, iso, one_line, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.operations.calls.endpoint_cost import CostReport
    from switchhook.storage.shadows import ShadowAsk, ShadowCount


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


def shadows_as_json(counts: Iterable[ShadowCount], found: Iterable[ShadowAsk]) -> dict[str, Any]:
    """Return what shadow endpoints said for programs; times are seconds."""
    return {
        "webhooks": [
            {
                "webhook": one.webhook,
                "asks": one.asks,
                "different": int(one.different),
                "seconds": round(one.first_seconds, 4),
                "shadow_seconds": round(one.shadow_seconds, 4),
            }
            for one in counts
        ],
        "asks": [
            {
                "call": one.call,
                "ask": one.ask,
                "webhook": one.webhook,
                "at": iso(one.at),
                "answer": one.first,
                "shadow_answer": one.shadow,
                "seconds": round(one.first_seconds, 4),
                "shadow_seconds": round(one.shadow_seconds, 4),
            }
            for one in found
        ],
    }


def shadow_count_lines(counts: Iterable[ShadowCount]) -> list[str]:
    """Return a line for each webhook that has a shadow, for people."""
    return [
        f"{one_line(one.webhook)}: {int(one.different):,} of {one.asks:,} asks differ;"
        f" {seconds(one.first_seconds)} on average, its shadow {seconds(one.shadow_seconds)}"
        for one in counts
    ]


def shadow_rows(found: Iterable[ShadowAsk]) -> list[tuple[str, ...]]:
    """Return a row for each ask, for people."""
    return [
        (
            one.call,
            clock(one.at),
            one_line(one.webhook),
            f"{one_line(one.first)}\nin {seconds(one.first_seconds)}",
            f"{one_line(one.shadow)}\nin {seconds(one.shadow_seconds)}",
        )
        for one in found
    ]
