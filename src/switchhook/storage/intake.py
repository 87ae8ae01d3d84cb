"""The contract of a store for what other programs bring in, and the values that it keeps of that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from switchhook.domain.tracking.imported_call import ImportedCall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchhook.domain.tracking.caller_history import Visit
    from switchhook.domain.tracking.foreign_event import ForeignEvent
    from switchhook.storage.delivery import Delivery
    from switchhook.storage.stream import StreamEvent


class ForeignEvents(Protocol):
    """Keeps events that are no calls (N-07); it holds for it what holds for every store."""

    async def add_foreign_event(
        self,
        event: ForeignEvent,
        deliveries_of: Callable[[int], tuple[Delivery, ...]],
        stream_of: Callable[[int], tuple[StreamEvent, ...]],
        *,
        now: float,
    ) -> tuple[Delivery, ...]:
        """Store an event with its deliveries and what the project's stream keeps of it, in one transaction; return the deliveries.

        `deliveries_of` and `stream_of` take the place of the event among those about the same, 1, 2, 3 …; they are pure, and may be asked
        in another thread, and more than once. Later places are returned later.
        """


class ImportState(StrEnum):
    """How an import, or a call of one, stands."""

    QUEUED = "queued"
    DONE = "done"
    IMPORTED = "imported"
    DUPLICATE = "duplicate"
    """A call with its reference was brought in before."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportItem:
    """A call of an import."""

    reference: str
    state: ImportState
    call: str
    """The id that the call has here; of a duplicate, that of the first."""
    made: ImportedCall | None = None
    """What was posted; None once it is settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallImport:
    """Calls that were posted together."""

    number: int
    project: str
    by: str
    at: float
    """Unix seconds."""
    tells: bool
    """Whether the events after a call are told of each."""
    state: ImportState
    items: tuple[ImportItem, ...]


class CallImports(Protocol):
    """Keeps calls that were made elsewhere until they are calls like all others (N-17)."""

    async def add_import(
        self,
        project: str,
        calls: Sequence[tuple[str, ImportedCall]],
        *,
        by: str,
        at: float,
        tells: bool,
    ) -> CallImport:
        """Store calls, each with the id that it gets, as queued at this node; one whose reference is known as a duplicate."""

    async def settle_import(self, done: CallImport) -> None:
        """Store what became of an import."""

    async def call_import(self, project: str, number: int) -> CallImport | None:
        """Return an import of a project, or None."""

    async def queued_imports(self) -> tuple[CallImport, ...]:
        """Return this node's imports that are queued, oldest first."""

    async def visit_at(self, project: str, number: str, at: float) -> Visit | None:
        """Return the visit that saw a number at a moment, as it is known now, or None."""

    async def visit_of(self, project: str, visit: str) -> Visit | None:
        """Return a visit that was told of, or None."""
