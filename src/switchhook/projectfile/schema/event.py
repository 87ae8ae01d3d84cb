"""The tables of those who are told of events: read, written and documented from here."""

from __future__ import annotations

from switchhook.domain.cause import Outcome
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.event import (
    EventFilter,
    EventFormat,
    EventKind,
    EventMail,
    EventWebhook,
)
from switchhook.domain.webhook import Method
from switchhook.projectfile.rules.webhook import (
    check_event_filter,
    check_event_mail,
    check_event_webhook,
)
from switchhook.projectfile.schema.delivery_policy import DELIVERY_POLICY
from switchhook.projectfile.schema.field import MAX_FIELDS, Sent
from switchhook.projectfile.schema.former import before_0_2
from switchhook.projectfile.schema.webhook import HEADERS
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey
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

EVENT_PARAMETER = Sent()
EVENT_PARAMETERS = ListOf(kind=EVENT_PARAMETER, most=MAX_FIELDS)
TALK = Seconds(0, 86_400)
MAX_RECIPIENTS = 20
MAIL_TEXT = """\
Caller: {{caller_id}}
Called number: {{destination_id}}
Date and time: {{date}}
Status: {{status}}
"""
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
    ),
)
EVENT_WEBHOOK = Table(
    make=EventWebhook,
    review=check_event_webhook,
    parts={"policy": DeliveryPolicy},
    keys=(
        TableKey("name", NAME, "name that deliveries are listed under"),
        TableKey("event", OneOf(EventKind), "moment of a call that it is told of"),
        TableKey(
            "filter",
            EVENT_FILTER,
            "which calls it is told of",
            default=DECLARED,
            former=before_0_2("only"),
        ),
        TableKey("url", WebAddress(), "endpoint that is told; `{parameter}` is filled in"),
        TableKey("method", OneOf(Method), "HTTP method", default=DECLARED),
        TableKey("format", OneOf(EventFormat), "how it is written", default=DECLARED),
        TableKey(
            "rpc_method", FREE_TEXT, "method that is called with format json-rpc", default=DECLARED
        ),
        TableKey(
            "notification",
            YesNo(),
            "whether that call has no id, and so gets no answer",
            default=DECLARED,
        ),
        TableKey("body", Passage(), "text that is sent with format raw", default=DECLARED),
        TableKey(
            "placeholders",
            YesNo(),
            "whether {{parameter}} in the body is filled in",
            default=DECLARED,
        ),
        TableKey(
            "body_base64",
            Base64(),
            "body of format raw that is no text, such as an image",
            default=DECLARED,
            attribute="binary",
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
        TableKey(
            "parameters",
            EVENT_PARAMETERS,
            "values that are sent",
            default=DECLARED,
            attribute="fields",
        ),
    ),
)
EVENT_MAIL = Table(
    make=EventMail,
    review=check_event_mail,
    keys=(
        TableKey("name", NAME, "name that deliveries are listed under"),
        TableKey("event", OneOf(EventKind), "moment of a call that it tells of"),
        TableKey(
            "filter",
            EVENT_FILTER,
            "which calls it tells of",
            default=DECLARED,
            former=before_0_2("only"),
        ),
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
