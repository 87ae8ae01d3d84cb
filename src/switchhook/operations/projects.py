"""What a person may do with projects: apply a project file, and export one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.documents.lines import Lines
from switchhook.documents.mistakes import Mistakes, Notes
from switchhook.operations.loading import load_book
from switchhook.operations.project_file import read_project, write_project

if TYPE_CHECKING:
    from switchhook.domain.book import Book
    from switchhook.domain.project import Project
    from switchhook.operations.ports import Projects
    from switchhook.storage.records import StoredProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A project file that was taken."""

    project: str
    version: int
    is_new: bool
    """False when the file says what the latest version says already."""


class NoSuchProjectError(LookupError):
    """No project of that id was applied. The message says so and names those that were."""


async def apply_project(store: Projects, text: str) -> Applied | Mistakes:
    """Make a project file the project's latest version, unless something is wrong with it.

    Numbers and logins are unique over all projects: callers dial them without naming a project.
    """
    project = read_project(text)
    if isinstance(project, Mistakes):
        return project
    taken = _taken_by_others(project, text, await load_book(store))
    if taken is not None:
        return taken
    before = next((old.version for old in await store.projects() if old.id == project.id), 0)
    version = await store.save_project(project.id, write_project(project))
    return Applied(project=project.id, version=version, is_new=version != before)


def _taken_by_others(project: Project, text: str, book: Book) -> Mistakes | None:
    """Note the numbers and logins that another project has, with their lines."""
    notes = Notes(Lines(text))
    for index, number in enumerate(project.numbers):
        found = book.number(number.number)
        if found is not None and (owner := found[0].project.id) != project.id:
            problem = f"{number.number} belongs to project {owner}"
            notes.add(("numbers", index, "number"), problem, "remove it from one of the two")
    for index, account in enumerate(project.accounts):
        having = book.account(account.login)
        if having is not None and (owner := having[0].project.id) != project.id:
            problem = f"login {account.login} belongs to project {owner}"
            notes.add(("accounts", index, "login"), problem, "use another login")
    return notes.all()


async def export_project(store: Projects, project_id: str | None) -> str:
    """Return the latest version of a project as a file, passwords and all.

    Without an id, the only project there is. Raises NoSuchProjectError.
    """
    return (await latest_version(store, project_id)).document


async def latest_version(store: Projects, project_id: str | None) -> StoredProject:
    """Return the latest version of a project; without an id, of the only one there is.

    Raises NoSuchProjectError.
    """
    stored = await store.projects()
    names = ", ".join(one.id for one in stored)
    if not stored:
        raise NoSuchProjectError("there is no project yet; apply a project file first")
    if project_id is None:
        if len(stored) > 1:
            raise NoSuchProjectError(f"say which project: {names}")
        return stored[0]
    for one in stored:
        if one.id == project_id:
            return one
    raise NoSuchProjectError(f"there is no project {project_id}; there are: {names}")
