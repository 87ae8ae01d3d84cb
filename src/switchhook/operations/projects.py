"""Operations on projects: apply a project file, and export one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from switchhook.domain.project import Project
from switchhook.operations.access_grants import note_new_grants
from switchhook.operations.sounds import no_missing_sounds
from switchhook.projectfile.file import call_tracking_lines, read_project, write_project
from switchhook.projectfile.loading import directory_of, know_names, names_in
from switchhook.projectfile.toml.mistakes import (
    MAX_NAMED,
    Mistakes,
    Notes,
    TooManyMistakesError,
)
from switchhook.projectfile.warnings.project import project_warnings
from switchhook.storage.records import ChangedMeanwhileError
from switchhook.tasks import compute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.operations.sounds import MissingSounds
    from switchhook.storage.ports import Projects
    from switchhook.storage.records import StoredProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A project file that was taken."""

    project: str
    version: int
    is_new: bool
    """False when the file says what the latest version says already."""
    notes: tuple[str, ...] = ()
    """What is no mistake, and perhaps not meant: former names of keys, `project_warnings`, and sounds that are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A project file in which nothing is wrong by itself."""

    project: Project
    text: str
    """As it came."""
    document: str
    """As it is stored: in the words of its author, with the comments."""
    meaning: str
    """In our words: the same for all files that say the same."""
    notes: tuple[str, ...]


KEPT = (
    "call tracking: the file has no [call_tracking], so the scenario stays as it is; a table without an address"
    " switches it off"
)
"""Said of a file that leaves a scenario as it is."""
ProjectFileReader = Callable[[str], Awaitable[ReadFile | Mistakes]]
"""Parses a project file in a thread or process, so that calls do not wait."""


def read_file(text: str) -> ReadFile | Mistakes:
    """Read a project file and judge it by itself."""
    of_names: list[str] = []
    project = read_project(text, remark=of_names.append)
    if isinstance(project, Mistakes):
        return project
    return ReadFile(
        project=project,
        text=text,
        document=text.replace("\r\n", "\n"),
        meaning=write_project(project),
        notes=(*of_names, *project_warnings(project)),
    )


async def read_here(text: str) -> ReadFile | Mistakes:
    """Read a file in this process: for commands, which have nothing else to do."""
    return read_file(text)


async def apply_project(
    store: Projects,
    text: str,
    *,
    only: str | None = None,
    sounds: MissingSounds = no_missing_sounds,
    reads: ProjectFileReader = read_here,
    after: int | None = None,
    by: str = "",
    is_edit: bool = False,
) -> Applied | Mistakes:
    """Make a project file the project's latest version, unless something is wrong with it.

    It is stored as it was written; one that differs from the latest version in comments, order and spelling alone takes
    that one's place. `by` applied it. `is_edit`: it was made of the latest version, so all that it leaves out is meant.

    Numbers and logins are unique over all projects: callers dial them without naming a project. `only` limits
    the file to one project, for a sender with a token of that project: the operator's grants stay as they are,
    and no other project is named. `sounds` says which sounds of a project are missing where calls would look
    for them. `after` is the version that the file was made of: raises ChangedMeanwhileError when there is a later one.
    """
    while True:
        judged = await _check(store, text, only, reads, is_edit=is_edit)
        if isinstance(judged, Mistakes):
            return judged
        file, latest, same = judged
        names = names_in(file.project)
        before = 0 if latest is None else latest.version
        if after is not None and before != after:
            raise ChangedMeanwhileError(f"project {file.project.id} has version {before} meanwhile")
        restates = same and latest is not None and latest.document != file.document
        try:
            version = await store.save_project(
                file.project.id, file.document, names, after=before, by=by, restates=restates
            )
        except ChangedMeanwhileError:
            if after is not None:
                raise
            continue  # a scenario that was activated meanwhile is not to be lost
        return await _applied(file, version, sounds, is_new=version != before)


async def check_project(
    store: Projects,
    text: str,
    *,
    only: str | None = None,
    sounds: MissingSounds = no_missing_sounds,
    reads: ProjectFileReader = read_here,
    is_edit: bool = False,
) -> Applied | Mistakes:
    """Return what `apply_project` would, and apply nothing."""
    judged = await _check(store, text, only, reads, is_edit=is_edit)
    if isinstance(judged, Mistakes):
        return judged
    file, latest, same = judged
    version = (0 if latest is None else latest.version) + (not same)
    return await _applied(file, version, sounds, is_new=not same)


