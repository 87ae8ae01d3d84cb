"""Recovery of live calls and deliveries after a restart, in a database: one that cannot be read keeps no other back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from switchhook.domain.call import CallState
from switchhook.storage.request_codec import encode_request
from switchhook.storage.sqlite import rows
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from switchhook.domain.call import Call
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.delivery import Attempt, Delivery
    from switchhook.storage.encryption import Cipher


def snapshots(connection: sqlite3.Connection, *, node: str) -> tuple[tuple[str, int], ...]:
    """Return which project versions a node's calls hold on to that have not ended."""
    found = connection.execute(sql("snapshots_of_live_calls"), {"node": node})
    return tuple((row["project"], row["version"]) for row in found)


def calls(
    connection: sqlite3.Connection, *, snapshot_of: Callable[[str, int], ProjectSnapshot], node: str
) -> tuple[Call, ...]:
    """Return a node's calls that have not ended, oldest first."""
    decode = rows.call_reader(snapshot_of)
    return tuple(
        rows.readable(
            connection.execute(sql("live_calls"), {"node": node}).fetchall(),
            lambda row: decode(row["value"]),
            name="call",
            otherwise="call not resumed",
            todo="its callers have to call again",
        )
    )


def ended_call(
    connection: sqlite3.Connection,
    *,
    call_id: str,
    snapshot_of: Callable[[str, int], ProjectSnapshot],
) -> Call | None:
    """Return a call that has ended, or None."""
    found = connection.execute(sql("call"), {"call": call_id}).fetchone()
    call = None if found is None else rows.call_reader(snapshot_of)(found["value"])
    return call if call is not None and call.state is CallState.ENDED else None


def last_ends(
    connection: sqlite3.Connection, *, since: float
) -> tuple[tuple[str, str, str, str], ...]:
    """Return the legs of the calls that ended within the last 10 s of an earlier process."""
    found = connection.execute(sql("legs_of_last_ends"), {"since": since})
    return tuple((row["project"], row["call"], row["leg"], row["handle"]) for row in found)


def attempts(connection: sqlite3.Connection, *, node: str) -> dict[str, tuple[Attempt, ...]]:
    """Return the attempts of what a node has not settled, by the delivery's id, first to latest."""
    found: dict[str, tuple[Attempt, ...]] = {}
    for row in connection.execute(sql("attempts_of_unsettled"), {"node": node}).fetchall():
        of = row["id"]
        tried = rows.attempt(row, delivery_id=of, number=row["number"], asked=row["asked"])
        found[of] = (*found.get(of, ()), tried)
    return found


def deliveries(
    connection: sqlite3.Connection, *, cipher: Cipher, node: str
) -> tuple[Delivery, ...]:
    """Return what a node promised and is not settled, in the order of the promises."""
    return tuple(
        rows.readable(
            connection.execute(sql("unsettled_deliveries"), {"node": node}).fetchall(),
            partial(rows.delivery, cipher=cipher),
            name="id",
            otherwise="delivery not resumed",
            todo=rows.RESTORE,
        )
    )


def replace_request(connection: sqlite3.Connection, *, delivery: Delivery, cipher: Cipher) -> None:
    """Write the request of a delivery in place of its draft; nothing where it is settled or gone."""
    transport, envelope, body = encode_request(delivery.request)
    sealed = cipher.encrypt(envelope, aad=rows.delivery_aad(delivery.project, delivery.id))
    with transaction(connection):
        found = (transport, sealed, body, delivery.project, delivery.id)
        connection.execute(sql("replace_request"), found)
