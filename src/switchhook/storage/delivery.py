"""A delivery of an event to one endpoint or person, and its attempts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote

from switchhook.domain.delivery_policy import WarningKind
from switchhook.domain.event import SUBSCRIPTION_PREFIX, EventKind
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.failure import Failure
from switchhook.quick_init import quick_init
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import Mail

DeliveryRequest: TypeAlias = HttpRequest | Mail
"""What a delivery sends: one value for each transport. A store keeps each in its own form."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request to one endpoint, or one mail to one person, committed before it is sent.

    Written with the event. The request was rendered once; every attempt sends the same bytes under the same id.
    Of one that waits by choice it is a draft, which another may replace before the first attempt, and none after.
    """

    id: str
    """`<call id>.<seq>.<webhook name, percent-encoded>`, of a mail with `.<recipient>` behind it: the same
    whenever it is made again from the same event."""
    project: str
    call: str
    seq: int
    """The event's place among the call's events, or among those of its stream: 1, 2, 3 …; deliveries of one
    call to one webhook go out in this order."""
    event: EventKind | StreamEventType | WarningKind
    webhook: str
    """The name of the event webhook or of the event mail; of a warning, `WARNINGS`."""
    occurred_at: float
    """Unix seconds."""
    request: DeliveryRequest
    success_codes: tuple[int, ...]
    response_timeout: float
    """Seconds for one whole attempt."""
    keep_alive: bool = True

    @property
    def is_draft(self) -> bool:
        """Say whether its request is written anew before the first attempt."""
        return isinstance(self.request, HttpRequest) and self.request.is_draft

    @property
    def final_request(self) -> DeliveryRequest:
        """Return its request as it is sent, where nothing better is known."""
        match self.request:
            case HttpRequest() as request if request.is_draft:
                return replace(request, is_draft=False)
            case request:
                return request

    @property
    def is_to_subscriber(self) -> bool:
        """Say whether it belongs to a subscription; else to the project file."""
        return self.webhook.startswith(SUBSCRIPTION_PREFIX)

    @property
    def is_warning(self) -> bool:
        """Say whether it tells the project's owner of an endpoint that fails."""
        return isinstance(self.event, WarningKind)


def delivery_id(call: str, seq: int, webhook: str, recipient: str = "") -> str:
    """Return the id of the delivery of a call's event to one webhook, or to one person by mail."""
    name = f"{call}.{seq}.{_encoded(webhook)}"
    return f"{name}.{_encoded(recipient)}" if recipient else name


def is_id_of_call(delivery: str, call: str) -> bool:
    """Say whether this is the id of a delivery of the call."""
    return delivery.startswith(f"{call}.")


@lru_cache(maxsize=1_000)  # each webhook's stands in all its deliveries
def _encoded(name: str) -> str:
    return quote(name, safe="")


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One finished attempt of a delivery. Insert-only."""

    delivery: str
    project: str
    number: int
    """1 for the first attempt."""
    at: float
    """Unix seconds when the attempt began."""
    seconds: float
    """How long it took."""
    status: int
    """The HTTP status, or the mail server's code; 0 when no whole response came."""
    failure: Failure | None
    """None when the endpoint answered with one of the success codes."""
    answer: bytes = b""
    """The first 4 KiB of the response's body, or of the mail server's reply, for troubleshooting."""
    is_last: bool = True
    """Whether the delivery is settled by it: delivered, or given up."""
    asked: float | None = None
    """For how many seconds the endpoint wanted nothing more, where it said so (Retry-After)."""
    facts: tuple[tuple[str, str], ...] = ()
    """How the exchange went, under the names that a call's journal has for an ask: its address, the seconds of each
    phase; what it proved itself with; of a failure, the head of the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An endpoint that fails, from the failure that was one too many to its next success."""

    project: str
    webhook: str
    """The name that its deliveries are listed under."""
    since: float
    """Unix seconds."""
    failures: int
    """In a row, up to the latest change."""
    parks: int = 0
    """How often its deliveries were parked."""
    parked_for: float = 0.0
    """For how many seconds at a time."""
    parked_until: float | None = None
    """Unix seconds when one goes ahead as a probe; None: its deliveries are not parked."""
