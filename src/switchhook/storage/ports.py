"""The contract of a store: what each method returns, in which order, and what it raises.

Each part is what one user of a store needs; `Store` is all of it. It holds for every method that it

- may be called from many tasks at once, on the loop that opened the store;
- is durable, whole, when it returns, where it writes;
- raises StoreError when it cannot be done, and has done nothing then;
- leaves out and logs what cannot be read, where it returns several, so that one damaged row hides no other.

`tests/conformance/test_stores.py` holds every store to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from switchhook.storage.call_search import EVERY_CALL
from switchhook.storage.captures import SipCaptures
from switchhook.storage.intake import CallImports, ForeignEvents
from switchhook.storage.records import EVERY_DELIVERY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchhook.domain.access.token import Token
    from switchhook.domain.call import Call
    from switchhook.domain.event import Subscription
    from switchhook.domain.journal import JournalEntry
    from switchhook.domain.outside import OutsideUse
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.tracking.caller_history import Caller, ShownNumber, Visit, VisitCall
    from switchhook.storage.call_search import CallFilter, CallPage, CallPlace
    from switchhook.storage.delivery import Attempt, Delivery, Incident
    from switchhook.storage.people import AuditLog, Erasure, People
    from switchhook.storage.records import (
        Activation,
        BulkAct,
        BulkJob,
        CallRecord,
        CallRow,
        ChangeKind,
        Count,
        DeliveriesFound,
        DeliveryFilter,
        DeliveryRow,
        KeyedAnswer,
        KeyedRequest,
        Lease,
        SentAgain,
        StoredDraft,
        StoredProject,
        StoredScenario,
        StoredVersion,
        TakenOver,
        UniqueNames,
        WantedHangUp,
    )
    from switchhook.storage.shadows import Shadows
    from switchhook.storage.stream import StreamPage
    from switchhook.storage.trails import CallTrails


class CallStore(Protocol):
    """Keeps what the steps of calls left behind."""

    async def commit(self, record: CallRecord) -> None:
        """Store all of the record. Storing it again changes nothing, so a failed commit is repeated.

        A record that counts something has lines of the journal; by the first of them it is known again.
        """

    async def live_calls(
        self, snapshot_of: Callable[[str, int], ProjectSnapshot]
    ) -> tuple[Call, ...]:
        """Return this node's calls that have not ended, oldest first, each with its snapshot from `snapshot_of`.

        A call whose snapshot `snapshot_of` does not find (LookupError) is left out and logged. `snapshot_of` may be
        asked in another thread.
        """


class EndedCalls(Protocol):
    """Keeps calls that have ended."""

    async def call(self, call_id: str) -> CallRow | None:
        """Return one call, or None."""

    async def ended_call(
        self, call_id: str, snapshot_of: Callable[[str, int], ProjectSnapshot]
    ) -> Call | None:
        """Return a call that has ended, with its snapshot from `snapshot_of`; None where there is none, or it runs.

        `snapshot_of` may be asked in another thread, and raises LookupError where there is no such snapshot; so does this.
        """


class StreamEvents(Protocol):
    """Keeps the streams of projects.

    The events of a record get their numbers in the transaction that stores it: 1, 2, 3 … for each project. A number is
    seen only when every lower one of its project can be seen, whatever commits at the same time, so that whoever has read
    up to one has missed none; where several transactions run at once, a store has them wait for one another there. No
    number is given twice, not even after a deletion.
    """

    async def stream_events(
        self, project: str, *, after: int, limit: int, wait: float = 0.0
    ) -> StreamPage:
        """Return the `limit` next events of a project behind a number, in order; fewer where they are large.

        Without any, wait for the next so many seconds at most. What this process commits is seen at once, what others do
        within about a second.
        """


class EndedLegs(Protocol):
    """Keeps the ends of calls."""

    async def legs_of_last_ends(self, since: float) -> tuple[tuple[str, str, str, str], ...]:
        """Return the answered legs of the calls that ended last and not before `since`, in unix seconds.

        Each is project, call, leg and handle. They ended within 10 s of one another: orders follow a
        commit at once, so earlier ones were carried out.
        """


class Attempts(Protocol):
    """Keeps the attempts of deliveries."""

    async def record_attempt(self, attempt: Attempt, *, can_wait: bool = False) -> None:
        """Store a finished attempt, once: another of the same delivery and number changes nothing.

        One that can wait may be kept for some milliseconds, to be stored together with others.

        Nor does one of a delivery that was deleted meanwhile. The last attempt settles its delivery, whose state is that
        of its latest attempt from then on; after it was sent again, a further one has to. One that was stored as under
        way (`FailureKind.UNDER_WAY`) is replaced by what came of it.
        """


class PromisedRequests(Protocol):
    """Keeps the requests of deliveries that are not settled."""

    async def replace_request(self, delivery: Delivery) -> None:
        """Store the request of a delivery in place of its draft, durably; nothing where it is settled or gone.

        After it, every process that reads the delivery sends this one.
        """


class IncidentStore(Protocol):
    """Keeps the endpoints that fail."""

    async def save_incidents(
        self,
        failing: Sequence[Incident],
        over: Sequence[tuple[str, str]],
        warnings: Sequence[Delivery],
    ) -> None:
        """Store how endpoints stand that fail, forget those that are over, and promise warnings, at once.

        `over` are projects and webhooks. A promise that is there already stays.
        """


class DispatcherStore(Attempts, IncidentStore, Protocol):
    """Keeps what becomes of deliveries and of their endpoints."""


class Promises(DispatcherStore, Protocol):
    """Keeps deliveries until they are settled."""

    async def pending_deliveries(self) -> tuple[Delivery, ...]:
        """Return what this node promised and is not settled, in the order of the promises."""

    async def attempts_of_pending(self) -> Mapping[str, tuple[Attempt, ...]]:
        """Return the attempts of `pending_deliveries` that were tried, by the delivery's id, first to latest."""

    async def incidents(self) -> tuple[Incident, ...]:
        """Return the endpoints that fail, by project and webhook."""


