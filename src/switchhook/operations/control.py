"""What a command of the operator changes, as values: carried out by the running server, or by the command itself.

A value names an act and what it needs; `perform` does it on the store. The same code runs in both places.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, assert_never

from switchhook.domain.access.people import Role
from switchhook.domain.access.token import Scope, Token
from switchhook.domain.cause import Outcome
from switchhook.domain.event import Subscription
from switchhook.operations.bulk_jobs import NoSuchJobError, start_job, stop_job
from switchhook.operations.calling import (
    CallbackError,
    NoServerError,
    NotTransferredError,
    call_back,
    transfer_call,
)
from switchhook.operations.document.drafts import (
    DraftError,
    DraftState,
    NoSuchDraftError,
    activate_draft,
    discard_document_draft,
    patch_draft,
    save_draft,
)
from switchhook.operations.document.resources import (
    ChangedMeanwhile,
    ChangeOutcome,
    Changing,
    LockedResourceError,
    NoSuchResourceError,
    Precondition,
    ResourceChanged,
    ResourceError,
    ResourceInUse,
    patch_resource,
    put_resource,
    remove_resource,
    replace_document,
    restore_version,
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
from switchhook.operations.intake.acts import INTAKE_ACTS, IntakeStore, RunningIntake
from switchhook.operations.intake.foreign_events import ForeignEventError
from switchhook.operations.intake.imports import CallImportError
from switchhook.operations.intake.visits import BadVisitError
from switchhook.operations.job_run import JobRun
from switchhook.operations.people.acts import PEOPLE_ACTS
from switchhook.operations.people.erasure import ErasePerson, ErasureError, PersonMemory
from switchhook.operations.people.users import NoSuchUserError, UserError
from switchhook.operations.ports import RunningCalls, SubscriptionMemory
from switchhook.operations.project_events import EventTextError, save_event
from switchhook.operations.project_versions import (
    NoSuchProjectError,
    NoSuchVersionError,
    latest_version,
    nothing_at_hand,
    require_project,
)
from switchhook.operations.projects import Applied, ProjectFileReader, apply_project, read_here
from switchhook.operations.recordings import (
    NO_RECORDINGS,
    NoSuchRecordingError,
    NotDeletedError,
    Recordings,
)
from switchhook.operations.scenario import (
    NoDraftError,
    OutdatedDraftError,
    ScenarioState,
    UnchangedDraftError,
    activate_scenario,
    discard_draft,
    draft_scenario,
)
from switchhook.operations.sound_acts import SOUND_ACTS
from switchhook.operations.sounds import MissingSounds, SoundError, no_missing_sounds
from switchhook.operations.subscriptions import unsubscribe
from switchhook.operations.tables.acts import TABLE_ACTS
from switchhook.operations.tables.files import TableError
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

if TYPE_CHECKING:
    from switchhook.storage.people import AuditLog, Erasure, People


class ControlStore(Scenarios, ErrorCheck, HangUps, Subscriptions, IntakeStore, Protocol):
    """Keeps what acts change."""

    @property
    def tokens(self) -> Tokens:
        """Return the keeper of tokens."""

    @property
    def people(self) -> People:
        """Return the keeper of users and sessions."""

    @property
    def audit(self) -> AuditLog:
        """Return the keeper of who did what."""

    @property
    def erasure(self) -> Erasure:
        """Return what erases persons."""


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
    recordings: Recordings = NO_RECORDINGS
    data_dir: Path = Path()
    """Where tables lie."""
    persons: PersonMemory | None = None
    """Has callers and visits at hand; None where no server does."""
    intake: RunningIntake | None = None
    """Takes in what other programs tell; None where no server does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What became of a project file."""

    applied: Applied | None = None
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it, where it was not applied."""


