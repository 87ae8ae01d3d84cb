"""Queries about the past: calls and their timelines, deliveries and their attempts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from switchhook.domain.journal import JournalEntry
from switchhook.errors import ExpectedError
from switchhook.storage.delivery import Attempt
from switchhook.storage.records import CallRow, DeliveryFilter, DeliveryRow

if TYPE_CHECKING:
    from switchhook.storage.ports import Records

UNCHECKED: Final = DeliveryFilter(state="unchecked")


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


class BadMomentError(ExpectedError, ValueError):
    """A text that names no moment."""


_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_AGO: Final = re.compile(r"(\d{1,6})([smhdw])")
_LATEST: Final = 253_370_764_800.0
"""The begin of 9999."""


def parse_moment(text: str, now: float) -> float:
    """Return the unix seconds of `2h` (ago), or of a date and time in ISO 8601, of this machine's zone without one.

    What lies before 1970, or behind 9998, is taken for that: beyond, some zone has no date for it. Raises BadMomentError.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return max(0.0, now - float(ago[1]) * _UNITS[ago[2]])
    try:
        return min(max(0.0, datetime.fromisoformat(text.strip()).timestamp()), _LATEST)
    except (ValueError, OverflowError, OSError):
        raise BadMomentError(
            f"{text[:40]!r} is no moment; write 30m, 2h or 7d ago, or 2026-03-01T09:00+01:00"
        ) from None


async def list_calls(
    store: Records, *, project: str | None = None, limit: int = 50, before: int | None = None
) -> tuple[CallRow, ...]:
    """Return calls newest first; `before` is the number of the last one seen, to page on."""
    return await store.calls(project=project, limit=limit, before=before)


async def show_call(store: Records, call_id: str, *, only: str | None = None) -> CallStory:
    """Return one call's whole story; with `only`, another project's call is not there. Raises NoSuchCallError."""
    call = await store.call(call_id)
    if call is None or only not in {None, call.project}:
        raise NoSuchCallError(f"there is no call {call_id}; `switchhook calls` lists them")
    return CallStory(
        call=call,
        journal=await store.journal(call_id),
        deliveries=await store.deliveries_of_call(call_id),
    )


async def list_deliveries(
    store: Records,
    which: DeliveryFilter = UNCHECKED,
    *,
    limit: int = 50,
    before: int | None = None,
) -> tuple[DeliveryRow, ...]:
    """Return deliveries, newest first; by default those that need somebody."""
    return await store.deliveries(which, limit=limit, before=before)


async def show_delivery(
    store: Records, delivery_id: str, *, project: str | None = None
) -> DeliveryStory:
    """Return one delivery with its attempts. Raises NoSuchDeliveryError."""
    row = await find_delivery(store, delivery_id, project=project)
    return DeliveryStory(row=row, attempts=await store.attempts(delivery_id))


async def find_delivery(
    store: Records, delivery_id: str, *, project: str | None = None
) -> DeliveryRow:
    """Return one delivery, of this project where one is named. Raises NoSuchDeliveryError.

    A delivery's id begins with its call's id and a dot; either may hold dots of its own.
    """
    dots = [index for index, char in enumerate(delivery_id) if char == "."]
    for dot in reversed(dots):
        for row in await store.deliveries_of_call(delivery_id[:dot]):
            if row.delivery.id == delivery_id and project in {None, row.delivery.project}:
                return row
    raise NoSuchDeliveryError(
        f"there is no delivery {delivery_id}; `switchhook deliveries --all` lists them"
    )
