"""Times, durations and texts as people and programs read them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchhook.storage.delivery import DeliveryRequest

NOTHING = "–"
"""Stands where there is no value."""


def clock(at: float | None) -> str:
    """Return date and time of this machine's zone, to the second, with the zone's name."""
    if at is None:
        return NOTHING
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z").rstrip()


def iso(at: float | None) -> str | None:
    """Return date and time with its zone, for programs."""
    if at is None:
        return None
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="milliseconds")


def seconds(duration: float | None) -> str:
    """Return a duration as people read it."""
    if duration is None:
        return NOTHING
    if duration < 1:
        return f"{duration * 1000:.0f} ms"
    return (
        f"{duration:.1f} s" if duration < 60 else f"{duration // 60:.0f}:{duration % 60:02.0f} min"
    )


def one_line(text: str) -> str:
    """Keep what came from outside from moving the cursor or breaking the line."""
    return "".join(char if char.isprintable() else "·" for char in text)


def notes_of(request: DeliveryRequest) -> tuple[str, ...]:
    """Return what is to be said of the values of a request, each on one line."""
    return tuple(map(one_line, request.notes))
