"""How the versions of a project differ: by resources, and by the lines of the file."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.operations.project_versions import latest_version, read_version
from switchhook.projectfile.resources import ResourceChange, changes_between, plain_document
from switchhook.tasks import compute

if TYPE_CHECKING:
    from switchhook.storage.ports import Projects


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDiff:
    """How one document of a project differs from another."""

    before: str
    """What the first is called, such as `version 3`."""
    after: str
    changes: tuple[ResourceChange, ...]
    text: str
    """A unified diff of the two texts, secrets and all; empty for the same text."""


async def diff_versions(
    store: Projects, project_id: str | None, before: int | None, after: int | None = None
) -> DocumentDiff:
    """Return how a version differs from an earlier one: without numbers, the latest from the one before it.

    Raises NoSuchVersionError, NoSuchProjectError, StoreError.
    """
    latest = await latest_version(store, project_id)
    new = latest if after is None else await read_version(store, latest.id, after)
    old = await read_version(store, latest.id, new.version - 1 if before is None else before)
    return await compute(
        diff_documents,
        (f"version {old.version}", old.document),
        (f"version {new.version}", new.document),
    )


def diff_documents(before: tuple[str, str], after: tuple[str, str]) -> DocumentDiff:
    """Return how two documents differ; each is what it is called, and its text."""
    try:
        changes = changes_between(plain_document(before[1]), plain_document(after[1]))
    except (LookupError, TypeError, AttributeError, ValueError):  # a draft may be no good document
        changes = ()
    lines = difflib.unified_diff(
        before[1].splitlines(), after[1].splitlines(), before[0], after[0], lineterm=""
    )
    text = "".join(f"{line}\n" for line in lines)
    return DocumentDiff(before=before[0], after=after[0], changes=changes, text=text)