class Projects(Protocol):
    """Keeps versions of projects."""

    async def save_project(
        self,
        project_id: str,
        document: str,
        names: UniqueNames | None = None,
        *,
        after: int | None = None,
        by: str = "",
        restates: bool = False,
    ) -> int:
        """Store a version and return its number, 1 for the first; the same document is no new version.

        Nor is one that `restates` the latest in other words: it takes that one's place. `by` made it. `names` are what no other project may have; None: as before. Raises StoreError where another has
        one of them, ChangedMeanwhileError where the latest version is not `after`, 0 for none.
        """

    async def projects(self) -> tuple[StoredProject, ...]:
        """Return the latest version of every project, by id."""

    async def project_versions(self) -> Mapping[str, int]:
        """Return the number of each project's latest version, without reading a document."""

    async def latest_project(self, project_id: str) -> StoredProject | None:
        """Return the latest version of one project, or None."""

    async def project(self, project_id: str, version: int) -> StoredProject | None:
        """Return one version of one project, or None."""

    async def project_history(
        self, project_id: str, *, below: int, limit: int
    ) -> tuple[StoredVersion, ...]:
        """Return the versions of a project below a number that are kept, latest first, without their documents."""

    async def owners(self, names: UniqueNames) -> Mapping[tuple[str, str], str]:
        """Return the project of each of these names that one has."""

    async def knows_names(self) -> bool:
        """Say whether it is stored which names the projects have."""

    async def own_names(self, names_of: Mapping[str, UniqueNames]) -> None:
        """Store which names the projects have, unless that is known."""


class DocumentDrafts(Projects, Protocol):
    """Keeps drafts of whole projects beside their versions."""

    async def document_drafts(self, project_id: str, name: str = "") -> tuple[StoredDraft, ...]:
        """Return a project's drafts by name, or the one of a name. Raises UnreadableError."""

    async def save_document_draft(self, draft: StoredDraft, *, most: int) -> bool:
        """Store a draft in place of the one of its name; False where the project has `most` others."""

    async def delete_document_draft(self, project_id: str, name: str) -> bool:
        """Delete a draft; False where there is none."""


class Scenarios(DocumentDrafts, Protocol):
    """Keeps drafts of call-tracking scenarios beside the versions of projects."""

    async def scenario(self, project_id: str) -> StoredScenario | None:
        """Return what is stored of a project's scenario, or None. Raises UnreadableError."""

    async def save_draft(self, drafted: StoredScenario, *, revision: int) -> bool:
        """Store a draft in place of the one before, None for none; False where `revision` is not the latest now."""

    async def activate(self, activation: Activation) -> int | None:
        """Store a draft as the active scenario, with the version that it makes, and return its number.

        One transaction does both. None where draft or project were changed meanwhile.
        """


