"""A part of a project as an editor has it before them: as it was when they began, and as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.operations.document.resources import NoSuchResourceError, kind_of, read_resource
from switchhook.operations.project_versions import latest_version, readable_version
from switchhook.projectfile.resources import fingerprint, found, place_of, plain_document
from switchhook.projectfile.toml.editing import Plain
from switchhook.projectfile.toml.lines import KeyPath
from switchhook.tasks import compute

if TYPE_CHECKING:
    from switchhook.storage.ports import Projects


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedPart:
    """A part of a project that is being edited."""

    document: Plain
    """The whole project now."""
    now: Plain
    """The part now, under the keys of the file; empty where there is none."""
    base: Plain
    """As the editor saw it first: what they change, they change of this."""
    version: int
    """That of `base`."""
    tag: str
    """That of the part now, as `Precondition` takes it; empty where there is none."""
    path: KeyPath
    """Where the document has the part, or will have it."""


async def part_for_editing(
    store: Projects, project_id: str, kind: str, name: str = "", *, since: int | None = None
) -> EditedPart:
    """Return a part for an editor; `since` is the version that they began with, None for now.

    Without a name, a kind of many is answered with what a new one begins with: nothing. Raises NoSuchResourceError,
    NoSuchProjectError, StoreError.
    """
    has_many = bool(kind_of(kind).key)
    stored = await latest_version(store, project_id)
    document = await compute(plain_document, stored.document)
    now = found(document, kind, name) if name or not has_many else {}
    if now is None and has_many:
        await read_resource(store, project_id, kind, name)  # says which there are
        raise NoSuchResourceError(f"{name} is gone meanwhile")
    old = None
    if since is not None and since != stored.version:
        old = await readable_version(store, stored.id, since)
    base = None if old is None else found(plain_document(old.document), kind, name)
    place = place_of(document, kind, name) if has_many and name else None
    at = len(document.get(kind, [])) if place is None else place
    return EditedPart(
        document=document,
        now=now or {},
        base=(now or {}) if base is None else base,
        version=stored.version if base is None or old is None else old.version,
        tag=f"{stored.version}-{fingerprint(now)}" if now else "",
        path=(kind, at) if has_many else (kind,),
    )
