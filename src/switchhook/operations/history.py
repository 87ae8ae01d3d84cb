"""Queries about the past: calls and their timelines, deliveries and their attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.domain.journal import JournalEntry
from switchhook.errors import ExpectedError
from switchhook.storage.delivery import Attempt
from switchhook.storage.records import CallRow, DeliveryRow

if TYPE_CHECKING:
    from switchhook.storage.ports import Records
    from switchhook.storage.records import DeliveryFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStory:
    """One call, its journal and its deliveries."""

    call: CallRow
    journal: tuple[JournalEntry, ...]
    deliveries: tuple[DeliveryRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStory:
    """One delivery and each attempt to make it."""

    row: DeliveryRow
    attempts: tuple[Attempt, ...]


class NoSuchCallError(ExpectedError, LookupError):
    """No call of that id is stored."""


class NoSuchDeliveryError(ExpectedError, LookupError):
    """No delivery of that id is stored."""


async def list_calls(
    store: Records, *, project: str | None = None, limit: int = 50, before: int | None = None
) -> tuple[CallRow, ...]:
    """Return calls newest first; `before` is the number of the last one seen, to page on."""
    return await store.calls(project=project, limit=limit, before=before)


async def show_call(store: Records, call_id: str) -> CallStory:
    """Return one call's whole story. Raises NoSuchCallError."""
    call = await store.call(call_id)
    if call is None:
        raise NoSuchCallError(f"there is no call {call_id}; `switchhook calls` lists them")
    return CallStory(
        call=call,
        journal=await store.journal(call_id),
        deliveries=await store.deliveries_of_call(call_id),
    )


async def list_deliveries(
    store: Records,
    *,
    state: DeliveryFilter = "failed",
    project: str | None = None,
    webhook: str | None = None,
    limit: int = 50,
    before: int | None = None,
) -> tuple[DeliveryRow, ...]:
    """Return deliveries, newest first; by default those that were given up."""
    return await store.deliveries(
        state=state, project=project, webhook=webhook, limit=limit, before=before
    )


async def show_delivery(store: Records, delivery_id: str) -> DeliveryStory:
    """Return one delivery with its attempts. Raises NoSuchDeliveryError.

    A delivery's id begins with its call's id and a dot; either may hold dots of its own.
    """
    dots = [index for index, char in enumerate(delivery_id) if char == "."]
    for dot in reversed(dots):
        for row in await store.deliveries_of_call(delivery_id[:dot]):
            if row.delivery.id == delivery_id:
                return DeliveryStory(row=row, attempts=await store.attempts(delivery_id))
    raise NoSuchDeliveryError(
        f"there is no delivery {delivery_id}; `switchhook deliveries --all` lists them"
    )