class CallList(Protocol):
    """Keeps the list of calls."""

    async def find_calls(
        self,
        *,
        project: str | None = None,
        wanted: CallFilter = EVERY_CALL,
        limit: int = 50,
        behind: CallPlace | None = None,
        count: bool = False,
    ) -> CallPage:
        """Return the next calls that fit, of one project or all, by their arrival, newest first.

        They begin behind a place, which an earlier page has as `next`: what arrives meanwhile moves no call to another
        page. Running calls are among them. A call is found in the moment in which its end is stored, and goes with
        `prune`. Of its failures the latest attempt of each delivery counts.

        The search takes no longer where there are more calls. It may stop before it found `limit` of them, or any,
        and says where; `next` goes on from there. With `count`, calls are counted up to 1,000.
        """


class Records(CallList, Protocol):
    """Keeps what happened."""

    async def calls(
        self, *, project: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[CallRow, ...]:
        """Return calls newest first, of one project or all; `before` is a row's number, to page on."""

    async def call(self, call_id: str) -> CallRow | None:
        """Return one call, or None."""

    async def journal(self, call_id: str) -> tuple[JournalEntry, ...]:
        """Return a call's journal from its first line on; empty where there is no such call."""

    async def deliveries(
        self,
        which: DeliveryFilter = EVERY_DELIVERY,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
    ) -> tuple[DeliveryRow, ...]:
        """Return deliveries newest first, or from `after` on oldest first; both are a row's number, to page on.

        A delivery is parked while it waits for an endpoint of whom an incident says so; all others that wait
        are pending, also one that was sent again. The state of a settled one is that of its latest attempt.
        """

    async def find_deliveries(
        self,
        which: DeliveryFilter = EVERY_DELIVERY,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
    ) -> DeliveriesFound:
        """Return the next of these deliveries, and the number to go on from.

        The search takes no longer where there are more deliveries. It may stop before it found `limit` of them, or any,
        and says where; `next` goes on from there.
        """

    async def count_deliveries(self, which: DeliveryFilter) -> Count:
        """Return how many deliveries there are of a filter, up to `MOST_COUNTED`, or as far as one search goes: `is_more`."""

    async def unchecked_by_webhook(self, project: str) -> Mapping[str, Count]:
        """Return how many deliveries of each webhook need somebody, of those that have any: they are *with error*."""

    async def deliveries_of_call(self, call_id: str) -> tuple[DeliveryRow, ...]:
        """Return a call's deliveries in the order of the promises."""

    async def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """Return a delivery's attempts, first to latest."""


class ErrorCheck(Records, Protocol):
    """Keeps what a person does about deliveries that were given up.

    Deliveries are named by their project and id. With `job`, how far a job got is stored in the same transaction: nothing
    at all is done where that job was stopped, or another process goes on with it (ChangedMeanwhileError).
    """

    async def check_deliveries(
        self,
        named: Sequence[tuple[str, str]],
        *,
        by: str,
        at: float,
        job: BulkJob | None = None,
    ) -> int:
        """Store who checked deliveries that need somebody; return how many needed it. Others are left as they are."""

    async def uncheck_deliveries(
        self, named: Sequence[tuple[str, str]], *, job: BulkJob | None = None
    ) -> int:
        """Have checked deliveries need somebody again; return how many were checked."""

    async def send_again(
        self, named: Sequence[tuple[str, str]], *, job: BulkJob | None = None
    ) -> tuple[SentAgain, ...]:
        """Have settled deliveries wait for a further attempt at this node, and return those, in the order of the promises.

        One that is not settled is left out: so nothing is sent twice at a time. So is one that cannot be read. Nobody
        has checked it then.
        """

    async def start_job(
        self, act: BulkAct, which: DeliveryFilter, *, project: str, by: str, at: float
    ) -> BulkJob:
        """Store that an act on all deliveries of a filter has begun at this node."""

    async def stop_job(self, project: str, number: int, *, at: float) -> BulkJob | None:
        """Store that a job is stopped, if it runs, and return it as it is then; None where the project has none such."""

    async def job(self, project: str, number: int) -> BulkJob | None:
        """Return a project's job, or None."""

    async def jobs(self, project: str, *, limit: int = 50) -> tuple[BulkJob, ...]:
        """Return a project's jobs, newest first."""

    async def running_jobs(self) -> tuple[BulkJob, ...]:
        """Return this node's jobs that run, oldest first."""


class HangUps(Protocol):
    """Keeps calls, and which of them are to be ended."""

    async def call(self, call_id: str) -> CallRow | None:
        """Return one call, or None."""

    async def add_hang_up(self, wanted: WantedHangUp) -> None:
        """Store that a call is to be ended; of two wishes for one call the first stays."""

    async def delete_hang_up(self, wanted: WantedHangUp) -> None:
        """Forget a wish that was fulfilled."""


class HangUpsWanted(Protocol):
    """Keeps which calls are to be ended."""

    async def hang_ups(self) -> tuple[WantedHangUp, ...]:
        """Return the requested hang-ups of this node's calls, oldest first, ended calls included."""

    async def delete_hang_up(self, wanted: WantedHangUp) -> None:
        """Forget a wish that was fulfilled."""


class AllRegistrations(Protocol):
    """Keeps where the telephones of accounts are, at whichever node they registered."""

    async def all_registrations(self) -> tuple[tuple[str, str, str], ...]:
        """Return what every node saved, as (project, account, telephones), by project and account."""


class RegistrationStore(Protocol):
    """Keeps where the telephones of accounts are that registered at this node."""

    async def save_registration(self, project: str, account: str, telephones: str) -> None:
        """Store an account's telephones, in place of the earlier ones, as the driver writes them; "" for none."""

    async def registrations(self) -> tuple[tuple[str, str, str], ...]:
        """Return what this node saved, as (project, account, telephones), by project and account."""


class Visits(Protocol):
    """Keeps what was told of visits."""

    async def save_visit(self, visit: Visit) -> None:
        """Store what is known of a visit, in place of what was."""

    async def attach(self, told: ShownNumber | VisitCall) -> None:
        """Store whose a number or a call is now."""


class TrackingStore(Visits, Protocol):
    """Keeps what is known of callers, visitors and outside calls."""

    async def callers(self, *, limit: int) -> tuple[Caller, ...]:
        """Return the `limit` callers that were seen last, oldest first."""

    async def visits(self, *, limit: int) -> tuple[Visit, ...]:
        """Return the `limit` visits that were told of last, oldest first."""

    async def shown_numbers(self, *, limit: int) -> tuple[ShownNumber, ...]:
        """Return which numbers visitors see, or saw last, oldest first."""

    async def visits_of_live_calls(self) -> tuple[VisitCall, ...]:
        """Return to which visits the calls belong that have not ended."""

    async def outside_use(self, *, since: float) -> tuple[OutsideUse, ...]:
        """Return what accounts and projects used of their outside calls since the day of `since`."""

    async def forget(self, *, before: float) -> None:
        """Delete what is known of callers and visitors who were last seen before a moment."""


class Subscriptions(Protocol):
    """Keeps who subscribed."""

    async def add_subscription(self, asked: Subscription, *, most: int) -> Subscription | None:
        """Store a subscription under a new number; None where its project has `most` already."""

    async def subscriptions(self, *, project: str | None = None) -> tuple[Subscription, ...]:
        """Return one project's subscriptions, or everybody's, oldest first."""

    async def subscription_numbers(self) -> frozenset[int]:
        """Return the numbers of everybody's subscriptions."""

    async def delete_subscription(self, project: str, number: int) -> Subscription | None:
        """Delete one of a project's subscriptions and return it, or None."""


class RefreshTokens(Protocol):
    """Keeps the refresh tokens that token endpoints gave in place of the first ones."""

    async def refresh_token(self, project: str, source: str) -> str | None:
        """Return the latest that a project got from a source, or None."""

    async def save_refresh_token(self, project: str, source: str, token: str) -> None:
        """Store one, in place of the one before from its source."""


class Tokens(Protocol):
    """Keeps tokens, and of their keys the digests alone."""

    async def save(self, token: Token, digest: bytes) -> None:
        """Store a token with the digest of its key."""

    async def find(self, digest: bytes) -> Token | None:
        """Return the token whose key has this digest, or None. Its `role` is what its user may do now, too."""

    async def all(self, *, project: str | None = None) -> tuple[Token, ...]:
        """Return one project's tokens, or everybody's, oldest first within each project."""

    async def used(self, token: Token, *, at: float) -> None:
        """Store when a token was used; nothing where it was deleted meanwhile."""

    async def delete(self, token_id: str) -> Token | None:
        """Delete a token and return it, or None."""


class KeyedRequests(Protocol):
    """Keeps the requests over the API that have an Idempotency-Key, and their answers."""

    async def begin(self, request: KeyedRequest, *, at: float, keep: float) -> KeyedAnswer | None:
        """Store that a request is under way and return None, or return what is known of the one before with its key.

        Those that began more than `keep` seconds before `at` are forgotten. Of two at once one is first.
        """

    async def answer(self, request: KeyedRequest, status: int, body: bytes) -> None:
        """Store the answer of a request that is under way."""

    async def forget(self, request: KeyedRequest) -> None:
        """Forget a request that did nothing."""


class ChangeFeed(Protocol):
    """Tells what anybody changed that is held in memory."""

    async def changes(
        self, since: Mapping[ChangeKind, int] | None = None
    ) -> Mapping[ChangeKind, int]:
        """Return how often each kind of thing was changed, as soon as that is not `since`; None: at once.

        A change is counted in the transaction that makes it: a later read has it.
        Changes of this process are told at once, those of others within about a second. A kind that was
        never changed is left out. May raise StoreError after a while of waiting.
        """


class Nodes(Protocol):
    """Keeps the nodes that share the store, and their leases on calls and deliveries.

    A store is opened under a node's name; what it stores of calls, deliveries and registrations is that node's.
    A lease lasts until another node takes it over; clocks are not compared. Whoever sees `beat` unchanged for a
    while, as often as it looks, may take over. From then on the node that was taken over stores nothing of
    calls, deliveries and registrations: that raises LeaseLostError, in the very transaction. So one that stood
    still, and was not dead, does no harm.
    """

    @property
    def node(self) -> str:
        """Return this node's name."""

    async def join(self) -> None:
        """Begin a new incarnation of this node, before anything else is stored.

        It inherits from an earlier process of this name, which can write no more. Without it there is no
        lease, and nothing to lose: so commands write that run no calls.
        """

    async def renew(self) -> tuple[Lease, ...]:
        """Say that this node lives; return the leases of all others that are not taken over, by name.

        Where there is no other, nothing need be written. Raises LeaseLostError.
        """

    async def take_over(self, lease: Lease) -> TakenOver | None:
        """Give this node all that another has that did not renew this lease: at once, or not at all.

        That is: its running calls, its unsettled deliveries, its jobs that run, and its registrations. An account with telephones
        at both nodes loses those at the other. None when it has renewed, or another node was first.
        Raises LeaseLostError where this node's own lease is over.
        """


class HealthChecks(Protocol):
    """Says whether it can keep anything."""

    async def check(self) -> None:
        """Return when it can read and write, with room for more. Raises StoreError, which says why not."""


class Store(
    CallStore,
    EndedCalls,
    StreamEvents,
    EndedLegs,
    Promises,
    PromisedRequests,
    Scenarios,
    ErrorCheck,
    HangUps,
    HangUpsWanted,
    RegistrationStore,
    AllRegistrations,
    TrackingStore,
    Subscriptions,
    ForeignEvents,
    CallImports,
    SipCaptures,
    RefreshTokens,
    Nodes,
    ChangeFeed,
    HealthChecks,
    Protocol,
):
    """Keeps everything that survives a restart."""

    @property
    def tokens(self) -> Tokens:
        """Return the keeper of tokens."""

    @property
    def shadows(self) -> Shadows:
        """Return the keeper of shadow asks."""

    @property
    def trails(self) -> CallTrails:
        """Return the reader of what happened in ended calls."""

    @property
    def keyed_requests(self) -> KeyedRequests:
        """Return the keeper of requests with an Idempotency-Key."""

    @property
    def people(self) -> People:
        """Return the keeper of users and sessions."""

    @property
    def audit(self) -> AuditLog:
        """Return the keeper of who did what."""

    @property
    def erasure(self) -> Erasure:
        """Return what erases persons."""

    async def snapshots_of_live_calls(self) -> tuple[tuple[str, int], ...]:
        """Return the project versions that `live_calls` asks for, as (project, version)."""

    async def prune(self, *, before: float) -> int:
        """Delete the calls that ended before a moment, with journal, deliveries, attempts and events.

        A call with an unsettled delivery stays. Returns how many calls went.
        """

    async def close(self) -> None:
        """Finish what was handed in. Closing again does nothing."""
