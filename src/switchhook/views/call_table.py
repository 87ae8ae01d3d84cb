"""Calls as rows of a list for people: who called whom, who answered, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.views.as_csv import COLUMNS
from switchhook.views.text import iso

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.records import CallRow


def call_line(row: CallRow, snapshot: ProjectSnapshot | None = None) -> dict[str, Any]:
    """Return a call as its row: `waited` and `talked` in seconds, None where it did not come to that."""
    return {
        "id": row.id,
        "arrived_at": iso(row.arrived_at),
        "direction": row.direction,
        "caller": row.caller,
        "caller_name": row.caller_name,
        "callee": row.callee,
        "scheme": row.scheme or None,
        "scheme_name": scheme_name(snapshot, row.scheme),
        "answered_by": COLUMNS["answered_by"](row),
        "state": row.state,
        "is_running": row.ended_at is None,
        "outcome": row.outcome,
        "ended_by": row.ended_by,
        "waited": COLUMNS["waiting_seconds"](row),
        "talked": COLUMNS["talk_seconds"](row),
        "has_recording": bool(row.recordings),
    }


def scheme_name(snapshot: ProjectSnapshot | None, number: int) -> str:
    """Return what a scheme is called now; "" where it is none of today's."""
    schemes = () if snapshot is None else snapshot.project.schemes
    return next((one.name for one in schemes if one.id == number), "")
