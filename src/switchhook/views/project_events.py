"""The events of a project as JSON for programs."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from switchhook.projectfile.file import write_event

if TYPE_CHECKING:
    from switchhook.operations.project_events import EventDraft, EventRow


def event_row(row: EventRow) -> dict[str, Any]:
    """Return an event of a project's list; of an endpoint its host alone."""
    return {
        "name": row.name,
        "event": row.event,
        "state": row.state,
        "built_in": row.is_built_in,
        "filtered": row.is_filtered,
        "with_error": row.is_with_error,
        "actions": [
            {
                "name": one.name,
                "to": one.to,
                "format": one.format,
                "unchecked": one.unchecked.number,
            }
            for one in row.actions
        ],
    }


def event_draft(draft: EventDraft) -> dict[str, Any]:
    """Return an event under the keys of the project file, secrets included, and what does not fit in it."""
    text = write_event(draft.event)
    (table,) = tomllib.loads(text)["events"]
    return {"event": table, "toml": text, "notes": list(draft.marks)}
