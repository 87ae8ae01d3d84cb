"""What the operator brings in, as values; `operations/control.py` tells what such values are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from switchhook.operations.calling import NoServerError
from switchhook.operations.history import NoSuchCallError
from switchhook.operations.intake.foreign_events import (
    ForeignEventTeller,
    PostedEvent,
    ToldEvent,
    tell_foreign_event,
)
from switchhook.operations.intake.imports import queue_calls
from switchhook.operations.intake.posted_calls import PostedCalls
from switchhook.operations.intake.visits import PostedVisit, ToldVisit, read_attributes, tell_visit
from switchhook.operations.ports import VisitMemory
from switchhook.operations.project_versions import latest_version
from switchhook.routing.events import LateFacts
from switchhook.storage.intake import CallImport, CallImports
from switchhook.storage.ports import Projects, Records, Visits

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.operations.error_check import SnapshotAtHand


class IntakeStore(Projects, Visits, CallImports, Records, Protocol):
    """Keeps projects, visits, calls, and calls that were made elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningIntake:
    """The parts of a running server that take in what is told."""

    foreign_events: ForeignEventTeller
    visits: VisitMemory
    runs: Callable[[str, str], bool]
    """Says whether a call of a project runs."""
    amend: Callable[[str, str, LateFacts], Awaitable[bool]]
    """Tells a call of a project what became known of it; False where there is no such call."""
    wake_importer: Callable[[], None]
    """Has calls imported that were just queued."""


class IntakeParts(Protocol):
    """What these acts are carried out on."""

    @property
    def store(self) -> IntakeStore:
        """Return the store."""

    @property
    def clock(self) -> Callable[[], float]:
        """Return what tells unix time in seconds."""

    @property
    def at_hand(self) -> SnapshotAtHand:
        """Return what has the projects as the next call follows them."""

    @property
    def intake(self) -> RunningIntake | None:
        """Return what takes it in; None where no server runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEvent:
    """Tell the project's events of something that is no call (N-07)."""

    project: str | None
    posted: PostedEvent
    by: str = ""
    result: ClassVar = ToldEvent

    async def perform(self, on: IntakeParts) -> ToldEvent:
        """Tell it. Raises NoSuchProjectError, ForeignEventError, NoServerError."""
        running, snapshot = await _running(on, self.project)
        return await tell_foreign_event(
            running.foreign_events, snapshot, self.posted, now=on.clock()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCalls:
    """Bring in calls that another telephone system made (N-17)."""

    project: str | None
    posted: PostedCalls
    by: str
    result: ClassVar = CallImport

    async def perform(self, on: IntakeParts) -> CallImport:
        """Queue them; without a server, the next one imports them. Raises NoSuchProjectError, CallImportError."""
        own = (await latest_version(on.store, self.project)).id
        queued = await queue_calls(
            on.store,
            own,
            self.posted.calls,
            by=self.by,
            now=on.clock(),
            tells=self.posted.tells,
        )
        if on.intake is not None:
            on.intake.wake_importer()
        return queued


@dataclass(frozen=True, slots=True, kw_only=True)
class TellVisit:
    """Keep what is known of a visit to the website."""

    project: str | None
    visit: str
    posted: PostedVisit
    by: str = ""
    result: ClassVar = ToldVisit

    async def perform(self, on: IntakeParts) -> ToldVisit:
        """Keep it. Raises NoSuchProjectError, BadVisitError, NoServerError."""
        running, snapshot = await _running(on, self.project)
        return await tell_visit(
            on.store,
            running.visits,
            snapshot,
            self.visit,
            self.posted,
            runs=running.runs,
            now=on.clock(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsTold:
    """Facts that became known of a call, as they are kept."""

    call: str
    facts: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TellFacts:
    """Tell facts that became known of a call late; it may have ended."""

    call: str
    facts: Mapping[str, str]
    by: str = ""
    result: ClassVar = FactsTold

    async def perform(self, on: IntakeParts) -> FactsTold:
        """Tell them. Raises BadVisitError, NoSuchCallError, NoServerError."""
        facts = read_attributes(self.facts)
        if on.intake is None:
            raise NoServerError(_NO_SERVER)
        row = await on.store.call(self.call)
        late = LateFacts(facts=facts)
        if row is None or not await on.intake.amend(row.project, self.call, late):
            raise NoSuchCallError(f"there is no call {self.call}; `switchhook calls` lists them")
        return FactsTold(call=self.call, facts=dict(facts))


async def _running(on: IntakeParts, project: str | None) -> tuple[RunningIntake, ProjectSnapshot]:
    """Return what takes it in, and what calls of a project follow. Raises NoSuchProjectError, NoServerError."""
    snapshot = on.at_hand((await latest_version(on.store, project)).id)
    if on.intake is None or snapshot is None:
        raise NoServerError(_NO_SERVER)
    return on.intake, snapshot


_NO_SERVER = "no server runs on this data directory; start `switchhook serve`"

INTAKE_ACTS = {
    "post-event": PostEvent,
    "queue-calls": QueueCalls,
    "tell-visit": TellVisit,
    "tell-facts": TellFacts,
}
"""These acts by their names."""
