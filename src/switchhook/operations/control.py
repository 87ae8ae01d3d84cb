"""What a command of the operator changes, as values: carried out by the running server, or by the command itself.

A value names an act and what it needs; `perform` does it on the store. The same code runs in both places.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, assert_never

from switchhook.domain.cause import Outcome
from switchhook.domain.event import Subscription
from switchhook.domain.token import Scope, Token
from switchhook.operations.bulk_jobs import NoSuchJobError, start_job, stop_job
from switchhook.operations.calling import (
    CallbackError,
    NoServerError,
    NotTransferredError,
    call_back,
    transfer_call,
)
from switchhook.operations.error_check import (
    Acted,
    DeliverySender,
    SnapshotAtHand,
    check_deliveries,
    send_again,
    uncheck_deliveries,
)
from switchhook.operations.hang_up import CallOverError, hang_up
from switchhook.operations.history import NoSuchCallError, NoSuchDeliveryError
from switchhook.operations.job_run import JobRun
from switchhook.operations.ports import RunningCalls, SubscriptionMemory
from switchhook.operations.project_events import (
    BuiltInEventError,
    EventTextError,
    NoSuchEventError,
    remove_event,
    save_event,
)
from switchhook.operations.project_versions import (
    NoSuchProjectError,
    latest_version,
    nothing_at_hand,
    require_project,
)
from switchhook.operations.projects import Applied, ProjectFileReader, apply_project, read_here
from switchhook.operations.scenario import (
    NoDraftError,
    OutdatedDraftError,
    ScenarioState,
    UnchangedDraftError,
    activate_scenario,
    discard_draft,
    draft_scenario,
)
from switchhook.operations.sounds import MissingSounds, no_missing_sounds
from switchhook.operations.subscriptions import unsubscribe
from switchhook.operations.tokens import (
    NewToken,
    NoSuchTokenError,
    TokenError,
    create_token,
    revoke_token,
)
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes
from switchhook.routing.callback_admission import WantedCallback
from switchhook.routing.events import Side, TransferOrdered
from switchhook.storage.ports import ErrorCheck, HangUps, Scenarios, Subscriptions, Tokens
from switchhook.storage.records import BulkAct, BulkJob, DeliveryFilter, StoreError


class ControlStore(Scenarios, ErrorCheck, HangUps, Subscriptions, Protocol):
    """Keeps what acts change."""

    @property
    def tokens(self) -> Tokens:
        """Return the keeper of tokens."""


async def nobody_follows() -> None:
    """Let no calls follow a new version: none run here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParts:
    """What acts are carried out on: the parts of a running server, or a store by itself."""

    store: ControlStore
    memory: SubscriptionMemory
    clock: Callable[[], float]
    """Unix time in seconds."""
    applied: Callable[[], Awaitable[None]] = nobody_follows
    """Lets calls follow a version that was just applied."""
    missing_sounds: MissingSounds = no_missing_sounds
    reads: ProjectFileReader = read_here
    """Reads a project file where that holds up nobody."""
    sender: DeliverySender | None = None
    """Sends deliveries; None: the next server does."""
    at_hand: SnapshotAtHand = nothing_at_hand
    """Has the projects as the next call follows them."""
    go_on: Callable[[BulkJob], None] | None = None
    """Carries out a job beside calls; None: whoever starts it does."""
    is_server: bool = False
    """Whether calls run here; else nobody is waited for."""
    calls: RunningCalls | None = None
    """The calls that run here; None where no server does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What became of a project file."""

    applied: Applied | None = None
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it, where it was not applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyProject:
    """Make a project file the project's latest version."""

    text: str
    result: ClassVar = ApplyResult

    async def perform(self, on: ControlParts) -> ApplyResult:
        """Apply it, and let the next call follow it."""
        done = await apply_project(on.store, self.text, sounds=on.missing_sounds, reads=on.reads)
        return await _applied(on, done)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveEvent:
    """Make a version of a project with an event, in place of the one of its name."""

    text: str
    """A piece of a project file."""
    project: str | None = None
    result: ClassVar = ApplyResult

    async def perform(self, on: ControlParts) -> ApplyResult:
        """Save it. Raises NoSuchProjectError, BuiltInEventError, EventTextError."""
        done = await save_event(
            on.store, self.project, self.text, sounds=on.missing_sounds, reads=on.reads
        )
        return await _applied(on, done)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveEvent:
    """Make a version of a project without an event."""

    event: str
    project: str | None = None
    result: ClassVar = ApplyResult

    async def perform(self, on: ControlParts) -> ApplyResult:
        """Remove it. Raises NoSuchProjectError, NoSuchEventError, BuiltInEventError."""
        done = await remove_event(
            on.store, self.project, self.event, sounds=on.missing_sounds, reads=on.reads
        )
        return await _applied(on, done)


