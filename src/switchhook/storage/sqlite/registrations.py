"""Where accounts' telephones can be reached, in a database: a restart must not make them deaf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3


def save(
    connection: sqlite3.Connection, *, node: str, project: str, account: str, telephones: str
) -> None:
    """Write an account's telephones at a node; "" forgets them."""
    values = {"project": project, "account": account, "node": node}
    with transaction(connection):
        if telephones:
            connection.execute(sql("save_registration"), {**values, "telephones": telephones})
        else:
            connection.execute(sql("delete_registration"), values)


def found(connection: sqlite3.Connection, *, node: str | None) -> tuple[tuple[str, str, str], ...]:
    """Return the accounts' bindings as (project, account, telephones); None is every node's."""
    name = "registrations" if node is None else "registrations_at"
    rows = connection.execute(sql(name), {"node": node})
    return tuple((row["project"], row["account"], row["telephones"]) for row in rows)
