"""The history of callers and visitors, in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from switchhook.domain.tracking.caller_history import Caller, ShownNumber, Visit, VisitCall
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.sqlite.rows import SqlParameters

_attributes = msgspec.json.Decoder(tuple[tuple[str, str], ...])

_FORGETTING = (
    "forget_callers",
    "forget_visits",
    "forget_shown_numbers",
    "forget_visits_of_calls",
    "forget_number_shows",
    "forget_call_imports",
)


def caller_to_row(caller: Caller, once: tuple[str, str, int]) -> SqlParameters:
    """Return what `add_to_caller` takes; `once` is the journal's line that it is counted with."""
    return (
        caller.project,
        caller.number,
        caller.calls,
        caller.proper_calls,
        caller.manager,
        caller.outbound_number,
        caller.seen_at,
        *once,
    )


def callers(connection: sqlite3.Connection, *, limit: int) -> tuple[Caller, ...]:
    """Return the callers that were seen last."""
    return tuple(Caller(**row) for row in connection.execute(sql("callers"), {"limit": limit}))


def visits(connection: sqlite3.Connection, *, limit: int) -> tuple[Visit, ...]:
    """Return the visits that were told of last, oldest first."""
    found = connection.execute(sql("newest_visits"), {"limit": limit}).fetchall()
    return tuple(_visit(row) for row in reversed(found))


def visit_at(
    connection: sqlite3.Connection, *, project: str, number: str, at: float
) -> Visit | None:
    """Return the visit that saw a number at a moment, or None."""
    values = {"project": project, "number": number, "at": at}
    row = connection.execute(sql("visit_at"), values).fetchone()
    return None if row is None else _visit(row)


def visit_of(connection: sqlite3.Connection, *, project: str, visit: str) -> Visit | None:
    """Return a visit, or None."""
    row = connection.execute(sql("visit_of_id"), {"project": project, "id": visit}).fetchone()
    return None if row is None else _visit(row)


def _visit(row: sqlite3.Row) -> Visit:
    return Visit(
        project=row["project"],
        id=row["id"],
        attributes=_attributes.decode(row["attributes"]),
        seen_at=row["seen_at"],
    )


def shown_numbers(connection: sqlite3.Connection, *, limit: int) -> tuple[ShownNumber, ...]:
    """Return which numbers visitors see, or saw last."""
    found = connection.execute(sql("shown_numbers"), {"limit": limit})
    return tuple(ShownNumber(**row) for row in found)


def visits_of_live_calls(connection: sqlite3.Connection) -> tuple[VisitCall, ...]:
    """Return to which visits the running calls belong."""
    return tuple(VisitCall(**row) for row in connection.execute(sql("visits_of_live_calls")))


def save_visit(connection: sqlite3.Connection, visit: Visit) -> None:
    """Write a visit, in place of what was known of it."""
    values = {
        "project": visit.project,
        "id": visit.id,
        "attributes": msgspec.json.encode(visit.attributes).decode(),
        "seen_at": visit.seen_at,
    }
    with transaction(connection):
        connection.execute(sql("save_visit"), values)


def attach(connection: sqlite3.Connection, told: ShownNumber | VisitCall) -> None:
    """Write whose a number or a call is now."""
    with transaction(connection):
        if isinstance(told, ShownNumber):
            shown = {
                "project": told.project,
                "number": told.number,
                "since": told.since,
                "visit": told.visit,
                "until": told.until,
            }
            connection.execute(sql("note_number_show"), shown)
            values: dict[str, str | float] = {"number": told.number, "until": told.until}
            statement = "save_shown_number"
        else:
            values, statement = {"call": told.call, "told_at": told.told_at}, "save_visit_of_call"
        connection.execute(sql(statement), {"project": told.project, "visit": told.visit} | values)


def forget(connection: sqlite3.Connection, *, before: float) -> None:
    """Delete what was last seen before a moment."""
    with transaction(connection):
        for statement in _FORGETTING:
            connection.execute(sql(statement), {"before": before})
