"""The table of the call-tracking scenario: read, written and documented from here."""

from __future__ import annotations

from switchhook.domain.cause import EndedBy, Outcome
from switchhook.domain.credentials import Credentials
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.tracking.call_tracking import StatusEntry, TrackedStatus, TrackingScenario
from switchhook.projectfile.rules.call_tracking import check_call_tracking
from switchhook.projectfile.schema.credentials import CREDENTIALS
from switchhook.projectfile.schema.delivery_policy import DELIVERY_POLICY
from switchhook.projectfile.schema.header import HEADERS
from switchhook.projectfile.schema.webhook import STAND_IN
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey
from switchhook.projectfile.toml.value_types import ListOf, OneOf, YesNo
from switchhook.projectfile.types.destination import Destination
from switchhook.projectfile.types.project import FREE_TEXT

STATUS_ENTRY = Table(
    make=StatusEntry,
    keys=(
        TableKey("outcome", OneOf(Outcome), "what became of the call"),
        TableKey(
            "ended_by", OneOf(EndedBy), "the side that ended it; without it, any", default=DECLARED
        ),
        TableKey("status", OneOf(TrackedStatus), "status that is sent"),
    ),
)
CALL_TRACKING_TABLE = Table(
    make=TrackingScenario,
    review=check_call_tracking,
    parts={"policy": DeliveryPolicy, "credentials": Credentials},
    keys=(
        TableKey(
            "moment_url",
            Destination(),
            "webhook in the moment of call: where the post goes when dialling begins",
            default=DECLARED,
        ),
        TableKey(
            "after_url",
            Destination(),
            "webhook after call: where the post goes when the call has ended",
            default=DECLARED,
        ),
        TableKey(
            "ids_as_strings",
            YesNo(),
            "whether order_id is a text, as all other ids are, and no number",
            default=DECLARED,
        ),
        TableKey(
            "withheld_caller",
            STAND_IN,
            "what caller is for a withheld number, such as anonymous or 0; empty: null",
            default=DECLARED,
        ),
        TableKey(
            "statuses",
            ListOf(kind=STATUS_ENTRY),
            "entries in place of those of the table of statuses",
            default=DECLARED,
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
            "further headers; the Content-Type stays application/json",
            default=DECLARED,
        ),
        *CREDENTIALS,
    ),
)
