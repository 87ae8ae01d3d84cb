"""What a person may do with projects: apply a project file, and export one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.documents.lines import Lines
from switchhook.documents.mistakes import Mistakes, Notes, TooManyMistakesError
from switchhook.operations.loading import book_of
from switchhook.operations.opened import note_opened
from switchhook.operations.project_file import read_project, write_project
from switchhook.operations.remarks import remarks
from switchhook.operations.sounds import nothing_missing
from switchhook.storage.records import StoredProject, UnreadableError

if TYPE_CHECKING:
    from switchhook.domain.book import Book
    from switchhook.domain.project import Project
    from switchhook.operations.ports import Projects
    from switchhook.operations.sounds import MissingSounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A project file that was taken."""

    project: str
    version: int
    is_new: bool
    """False when the file says what the latest version says already."""
    notes: tuple[str, ...] = ()
    """What is no mistake, and perhaps not meant: `remarks`, and sounds that are missing."""


class NoSuchProjectError(LookupError):
    """No project of that id was applied. The message says so and names those that were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A project file in which nothing is wrong, and what its project is now."""

    project: str
    document: str
    latest: StoredProject | None
    notes: tuple[str, ...]


async def apply_project(
    store: Projects, text: str, *, only: str | None = None, sounds: MissingSounds = nothing_missing
) -> Applied | Mistakes:
    """Make a project file the project's latest version, unless something is wrong with it.

    Numbers and logins are unique over all projects: callers dial them without naming a project.
    `only` is the one project that the file may be of, where it comes from somebody who has a say in that
    one alone: what the operator did not open to it before stays closed, and no other project is named.
    `sounds` says which sounds of a project are missing where calls would look for them.
    """
    judged = await _judge(store, text, only, sounds)
    if isinstance(judged, Mistakes):
        return judged
    version = await store.save_project(judged.project, judged.document)
    before = 0 if judged.latest is None else judged.latest.version
    return Applied(
        project=judged.project, version=version, is_new=version != before, notes=judged.notes
    )


async def check_project(
    store: Projects, text: str, *, only: str | None = None, sounds: MissingSounds = nothing_missing
) -> Applied | Mistakes:
    """Return what `apply_project` would, and apply nothing."""
    judged = await _judge(store, text, only, sounds)
    if isinstance(judged, Mistakes):
        return judged
    latest = judged.latest
    is_new = latest is None or latest.document != judged.document
    version = (0 if latest is None else latest.version) + is_new
    return Applied(project=judged.project, version=version, is_new=is_new, notes=judged.notes)


async def _judge(
    store: Projects, text: str, only: str | None, sounds: MissingSounds
) -> _Judged | Mistakes:
    """Read aside, where a long file holds up no call."""
    return await asyncio.to_thread(_judged, await store.projects(), text, only, sounds)


def _judged(
    stored: tuple[StoredProject, ...], text: str, only: str | None, sounds: MissingSounds
) -> _Judged | Mistakes:
    project = read_project(text)
    if isinstance(project, Mistakes):
        return project
    notes = Notes(Lines(text))
    with suppress(TooManyMistakesError):
        _note_all(project, book_of(stored), only, notes)
    if wrong := notes.all():
        return wrong
    latest = next((old for old in stored if old.id == project.id), None)
    return _Judged(
        project=project.id,
        document=write_project(project),
        latest=latest,
        notes=(*remarks(project), *sounds(project)),
    )


def _note_all(project: Project, book: Book, only: str | None, notes: Notes) -> None:
    """Note what is wrong with a project beside others, and with what its sender may not change."""
    if only not in {None, project.id}:
        problem = f"this is project {project.id}, not {only}"
        notes.add(("project", "id"), problem, f"write {only}")
        return
    _note_taken_by_others(project, book, notes, names_them=only is None)
    if only is not None:
        plan = book.plans.get(only)
        note_opened(project, None if plan is None else plan.project, notes)


def _note_taken_by_others(project: Project, book: Book, notes: Notes, *, names_them: bool) -> None:
    """Note the numbers and logins that another project has, with their lines."""
    for index, number in enumerate(project.numbers):
        found = book.number(number.number)
        if found is not None and (owner := found[0].project.id) != project.id:
            problem = f"{number.number} belongs to {_whose(owner, names_them)}"
            notes.add(("numbers", index, "number"), problem, "remove it from one of the two")
    for index, account in enumerate(project.accounts):
        having = book.account(account.login)
        if having is not None and (owner := having[0].project.id) != project.id:
            problem = f"login {account.login} belongs to {_whose(owner, names_them)}"
            notes.add(("accounts", index, "login"), problem, "use another login")


def _whose(owner: str, names_them: bool) -> str:  # noqa: FBT001 (it is asked for by name above)
    return f"project {owner}" if names_them else "another project"


async def export_project(store: Projects, project_id: str | None) -> str:
    """Return the latest version of a project as a file, passwords and all.

    Without an id, the only project there is. Raises NoSuchProjectError, or StoreError.
    """
    return (await latest_version(store, project_id)).document


async def latest_version(store: Projects, project_id: str | None) -> StoredProject:
    """Return the latest version of a project; without an id, of the only one there is.

    Raises NoSuchProjectError, or StoreError when nobody can read it.
    """
    stored = await store.projects()
    names = ", ".join(one.id for one in stored)
    if not stored:
        raise NoSuchProjectError("there is no project yet; apply a project file first")
    if project_id is None:
        if len(stored) > 1:
            raise NoSuchProjectError(f"say which project: {names}")
        return _read(stored[0])
    for one in stored:
        if one.id == project_id:
            return _read(one)
    raise NoSuchProjectError(f"there is no project {project_id}; there are: {names}")


def _read(stored: StoredProject) -> StoredProject:
    if stored.unreadable:
        raise UnreadableError(f"{stored.unreadable}; apply its project file again")
    return stored
