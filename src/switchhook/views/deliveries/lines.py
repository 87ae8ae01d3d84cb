"""Deliveries as rows of a list for people, and what went over the wire for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.views.as_json import delivery, delivery_story
from switchhook.views.exchanges import answer_headers, phases_of
from switchhook.views.text import iso

if TYPE_CHECKING:
    from switchhook.operations.history import DeliveryStory
    from switchhook.storage.records import DeliveryRow


def delivery_line(row: DeliveryRow, *, now: float, next_in: float | None = None) -> dict[str, Any]:
    """Return a delivery as its row: `tries` counts attempts, `age` is in seconds since the event.

    `next_in` are the seconds until its next attempt, where that is known.
    """
    shown = delivery(row)
    latest = shown["latest"] or {}
    return shown | {
        "tries": latest.get("number", 0),
        "age": max(0.0, now - row.delivery.occurred_at),
        "status": latest.get("status", 0),
        "error": latest.get("detail") or "",
        "notice": latest.get("notice") or "",
        "needs_somebody": row.needs_somebody,
        "checked": shown.get("checked"),
        "parked": shown.get("parked"),
        "host": _host(shown["url"]),
        "next_in": next_in,
    }


def _host(url: str) -> str:
    """Return the host of a URL, or whom a mail is for."""
    rest = url.partition("://")[2] or url.partition(":")[2]
    return rest.partition("/")[0].partition("?")[0]


def exchange_of(story: DeliveryStory) -> dict[str, Any]:
    """Return what is sent and what came back, attempt by attempt, secrets masked; times are seconds."""
    shown = delivery_story(story)
    return {
        "method": shown["method"],
        "url": shown["url"],
        "headers": shown["headers"],
        "body": shown["body"],
        "notes": shown.get("notes", []),
        "attempts": [
            one | _phases(dict(one.get("facts", {}))) | {"ended_at": iso(tried.at + tried.seconds)}
            for one, tried in zip(shown["attempts"], story.attempts, strict=True)
        ],
    }


def _phases(facts: dict[str, str]) -> dict[str, Any]:
    """Return where the time of an attempt went, and what else is known of it."""
    return {
        "phases": phases_of(facts),
        "address": facts.get("address", ""),
        "answer_headers": answer_headers(facts),
        "proved_by": facts.get("proved_by", ""),
    }
