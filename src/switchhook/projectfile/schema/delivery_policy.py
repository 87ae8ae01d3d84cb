"""The keys of a delivery policy, which stand among those of the webhook that it belongs to."""

from __future__ import annotations

from switchhook.domain.delivery_policy import MAX_RETRIES
from switchhook.projectfile.toml.tables import DECLARED, TableKey
from switchhook.projectfile.toml.value_types import ListOf, Seconds, Whole, YesNo
from switchhook.projectfile.types.project import FREE_TEXT, SuccessCodes

EVENT_SECONDS = Seconds(1.0, 60.0)

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
        ("keep_order", YesNo(), "whether a call's events are sent in their order"),
        (
            "order_key",
            FREE_TEXT,
            "events of a call keep their order among the webhooks of one key; empty: of one origin",
        ),
    )
)
