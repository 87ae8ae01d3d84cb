"""The keys of a delivery policy, which stand among those of its webhook; and the table of an owner's warnings."""

from __future__ import annotations

from switchhook.domain.delivery_policy import MAX_RETRIES, OwnerWarnings
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey
from switchhook.projectfile.toml.value_types import ListOf, Seconds, Whole, YesNo
from switchhook.projectfile.types.project import FREE_TEXT, MAIL_ADDRESS, SuccessCodes, WebAddress

EVENT_SECONDS = Seconds(1.0, 60.0)
MONTH = 31 * 86_400.0

DELIVERY_POLICY = tuple(
    TableKey(name, kind, said, default=DECLARED, attribute=f"policy.{name}")
    for name, kind, said in (
        ("success_codes", SuccessCodes(), "statuses that count as delivered"),
        ("response_timeout", EVENT_SECONDS, "seconds for the whole exchange"),
        (
            "retries",
            Whole(least=0, most=MAX_RETRIES),
            "how often a delivery that failed is sent again",
        ),
        (
            "pauses",
            ListOf(kind=Seconds(1.0, 7 * 86_400.0), most=MAX_RETRIES),
            "seconds before each retry, in place of `retries` and its pauses",
        ),
        ("delay", Seconds(0, 86_400.0), "seconds after the event before which it is not sent"),
        ("max_age", Seconds(1.0, MONTH), "seconds after the event from which it is sent no more"),
        ("at_most_once", YesNo(), "whether nothing is sent again that may have arrived"),
        ("collapse", YesNo(), "whether a newer event of the call replaces one that still waits"),
        ("keep_order", YesNo(), "whether a call's events are sent in their order"),
        (
            "order_key",
            FREE_TEXT,
            "events of a call keep their order among the webhooks of one key; empty: of one origin",
        ),
        (
            "max_concurrent",
            Whole(least=1, most=256),
            "requests of the project at once to the URL's origin, asks included",
        ),
        (
            "breaker_failures",
            Whole(least=0, most=100),
            "failures in a row after which its owner is warned, and deliveries with retries are parked; 0: never",
        ),
        (
            "breaker_pause",
            Seconds(1.0, 3600.0),
            "seconds that deliveries are parked until one is tried",
        ),
    )
)
OWNER_WARNINGS = Table(
    make=OwnerWarnings,
    keys=(
        TableKey(
            "to",
            ListOf(kind=MAIL_ADDRESS, most=20),
            "people who get a mail when an endpoint fails again and again, and when it recovers",
            default=DECLARED,
        ),
        TableKey(
            "webhook",
            WebAddress(may_be_empty=True),
            "endpoint that is told of it as JSON",
            default=DECLARED,
            attribute="url",
        ),
    ),
)
