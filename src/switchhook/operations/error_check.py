"""The error check: what was given up is checked, or sent again (R2-05 to R2-07, N-11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from switchhook.delivery.current_credentials import credentials_of, origins_of
from switchhook.delivery.policy import origin_of, receiver_of
from switchhook.domain.event import EventMail
from switchhook.domain.failure import Failure
from switchhook.operations.history import find_delivery
from switchhook.operations.project_versions import current_snapshot, nothing_at_hand
from switchhook.storage.ports import ErrorCheck, Projects, Subscriptions
from switchhook.storage.records import DeliveryState
from switchhook.webhooks.mail import Mail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.delivery import Delivery
    from switchhook.storage.records import DeliveryRow, SentAgain


log = structlog.get_logger(__name__)


class ErrorCheckStore(ErrorCheck, Projects, Subscriptions, Protocol):
    """Keeps deliveries, and whom they are for."""


MOST_NAMED: Final = 1_000
"""Deliveries that are named at once; more are acted on by a filter."""


class DeliverySender(Protocol):
    """Sends what is pending; the contract is that of `delivery.dispatcher`."""

    def send_again(self, again: Sequence[SentAgain]) -> None:
        """Make a further attempt of each delivery, which settles it; they are pending in the store."""

    def send_now(self, delivery: str) -> bool:
        """End the pause that a delivery waits in; False where it waits in none, or is not ours."""

    def has(self, delivery: str) -> bool:
        """Say whether a delivery waits, or is being sent or recorded."""

    def next_in(self, delivery: str) -> float | None:
        """Return the seconds until the next attempt of a delivery that waits for one; None for others."""


SnapshotAtHand = Callable[[str], "ProjectSnapshot | None"]
"""Returns the version of a project that the next call follows; None where it is not at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What became of one delivery that a person acted on."""

    delivery: str
    is_done: bool
    note: str = ""
    """Why it was left as it is, or what is to be known of it."""


async def check_deliveries(
    store: ErrorCheck, ids: Iterable[str], *, by: str, now: float, project: str | None = None
) -> tuple[Acted, ...]:
    """Take deliveries off the list of those that need somebody. Raises NoSuchDeliveryError."""
    acted = []
    for row in await _rows(store, ids, project):
        is_done = bool(await store.check_deliveries([_name(row)], by=by, at=now)) or bool(
            row.checked
        )
        note = "" if is_done else f"it is {row.state}: nothing is to be checked"
        acted.append(Acted(delivery=row.delivery.id, is_done=is_done, note=note))
    return tuple(acted)


async def uncheck_deliveries(
    store: ErrorCheck, ids: Iterable[str], *, project: str | None = None
) -> tuple[Acted, ...]:
    """Put deliveries on that list again. Raises NoSuchDeliveryError."""
    acted = []
    for row in await _rows(store, ids, project):
        is_done = bool(await store.uncheck_deliveries([_name(row)]))
        note = "" if is_done else "nobody had checked it"
        acted.append(Acted(delivery=row.delivery.id, is_done=is_done, note=note))
    return tuple(acted)


async def send_again(
    store: ErrorCheckStore,
    ids: Iterable[str],
    *,
    by: str,
    sender: DeliverySender | None = None,
    project: str | None = None,
    at_hand: SnapshotAtHand = nothing_at_hand,
) -> tuple[Acted, ...]:
    """Have a further attempt of each delivery made: its bytes under its id, whatever became of it before.

    What waits for its next attempt, or for an endpoint that is parked, goes at once. Without a `sender`, the next
    server makes the attempts. Raises NoSuchDeliveryError, or StoreError.
    """
    found = sorted(await _rows(store, ids, project), key=lambda row: row.number)
    receivers = Receivers(store, at_hand)
    acted = {row.delivery.id: await send_row(store, row, receivers, sender) for row in found}
    for one in acted.values():
        if one.is_done:
            log.info("delivery sent again", delivery=one.delivery, by=by)
    return tuple(acted.values())


async def _rows(store: ErrorCheck, ids: Iterable[str], project: str | None) -> list[DeliveryRow]:
    """Return each delivery once, or raise NoSuchDeliveryError before anything is done."""
    return [await find_delivery(store, one, project=project) for one in dict.fromkeys(ids)]


def _name(row: DeliveryRow) -> tuple[str, str]:
    return row.delivery.project, row.delivery.id


async def send_row(
    store: ErrorCheckStore,
    row: DeliveryRow,
    receivers: Receivers,
    sender: DeliverySender | None,
) -> Acted:
    """Have a further attempt of one delivery made."""
    delivery = row.delivery
    refusal, note = await receivers.judge(delivery)
    if refusal:
        return Acted(delivery=delivery.id, is_done=False, note=refusal)
    if row.state in {DeliveryState.PENDING, DeliveryState.PARKED}:
        return _hurried(row, sender)
    again = await store.send_again([_name(row)])
    if not again:
        return Acted(delivery=delivery.id, is_done=False, note=UNDER_WAY)
    if sender is None:
        note = note or "no server runs: the next one sends it"
    else:
        sender.send_again(again)
        sender.send_now(delivery.id)
    return Acted(delivery=delivery.id, is_done=True, note=note)


UNDER_WAY: Final = "an attempt is under way, or has its turn: wait for what comes of it"


def _hurried(row: DeliveryRow, sender: DeliverySender | None) -> Acted:
    """Let a delivery that waits go at once."""
    delivery, is_parked = row.delivery.id, row.state is DeliveryState.PARKED
    if sender is None:
        note = "it waits for a server, which sends it"
        return Acted(delivery=delivery, is_done=False, note=note)
    if sender.send_now(delivery):
        note = "its endpoint is parked: it goes ahead as the probe" if is_parked else ""
        return Acted(delivery=delivery, is_done=True, note=note)
    return Acted(delivery=delivery, is_done=False, note=UNDER_WAY)


class Receivers:
    """Knows whom projects tell now, each read once."""

    def __init__(self, store: ErrorCheckStore, at_hand: SnapshotAtHand = nothing_at_hand) -> None:
        """`at_hand` has the versions that the next call follows, where calls run; others are read."""
        self._store = store
        self._at_hand = at_hand
        self._snapshots: dict[str, ProjectSnapshot] = {}
        self._subscriptions: dict[str, frozenset[str]] = {}

    async def judge(self, delivery: Delivery) -> tuple[str, str]:
        """Return why a delivery cannot be sent to its receiver any more, and what is to be known where it can; "" for neither."""
        if delivery.is_warning:
            return "", ""
        if delivery.is_to_subscriber:
            is_there = delivery.webhook in await self._subscribed(delivery.project)
            return ("", "") if is_there else (f"{delivery.webhook} has ended", "")
        return judged(delivery, await self._snapshot(delivery.project))

    async def _subscribed(self, project: str) -> frozenset[str]:
        if project not in self._subscriptions:
            found = await self._store.subscriptions(project=project)
            self._subscriptions[project] = frozenset(one.webhook for one in found)
        return self._subscriptions[project]

    async def _snapshot(self, project: str) -> ProjectSnapshot:
        if project not in self._snapshots:
            self._snapshots[project] = await current_snapshot(self._store, project, self._at_hand)
        return self._snapshots[project]


def judged(delivery: Delivery, snapshot: ProjectSnapshot) -> tuple[str, str]:
    """Return why the project does not have a delivery's receiver any more, and how it was changed; "" for neither."""
    receiver, name = receiver_of(delivery.webhook, snapshot), delivery.webhook
    request = delivery.request
    if receiver is None or isinstance(receiver, EventMail) != isinstance(request, Mail):
        return f"{name} is no longer in project {delivery.project}: nothing is sent to it", ""
    if isinstance(receiver, EventMail):
        is_told = isinstance(request, Mail) and request.recipient in receiver.to
        return ("", "") if is_told else (f"{name} is no longer told to that person", "")
    credentials = credentials_of(delivery, snapshot, None)
    if isinstance(credentials, Failure):
        return credentials.detail, ""
    there, now = origin_of(request.url), origins_of(receiver)
    if there not in now:
        return (
            "",
            f"{name} leads to {' and '.join(now) or 'nowhere'} now; this goes to {there}, as it was",
        )
    return "", ""
