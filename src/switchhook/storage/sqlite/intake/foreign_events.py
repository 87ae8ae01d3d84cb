"""Events that are no calls, in a database (N-07)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.storage.sqlite import rows
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.stream import event_to_row
from switchhook.storage.sqlite.writer import open_hours, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from switchhook.domain.tracking.foreign_event import ForeignEvent
    from switchhook.storage.delivery import Delivery
    from switchhook.storage.encryption import Cipher
    from switchhook.storage.stream import StreamEvent


def add(
    connection: sqlite3.Connection,
    *,
    event: ForeignEvent,
    deliveries_of: Callable[[int], tuple[Delivery, ...]],
    stream_of: Callable[[int], tuple[StreamEvent, ...]],
    now: float,
    cipher: Cipher,
    node: str,
) -> tuple[Delivery, ...]:
    """Write an event and what is promised of it."""
    key = {"project": event.project, "call": event.key}
    with transaction(connection):
        seq = connection.execute(sql("next_foreign_event"), key).fetchone()["seq"]
        written = {"seq": seq, "event": event.kind.value, "at": event.at, "received_at": now}
        connection.execute(sql("add_foreign_event"), key | written)
        deliveries = deliveries_of(seq)
        promised = [rows.delivery_to_row(one, cipher, node) for one in deliveries]
        open_hours(connection, promised)
        connection.executemany(sql("promise"), promised)
        kept = [event_to_row(one) for one in stream_of(seq)]
        connection.executemany(sql("add_stream_event"), kept)
    return deliveries