async def _check(
    store: Projects, text: str, only: str | None, reads: ProjectFileReader, *, is_edit: bool
) -> tuple[ReadFile, StoredProject | None, bool] | Mistakes:
    """Return a file in which nothing is wrong, its project's latest version, and whether the two say the same."""
    file = await reads(text)
    if isinstance(file, Mistakes):
        return file
    latest = await store.latest_project(file.project.id)
    before = await compute(_loaded, latest)
    if before is not None and not is_edit:
        file = await compute(beside_latest, file, before)
    wrong = await _beside_others(store, file, before, only)
    if wrong is not None:
        return wrong
    same = before is not None and await compute(_says_the_same, file, before)
    return file, latest, same


def beside_latest(file: ReadFile, before: Project) -> ReadFile:
    """Return a file with what it leaves as it is in the version before, and notes on what it drops of it.

    A file that says nothing of call tracking leaves the scenario, for it may be another's; a table without an address
    switches it off.
    """
    here = {event.name for event in file.project.events}
    dropped = [repr(event.name) for event in before.events if event.name not in here]
    notes = file.notes
    if dropped:
        events, are = ("event", "is") if len(dropped) == 1 else ("events", "are")
        shown = ", ".join(dropped[:MAX_NAMED]) + (" and more" if len(dropped) > MAX_NAMED else "")
        notes = (*notes, f"{events} {shown} of version {before.version} {are} not in this file")
    if file.project.call_tracking is not None or before.call_tracking is None:
        return replace(file, notes=notes)
    project = replace(file.project, call_tracking=before.call_tracking)
    table = "\n".join((*call_tracking_lines(before.call_tracking), ""))
    return replace(
        file,
        project=project,
        document=f"{file.document.rstrip()}\n\n{table}",
        meaning=write_project(project),
        notes=(*notes, KEPT) if before.scenario.is_on else notes,
    )


def _says_the_same(file: ReadFile, before: Project) -> bool:
    """Say whether a file makes no new version, for the latest has it in its own words."""
    return write_project(before) == file.meaning


async def _applied(file: ReadFile, version: int, sounds: MissingSounds, *, is_new: bool) -> Applied:
    missing = await compute(sounds, file.project)
    return Applied(
        project=file.project.id, version=version, is_new=is_new, notes=(*file.notes, *missing)
    )


async def _beside_others(
    store: Projects, file: ReadFile, before: Project | None, only: str | None
) -> Mistakes | None:
    """Return the mistakes of a project beside other projects, and of keys that its sender may not change.

    It costs by what the file names, and not by how many projects there are.
    """
    await know_names(store)
    names = () if only not in {None, file.project.id} else names_in(file.project)
    owners = await store.owners(names)
    others = {name: owner for name, owner in owners.items() if owner != file.project.id}
    return await compute(_checked, file, others, before, only)


def _checked(
    file: ReadFile,
    others: Mapping[tuple[str, str], str],
    before: Project | None,
    only: str | None,
) -> Mistakes | None:
    project, notes = file.project, Notes(file.text)
    with suppress(TooManyMistakesError):
        if only not in {None, project.id}:
            problem = f"this is project {project.id}, not {only}"
            notes.add(("project", "id"), problem, f"write {only}")
            return notes.all()
        _note_taken(project, others, notes, names_them=only is None)
        if only is not None:
            note_new_grants(project, before, notes)
    return notes.all()


def _loaded(latest: StoredProject | None) -> Project | None:
    """Return a stored version; None when it is missing or unreadable."""
    if latest is None or latest.unreadable:
        return None
    snapshots = directory_of((latest,)).snapshots
    return next((snapshot.project for snapshot in snapshots.values()), None)


def _note_taken(
    project: Project, others: Mapping[tuple[str, str], str], notes: Notes, *, names_them: bool
) -> None:
    """Note the numbers and logins that another project has, with their lines."""
    for index, number in enumerate(project.numbers):
        if owner := others.get(("number", number.number)):
            problem = f"{number.number} belongs to {_whose(owner, names_them)}"
            advice = "remove it from one of the two"
            if names_them:
                advice += _removing("numbers", number.number, owner)
            notes.add(("numbers", index, "number"), problem, advice)
    for index, account in enumerate(project.accounts):
        if owner := others.get(("login", account.login)):
            problem = f"login {account.login} belongs to {_whose(owner, names_them)}"
            advice = "use another login"
            if names_them:
                advice += f", or remove it there{_removing('accounts', account.login, owner)}"
            notes.add(("accounts", index, "login"), problem, advice)


def _whose(owner: str, names_them: bool) -> str:  # noqa: FBT001 (it is asked for by name above)
    return f"project {owner}" if names_them else "another project"


def _removing(kind: str, name: str, owner: str) -> str:
    return f": `switchhook config remove {kind} {name} --project {owner} --cascade`"


async def mistakes_beside_others(store: Projects, file: ReadFile) -> Mistakes | None:
    """Return the mistakes of a project beside those that are applied: numbers and logins that they have."""
    return await _beside_others(store, file, None, None)
