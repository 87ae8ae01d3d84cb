"""Selects the actions that an event of a call brings about. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.call import Call
    from switchhook.domain.event import EventAction, EventKind


def actions_at(call: Call, kind: EventKind) -> Iterator[EventAction]:
    """Yield the actions at this moment of this call, in the order of the project file."""
    for event in call.snapshot.events:
        if event.event is kind and call.passes(event.filter):
            yield from event.actions
