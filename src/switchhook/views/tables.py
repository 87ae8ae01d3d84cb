"""Tables that answer in place of an endpoint, as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.views.text import iso

if TYPE_CHECKING:
    from switchhook.operations.tables.listing import ListedTable
    from switchhook.webhooks.dialects.table import TableRow


def listed_table(one: ListedTable) -> dict[str, Any]:
    """Return a table of a list."""
    return {
        "name": one.name,
        "rows": one.rows,
        "changed_at": iso(one.changed_at),
        "asked_by": list(one.asked_by),
        "trouble": one.trouble,
    }


def found_row(row: TableRow | None) -> dict[str, Any]:
    """Return the row that a call would find; nulls where none."""
    found = None if row is None else {"destination": row.destination, "name": row.name}
    return {"row": found, "line": None if row is None else row.line}
