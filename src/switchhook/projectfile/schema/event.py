"""The tables of events and their actions: read, written and documented from here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from switchhook.domain.cause import Outcome
from switchhook.domain.credentials import Credentials
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.event import (
    FORMATS,
    NO_FILTER,
    EventFilter,
    EventFormat,
    EventKind,
    EventMail,
    EventWebhook,
    GoogleAnalytics,
    ProjectEvent,
    default_action_name,
)
from switchhook.domain.webhook import Method
from switchhook.projectfile.rules.webhook import (
    check_event,
    check_event_filter,
    check_event_mail,
    check_event_webhook,
    check_google_analytics,
)
from switchhook.projectfile.schema.credentials import CREDENTIALS
from switchhook.projectfile.schema.delivery_policy import DELIVERY_POLICY
from switchhook.projectfile.schema.field import MAX_FIELDS, Sent
from switchhook.projectfile.schema.former import before_0_2
from switchhook.projectfile.schema.header import HEADERS, Pair
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey, Tables, Variants
from switchhook.projectfile.toml.value_types import (
    Base64,
    ListOf,
    OneOf,
    Passage,
    Reference,
    Seconds,
    Text,
    Whole,
    YesNo,
)
from switchhook.projectfile.types.project import (
    FREE_TEXT,
    LOGIN,
    MAIL_ADDRESS,
    NAME,
    Digits,
    WebAddress,
)
from switchhook.webhooks.dialects.ga4 import NAME as GA4_NAME

if TYPE_CHECKING:
    from switchhook.projectfile.toml.lines import KeyPath
    from switchhook.projectfile.toml.value_types import Location

A = TypeVar("A", EventWebhook, EventMail)

MEASUREMENT_ID = Text(what="a measurement id like G-AB12CD34EF", pattern=r"(?:G-[A-Z0-9]{2,20})?")
API_SECRET = Text(what="an API secret", most=128, pattern=r"[\x21-\x7e]*", secret=True)
GA4_EVENT = Text(what="letters, digits and underscores, a letter first", pattern=GA4_NAME.pattern)
SESSION_TIMEOUT = Seconds(60, 86_400)
EVENT_PARAMETER = Sent()
EVENT_PARAMETERS = ListOf(kind=EVENT_PARAMETER, most=MAX_FIELDS)
TALK = Seconds(0, 86_400)
MAX_RECIPIENTS = 20
MAX_ACTIONS = 100
"""Webhooks of one event, and its mails."""
MAIL_TEXT = """\
Caller: {{caller_id}}
Called number: {{destination_id}}
Date and time: {{date}}
Status: {{status}}
"""
EVENT_FIELDS = Pair(
    Table(
        make=lambda name, values: (name, values),
        keys=(
            TableKey("name", Text(what="name of a field", least=1, most=100), "name of the field"),
            TableKey(
                "values",
                ListOf(kind=Text(what="text on one line", most=2000), least=1, most=100),
                "values to pass",
            ),
        ),
    ),
    lambda pair: pair,
)
EVENT_FILTER = Table(
    make=EventFilter,
    review=check_event_filter,
    keys=(
        TableKey(
            "outcomes", ListOf(kind=OneOf(Outcome)), "what became of the call", default=DECLARED
        ),
        TableKey(
            "numbers",
            ListOf(kind=Reference(to="number", kind=Digits())),
            "numbers of the project that were called",
            default=DECLARED,
        ),
        TableKey(
            "schemes",
            ListOf(kind=Reference(to="scheme", kind=Whole(least=1, most=2**31 - 1))),
            "schemes that the call is in",
            default=DECLARED,
        ),
        TableKey(
            "accounts",
            ListOf(kind=Reference(to="account", kind=LOGIN)),
            "logins of those who answered, or called",
            default=DECLARED,
        ),
        TableKey("departments", ListOf(kind=FREE_TEXT), "their departments", default=DECLARED),
        TableKey(
            "withheld",
            YesNo(),
            "whether the caller withholds the number; unset: either",
            default=DECLARED,
        ),
        TableKey(
            "min_duration",
            TALK,
            "seconds of conversation, at least",
            default=DECLARED,
            former=before_0_2("shortest"),
        ),
        TableKey(
            "max_duration",
            TALK,
            "seconds of conversation, at most",
            default=DECLARED,
            former=before_0_2("longest"),
        ),
        TableKey(
            "fields",
            ListOf(kind=EVENT_FIELDS, most=50),
            "fields of a foreign event, each with the values to pass",
            default=DECLARED,
        ),
    ),
)
ACTION_NAME = TableKey(
    "name",
    NAME,
    "name that deliveries are listed under; without it, the event's, with its number from the second action on",
    default="",
)
EVENT_WEBHOOK = Table(
    make=EventWebhook,
    review=check_event_webhook,
    parts={
        "format": Variants(key="format", of=FORMATS),
        "policy": DeliveryPolicy,
        "credentials": Credentials,
    },
    keys=(
        ACTION_NAME,
        TableKey("url", WebAddress(), "endpoint that is told; `{parameter}` is filled in"),
        TableKey(
            "method",
            OneOf(Method, former=(Method.DELETE,)),
            "HTTP method",
            default=DECLARED,
        ),
        TableKey(
            "format",
            OneOf(EventFormat),
            "how it is written",
            default=DECLARED,
            attribute="format.name",
        ),
        TableKey(
            "in_array",
            YesNo(),
            "whether the object of format json is the only item of an array",
            default=DECLARED,
            attribute="format.in_array",
        ),
        TableKey(
            "rpc_method",
            FREE_TEXT,
            "method that is called with format json-rpc",
            default=DECLARED,
            attribute="format.rpc_method",
        ),
        TableKey(
            "notification",
            YesNo(),
            "whether that call has no id, and so gets no answer",
            default=DECLARED,
            attribute="format.notification",
        ),
        TableKey(
            "body",
            Passage(),
            "text that is sent with format raw",
            default=DECLARED,
            attribute="format.body",
        ),
        TableKey(
            "placeholders",
            YesNo(),
            "whether {{parameter}} in the body is filled in",
            default=DECLARED,
            attribute="format.placeholders",
        ),
        TableKey(
            "body_base64",
            Base64(),
            "body of format raw that is no text, such as an image",
            default=DECLARED,
            attribute="format.binary",
        ),
        *DELIVERY_POLICY,
        TableKey("keep_alive", YesNo(), "whether the connection is kept", default=DECLARED),
        TableKey(
            "send_id", YesNo(), "whether a webhook-id header names the delivery", default=DECLARED
        ),
        TableKey(
            "user_agent", FREE_TEXT, "User-Agent header; empty: Switchhook's own", default=DECLARED
        ),
        TableKey(
            "headers",
            HEADERS,
            "further headers; an empty Content-Type or User-Agent leaves ours out",
            default=DECLARED,
        ),
        *CREDENTIALS,
        TableKey(
            "measurement_id",
            MEASUREMENT_ID,
            "id of the web stream with format ga4, `G-…`",
            default=DECLARED,
            attribute="format.measurement_id",
        ),
        TableKey(
            "api_secret",
            API_SECRET,
            "secret of the Measurement Protocol with format ga4",
            default=DECLARED,
            attribute="format.api_secret",
        ),
        TableKey(
            "event_name",
            GA4_EVENT,
            "name of the event with format ga4",
            default=DECLARED,
            attribute="format.event_name",
        ),
        TableKey(
            "session_timeout",
            SESSION_TIMEOUT,
            "seconds without activity after which a session is over, with format ga4",
            default=DECLARED,
            attribute="format.session_timeout",
        ),
        TableKey(
            "parameters",
            EVENT_PARAMETERS,
            "values that are sent",
            default=DECLARED,
            attribute="format.fields",
        ),
    ),
)
EVENT_MAIL = Table(
    make=EventMail,
    review=check_event_mail,
    keys=(
        ACTION_NAME,
        TableKey(
            "to",
            ListOf(kind=MAIL_ADDRESS, least=1, most=MAX_RECIPIENTS),
            "who is told, each in a mail of their own",
        ),
        TableKey(
            "subject",
            Text(what="text on one line", least=1),
            "subject; `{{parameter}}` is filled in",
        ),
        TableKey(
            "text", Passage(most=20_000), "text; `{{parameter}}` is filled in", default=MAIL_TEXT
        ),
    ),
)


def _named(
    *,
    name: str,
    event: EventKind,
    filter: EventFilter,  # noqa: A002 (the key's name)
    webhooks: tuple[EventWebhook, ...],
    mails: tuple[EventMail, ...],
) -> ProjectEvent:
    """Make an event whose actions all have names."""
    return ProjectEvent(
        name=name,
        event=event,
        filter=filter,
        webhooks=_with_names(webhooks, name, 0),
        mails=_with_names(mails, name, len(webhooks)),
    )


def _with_names(actions: tuple[A, ...], event: str, first: int) -> tuple[A, ...]:
    return tuple(
        action if action.name else replace(action, name=default_action_name(event, place))
        for place, action in enumerate(actions, first)
    )


def unnamed(event: ProjectEvent) -> ProjectEvent:
    """Return an event as it is written: without the names that its actions have by default."""
    return replace(
        event,
        webhooks=_without_names(event.webhooks, event.name, 0),
        mails=_without_names(event.mails, event.name, len(event.webhooks)),
    )


def _without_names(actions: tuple[A, ...], event: str, first: int) -> tuple[A, ...]:
    return tuple(
        replace(action, name="") if action.name == default_action_name(event, place) else action
        for place, action in enumerate(actions, first)
    )


EVENT = Table(
    make=_named,
    review=check_event,
    keys=(
        TableKey("name", NAME, "name of the event"),
        TableKey("event", OneOf(EventKind), "moment of a call, or foreign event, that it tells of"),
        TableKey(
            "filter",
            EVENT_FILTER,
            "which calls it tells of",
            default=NO_FILTER,
            former=before_0_2("only"),
        ),
        TableKey(
            "webhooks",
            Tables(table=EVENT_WEBHOOK, most=MAX_ACTIONS),
            "endpoints that are told",
            default=(),
        ),
        TableKey(
            "mails",
            Tables(table=EVENT_MAIL, most=MAX_ACTIONS),
            "people that are told by e-mail",
            default=(),
        ),
    ),
)


def upgrade_events(document: dict[str, Any], at: Location) -> None:
    """Read the tables of those who were told of an event, as they were before 0.2.0, as events of one action.

    Beside `[[events]]` they stand in the order of the file, which is that of deliveries; by themselves
    webhooks come before mails, as they did.
    """
    events = document.get("events", [])
    found = [(("events", index), event) for index, event in enumerate(_listed(events))]
    is_mixed = bool(found)
    for former, actions in FORMER_TABLES.items():
        if former not in document:
            continue
        tables = document.pop(former)
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            at.notes.add((former,), "this is no list of tables", "write [[events]]")
            continue
        now = f"[[events]] with [[events.{actions}]] below"
        at.notes.remark((former,), f"a former name; write {now}")
        found += [((former, n), _upgraded(table, actions)) for n, table in enumerate(tables)]
    if not isinstance(events, list) or len(found) == len(events):
        return
    if is_mixed:
        found.sort(key=lambda one: at.notes.line(one[0]))
    document["events"] = [event for _, event in found]
    for index, (written, _) in enumerate(found):
        _note_move(at.at("events", index), written)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


FORMER_TABLES = {"event_webhooks": "webhooks", "event_mails": "mails"}
"""The former tables, and where their contents stand now."""
_OF_EVENT = ("name", "event", "filter", "only")
"""Their keys that are the event's now."""


