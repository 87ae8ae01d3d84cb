"""Parts, versions and drafts of a project as JSON for programs and as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.projectfile.toml.mistakes import written
from switchhook.views.text import iso, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.operations.document.diff import DocumentDiff
    from switchhook.operations.document.drafts import DraftState
    from switchhook.operations.document.resources import (
        ChangedMeanwhile,
        Resource,
        ResourceChanged,
        ResourceInUse,
    )
    from switchhook.projectfile.resources import ResourceChange
    from switchhook.storage.records import StoredVersion


def resource_row(one: Resource, *, with_value: bool) -> dict[str, Any]:
    """Return a resource of a list."""
    row: dict[str, Any] = {"name": one.name, "etag": one.tag}
    return row | {"value": one.value} if with_value else row


def change_as_json(one: ResourceChange) -> dict[str, Any]:
    """Return how a resource was changed, without its values."""
    return {"kind": one.kind, "name": one.name, "change": one.change, "keys": list(one.keys)}


def changed_as_json(done: ResourceChanged) -> dict[str, Any]:
    """Return what became of a change."""
    return {
        "project": done.applied.project,
        "version": done.applied.version,
        "is_new": done.applied.is_new,
        "notes": list(done.applied.notes),
        "etag": done.tag,
        "changes": [change_as_json(one) for one in done.changes],
    }


def in_use_as_json(used: ResourceInUse) -> dict[str, Any]:
    """Return what uses a resource."""
    return {
        "detail": used.detail,
        "uses": [
            {"kind": one.kind, "name": one.name, "key": written(one.path)} for one in used.uses
        ],
    }


def refused_as_json(refused: ChangedMeanwhile) -> dict[str, Any]:
    """Return what came between."""
    return {
        "detail": refused.detail,
        "version": refused.version,
        "etag": refused.tag,
        "changes": [change_as_json(one) for one in refused.changes],
    }


def version_row(one: StoredVersion) -> dict[str, Any]:
    """Return a version of a list."""
    return {"version": one.version, "at": iso(one.saved_at), "by": one.saved_by}


def draft_row(one: DraftState) -> dict[str, Any]:
    """Return a draft of a list."""
    return {
        "name": one.name,
        "base": one.base,
        "latest": one.latest,
        "is_outdated": one.base != one.latest,
        "at": iso(one.saved_at),
        "by": one.saved_by,
    }


def diff_as_json(diff: DocumentDiff, *, with_text: bool) -> dict[str, Any]:
    """Return how two documents differ; the text holds passwords."""
    return {
        "from": diff.before,
        "to": diff.after,
        "changes": [change_as_json(one) for one in diff.changes],
        "diff": diff.text if with_text else None,
    }


def change_lines(changes: Iterable[ResourceChange]) -> list[str]:
    """Return changes for people, one a line: `changed numbers 380441234567: pool`."""
    return [
        one_line(f"{one.change} {one.kind}{f' {one.name}' if one.name else ''}")
        + (f": {', '.join(map(one_line, one.keys))}" if one.keys else "")
        for one in changes
    ]
