"""What a telephone side needs of the switchboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from switchhook.routing.arrival import Arrival, Refused
    from switchhook.routing.events import Event


Recorded = Callable[[], None]
"""Learns that what an event brought about is durable. Raises nothing."""


class Ear(Protocol):
    """The switchboard, as a telephone side sees it. Every method returns at once and raises nothing."""

    def arrived(
        self, arrival: Arrival, expect: Callable[[str], None] = lambda _: None
    ) -> str | Refused:
        """Take a new call and return its id, or refuse it. `CallArrived` is heard by itself.

        `expect` gets the id before anything is done about the call: commands may come from then on.
        """

    def hear(self, call: str, event: Event, recorded: Recorded | None = None) -> None:
        """Put what happened into the call's mailbox; an unknown or ended call is ignored.

        `recorded` is called, once, when what the event brought about is durable, or when nothing will
        come of it; as long as the store cannot take it, it is not. The commands that follow from the
        event are carried out in the same turn of the loop.
        """
