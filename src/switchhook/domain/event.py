"""The receivers of events, as the project file sets them up."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from switchhook.domain.cause import Outcome
from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.delivery_policy import DEFAULT_POLICY, DeliveryPolicy
from switchhook.domain.notification_options import NO_OPTIONS, NotificationOptions
from switchhook.domain.value_form import SentType, Special, ValueForm
from switchhook.domain.webhook import Field, Method, Node

if TYPE_CHECKING:
    from collections.abc import Mapping


class EventKind(StrEnum):
    """The events that are emitted: of calls (R2-09…15, and those of outgoing and internal calls), and foreign ones (N-07)."""

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
    FORM_SENT = "form.sent"
    DIALOGUE_STARTED = "dialogue.started"
    DIALOGUE_ENDED = "dialogue.ended"
    DEAL_CREATED = "deal.created"
    DEAL_CHANGED = "deal.changed"

    @property
    def is_foreign(self) -> bool:
        """Say whether it is of no call: another program posts it (N-07)."""
        return self in FOREIGN_KINDS

    @property
    def of(self) -> str:
        """Return what it is about: `incoming`, `outgoing` and `internal` calls, or `form`, `dialogue`, `deal`."""
        return self.value.partition(".")[0]


FOREIGN_KINDS: Final = frozenset(
    {
        EventKind.FORM_SENT,
        EventKind.DIALOGUE_STARTED,
        EventKind.DIALOGUE_ENDED,
        EventKind.DEAL_CREATED,
        EventKind.DEAL_CHANGED,
    }
)
"""The events that are no calls (N-07)."""
EVENT_FIELD: Final = "event_field"
"""The parameter of a foreign event's own fields, each under its name behind a colon."""
EVENT_SUBJECT: Final = "event_subject"
"""The parameter that names what a foreign event is about."""


class EventFormat(StrEnum):
    """The names of the formats that an event is told in (R2-27…30)."""

    JSON = "json"
    FORM = "form"
    RAW = "raw"
    JSON_RPC = "json-rpc"
    GA4 = "ga4"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFormat:
    """A JSON object in the body (R2-27)."""

    name: ClassVar = EventFormat.JSON
    fields: tuple[Node, ...] = ()
    in_array: bool = False
    """Whether it is the only item of an array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFormat:
    """The pairs of a form, urlencoded in the body (R2-30)."""

    name: ClassVar = EventFormat.FORM
    fields: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFormat:
    """A text of the webhook's own, perhaps with placeholders, or bytes (R2-28)."""

    name: ClassVar = EventFormat.RAW
    fields: ClassVar[tuple[Node, ...]] = ()
    body: str = field(default="", repr=False)
    placeholders: bool = True
    """Whether `{{parameter}}` in it stands for a value [A-28]."""
    binary: bytes = field(default=b"", repr=False)
    """The body where it is no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRpcFormat:
    """A JSON-RPC 2.0 call (R2-29)."""

    name: ClassVar = EventFormat.JSON_RPC
    rpc_method: str = ""
    """The method that is called."""
    notification: bool = False
    """Whether the call has no id, which asks for no answer [A-29]."""
    fields: tuple[Node, ...] = ()
    """Its `params`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ga4Format:
    """An event of Google Analytics 4, by its Measurement Protocol (R2-17, A-24)."""

    name: ClassVar = EventFormat.GA4
    measurement_id: str = ""
    """Of the web stream, `G-…`."""
    api_secret: str = field(default="", repr=False)
    event_name: str = "phone_call"
    session_timeout: float = 1800.0
    """Seconds without activity after which a session is over (N-12)."""
    fields: tuple[Node, ...] = ()
    """Its parameters, besides those of the session."""


