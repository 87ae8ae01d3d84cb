"""Which projects were applied, and what their versions say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.errors import ExpectedError
from switchhook.storage.records import UnreadableError
from switchhook.tasks import compute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from switchhook.domain.project import Project, ProjectSnapshot
    from switchhook.storage.ports import Projects
    from switchhook.storage.records import StoredProject, StoredVersion


class NoSuchProjectError(ExpectedError, LookupError):
    """No project of that id was applied. The message says so and names those that were."""


class NoSuchVersionError(ExpectedError, LookupError):
    """The project has no such version, or keeps it no more. The message says so."""


async def export_project(store: Projects, project_id: str | None) -> str:
    """Return the latest version of a project as a file, passwords and all.

    Without an id, the only project there is. Raises NoSuchProjectError, or StoreError.
    """
    from switchhook.projectfile.file import renewed  # noqa: PLC0415 (most ask for less)

    return await compute(renewed, (await latest_version(store, project_id)).document)


def nothing_at_hand(_project_id: str) -> ProjectSnapshot | None:
    """Have no project read: for commands, which read one themselves."""
    return None


async def current_project(
    store: Projects,
    project_id: str | None,
    at_hand: Callable[[str], ProjectSnapshot | None] = nothing_at_hand,
) -> Project:
    """Return what the latest version of a project says, as `current_snapshot` finds it."""
    return (await current_snapshot(store, project_id, at_hand)).project


async def current_snapshot(
    store: Projects,
    project_id: str | None,
    at_hand: Callable[[str], ProjectSnapshot | None] = nothing_at_hand,
) -> ProjectSnapshot:
    """Return the latest version of a project; without an id, of the only one there is.

    `at_hand` gives what calls follow: reading a large project takes a second, so it is read only where another
    version is the latest one. Raises NoSuchProjectError, or StoreError when it cannot be read.
    """
    from switchhook.projectfile.loading import load_snapshot  # noqa: PLC0415 (most ask for less)

    latest = await latest_version(store, project_id)
    snapshot = at_hand(latest.id)
    if snapshot is None or snapshot.project.version != latest.version:
        try:
            snapshot = await compute(load_snapshot, latest)
        except LookupError as error:
            raise UnreadableError(f"{error}; apply its project file again") from error
    return snapshot


async def require_project(store: Projects, project_id: str) -> None:
    """Raise NoSuchProjectError where others were applied, but none of that id."""
    there = await store.project_versions()
    if there and project_id not in there:
        raise _unknown(project_id, there)


def _unknown(project_id: str, there: Iterable[str]) -> NoSuchProjectError:
    known = ", ".join(sorted(there))
    return NoSuchProjectError(f"there is no project {project_id}; there are: {known}")


async def latest_version(store: Projects, project_id: str | None) -> StoredProject:
    """Return the latest version of a project; without an id, of the only one there is.

    Raises NoSuchProjectError, or StoreError when it cannot be read.
    """
    wanted = await project_meant(store, project_id)
    found = await store.latest_project(wanted)
    if found is None:
        raise _unknown(wanted, await store.project_versions())
    return _read(found)


async def project_meant(store: Projects, project_id: str | None) -> str:
    """Return the id of the project that is meant: without one, of the only one there is. Raises NoSuchProjectError."""
    there = sorted(await store.project_versions())
    if not there:
        raise NoSuchProjectError("there is no project yet; apply a project file first")
    if project_id is None and len(there) > 1:
        raise NoSuchProjectError(f"say which project: {', '.join(there)}")
    return project_id or there[0]


def _read(stored: StoredProject) -> StoredProject:
    if stored.unreadable:
        raise UnreadableError(f"{stored.unreadable}; apply its project file again")
    return stored


async def list_versions(
    store: Projects, project_id: str | None, *, below: int | None = None, limit: int = 100
) -> tuple[str, tuple[StoredVersion, ...]]:
    """Return a project's id and its versions that are kept, latest first, those below a number alone.

    Raises NoSuchProjectError, StoreError.
    """
    project = (await latest_version(store, project_id)).id
    top = 2**62 if below is None else min(below, 2**62)
    return project, await store.project_history(project, below=top, limit=limit)


async def read_version(store: Projects, project_id: str | None, version: int) -> StoredProject:
    """Return one version of a project. Raises NoSuchVersionError, NoSuchProjectError, StoreError."""
    latest = await latest_version(store, project_id)
    is_earlier = 0 < version < latest.version
    found = latest if version == latest.version else None
    found = await store.project(latest.id, version) if is_earlier else found
    if found is None:
        raise NoSuchVersionError(
            f"project {latest.id} has no version {version} any more, or not yet; its latest is {latest.version}"
        )
    return _read(found)


async def readable_version(store: Projects, project_id: str, version: int) -> StoredProject | None:
    """Return one version of a project; None where there is none, or it cannot be read."""
    found = await store.project(project_id, version)
    return None if found is None or found.unreadable else found
