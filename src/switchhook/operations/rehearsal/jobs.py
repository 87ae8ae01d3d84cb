"""Rehearsals as jobs of a running server: begun, shown and stopped; they live in memory, and end with the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from switchhook.domain.project import ProjectSnapshot
from switchhook.errors import ExpectedError
from switchhook.operations.rehearsal.run import RehearsalCount, RehearsalState
from switchhook.projectfile.file import read_project
from switchhook.projectfile.toml.mistakes import Mistakes

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_KEPT: Final = 5
"""Rehearsals of one project that are kept; the oldest goes first."""
MOST_KEPT_OF_ALL: Final = 50
"""Of all projects: one that found 10,000 calls takes some ten megabytes. Those that run are beside it."""


class NoSuchRehearsalError(ExpectedError, LookupError):
    """The project has no such rehearsal here."""


class RehearsalRunsError(ExpectedError):
    """One of the project runs already."""


class OtherProjectError(ExpectedError):
    """The draft is that of another project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalWanted:
    """What is to be rehearsed."""

    project: str
    document: str = field(repr=False)
    name: str
    """What the document is called: `draft spring`, or a file's name."""
    since: float | None
    """Unix seconds; None: from the first call that is stored."""
    until: float | None
    by: str


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """One that was begun, and how it stands."""

    number: int
    wanted: RehearsalWanted
    started_at: float
    """Unix seconds."""
    count: RehearsalCount
    state: RehearsalState = RehearsalState.RUNNING
    ended_at: float | None = None
    trouble: str = ""
    """Why it failed."""


class RehearsalJobs(Protocol):
    """Carries rehearsals out beside calls."""

    async def start(self, wanted: RehearsalWanted) -> Rehearsal | Mistakes:
        """Begin one. Raises RehearsalRunsError, OtherProjectError."""

    def show(self, project: str, number: int) -> Rehearsal:
        """Return one of a project as it stands. Raises NoSuchRehearsalError."""

    def all(self, project: str) -> tuple[Rehearsal, ...]:
        """Return those of a project that are kept, newest first."""

    def stop(self, project: str, number: int) -> Rehearsal:
        """Stop one; what it found stays. Raises NoSuchRehearsalError."""


def snapshot_of_draft(
    document: str, project: str | None, own_hosts: Iterable[str] = ()
) -> ProjectSnapshot | Mistakes:
    """Read a draft of a project. Raises OtherProjectError."""
    read = read_project(document)
    if isinstance(read, Mistakes):
        return read
    if project not in {None, read.id}:
        raise OtherProjectError(
            f"the draft is one of project {read.id}, and the calls are those of project {project}; name a draft"
            f' with id = "{project}"'
        )
    return ProjectSnapshot(read, own_hosts)
