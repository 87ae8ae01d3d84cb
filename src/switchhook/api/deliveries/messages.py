"""What requests about deliveries, and their answers, hold."""

from typing import Any

from msgspec import Struct

from switchhook.storage.records import BulkAct, DeliveryList


class DeliveryPage(Struct, frozen=True):
    """Deliveries, newest first."""

    deliveries: list[dict[str, Any]]
    next: int | None
    """What `after` takes for the next page; null behind the last."""
    searched_to: str | None
    """When the event of the last delivery happened that was looked at, where the search stopped before it found `limit`."""


class DeliveryCount(Struct, frozen=True):
    """How many deliveries there are; counted to 1,000."""

    count: int
    is_more: bool
    """Whether there are more than these."""


class WebhookWithError(Struct, frozen=True):
    """A webhook of which deliveries need somebody."""

    webhook: str
    count: int
    is_more: bool


class NamedDeliveries(Struct, frozen=True, forbid_unknown_fields=True):
    """The deliveries to act on, by their ids."""

    ids: list[str]


class ActedOn(Struct, frozen=True):
    """What became of one delivery."""

    id: str
    done: bool
    note: str | None
    """Why it was left as it is, or what is to be known of it."""


class ChosenDeliveries(Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries a job acts on, as the list takes it."""

    state: DeliveryList = "unchecked"
    webhook: str | None = None
    event: str | None = None
    call: str | None = None
    since: str | None = None
    until: str | None = None
    text: str | None = None


class JobWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """An act on all deliveries of a filter."""

    act: BulkAct
    filter: ChosenDeliveries = ChosenDeliveries()


class JobShown(Struct, frozen=True):
    """A job, and how far it got."""

    number: int
    project: str
    act: BulkAct
    filter: dict[str, Any]
    by: str
    started_at: str
    state: str
    """`running`, `stopped` or `done`. A job that runs goes on after a restart."""
    done: int
    left_out: int
    why: str | None
    """Why the last was left out."""
    ended_at: str | None