class DocumentAct(StrEnum):
    """A way to change a project's document."""

    PUT = "put"
    PATCH = "patch"
    REMOVE = "remove"
    SAVE_EVENT = "save event"
    REPLACE = "replace"
    RESTORE = "restore"
    ACTIVATE = "activate"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDraft:
    """What became of a change of a draft of a project."""

    state: DraftState | None = None
    """None where it is gone, or was not changed."""
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyProject:
    """Make a project file the project's latest version."""

    text: str
    by: str = ""
    result: ClassVar = ApplyResult

    async def perform(self, on: ControlParts) -> ApplyResult:
        """Apply it, and let the next call follow it."""
        done = await apply_project(
            on.store, self.text, sounds=on.missing_sounds, reads=on.reads, by=self.by
        )
        return await _applied(on, done)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """What became of a change of a project's document: one of these."""

    changed: ResourceChanged | None = None
    mistakes: tuple[Mistake, ...] = ()
    in_use: ResourceInUse | None = None
    refused: ChangedMeanwhile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProject:
    """Change a part of a project's document, or all of it."""

    how: DocumentAct
    by: str
    project: str | None = None
    kind: str = ""
    name: str = ""
    """Of the resource or of the draft."""
    value: Any = None
    """What is put, or a merge patch."""
    text: str = ""
    """The piece of a project file that an event is saved from."""
    version: int = 0
    """That is to be restored."""
    is_forced: bool = False
    """Whether what depends on a resource is removed, too; or what was changed since a draft was begun is undone."""
    is_trial: bool = False
    """Whether it is checked and not made."""
    if_match: str = ""
    """The tag that the resource has to have."""
    result: ClassVar = ChangeResult

    async def perform(self, on: ControlParts) -> ChangeResult:
        """Change it, and let the next call follow it. Raises what the operations raise."""
        changing = Changing(
            by=self.by,
            sounds=on.missing_sounds,
            reads=on.reads,
            when=Precondition(tags=(self.if_match,) if self.if_match else ()),
            is_trial=self.is_trial,
        )
        match await self._done(on, changing):
            case Mistakes() as wrong:
                return ChangeResult(mistakes=wrong.mistakes)
            case ResourceInUse() as used:
                return ChangeResult(in_use=used)
            case ChangedMeanwhile() as refused:
                return ChangeResult(refused=refused)
            case changed:
                if not self.is_trial:
                    await on.applied()
                return ChangeResult(changed=changed)

    async def _done(self, on: ControlParts, changing: Changing) -> ChangeOutcome:
        store, project = on.store, self.project
        place = (self.kind, self.name)
        match self.how:
            case DocumentAct.PUT:
                return await put_resource(store, project, *place, self.value, how=changing)
            case DocumentAct.PATCH:
                return await patch_resource(store, project, *place, self.value, how=changing)
            case DocumentAct.REMOVE:
                return await remove_resource(
                    store, project, *place, how=changing, cascade=self.is_forced
                )
            case DocumentAct.SAVE_EVENT:
                return await save_event(store, project, self.text, changing)
            case DocumentAct.REPLACE:
                return await replace_document(store, project, self.value, changing)
            case DocumentAct.RESTORE:
                return await restore_version(store, project, self.version, changing)
            case DocumentAct.ACTIVATE:
                return await activate_draft(
                    store, project, self.name, changing, is_forced=self.is_forced
                )
        assert_never(self.how)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepDraft:
    """Keep a document as a draft of a project, or change one by a merge patch."""

    name: str
    by: str
    project: str | None = None
    text: str | None = None
    patch: dict[str, Any] | None = None
    result: ClassVar = KeptDraft

    async def perform(self, on: ControlParts) -> KeptDraft:
        """Keep it. Raises NoSuchProjectError, DraftError."""
        by, now = self.by, on.clock()
        if self.text is not None:
            kept = await save_draft(on.store, self.project, self.name, self.text, by=by, now=now)
            return KeptDraft(state=kept)
        patch = self.patch or {}
        done = await patch_draft(on.store, self.project, self.name, patch, by=by, now=now)
        return (
            KeptDraft(mistakes=done.mistakes)
            if isinstance(done, Mistakes)
            else KeptDraft(state=done)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDraft:
    """Drop a draft of a project."""

    name: str
    project: str | None = None
    by: str = ""
    result: ClassVar = KeptDraft

    async def perform(self, on: ControlParts) -> KeptDraft:
        """Drop it. Raises NoSuchProjectError, NoSuchDraftError."""
        await discard_document_draft(on.store, self.project, self.name)
        return KeptDraft()


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
    by: str = ""
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
    by: str = ""
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
    role: Role = Role.OWNER
    by: str = ""
    result: ClassVar = NewToken

    async def perform(self, on: ControlParts) -> NewToken:
        """Make it. Raises NoSuchProjectError, TokenError."""
        known = await on.store.people.secrets_of(self.user.casefold())
        return await create_token(
            on.store,
            on.store.tokens,
            project=self.project,
            user=self.user,
            person=None if known is None else known.user,
            scope=self.scope,
            days=self.days,
            role=self.role,
            made_by=self.by,
            now=on.clock(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken:
    """Let a token be good no more."""

    token: str
    by: str = ""
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
    "change-project": ChangeProject,
    "keep-draft": KeepDraft,
    "drop-draft": DropDraft,
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
    **INTAKE_ACTS,
    **TABLE_ACTS,
    **SOUND_ACTS,
    **PEOPLE_ACTS,
    "erase-person": ErasePerson,
}
"""The acts by their names."""

ERRORS: Final = {
    error.__name__: error
    for error in (
        BadVisitError,
        CallImportError,
        CallbackError,
        CallOverError,
        DraftError,
        NoServerError,
        NotDeletedError,
        NotTransferredError,
        NoSuchRecordingError,
        SoundError,
        ErasureError,
        EventTextError,
        ForeignEventError,
        LockedResourceError,
        NoDraftError,
        NoSuchCallError,
        NoSuchDeliveryError,
        NoSuchDraftError,
        NoSuchJobError,
        NoSuchProjectError,
        NoSuchResourceError,
        NoSuchTokenError,
        NoSuchUserError,
        NoSuchVersionError,
        OutdatedDraftError,
        ResourceError,
        UnchangedDraftError,
        StoreError,
        TableError,
        TokenError,
        UserError,
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
