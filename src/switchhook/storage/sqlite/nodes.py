"""Nodes and their leases, in a database: live nodes, the right to write, and take-over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.storage.records import Lease, LeaseLostError, TakenOver
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3


def join(connection: sqlite3.Connection, *, node: str) -> int:
    """Begin a new incarnation of a node, and return its number."""
    with transaction(connection):
        (row,) = connection.execute(sql("join_node"), {"name": node}).fetchall()
    return int(row["incarnation"])


def hold(connection: sqlite3.Connection, *, node: str, incarnation: int) -> None:
    """Raise LeaseLostError unless a node is in this incarnation, as the transaction that stands sees it."""
    if connection.execute(sql("holds_lease"), (node, incarnation)).fetchone() is None:
        raise LeaseLostError(
            f"node {node} was taken for dead, and another process has taken over its calls and deliveries:"
            " it stores nothing more; start it again"
        )


def renew(connection: sqlite3.Connection, *, node: str) -> tuple[Lease, ...]:
    """Write that a node lives, and return the leases of the others.

    A node alone writes nothing: whoever joins is seen before it has looked often enough to take over.
    """
    with transaction(connection):
        rows = connection.execute(sql("other_nodes"), {"name": node}).fetchall()
        if rows:
            connection.execute(sql("renew_lease"), {"name": node})
    return tuple(Lease(**row) for row in rows)


def take_over(connection: sqlite3.Connection, *, node: str, lease: Lease) -> TakenOver | None:
    """Move an expired node's calls and deliveries to another node; None if it renewed its lease, or was taken over."""
    values = {"name": lease.name, "incarnation": lease.incarnation, "beat": lease.beat}
    both = {"node": node, "former": lease.name}
    with transaction(connection):
        if not connection.execute(sql("end_lease"), values).fetchall():
            return None
        calls = connection.execute(sql("take_calls"), both).fetchall()
        deliveries = connection.execute(sql("take_deliveries"), both).fetchall()
        connection.execute(sql("take_bulk_jobs"), both).fetchall()
        connection.execute(sql("take_call_imports"), both).fetchall()
        connection.execute(sql("drop_registrations"), both)
        accounts = connection.execute(sql("take_registrations"), both).fetchall()
    return TakenOver(
        calls=frozenset(row["call"] for row in calls),
        deliveries=frozenset(row["id"] for row in deliveries),
        accounts=frozenset((row["project"], row["account"]) for row in accounts),
    )
