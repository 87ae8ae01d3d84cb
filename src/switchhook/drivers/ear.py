"""What a telephone side needs of the switchboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from switchhook.routing.arrival import Arrival, Refused
    from switchhook.routing.events import Event


class Ear(Protocol):
    """The switchboard, as a telephone side sees it. Every method returns at once and raises nothing."""

    def arrived(self, arrival: Arrival) -> str | Refused:
        """Take a new call and return its id, or refuse it. `CallArrived` is heard by itself."""

    def hear(self, call: str, event: Event) -> None:
        """Put what happened into the call's mailbox; an unknown or ended call is ignored."""