AnyFormat = JsonFormat | FormFormat | RawFormat | JsonRpcFormat | Ga4Format
"""How an event is told, with the settings of that format alone."""
FORMATS: Mapping[EventFormat, type[AnyFormat]] = MappingProxyType(
    {kind.name: kind for kind in (JsonFormat, FormFormat, RawFormat, JsonRpcFormat, Ga4Format)}
)
"""Each format by its name."""


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
    withheld: bool | None = None
    """Whether the caller withholds the number; None: either."""
    min_duration: float = 0.0
    """Seconds of conversation, at least."""
    max_duration: float | None = None
    """Seconds of conversation, at most; None: no limit."""
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Fields of a foreign event, each with the values to pass (N-07)."""


NO_FILTER = EventFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWebhook:
    """An action of an event: tells an endpoint, afterwards and durably (R2)."""

    name: str
    """The name that its deliveries are listed under; no two actions of a project have the same."""
    url: str
    method: Method = Method.POST
    """As chosen; `webhooks.request` says which method really goes out."""
    format: AnyFormat = JsonFormat()
    policy: DeliveryPolicy = DEFAULT_POLICY
    keep_alive: bool = True
    user_agent: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Extra header lines, in order. A Content-Type or User-Agent here stands in place of our own, and
    with an empty value leaves it out (R2-23, A-27)."""
    credentials: Credentials = NO_CREDENTIALS
    send_id: bool = True
    """Whether each request bears its delivery's id in a `webhook-id` line, by which a receiver knows
    a second sending of the same event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMail:
    """An action of an event: tells people by e-mail (T-30, R5-53)."""

    name: str
    """As an event webhook's."""
    to: tuple[str, ...]
    """The recipients, each with a delivery of their own; bare addresses."""
    subject: str
    """May hold `{{parameter}}`, as `text` may."""
    text: str


EventAction = EventWebhook | EventMail
"""What is done at an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEvent:
    """A kind of event, of the calls that a filter lets pass, and its actions (R2-18…21, A-26)."""

    name: str
    """No two events of a project have the same."""
    event: EventKind
    filter: EventFilter = NO_FILTER
    webhooks: tuple[EventWebhook, ...] = ()
    mails: tuple[EventMail, ...] = ()

    @property
    def actions(self) -> tuple[EventAction, ...]:
        """Return all of them: webhooks, then mails."""
        return (*self.webhooks, *self.mails)


def default_action_name(event: str, place: int) -> str:
    """Return the name of an event's action that has none of its own; `place` counts from 0."""
    return event if place == 0 else f"{event} {place + 1}"


BUILT_IN: Final = "Google Analytics"
"""The name of the event and of its action; a project file has no other of this name."""
COLLECT_URL: Final = "https://www.google-analytics.com/mp/collect"
GOOGLE_RETRIES: Final = 10
"""While Google's endpoint is down, for most of a working day (N-18)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleAnalytics:
    """What a project says of its Google Analytics property, for the built-in event (R2-17, A-24).

    The event is there from the start, locked, and silent until it is set up.
    """

    measurement_id: str = ""
    """Of the web stream, `G-…`; empty: nothing is sent."""
    api_secret: str = field(default="", repr=False)
    """Of the Measurement Protocol."""
    url: str = COLLECT_URL
    session_timeout: float = 1800.0
    """Seconds without activity after which a session is over (N-12)."""
    delay: float = 0.0
    """Seconds after the call in which its visit may yet become known (N-18)."""

    @property
    def is_configured(self) -> bool:
        """Say whether calls are told."""
        return bool(self.measurement_id and self.api_secret)

    @property
    def event(self) -> ProjectEvent:
        """Return the built-in event."""
        webhook = EventWebhook(
            name=BUILT_IN,
            url=self.url,
            format=Ga4Format(
                measurement_id=self.measurement_id,
                api_secret=self.api_secret,
                session_timeout=self.session_timeout,
                fields=GOOGLE_PARAMETERS,
            ),
            policy=DeliveryPolicy(
                success_codes=tuple(range(200, 300)),
                retries=GOOGLE_RETRIES,
                keep_order=False,
                delay=self.delay,
            ),
            send_id=False,
        )
        return ProjectEvent(name=BUILT_IN, event=EventKind.INCOMING_AFTER, webhooks=(webhook,))


NOT_CONFIGURED: Final = GoogleAnalytics()


def _known(name: str, parameter: str, type_: SentType = SentType.TEXT) -> Field:
    form = ValueForm(type=type_, unknown=Special.OMIT)
    return Field(name=name, parameter=parameter, form=form)


GOOGLE_PARAMETERS: Final = (
    _known("call_id", "call_id"),
    _known("call_status", "status"),
    _known("direction", "direction"),
    _known("conversation", "conversation", SentType.NUMBER),
    _known("waiting_time", "waiting_time", SentType.NUMBER),
    _known("first_call", "unique_call"),
)
"""What the event says of the call. Google forbids what names a person, such as a telephone number."""


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
    options: NotificationOptions = NO_OPTIONS
    credentials: Credentials = NO_CREDENTIALS
    created_at: float
    """Unix seconds."""

    @property
    def webhook(self) -> str:
        """Return the name that its deliveries are listed under; no event webhook has such a name."""
        return f"{SUBSCRIPTION_PREFIX}{self.number}"
