"""What a store gives of ended calls for a rehearsal: who called, who rang and how that ended, what endpoints answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from switchhook.domain.call import Direction
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from switchhook.domain.journal import JournalEntry
    from switchhook.storage.call_search import CallPlace


class TrailTarget(msgspec.Struct, frozen=True):
    """The target of a leg."""

    value: str


class TrailCause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a leg or a call ended; as `Cause`, and read three times as fast."""

    sip: int = 0
    q850: int = 0
    text: str = ""
    is_loss: bool = False

    def as_cause(self) -> Cause:
        """Return it as the engine takes it."""
        return Cause(sip=self.sip, q850=self.q850, text=self.text, is_loss=self.is_loss)


class TrailLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A leg of a call that has ended. Times are unix seconds."""

    id: str
    target: TrailTarget | None
    """None for the caller's leg."""
    started_at: float
    rang_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    end: AttemptEnd | None = None
    cause: TrailCause | None = None


class TrailEntry(NamedTuple):
    """A line of the journal, its facts as they are stored."""

    at: float
    kind: str
    text: str
    facts: str
    """JSON: a list of pairs."""


class CallTrail(
    msgspec.Struct, kw_only=True, rename={"is_withheld": "hidden", "entries": "read_apart"}
):
    """A call that has ended, without its project; of its journal what came from outside. Times are unix seconds."""

    id: str
    direction: Direction
    caller: str
    caller_name: str = ""
    account: str = ""
    is_withheld: bool = False
    callee: str
    arrived_at: float
    legs: tuple[TrailLeg, ...]
    redirections: int = 0
    callback: object = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    cause: TrailCause | None = None
    entries: list[TrailEntry] = []
    """Asks and what came of them, keys, restarts, and steps that record a message."""


class TrailPage(NamedTuple):
    """Some calls, newest first."""

    trails: tuple[CallTrail, ...]
    next: CallPlace | None
    """The place to go on from; None where there are no more."""


class AskTime(NamedTuple):
    """How long one ask took."""

    webhook: str
    seconds: float
    """To its answer or failure; of a caller who hung up meanwhile, to that."""
    is_failed: bool = False
    is_hung_up: bool = False


class ExchangePage(NamedTuple):
    """The asks of some calls, newest call first."""

    exchanges: tuple[AskTime, ...]
    calls: int
    """Calls that were looked at."""
    reached: float | None
    """When the earliest of them arrived, in unix seconds; None without any."""
    next: CallPlace | None
    """The place to go on from; None where there are no more."""


class CallTrails(Protocol):
    """Keeps what happened in calls that have ended."""

    async def page(
        self,
        project: str,
        *,
        since: float | None,
        until: float | None,
        behind: CallPlace | None = None,
        limit: int,
    ) -> TrailPage:
        """Return a project's calls that arrived since and before a moment, newest first, behind a place."""

    async def exchanges(
        self,
        project: str,
        *,
        since: float | None,
        until: float | None,
        behind: CallPlace | None = None,
        limit: int,
    ) -> ExchangePage:
        """Return the asks of the next calls, as `page` takes them, in the order of each call."""

    async def journals(
        self, project: str, calls: Collection[str]
    ) -> Mapping[str, tuple[JournalEntry, ...]]:
        """Return the whole journals of calls of a project, by the call's id."""
