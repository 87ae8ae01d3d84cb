"""Rehearses a draft on a project's stored calls, a batch at a time, newest call first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from switchhook.operations.rehearsal.draft import Missing, Unknown
from switchhook.operations.rehearsal.replay import Comparison, Route, replay
from switchhook.tasks import compute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from switchhook.domain.journal import JournalEntry
    from switchhook.operations.rehearsal.draft import Draft
    from switchhook.storage.call_search import CallPlace
    from switchhook.storage.trails import CallTrail, CallTrails

BATCH: Final = 200
"""Calls that are rehearsed at once: some 40 ms."""
MOST_LISTED: Final = 10_000
"""Calls that go elsewhere of which both paths are kept; more are counted."""


class RehearsalState(StrEnum):
    """How a rehearsal stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    """The store could not be read."""
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPath:
    """One way that a call went, or would go."""

    path: str
    """The locations that it came to and what rang there, as the list of calls has it."""
    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversion:
    """A call that would go elsewhere."""

    call: str
    arrived_at: float
    caller: str
    callee: str
    stored: CallPath
    """Its path is empty until `with_stored_paths` has read it."""
    rehearsed: CallPath
    unknown: Unknown | None
    """Where the stored call told no more, so that the way is not known to its end."""


@dataclass(slots=True, kw_only=True)
class RehearsalCount:
    """What was found so far."""

    rehearsed: int = 0
    """Calls that were looked at."""
    elsewhere: int = 0
    unknown: Counter[Missing] = field(default_factory=Counter)
    """Calls that cannot be rehearsed, by what is not known."""
    diversions: list[Diversion] = field(default_factory=list)
    """The calls that would go elsewhere, newest first, up to `MOST_LISTED`; see `with_stored_paths`."""
    reached: float | None = None
    """When the call arrived that was looked at last, in unix seconds."""

    @property
    def same(self) -> int:
        """Return how many calls would go where they went."""
        return self.rehearsed - self.elsewhere - self.unknown.total()


class RehearsalRun:
    """Goes through the calls from the newest back."""

    def __init__(
        self,
        trails: CallTrails,
        draft: Draft,
        *,
        since: float | None,
        until: float | None,
        path_of: Callable[[Iterable[JournalEntry]], str],
        batch: int = BATCH,
    ) -> None:
        """`path_of` writes a journal as a path in one line; `since` and `until` are in unix seconds."""
        self.count = RehearsalCount()
        self._trails = trails
        self._draft = draft
        self._since = since
        self._until = until
        self._path_of = path_of
        self._batch = batch
        self._behind: CallPlace | None = None

    async def next_batch(self) -> bool:
        """Rehearse some calls more; False when all were. Raises StoreError: none of them were then."""
        project = self._draft.snapshot.project.id
        page = await self._trails.page(
            project,
            since=self._since,
            until=self._until,
            behind=self._behind,
            limit=self._batch,
        )
        replays = await compute(self._replayed, page.trails)
        elsewhere = [one for one in replays if isinstance(one, Diversion)]
        self.count.diversions += elsewhere[: MOST_LISTED - len(self.count.diversions)]
        self._add(page.trails, replays)
        self._behind = page.next
        return page.next is not None

    def _replayed(self, trails: Sequence[CallTrail]) -> list[Diversion | Missing | None]:
        """Return what became of each call, and nothing else: what a replay is made of is gone with it."""
        return [self._replay(trail) for trail in trails]

    def _replay(self, trail: CallTrail) -> Diversion | Missing | None:
        """Return what is not known of a call, or None where it goes where it went."""
        try:
            done = replay(trail, self._draft)
        except (LookupError, ValueError):  # it keeps no other back
            return Missing.UNREADABLE
        match done.verdict:
            case Comparison.SAME:
                return None
            case Comparison.UNKNOWN:
                return done.unknown.missing if done.unknown else Missing.UNREADABLE
            case Comparison.ELSEWHERE:
                return Diversion(
                    call=trail.id,
                    arrived_at=trail.arrived_at,
                    caller=trail.caller,
                    callee=trail.callee,
                    stored=CallPath(path="", route=done.stored),
                    rehearsed=CallPath(path=self._path_of(done.journal), route=done.rehearsed),
                    unknown=done.unknown,
                )

    def _add(
        self, trails: Sequence[CallTrail], replays: Sequence[Diversion | Missing | None]
    ) -> None:
        count = self.count
        count.rehearsed += len(trails)
        for one in replays:
            if isinstance(one, Missing):
                count.unknown[one] += 1
            elif one is not None:
                count.elsewhere += 1
        if trails:
            count.reached = trails[-1].arrived_at


async def with_stored_paths(
    trails: CallTrails,
    project: str,
    found: Sequence[Diversion],
    path_of: Callable[[Iterable[JournalEntry]], str],
) -> tuple[Diversion, ...]:
    """Return calls of a rehearsal with the paths that they went: read for those alone that somebody looks at.

    Raises StoreError. The path of a call that is deleted by now is empty.
    """
    journals = await trails.journals(project, [one.call for one in found]) if found else {}
    return tuple(
        replace(one, stored=replace(one.stored, path=path_of(journals.get(one.call, ()))))
        for one in found
    )
