"""The receivers of events, as the project file sets them up."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from switchhook.domain.cause import Outcome
from switchhook.domain.delivery_policy import DEFAULT_POLICY, DeliveryPolicy
from switchhook.domain.webhook import Method, Node


class EventKind(StrEnum):
    """The events of a call that are emitted (R2-09…15, and those of outgoing and internal calls)."""

    INCOMING_BEFORE = "incoming.before"
    INCOMING_FORWARDING = "incoming.forwarding"
    INCOMING_PICKUP = "incoming.pickup"
    INCOMING_RATED = "incoming.rated"
    INCOMING_TRANSFER = "incoming.transfer"
    INCOMING_AFTER = "incoming.after"
    OUTGOING_BEFORE = "outgoing.before"
    OUTGOING_FORWARDING = "outgoing.forwarding"
    OUTGOING_PICKUP = "outgoing.pickup"
    OUTGOING_TRANSFER = "outgoing.transfer"
    OUTGOING_AFTER = "outgoing.after"
    INTERNAL_FORWARDING = "internal.forwarding"
    INTERNAL_PICKUP = "internal.pickup"
    INTERNAL_TRANSFER = "internal.transfer"
    INTERNAL_AFTER = "internal.after"


class EventFormat(StrEnum):
    """How an event is written (R2-27…30)."""

    JSON = "json"
    FORM = "form"
    RAW = "raw"
    """A text of the webhook's own, perhaps with placeholders, or bytes."""
    JSON_RPC = "json-rpc"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which calls are told of (T-29). An empty tuple lets all pass; what is set must fit together."""

    outcomes: tuple[Outcome, ...] = ()
    """The outcomes to pass; a call has one at its end."""
    numbers: tuple[str, ...] = ()
    """The project's numbers that were called, as `Number.number` writes them."""
    schemes: tuple[int, ...] = ()
    """The schemes that the call is in."""
    accounts: tuple[str, ...] = ()
    """The logins of those who answered, or called."""
    departments: tuple[str, ...] = ()
    """Theirs."""
    min_duration: float = 0.0
    """Seconds of conversation, at least."""
    max_duration: float | None = None
    """Seconds of conversation, at most; None: no limit."""


NO_FILTER = EventFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWebhook:
    """Told about one kind of event, afterwards and durably (R2)."""

    name: str
    event: EventKind
    url: str
    method: Method = Method.POST
    """As chosen; `webhooks.request` says which method really goes out."""
    format: EventFormat = EventFormat.JSON
    rpc_method: str = ""
    """The method that a JSON-RPC call calls."""
    notification: bool = False
    """Whether that call has no id, which asks for no answer [A-29]."""
    body: str = field(default="", repr=False)
    """The text of the format raw."""
    placeholders: bool = True
    """Whether `{{parameter}}` in it stands for a value [A-28]."""
    binary: bytes = field(default=b"", repr=False)
    """The body of the format raw where it is no text."""
    policy: DeliveryPolicy = DEFAULT_POLICY
    keep_alive: bool = True
    user_agent: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Extra header lines, in order. A Content-Type or User-Agent here stands in place of our own, and
    with an empty value leaves it out (R2-23, A-27)."""
    send_id: bool = True
    """Whether each request bears its delivery's id in a `webhook-id` line, by which a receiver knows
    a second sending of the same event."""
    fields: tuple[Node, ...] = ()
    filter: EventFilter = NO_FILTER


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMail:
    """Tells people about one kind of event by e-mail (T-30, R5-53)."""

    name: str
    event: EventKind
    to: tuple[str, ...]
    """The recipients, each with a delivery of their own; bare addresses."""
    subject: str
    """May hold `{{parameter}}`, as `text` may."""
    text: str
    filter: EventFilter = NO_FILTER


Listener = EventWebhook | EventMail
"""A receiver of events. No two of a project have the same name."""


SUBSCRIPTION_PREFIX = "subscription "
"""The prefix of the names under which deliveries of subscriptions are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An endpoint that asked, over the HTTP API, to be told of each call until it says no more (T-31)."""

    project: str
    number: int = 0
    """Its id, which the store gives; none is given twice."""
    user: str
    """The user that subscribed."""
    target_url: str = field(repr=False)
    """Where notifications go. The URL is a secret and stays out of logs."""
    event: str
    """`custom` for every notification, or the one status that is told of."""
    internal: bool = True
    """Whether it is told of calls between accounts, too."""
    created_at: float
    """Unix seconds."""

    @property
    def webhook(self) -> str:
        """Return the name that its deliveries are listed under; no event webhook has such a name."""
        return f"{SUBSCRIPTION_PREFIX}{self.number}"
