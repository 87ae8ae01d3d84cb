"""The SIP messages of calls, in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.storage.captures import unpack
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from switchhook.storage.captures import SipCapture


def save(connection: sqlite3.Connection, *, captures: Sequence[tuple[str, bytes]]) -> None:
    """Write packed captures, each behind the id of its call."""
    rows = [{"call": call, "packed": packed} for call, packed in captures]
    with transaction(connection):
        connection.executemany(sql("save_sip_capture"), rows)


def found(connection: sqlite3.Connection, *, project: str, call: str) -> SipCapture | None:
    """Return the capture of a project's call, or None."""
    row = connection.execute(sql("sip_capture"), {"project": project, "call": call}).fetchone()
    return None if row is None else unpack(row["packed"])
