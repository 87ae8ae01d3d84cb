"""The contract of the memories beside the store, which calls read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.event import Subscription
    from switchhook.domain.tracking.caller_history import ShownNumber, Visit, VisitCall
    from switchhook.routing.admission import Rejection
    from switchhook.routing.callback_admission import WantedCallback
    from switchhook.routing.events import TransferOrdered


class VisitMemory(Protocol):
    """Has it at hand for calls; the contracts are those of `tracking.memory`."""

    def visit(self, project: str, visit: str) -> Visit | None:
        """Return a visit that was told of."""

    def put_visit(self, visit: Visit) -> None:
        """Keep what is known of a visit now."""

    def show_number(self, shown: ShownNumber) -> None:
        """Keep who sees a number now."""

    def attach_call(self, attached: VisitCall) -> None:
        """Let a running call belong to a visit."""

    def erase(self, project: str, number: str, visits: tuple[str, ...]) -> None:
        """Forget a caller, and visits."""


class RunningCalls(Protocol):
    """The calls that run here; the contracts are those of the switchboard."""

    def call_back(self, wanted: WantedCallback, recorded: Callable[[], None]) -> str | Rejection:
        """Make a callback and return its call's id, or reject it; `recorded` is called when the call is durable."""

    def transfer(
        self, call: str, order: TransferOrdered, *, project: str | None = None
    ) -> str | None:
        """Transfer a party of a conversation; return why not, empty where it is begun, None without the call."""


class SubscriptionMemory(Protocol):
    """Has them at hand for calls; the contracts are those of `delivery.subscribers`."""

    def add(self, subscription: Subscription) -> None:
        """Let the next event be told to it, too."""

    def remove(self, number: int) -> None:
        """Let nothing be told to it any more, what was promised included."""
