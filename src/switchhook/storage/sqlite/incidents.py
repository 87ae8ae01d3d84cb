"""Endpoints that fail, in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.storage.delivery import Incident
from switchhook.storage.sqlite import rows
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import open_hours, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from switchhook.storage.delivery import Delivery
    from switchhook.storage.encryption import Cipher


def save(
    connection: sqlite3.Connection,
    *,
    failing: Sequence[Incident],
    over: Sequence[tuple[str, str]],
    warnings: Sequence[Delivery],
    cipher: Cipher,
    node: str,
) -> None:
    """Store how endpoints stand that fail, forget those that are over, and promise warnings."""
    with transaction(connection):
        connection.executemany(sql("save_incident"), [_row(incident) for incident in failing])
        connection.executemany(sql("end_incident"), over)
        promised = [rows.delivery_to_row(warning, cipher, node) for warning in warnings]
        open_hours(connection, promised)
        connection.executemany(sql("promise"), promised)


def found(connection: sqlite3.Connection) -> tuple[Incident, ...]:
    """Return the endpoints that fail, by project and webhook."""
    return tuple(
        Incident(**{name: row[name] for name in row.keys()})  # noqa: SIM118 - a row iterates over its values
        for row in connection.execute(sql("incidents"))
    )


def _row(incident: Incident) -> rows.SqlParameters:
    return (
        incident.project,
        incident.webhook,
        incident.since,
        incident.failures,
        incident.parks,
        incident.parked_for,
        incident.parked_until,
    )