def _upgraded(table: dict[str, Any], actions: str) -> dict[str, Any]:
    """Return the event of one action that a former table was."""
    event = {key: table.pop(key) for key in _OF_EVENT if key in table}
    return event | {actions: [table]}


def _note_move(at: Location, written: KeyPath) -> None:
    """Note where the file has an event, and of a former table its action."""
    at.notes.move(at.path, written)
    actions = FORMER_TABLES.get(str(written[0]))
    if actions is not None:
        for path in (at.at(actions).path, at.at(actions, 0).path):
            at.notes.move(path, written)


GOOGLE_ANALYTICS = Table(
    make=GoogleAnalytics,
    review=check_google_analytics,
    keys=(
        TableKey(
            "measurement_id",
            MEASUREMENT_ID,
            "id of the property's web stream, `G-…`; without it nothing is sent",
            default=DECLARED,
        ),
        TableKey(
            "api_secret",
            API_SECRET,
            "secret that Google Analytics made for the Measurement Protocol",
            default=DECLARED,
        ),
        TableKey(
            "url",
            WebAddress(),
            "where events go; `https://region1.google-analytics.com/mp/collect` is in the EU",
            default=DECLARED,
        ),
        TableKey(
            "session_timeout",
            SESSION_TIMEOUT,
            "seconds without activity after which a session is over, as in the property",
            default=DECLARED,
        ),
        TableKey(
            "delay",
            Seconds(0, 86_400),
            "seconds after the call before which its event is not sent",
            default=DECLARED,
        ),
    ),
)
