"""From stored project files to the directory that calls are answered from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.projectfile.file import read_project
from switchhook.tasks import compute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from switchhook.storage.ports import Projects
    from switchhook.storage.records import StoredProject, UniqueNames

log = structlog.get_logger(__name__)


def load_snapshot(stored: StoredProject, own_hosts: Iterable[str] = ()) -> ProjectSnapshot:
    """Make a stored version ready for calls. `own_hosts` are those of the server in SIP addresses.

    It was judged when it was applied: what a release judges more strictly than the one before must not
    take a project off the air. Raises LookupError when this release cannot read it, for a later one
    wrote it, or when it is damaged.
    """
    if stored.unreadable:
        raise LookupError(f"{stored.unreadable}; apply its project file again")
    match read_project(stored.document, judge=False):
        case Project() as project:
            return ProjectSnapshot(replace(project, version=stored.version), own_hosts)
        case mistakes:
            raise LookupError(f"version {stored.version} of project {stored.id}: {mistakes}")


def names_in(project: Project) -> UniqueNames:
    """Return what callers dial and telephones register by, without naming a project.

    No two projects may have one of them.
    """
    numbers = (("number", one.number) for one in project.numbers)
    return (*numbers, *(("login", one.login) for one in project.accounts))


async def know_names(store: Projects) -> None:
    """Write the projects' names into a store of an older release."""
    if not await store.knows_names():
        directory = await compute(directory_of, await store.projects())
        await store.own_names(
            {name: names_in(p.project) for name, p in directory.snapshots.items()}
        )


async def load_directory(store: Projects, own_hosts: Collection[str] = ()) -> ProjectDirectory:
    """Return the directory of all projects' latest versions."""
    return directory_of(await store.projects(), own_hosts)


def directory_of(
    versions: Iterable[StoredProject], own_hosts: Collection[str] = ()
) -> ProjectDirectory:
    """Return the directory of these versions; one that cannot be read is logged."""
    snapshots = []
    for stored in versions:
        try:
            snapshots.append(load_snapshot(stored, own_hosts))
        except LookupError as error:
            log.error("project not loaded", project=stored.id, error=str(error))  # noqa: TRY400 - the reader needs no traceback
    return ProjectDirectory(snapshots)