async def _applied(on: ControlParts, done: Applied | Mistakes) -> ApplyResult:
    """Let the next call follow what was applied."""
    if isinstance(done, Mistakes):
        return ApplyResult(mistakes=done.mistakes)
    await on.applied()
    return ApplyResult(applied=done)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """What became of a wish to end a call."""

    outcome: Outcome | None
    """None while it has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCall:
    """Have a running call ended."""

    call: str
    by: str
    patience: float
    """Seconds that its end is waited for, where calls run."""
    result: ClassVar = CallEnd

    async def perform(self, on: ControlParts) -> CallEnd:
        """Have it ended. Raises NoSuchCallError, CallOverError."""
        patience = self.patience if on.is_server else 0.0
        row = await hang_up(on.store, self.call, by=self.by, patience=patience)
        return CallEnd(outcome=row.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMade:
    """A callback that was made."""

    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """Make a callback: ring the caller, then the callee."""

    project: str | None
    caller: str
    callee: str
    by: str
    shown: str = ""
    result: ClassVar = CallMade

    async def perform(self, on: ControlParts) -> CallMade:
        """Make it. Raises NoSuchProjectError, CallbackError, NoServerError."""
        latest = await latest_version(on.store, self.project)
        wanted = WantedCallback(
            project=latest.id,
            caller=self.caller,
            callee=self.callee,
            by=self.by,
            shown=self.shown,
        )
        return CallMade(call=await call_back(on.calls, wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCall:
    """Transfer a party of a running call."""

    call: str
    by: str
    to: str
    scheme: int = 0
    leaves: Side | None = None
    result: ClassVar = CallMade

    async def perform(self, on: ControlParts) -> CallMade:
        """Transfer it. Raises NoSuchCallError, NotTransferredError, NoServerError."""
        order = TransferOrdered(by=self.by, to=self.to, scheme=self.scheme, leaves=self.leaves)
        transfer_call(on.calls, self.call, order)
        return CallMade(call=self.call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What became of a wish to end a subscription."""

    subscription: Subscription | None
    """None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSubscription:
    """End one of a project's subscriptions."""

    project: str
    number: int
    result: ClassVar = Removed

    async def perform(self, on: ControlParts) -> Removed:
        """Tell nothing more to it."""
        removed = await unsubscribe(on.store, on.memory, project=self.project, number=self.number)
        return Removed(subscription=removed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOnDeliveries:
    """Check deliveries, put them on the list of the unchecked again, or send them again."""

    act: BulkAct
    ids: tuple[str, ...]
    by: str
    result: ClassVar = tuple[Acted, ...]

    async def perform(self, on: ControlParts) -> tuple[Acted, ...]:
        """Act on each. Raises NoSuchDeliveryError."""
        match self.act:
            case BulkAct.CHECK:
                return await check_deliveries(on.store, self.ids, by=self.by, now=on.clock())
            case BulkAct.UNCHECK:
                return await uncheck_deliveries(on.store, self.ids)
            case BulkAct.SEND:
                return await send_again(
                    on.store, self.ids, by=self.by, sender=on.sender, at_hand=on.at_hand
                )
            case _:
                assert_never(self.act)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartJob:
    """Do that to all deliveries of a filter."""

    act: BulkAct
    which: DeliveryFilter
    project: str
    by: str
    result: ClassVar = BulkJob

    async def perform(self, on: ControlParts) -> BulkJob:
        """Begin it; without a server, do it. Raises NoSuchProjectError."""
        await require_project(on.store, self.project)
        job = await start_job(
            on.store, self.act, self.which, project=self.project, by=self.by, now=on.clock()
        )
        if on.go_on is not None:
            on.go_on(job)
            return job
        work = JobRun(on.store, job, clock=on.clock)
        while await work.next_batch():
            pass
        return work.job


@dataclass(frozen=True, slots=True, kw_only=True)
class StopJob:
    """Stop such a job."""

    project: str
    number: int
    result: ClassVar = BulkJob

    async def perform(self, on: ControlParts) -> BulkJob:
        """Stop it. Raises NoSuchJobError."""
        return await stop_job(on.store, self.project, self.number, now=on.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateToken:
    """Make a token of a project."""

    project: str
    user: str
    scope: Scope
    days: int | None = None
    result: ClassVar = NewToken

    async def perform(self, on: ControlParts) -> NewToken:
        """Make it. Raises NoSuchProjectError, TokenError."""
        return await create_token(
            on.store,
            on.store.tokens,
            project=self.project,
            user=self.user,
            scope=self.scope,
            days=self.days,
            now=on.clock(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken:
    """Let a token be good no more."""

    token: str
    result: ClassVar = Token

    async def perform(self, on: ControlParts) -> Token:
        """Revoke it. Raises NoSuchTokenError."""
        return await revoke_token(on.store.tokens, self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftResult:
    """What became of a change of a draft."""

    state: ScenarioState | None = None
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it, where nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftScenario:
    """Change keys of the draft of a project's call-tracking scenario."""

    project: str | None
    changes: dict[str, Any]
    by: str
    result: ClassVar = DraftResult

    async def perform(self, on: ControlParts) -> DraftResult:
        """Store the draft. Raises NoSuchProjectError."""
        done = await draft_scenario(
            on.store, self.project, self.changes, by=self.by, now=on.clock()
        )
        if isinstance(done, Mistakes):
            return DraftResult(mistakes=done.mistakes)
        return DraftResult(state=done)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardDraft:
    """Drop that draft."""

    project: str | None
    by: str
    result: ClassVar = ScenarioState

    async def perform(self, on: ControlParts) -> ScenarioState:
        """Drop it. Raises NoDraftError, NoSuchProjectError."""
        return await discard_draft(on.store, self.project, by=self.by, now=on.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateScenario:
    """Make that draft the active scenario."""

    project: str | None
    by: str
    result: ClassVar = ScenarioState

    async def perform(self, on: ControlParts) -> ScenarioState:
        """Activate it, and let the next call follow it.

        Raises NoDraftError, OutdatedDraftError, UnchangedDraftError.
        """
        done = await activate_scenario(on.store, self.project, by=self.by)
        await on.applied()
        return done


ACTS: Final = {
    "apply-project": ApplyProject,
    "save-event": SaveEvent,
    "remove-event": RemoveEvent,
    "end-call": EndCall,
    "call-back": CallBack,
    "transfer-call": TransferCall,
    "end-subscription": EndSubscription,
    "act-on-deliveries": ActOnDeliveries,
    "start-job": StartJob,
    "stop-job": StopJob,
    "create-token": CreateToken,
    "revoke-token": RevokeToken,
    "draft-scenario": DraftScenario,
    "discard-draft": DiscardDraft,
    "activate-scenario": ActivateScenario,
}
"""The acts by their names."""

ERRORS: Final = {
    error.__name__: error
    for error in (
        BuiltInEventError,
        CallbackError,
        CallOverError,
        NoDraftError,
        NoServerError,
        NotTransferredError,
        EventTextError,
        NoSuchCallError,
        NoSuchDeliveryError,
        NoSuchEventError,
        NoSuchJobError,
        NoSuchProjectError,
        NoSuchTokenError,
        OutdatedDraftError,
        UnchangedDraftError,
        StoreError,
        TokenError,
    )
}
"""What an act raises that a person may cause, by name. The message is a sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlError:
    """An error of an act, as the server tells it."""

    error: str
    detail: str

    def raised(self) -> Exception:
        """Return what the act raised there."""
        return ERRORS.get(self.error, StoreError)(self.detail)
