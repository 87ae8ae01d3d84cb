"""Values to rows and back. A stored value read back is equal to what was stored."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
import structlog

from switchhook.domain.call import Call
from switchhook.domain.delivery_policy import WarningKind
from switchhook.domain.event import EventKind
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.storage.delivery import Attempt, Delivery, Incident
from switchhook.storage.records import (
    CallRow,
    Check,
    DeliveryRow,
    DeliveryState,
    UnreadableError,
)
from switchhook.storage.request_codec import decode_request, encode_request
from switchhook.storage.sqlite.call_value import flat, grouped
from switchhook.storage.stored_json import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from sqlite3 import Row as SqlRow

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.delivery import DeliveryRequest
    from switchhook.storage.encryption import Cipher

log = structlog.get_logger(__name__)

SqlParameters = tuple[str | int | float | bytes | None, ...]
"""The arguments of one execution, in the order of the statement."""

RESTORE: Final = "restore the database and its key from one backup, if you need it"
"""The advice about an unreadable row."""

T = TypeVar("T")


_pairs = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_codes = msgspec.json.Decoder(tuple[int | tuple[int, int], ...])
_call_row = msgspec.json.Decoder(CallRow)
_object = msgspec.json.Decoder(dict[str, Any])


def call_to_row(call: Call, node: str) -> SqlParameters:
    """Return what `save_call` and `save_live_call` take."""
    project = call.snapshot.project.id
    ended_at = call.arrived_at if call.ended_at is None else call.ended_at
    return (node, project, call.id, call.state.value, ended_at, to_json(flat(call)))


def call_reader(snapshot_of: Callable[[str, int], ProjectSnapshot]) -> Callable[[str], Call]:
    """Return what reads a call's stored value, with its snapshot from `snapshot_of`.

    Raises StoreError where the value is not a call, or whatever `snapshot_of` raises.
    """

    def snapshot(_type: type, key: Any) -> ProjectSnapshot:  # noqa: ANN401 - whatever the JSON holds there
        project, version = key
        return snapshot_of(project, version)

    def read(stored: str) -> Call:
        value = grouped(from_json(_object, stored))
        try:
            return msgspec.convert(value, Call, dec_hook=snapshot)
        except msgspec.ValidationError as error:
            raise UnreadableError(f"a stored value cannot be read: {error}") from error

    return read


def call_row(row: SqlRow) -> CallRow:
    """Read a row of `number, value`."""
    return msgspec.structs.replace(from_json(_call_row, row["value"]), number=row["number"])


def entry_to_row(project: str, call: str, entry: JournalEntry) -> SqlParameters:
    """Return what `add_entry` takes."""
    return (
        project,
        call,
        entry.seq,
        entry.at,
        entry.kind.value,
        entry.leg,
        entry.text,
        to_json(entry.facts),
    )


def entry(row: SqlRow) -> JournalEntry:
    """Read a row of `journal`."""
    return JournalEntry(
        seq=row["seq"],
        at=row["at"],
        kind=EntryKind(row["happening"]),
        leg=row["leg"],
        text=row["text"],
        facts=from_json(_pairs, row["facts"]),
    )


def delivery_to_row(delivery: Delivery, cipher: Cipher, node: str) -> SqlParameters:
    """Return what `promise` takes. The envelope of its request is encrypted for its id."""
    transport, envelope, body = encode_request(delivery.request)
    return (
        delivery.project,
        delivery.id,
        delivery.call,
        delivery.seq,
        delivery.event.value,
        delivery.webhook,
        delivery.occurred_at,
        transport,
        cipher.encrypt(envelope, aad=delivery_aad(delivery.project, delivery.id)),
        body,
        _stored_codes(delivery.success_codes),
        delivery.response_timeout,
        delivery.keep_alive,
        node,
    )


@lru_cache(maxsize=1024)
def _stored_codes(codes: tuple[int, ...]) -> str:
    """Return each run of codes that follow one another as its first and its last."""
    runs: list[tuple[int, int]] = []
    for code in codes:
        if runs and code == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return to_json(runs)


@lru_cache(maxsize=1024)
def _codes_of(stored: str) -> tuple[int, ...]:
    """Return the codes of stored runs; a former version wrote each code by itself."""
    runs = from_json(_codes, stored)
    pairs = ((run, run) if isinstance(run, int) else run for run in runs)
    return tuple(code for first, last in pairs for code in range(first, last + 1))


def delivery(row: SqlRow, cipher: Cipher) -> Delivery:
    """Read a row of `deliveries`. Raises UnreadableError."""
    return Delivery(
        id=row["id"],
        project=row["project"],
        call=row["call"],
        seq=row["seq"],
        event=_event(row["event"]),
        webhook=row["webhook"],
        occurred_at=row["occurred_at"],
        request=_request(row, cipher),
        success_codes=_codes_of(row["success_codes"]),
        response_timeout=row["response_timeout"],
        keep_alive=bool(row["keep_alive"]),
    )


def _event(name: str) -> EventKind | StreamEventType | WarningKind:
    """Read the name of what is told. Raises ValueError."""
    if name in _STREAMED:
        return StreamEventType(name)
    return WarningKind(name) if name in _WARNINGS else EventKind(name)


_STREAMED: Final = frozenset(StreamEventType)
"""The events of streams; all others but warnings are those of event webhooks, mails and subscriptions."""
_WARNINGS: Final = frozenset(WarningKind)


def _request(row: SqlRow, cipher: Cipher) -> DeliveryRequest:
    envelope = cipher.decrypt(row["request"], aad=delivery_aad(row["project"], row["id"]))
    return decode_request(row["transport"], envelope, row["body"])


def delivery_aad(project: str, delivery_id: str) -> str:
    """Return what a delivery's request is encrypted for."""
    return f"delivery {delivery_id!r} of project {project!r}"


