"""The tables of the event stream: read, written and documented from here."""

from __future__ import annotations

from switchhook.domain.credentials import Credentials
from switchhook.domain.event_stream import (
    EventStream,
    StreamEventType,
    StreamPolicy,
    StreamWebhook,
)
from switchhook.projectfile.rules.webhook import check_stream_webhook
from switchhook.projectfile.schema.credentials import CREDENTIALS
from switchhook.projectfile.schema.delivery_policy import DELIVERY_POLICY
from switchhook.projectfile.schema.header import HEADERS
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey
from switchhook.projectfile.toml.value_types import ListOf, OneOf, YesNo
from switchhook.projectfile.types.project import NAME, WebAddress

EVENT_STREAM = Table(
    make=EventStream,
    keys=(
        TableKey(
            "keep",
            YesNo(),
            "whether events are kept, to be listed and followed over the HTTP API",
            default=DECLARED,
        ),
    ),
)
STREAM_WEBHOOK = Table(
    make=StreamWebhook,
    review=check_stream_webhook,
    parts={"policy": StreamPolicy, "credentials": Credentials},
    keys=(
        TableKey("name", NAME, "name that deliveries are listed under"),
        TableKey("url", WebAddress(), "endpoint that is told; nothing is filled in"),
        TableKey(
            "types",
            ListOf(kind=OneOf(StreamEventType)),
            "types of events to send; without them, all",
            default=DECLARED,
        ),
        *DELIVERY_POLICY,
        TableKey("keep_alive", YesNo(), "whether the connection is kept", default=DECLARED),
        TableKey("headers", HEADERS, "further headers", default=DECLARED),
        *CREDENTIALS,
    ),
)
