"""What became of what other programs brought in, as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from switchhook.operations.intake.foreign_events import ToldEvent
    from switchhook.storage.intake import CallImport


def import_status(of: CallImport) -> dict[str, Any]:
    """Return how an import stands, and each call of it."""
    return {
        "number": of.number,
        "state": of.state.value,
        "tell": of.tells,
        "calls": [
            {"reference": one.reference, "state": one.state.value, "call": one.call}
            for one in of.items
        ],
    }


def told_event(told: ToldEvent) -> dict[str, Any]:
    """Return what became of an event that is no call."""
    return {
        "event": told.event.kind.value,
        "subject": told.event.subject,
        "call": told.event.key,
        "deliveries": list(told.deliveries),
        "left_out": list(told.left_out),
    }
