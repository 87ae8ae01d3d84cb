"""The ports of the switchboard. Their docstrings are the contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from switchhook.domain.call import Call
    from switchhook.domain.outside import OutsideUse
    from switchhook.domain.target import Target
    from switchhook.domain.tracking.caller_history import Caller
    from switchhook.storage.delivery import Delivery
    from switchhook.tracking.outside_limiter import Forbidden
    from switchhook.webhooks.http import Exchange, HttpRequest


class CallTracking(Protocol):
    """Knows callers and visitors; the tracking memory. Never blocks."""

    def admit(self, call: Call) -> tuple[Call, tuple[Caller, ...]]:
        """Return a new call with what is known, and what has to be stored with it."""

    def ended(self, call: Call) -> tuple[Caller, ...]:
        """Take what an ended call leaves behind; return what has to be stored with its end."""

    def let_go(self, call: Call) -> Call:
        """Forget an ended call; return it with what is known of it, for what is told of it later."""

    def facts_of(self, call: Call) -> Mapping[str, str]:
        """Return what webhooks may be told of a call from outside it, under parameters' keys."""


class OutsideCallLimits(Protocol):
    """Counts outside calls; the contracts are those of `tracking.outside_limiter`."""

    @property
    def has_changed(self) -> bool:
        """Say whether `over_at` may be another than it was."""

    def over_at(self, now: float) -> float | None:
        """Return when the first limit of minutes is reached, as far as is known now."""

    def begin(self, call: Call, leg: str, target: Target, now: float) -> Forbidden | None:
        """Count a leg that is about to be rung, or say why it may not be."""

    def noticed(self, call: Call, now: float) -> tuple[OutsideUse, ...]:
        """Take what became of a call's legs; return what has to be stored with it."""

    def resume(self, calls: Sequence[Call]) -> None:
        """Take up the outside legs of calls of an earlier process."""

    def overdrawn(self, now: float) -> Iterable[tuple[str, str]]:
        """Return the calls whose minutes are over, each with whose limit that is."""


class DeliveryDispatcher(Protocol):
    """Dispatches deliveries to their endpoints."""

    def dispatch(self, *deliveries: Delivery) -> None:
        """Dispatch deliveries that are committed. Returns at once."""


class AskSender(Protocol):
    """Sends one request to one endpoint; the sender, with the project's networks."""

    async def ask(
        self,
        call: Call,
        request: HttpRequest,
        *,
        deadline: float,
        connect: float | None = None,
        response: float | None = None,
    ) -> Exchange:
        """Return what came of it within `deadline` seconds. Raises nothing but CancelledError.

        Within these, `connect` bounds the seconds until a connection stands, and `response` those from
        then to the last byte.
        """
