"""The events of a project's stream, as they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.domain.event_stream import StreamEventType


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One event, written once; whoever reads it gets the same bytes."""

    project: str
    call: str
    seq: int
    """Its place among the call's events: 1, 2, 3 … without a gap."""
    type: StreamEventType
    at: float
    """Unix seconds."""
    body: bytes
    number: int = 0
    """Its place among the project's events, which the store gives: 1, 2, 3 … in the order of commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPage:
    """The next events of a project's stream behind a place."""

    events: tuple[StreamEvent, ...]
    """In the order of their numbers."""
    last: int
    """The number that was given last; 0 where none was."""
    deleted: int
    """The highest number of an event that was deleted since its time was over; 0 where none was."""