def attempt_to_row(attempt: Attempt) -> SqlParameters:
    """Return what `add_attempt` takes."""
    failure = attempt.failure
    return (
        attempt.number,
        attempt.at,
        attempt.seconds,
        attempt.status,
        None if failure is None else failure.kind.value,
        None if failure is None else failure.detail,
        attempt.answer,
        attempt.is_last,
        attempt.asked,
        to_json(attempt.facts),
        attempt.project,
        attempt.delivery,
    )


def settling_to_row(attempt: Attempt) -> SqlParameters:
    """Return what `deliver` and `settle` take, for a delivery's last attempt."""
    return attempt.project, attempt.delivery, attempt.number


def attempt(row: SqlRow, *, delivery_id: str, number: int, asked: float | None = None) -> Attempt:
    """Read an attempt's columns of a row; views leave `asked` out."""
    kind = row["failure"]
    return Attempt(
        delivery=delivery_id,
        project=row["project"],
        number=number,
        at=row["at"],
        seconds=row["seconds"],
        status=row["status"],
        failure=None if kind is None else Failure(kind=FailureKind(kind), detail=row["detail"]),
        answer=row["answer"],
        is_last=bool(row["is_last"]),
        asked=asked,
        facts=from_json(_pairs, row["facts"]),
    )


def delivery_row(row: SqlRow, cipher: Cipher) -> DeliveryRow:
    """Read a row of `delivery_rows`. Raises UnreadableError."""
    attempts = row["attempts"]
    return DeliveryRow(
        number=row["number"],
        delivery=delivery(row, cipher),
        state=DeliveryState(row["state"]),
        latest=attempt(row, delivery_id=row["id"], number=attempts) if attempts else None,
        checked=_check(row),
        incident=_incident(row),
    )


def _check(row: SqlRow) -> Check | None:
    at = row["checked_at"]
    return None if at is None else Check(by=row["checked_by"], at=at)


def _incident(row: SqlRow) -> Incident | None:
    if row["parked_until"] is None:
        return None
    return Incident(
        project=row["project"],
        webhook=row["webhook"],
        since=row["since"],
        failures=row["failures"],
        parks=row["parks"],
        parked_for=row["parked_for"],
        parked_until=row["parked_until"],
    )


def readable(
    found: Iterable[SqlRow],
    read: Callable[[SqlRow], T],
    *,
    name: str,
    otherwise: str,
    todo: str,
) -> Iterator[T]:
    """Yield what `read` makes of each row. One that it cannot read must not keep the others back.

    An unreadable row is left out, and logged with the consequence, its column `name`, the reason, and what to
    do.
    """
    for row in found:
        try:
            yield read(row)
        except (UnreadableError, LookupError, ValueError) as error:
            log.error(otherwise, **{name: row[name]}, error=str(error), todo=todo)  # noqa: TRY400 - the reader needs no traceback
