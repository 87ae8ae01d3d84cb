"""The store in one SQLite file: calls, journals, promises, attempts and projects.

One thread writes, with one durable commit for all waiting writes; another reads; a third truncates the log. The
file may be read, and a project saved, by other processes at the same time.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from switchhook.domain.call import CallState
from switchhook.storage.call_search import EVERY_CALL
from switchhook.storage.encryption import Cipher, new_key
from switchhook.storage.records import (
    EVERY_DELIVERY,
    MAIN,
    StoredDraft,
    StoredProject,
    StoredScenario,
    StoredVersion,
    StoreError,
)
from switchhook.storage.sqlite import (
    caller_history,
    changes,
    history,
    incidents,
    nodes,
    operator_acts,
    outside_use,
    projects,
    recovery,
    registrations,
    rows,
    stream,
    subscriptions,
)
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.connection_thread import ConnectionThread, JobRunner
from switchhook.storage.sqlite.intake import captures as sip_captures
from switchhook.storage.sqlite.intake import foreign_events, imports
from switchhook.storage.sqlite.lists import calls as call_list
from switchhook.storage.sqlite.lists import deliveries as delivery_list
from switchhook.storage.sqlite.lists.shadows import SqliteShadows
from switchhook.storage.sqlite.lists.trails import SqliteTrails
from switchhook.storage.sqlite.maintenance import (
    Maintenance,
    check_disk_space,
    check_readable,
    check_writable,
)
from switchhook.storage.sqlite.opening import open_encrypted, open_encrypted_to_read
from switchhook.storage.sqlite.people.audit import SqliteAuditLog
from switchhook.storage.sqlite.people.erasure import SqliteErasure
from switchhook.storage.sqlite.people.users import SqlitePeople
from switchhook.storage.sqlite.retention import delete_old
from switchhook.storage.sqlite.tokens import (
    SqliteKeyedRequests,
    SqliteTokens,
    latest_refresh,
    save_refresh,
)
from switchhook.storage.sqlite.writer import Rows, Writer
from switchhook.tasks import keep_running

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from switchhook.domain.call import Call
    from switchhook.domain.event import Subscription
    from switchhook.domain.journal import JournalEntry
    from switchhook.domain.outside import OutsideUse
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.tracking.caller_history import Caller, ShownNumber, Visit, VisitCall
    from switchhook.domain.tracking.foreign_event import ForeignEvent
    from switchhook.domain.tracking.imported_call import ImportedCall
    from switchhook.storage.call_search import CallFilter, CallPage, CallPlace
    from switchhook.storage.captures import SipCapture
    from switchhook.storage.delivery import Attempt, Delivery, Incident
    from switchhook.storage.intake import CallImport
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
        Lease,
        SentAgain,
        TakenOver,
        UniqueNames,
        WantedHangUp,
    )
    from switchhook.storage.stream import StreamEvent, StreamPage

T = TypeVar("T")

PRUNE_PAUSE: Final = 0.02
"""Seconds between two batches of deletion, for those who commit meanwhile."""

LOOK_EVERY: Final = 1.0
"""Seconds between two looks for what other processes changed."""

FAILURE_REMEMBERED: Final = 30.0
"""Seconds for which rows that could not be stored speak against the database's health."""


class SqliteStore:
    """Every method may be called from many tasks at once, on the loop that opened the store.

    What cannot be done raises StoreError, and was then not done at all.
    """

    def __init__(
        self,
        *,
        cipher: Cipher,
        clock: Callable[[], float],
        writer: Writer | None,
        reader: JobRunner,
        maintainer: ConnectionThread | None = None,
        folder: Path | None = None,
        node: str = MAIN,
    ) -> None:
        """Put it together. `folder` holds the database; None keeps it in memory."""
        self.node = node
        self._changed = asyncio.Event()
        self._awaited: dict[str, asyncio.Event] = {}
        self._cipher = cipher
        self._clock = clock
        self._writer = writer
        self._reader = reader
        self._maintainer = maintainer
        self._folder = folder
        self.tokens = SqliteTokens(reader=reader, change=self._change)
        self.trails = SqliteTrails(reader)
        self.shadows = SqliteShadows(reader=reader, change=self._change)
        self.keyed_requests = SqliteKeyedRequests(change=self._change)
        self.people = SqlitePeople(reader=reader, change=self._change, cipher=cipher)
        self.erasure = SqliteErasure(reader=reader, change=self._change)
        self.audit = SqliteAuditLog(reader=reader, change=self._change)
        self._maintenance: Maintenance | None = None
        self._maintaining: asyncio.Task[None] | None = None
        if writer is not None and maintainer is not None:
            self._maintenance = Maintenance(writer, maintainer)
            writer.on_commit = self._maintenance.commit_done
            self._maintaining = keep_running(self._maintenance.run, name="store maintenance")

    @classmethod
    async def open(
        cls,
        path: Path | None,
        *,
        key: bytes | None = None,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
        node: str = MAIN,
    ) -> SqliteStore:
        """Open the database at `path`, or one in memory; create it and its key file if missing.

        `key` (32 bytes) is for those who keep keys elsewhere. `node` is the name under which calls and
        deliveries are kept. Raises StoreError where the database
        or its key cannot be had, is another program's, or was written by a newer version of ours.
        """
        if path is None:
            return cls._open_in_memory(key or new_key(), clock, node)
        if read_only:
            return await asyncio.to_thread(cls._open_to_read, path, key, clock)
        return await cls._open_file(path, key, clock, node)

    async def close(self) -> None:
        """Finish what was handed in, and close the file. Closing again does nothing."""
        if self._maintaining is not None:
            self._maintaining.cancel()
            await asyncio.wait([self._maintaining])
            self._maintaining = None
        for part in (self._reader, self._maintainer, self._writer):
            if part is not None:
                await part.close()

    async def check(self) -> None:
        """Return when the database can be read and written. Raises StoreError, which says why not.

        A little is written, and so that it is no accident: there has to be room for more, and what calls
        wanted to store just before has to be stored.
        """
        await self._reader.run(check_readable)
        if self._folder is not None:
            await asyncio.to_thread(check_disk_space, self._folder)
        now = self._clock()
        await self._writing.change(lambda connection: check_writable(connection, now))
        trouble = self._writing.trouble
        if (
            trouble is not None
            and asyncio.get_running_loop().time() - trouble[0] < FAILURE_REMEMBERED
        ):
            raise trouble[1]

    async def changes(self, since: Mapping[ChangeKind, int] | None = None) -> dict[ChangeKind, int]:
        """Return how often each kind of thing was changed, as soon as that is not `since`; None: at once.

        What others changed is looked for every second, in a table of a few rows.
        """
        while True:
            self._changed.clear()
            counted = await self._reader.run(changes.counted)
            if counted != since:
                return counted
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), LOOK_EVERY)

    async def join(self) -> None:
        """Begin to be the node of this store's name: what an earlier process of that name left is ours.

        That one can store nothing more.
        """
        incarnation = await self._writing.run(partial(nodes.join, node=self.node))
        self._writing.guard = partial(nodes.hold, node=self.node, incarnation=incarnation)

    async def renew(self) -> tuple[Lease, ...]:
        """Say that this node lives, and return the leases of the others. Raises LeaseLostError."""
        return await self._change(partial(nodes.renew, node=self.node))

    async def take_over(self, lease: Lease) -> TakenOver | None:
        """Take over the calls and deliveries of another node; None if it renewed its lease, or was taken over.

        Raises LeaseLostError where this node's own lease is over.
        """
        return await self._change(partial(nodes.take_over, node=self.node, lease=lease))

    async def commit(self, record: CallRecord) -> None:
        """Store what a step left behind: all of it is durable when this returns.

        Committing a record again changes nothing, so it can be repeated after a failure.
        """
        call = record.call
        project, _ = call.snapshot.key
        once = project, call.id, record.entries[0].seq if record.entries else 0
        row = (rows.call_to_row(call, self.node),)
        is_over = call.state is CallState.ENDED
        await self._writing.write(
            Rows(
                live_calls=() if is_over else row,
                calls=row if is_over else (),
                entries=tuple([rows.entry_to_row(project, call.id, e) for e in record.entries]),
                deliveries=tuple(
                    [rows.delivery_to_row(d, self._cipher, self.node) for d in record.deliveries]
                ),
                callers=tuple([caller_history.caller_to_row(one, once) for one in record.callers]),
                outside=tuple([outside_use.use_to_row(one, once) for one in record.outside]),
                events=tuple([stream.event_to_row(one) for one in record.events]),
                listed=(call_list.call_to_row(call),) if is_over else (),
            ),
            can_wait=record.can_wait,
        )
        if record.events:
            self._publish(project)

    def _publish(self, project: str) -> None:
        """Wake who waits for the project's next events."""
        if waiting := self._awaited.pop(project, None):
            waiting.set()

    async def record_attempt(self, attempt: Attempt, *, can_wait: bool = False) -> None:
        """Store a finished attempt durably, once: another of the same delivery and number changes nothing.

        Nor does one of a delivery that was deleted meanwhile.
        """
        made = (rows.attempt_to_row(attempt),)
        if not attempt.is_last:
            row = Rows(attempts=made)
        elif attempt.failure is None and attempt.number == 1:  # as nearly all: it changes no list
            row = Rows(attempts=made, delivered=(rows.settling_to_row(attempt),))
        else:
            row = Rows(
                attempts=made,
                settled=(rows.settling_to_row(attempt),),
                failures=((attempt.project, attempt.delivery),),
            )
        await self._writing.write(row, can_wait=can_wait)

    async def replace_request(self, delivery: Delivery) -> None:
        """Store the request of a delivery in place of its draft, durably; nothing where it is settled or gone."""
        await self._change(
            partial(recovery.replace_request, delivery=delivery, cipher=self._cipher)
        )

    async def stream_events(
        self, project: str, *, after: int, limit: int, wait: float = 0.0
    ) -> StreamPage:
        """Return a project's next events behind a number, waiting so many seconds for one at most."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        read = partial(stream.page, project=project, after=after, limit=limit)
        while True:
            published = self._awaited.setdefault(project, asyncio.Event())
            page = await self._reader.run(read)
            left = until - loop.time()
            if page.events or left <= 0:
                return page
            with suppress(TimeoutError):  # another process may have published
                await asyncio.wait_for(published.wait(), min(LOOK_EVERY, left))

    async def snapshots_of_live_calls(self) -> tuple[tuple[str, int], ...]:
        """Return which project versions `live_calls` will ask for, as (project, version)."""
        return await self._reader.run(partial(recovery.snapshots, node=self.node))

    async def live_calls(
        self, snapshot_of: Callable[[str, int], ProjectSnapshot]
    ) -> tuple[Call, ...]:
        """Return the calls that have not ended, oldest first, each with its snapshot from `snapshot_of`.

        A call that cannot be read, or whose plan `snapshot_of` does not find (LookupError), is left out
        and logged. `snapshot_of` is asked in the store's reading thread.
        """
        return await self._reader.run(
            partial(recovery.calls, snapshot_of=snapshot_of, node=self.node)
        )

    async def ended_call(
        self, call_id: str, snapshot_of: Callable[[str, int], ProjectSnapshot]
    ) -> Call | None:
        """Return a call that has ended, with its snapshot from `snapshot_of`, or None."""
        return await self._reader.run(
            partial(recovery.ended_call, call_id=call_id, snapshot_of=snapshot_of)
        )

    async def legs_of_last_ends(self, since: float) -> tuple[tuple[str, str, str, str], ...]:
        """Return the answered legs of the calls that ended last, and not before `since`, in unix seconds.

        Each is project, call, leg and handle. These ended within 10 s of one another: orders follow a commit at once, so that earlier ones were
        carried out.
        """
        return await self._reader.run(partial(recovery.last_ends, since=since))

    async def save_incidents(
        self,
        failing: Sequence[Incident],
        over: Sequence[tuple[str, str]],
        warnings: Sequence[Delivery],
    ) -> None:
        """Store how endpoints stand that fail, forget those that are over, and promise warnings, at once."""
        await self._change(
            partial(
                incidents.save,
                failing=failing,
                over=over,
                warnings=warnings,
                cipher=self._cipher,
                node=self.node,
            )
        )

    async def incidents(self) -> tuple[Incident, ...]:
        """Return the endpoints that fail, by project and webhook."""
        return await self._reader.run(incidents.found)

    async def pending_deliveries(self) -> tuple[Delivery, ...]:
        """Return what was promised and is not settled, in the order of the promises.

        One that cannot be read is left out and logged; it stays promised.
        """
        return await self._reader.run(
            partial(recovery.deliveries, cipher=self._cipher, node=self.node)
        )

    async def attempts_of_pending(self) -> dict[str, tuple[Attempt, ...]]:
        """Return the attempts of pending deliveries that were tried, by the delivery's id, first to latest."""
        return await self._reader.run(partial(recovery.attempts, node=self.node))

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
        """Store a version of a project and return its number, 1 for the first.

        A document that is the same as the latest version's makes no new one; one that `restates` it in other words
        takes its place. `names` are what no other
        project may have; None: as before. Raises StoreError where another has one, ChangedMeanwhileError
        where the latest version is not `after`.
        """
        number = await self._writing.run(
            partial(
                projects.save,
                cipher=self._cipher,
                project=project_id,
                document=document,
                now=self._clock(),
                names=names,
                after=after,
                by=by,
                restates=restates,
            )
        )
        self._changed.set()
        return number

    async def scenario(self, project_id: str) -> StoredScenario | None:
        """Return what is stored of a project's call-tracking scenario, or None."""
        return await self._reader.run(
            partial(projects.scenario, cipher=self._cipher, project=project_id)
        )

    async def save_draft(self, drafted: StoredScenario, *, revision: int) -> bool:
        """Store a draft of a scenario; False where it was changed since `revision`."""
        return await self._writing.run(
            partial(projects.save_draft, cipher=self._cipher, drafted=drafted, revision=revision)
        )

    async def activate(self, activation: Activation) -> int | None:
        """Store a draft as a project's active scenario; None where draft or project were changed meanwhile."""
        number = await self._writing.run(
            partial(
                projects.activate, cipher=self._cipher, activation=activation, now=self._clock()
            )
        )
        self._changed.set()
        return number

    async def project_history(
        self, project_id: str, *, below: int, limit: int
    ) -> tuple[StoredVersion, ...]:
        """Return the versions of a project below a number, latest first, without their documents."""
        return await self._reader.run(
            partial(projects.history, project=project_id, below=below, limit=limit)
        )

    async def document_drafts(self, project_id: str, name: str = "") -> tuple[StoredDraft, ...]:
        """Return a project's drafts by name, or the one of a name."""
        return await self._reader.run(
            partial(projects.drafts, cipher=self._cipher, project=project_id, name=name)
        )

    async def save_document_draft(self, draft: StoredDraft, *, most: int) -> bool:
        """Store a draft in place of the one of its name; False where the project has `most` others."""
        return await self._writing.run(
            partial(projects.save_document_draft, cipher=self._cipher, draft=draft, most=most)
        )

    async def delete_document_draft(self, project_id: str, name: str) -> bool:
        """Delete a draft; False where there is none."""
        return await self._writing.run(
            partial(projects.delete_document_draft, project=project_id, name=name)
        )

    async def owners(self, names: UniqueNames) -> dict[tuple[str, str], str]:
        """Return the project of each of these names that one has."""
        return await self._reader.run(partial(projects.owners, names=names))

    async def knows_names(self) -> bool:
        """Say whether it is stored which names the projects have; see `own_names`."""
        return await self._reader.run(projects.are_known)

    async def own_names(self, names_of: Mapping[str, UniqueNames]) -> None:
        """Store the projects' names, if an older release wrote the database without them."""
        await self._writing.run(partial(projects.own_all, names_of=names_of))

    async def project_versions(self) -> dict[str, int]:
        """Return the number of each project's latest version, without reading a document."""
        return await self._reader.run(projects.numbers)

    async def latest_project(self, project_id: str) -> StoredProject | None:
        """Return the latest version of one project, or None."""
        return await self._reader.run(
            partial(projects.newest, cipher=self._cipher, project=project_id)
        )

    async def projects(self) -> tuple[StoredProject, ...]:
        """Return the latest version of every project, by id."""
        return await self._reader.run(partial(projects.latest, cipher=self._cipher))

    async def project(self, project_id: str, version: int) -> StoredProject | None:
        """Return one version of one project, or None."""
        return await self._reader.run(
            partial(projects.one, cipher=self._cipher, project=project_id, version=version)
        )

    async def save_registration(self, project: str, account: str, telephones: str) -> None:
        """Store where an account's telephones are, as the driver writes it; "" for nowhere."""
        await self._change(
            partial(
                registrations.save,
                node=self.node,
                project=project,
                account=account,
                telephones=telephones,
            )
        )

    async def registrations(self) -> tuple[tuple[str, str, str], ...]:
        """Return what this node saved, as (project, account, telephones)."""
        return await self._reader.run(partial(registrations.found, node=self.node))

    async def all_registrations(self) -> tuple[tuple[str, str, str], ...]:
        """Return what every node saved, as (project, account, telephones)."""
        return await self._reader.run(partial(registrations.found, node=None))

    async def add_hang_up(self, wanted: WantedHangUp) -> None:
        """Store that a call is to be ended; of two wishes for one call the first stays."""
        await self._tell(partial(operator_acts.add_hang_up, wanted=wanted, now=self._clock()))

    async def hang_ups(self) -> tuple[WantedHangUp, ...]:
        """Return which calls are to be ended, oldest wish first."""
        return await self._reader.run(partial(operator_acts.hang_ups, node=self.node))

    async def delete_hang_up(self, wanted: WantedHangUp) -> None:
        """Forget a wish that was fulfilled."""
        work = partial(operator_acts.delete_hang_up, project=wanted.project, call=wanted.call)
        await self._change(work)

    async def add_foreign_event(
        self,
        event: ForeignEvent,
        deliveries_of: Callable[[int], tuple[Delivery, ...]],
        stream_of: Callable[[int], tuple[StreamEvent, ...]],
        *,
        now: float,
    ) -> tuple[Delivery, ...]:
        """Store an event that is no call with its deliveries, at once, and return them."""
        deliveries = await self._change(
            partial(
                foreign_events.add,
                event=event,
                deliveries_of=deliveries_of,
                stream_of=stream_of,
                now=now,
                cipher=self._cipher,
                node=self.node,
            )
        )
        self._publish(event.project)
        return deliveries

    async def add_import(
        self,
        project: str,
        calls: Sequence[tuple[str, ImportedCall]],
        *,
        by: str,
        at: float,
        tells: bool,
    ) -> CallImport:
        """Store calls that were made elsewhere as queued at this node, known ones as duplicates."""
        return await self._change(
            partial(
                imports.add,
                project=project,
                calls=calls,
                by=by,
                at=at,
                tells=tells,
                node=self.node,
            )
        )

    async def settle_import(self, done: CallImport) -> None:
        """Store what became of an import."""
        await self._change(partial(imports.settle, done=done))

    async def call_import(self, project: str, number: int) -> CallImport | None:
        """Return an import of a project, or None."""
        return await self._reader.run(partial(imports.found, project=project, number=number))

    async def queued_imports(self) -> tuple[CallImport, ...]:
        """Return this node's imports that are queued, oldest first."""
        return await self._reader.run(partial(imports.queued, node=self.node))

    async def visit_at(self, project: str, number: str, at: float) -> Visit | None:
        """Return the visit that saw a number at a moment, or None."""
        return await self._reader.run(
            partial(caller_history.visit_at, project=project, number=number, at=at)
        )

    async def visit_of(self, project: str, visit: str) -> Visit | None:
        """Return a visit, or None."""
        return await self._reader.run(
            partial(caller_history.visit_of, project=project, visit=visit)
        )

    async def save_sip_captures(self, captures: Sequence[tuple[str, bytes]]) -> None:
        """Store packed captures of SIP messages, each behind the id of its call."""
        await self._change(partial(sip_captures.save, captures=captures))

    async def sip_capture(self, project: str, call: str) -> SipCapture | None:
        """Return the SIP messages of a project's call, or None."""
        return await self._reader.run(partial(sip_captures.found, project=project, call=call))

    async def refresh_token(self, project: str, source: str) -> str | None:
        """Return the latest refresh token that a project got from a source, or None."""
        return await self._reader.run(
            partial(latest_refresh, cipher=self._cipher, project=project, source=source)
        )

    async def save_refresh_token(self, project: str, source: str, token: str) -> None:
        """Store a refresh token, in place of the one before from its source."""
        await self._change(
            partial(
                save_refresh,
                cipher=self._cipher,
                project=project,
                source=source,
                token=token,
            )
        )

    async def add_subscription(self, asked: Subscription, *, most: int) -> Subscription | None:
        """Store a subscription under a new number; None where its project has `most` already."""
        add = partial(subscriptions.add, cipher=self._cipher, asked=asked, most=most)
        return await self._tell(add)

    async def subscriptions(self, *, project: str | None = None) -> tuple[Subscription, ...]:
        """Return one project's subscriptions, or everybody's, oldest first."""
        return await self._reader.run(
            partial(subscriptions.found, cipher=self._cipher, project=project)
        )

    async def subscription_numbers(self) -> frozenset[int]:
        """Return the numbers of everybody's subscriptions."""
        return await self._reader.run(subscriptions.numbers)

    async def delete_subscription(self, project: str, number: int) -> Subscription | None:
        """Delete one of a project's subscriptions and return it, or None."""
        return await self._tell(
            partial(subscriptions.delete, cipher=self._cipher, project=project, number=number)
        )

    async def outside_use(self, *, since: float) -> tuple[OutsideUse, ...]:
        """Return what accounts and projects used of their outside calls since a moment's day."""
        return await self._reader.run(partial(outside_use.found, since=since))

    async def callers(self, *, limit: int) -> tuple[Caller, ...]:
        """Return the callers that were seen last."""
        return await self._reader.run(partial(caller_history.callers, limit=limit))

    async def visits(self, *, limit: int) -> tuple[Visit, ...]:
        """Return the visits that were told of last, oldest first."""
        return await self._reader.run(partial(caller_history.visits, limit=limit))

    async def shown_numbers(self, *, limit: int) -> tuple[ShownNumber, ...]:
        """Return which numbers visitors see, or saw last."""
        return await self._reader.run(partial(caller_history.shown_numbers, limit=limit))

    async def visits_of_live_calls(self) -> tuple[VisitCall, ...]:
        """Return to which visits the calls belong that have not ended."""
        return await self._reader.run(caller_history.visits_of_live_calls)

    async def save_visit(self, visit: Visit) -> None:
        """Store what is known of a visit, in place of what was."""
        await self._change(partial(caller_history.save_visit, visit=visit))

    async def attach(self, told: ShownNumber | VisitCall) -> None:
        """Store whose a number or a call is now."""
        await self._change(partial(caller_history.attach, told=told))

    async def forget(self, *, before: float) -> None:
        """Delete what is known of callers and visitors who were last seen before a moment."""
        await self._writing.run(partial(caller_history.forget, before=before))
        await self._writing.run(partial(outside_use.forget, before=before))
        await self._writing.run(partial(operator_acts.forget_jobs, before=before))

    async def calls(
        self, *, project: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[CallRow, ...]:
        """Return calls newest first, of one project or all; `before` is a row's number, to page on."""
        return await self._reader.run(
            partial(history.calls, project=project, limit=limit, before=before)
        )

    async def find_calls(
        self,
        *,
        project: str | None = None,
        wanted: CallFilter = EVERY_CALL,
        limit: int = 50,
        behind: CallPlace | None = None,
        count: bool = False,
    ) -> CallPage:
        """Return the next calls that fit, newest first, of one project or all; running calls are among them."""
        return await self._reader.run(
            partial(
                call_list.search,
                project=project,
                wanted=wanted,
                limit=limit,
                behind=behind,
                count=count,
            )
        )

    async def call(self, call_id: str) -> CallRow | None:
        """Return one call, or None."""
        return await self._reader.run(partial(history.call, call_id=call_id))

    async def journal(self, call_id: str) -> tuple[JournalEntry, ...]:
        """Return a call's journal from its first line on; empty where there is no such call."""
        return await self._reader.run(partial(history.journal, call_id=call_id))

    async def deliveries(
        self,
        which: DeliveryFilter = EVERY_DELIVERY,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
    ) -> tuple[DeliveryRow, ...]:
        """Return deliveries newest first, or from `after` on oldest first; both are a row's number, to page on.

        One that cannot be read is left out and logged.
        """
        found: list[DeliveryRow] = []
        while True:
            page = await self.find_deliveries(
                which, limit=limit - len(found), before=before, after=after
            )
            found += page.rows
            if page.next is None or len(found) >= limit:
                return tuple(found)
            before, after = (page.next, None) if after is None else (before, page.next)

    async def find_deliveries(
        self,
        which: DeliveryFilter = EVERY_DELIVERY,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
    ) -> DeliveriesFound:
        """Return the next deliveries, as above, and where to go on; the search takes no longer where there are more."""
        return await self._reader.run(
            partial(
                delivery_list.search,
                cipher=self._cipher,
                which=which,
                limit=limit,
                before=before,
                after=after,
            )
        )

    async def count_deliveries(self, which: DeliveryFilter) -> Count:
        """Return how many deliveries there are of a filter, up to `MOST_COUNTED` or as far as a search goes."""
        return await self._reader.run(partial(delivery_list.count, which=which))

    async def unchecked_by_webhook(self, project: str) -> dict[str, Count]:
        """Return how many deliveries of each webhook need somebody, of those that have any."""
        return await self._reader.run(partial(delivery_list.unchecked_by_webhook, project=project))

    async def check_deliveries(
        self,
        named: Sequence[tuple[str, str]],
        *,
        by: str,
        at: float,
        job: BulkJob | None = None,
    ) -> int:
        """Store who checked deliveries, and return how many needed somebody."""
        return await self._change(
            partial(operator_acts.check, named=named, by=by, at=at, job=job, node=self.node)
        )

    async def uncheck_deliveries(
        self, named: Sequence[tuple[str, str]], *, job: BulkJob | None = None
    ) -> int:
        """Have checked deliveries need somebody again, and return how many were checked."""
        return await self._change(
            partial(operator_acts.uncheck, named=named, job=job, node=self.node)
        )

    async def send_again(
        self, named: Sequence[tuple[str, str]], *, job: BulkJob | None = None
    ) -> tuple[SentAgain, ...]:
        """Have settled deliveries wait for a further attempt at this node, and return those."""
        return await self._change(
            partial(
                operator_acts.send_again,
                named=named,
                cipher=self._cipher,
                job=job,
                node=self.node,
            )
        )

    async def start_job(
        self, act: BulkAct, which: DeliveryFilter, *, project: str, by: str, at: float
    ) -> BulkJob:
        """Store that an act on all deliveries of a filter has begun at this node."""
        start = partial(operator_acts.start_job, act=act, which=which, project=project)
        return await self._change(partial(start, by=by, at=at, node=self.node))

    async def stop_job(self, project: str, number: int, *, at: float) -> BulkJob | None:
        """Store that a job is stopped, if it runs, and return it; None where the project has none such."""
        return await self._change(
            partial(operator_acts.stop_job, project=project, number=number, now=at)
        )

    async def job(self, project: str, number: int) -> BulkJob | None:
        """Return a project's job, or None."""
        return await self._reader.run(partial(operator_acts.job_at, project=project, number=number))

    async def jobs(self, project: str, *, limit: int = 50) -> tuple[BulkJob, ...]:
        """Return a project's jobs, newest first."""
        return await self._reader.run(partial(operator_acts.jobs, project=project, limit=limit))

    async def running_jobs(self) -> tuple[BulkJob, ...]:
        """Return this node's jobs that run, oldest first."""
        return await self._reader.run(partial(operator_acts.running_jobs, node=self.node))

    async def deliveries_of_call(self, call_id: str) -> tuple[DeliveryRow, ...]:
        """Return a call's deliveries in the order of the promises; one that cannot be read as above."""
        return await self._reader.run(
            partial(history.deliveries_of_call, cipher=self._cipher, call_id=call_id)
        )

    async def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """Return a delivery's attempts, first to latest."""
        return await self._reader.run(partial(history.attempts, delivery_id=delivery_id))

    async def prune(self, *, before: float, batch: int = 5) -> int:
        """Delete the calls that ended before a moment, with journal, deliveries and attempts.

        A call with an unsettled delivery stays. `batch` calls go at a time: in a large store each takes half a millisecond, and
        commits wait for it. Returns how many calls went.
        """
        deleted = 0
        while True:
            gone = await self._writing.run(partial(delete_old, before=before, batch=batch))
            deleted += gone
            if gone < batch:
                return deleted
            await asyncio.sleep(PRUNE_PAUSE)

    @property
    def _writing(self) -> Writer:
        if self._writer is None:
            raise StoreError("the database was opened for reading only")
        return self._writer

    async def _change(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        return await self._writing.change(job)

    async def _tell(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        """Change what is counted among the changes."""
        result = await self._change(job)
        self._changed.set()
        return result

    @classmethod
    def _open_in_memory(cls, key: bytes, clock: Callable[[], float], node: str) -> SqliteStore:
        """A database in memory belongs to one connection, so the writer's thread reads as well."""
        cipher = Cipher(key)
        writer = Writer(open_to_write(None), database="the database in memory")
        return cls(cipher=cipher, clock=clock, writer=writer, reader=writer, node=node)

    @classmethod
    def _open_to_read(
        cls, path: Path, key: bytes | None, clock: Callable[[], float]
    ) -> SqliteStore:
        name = f"the database {path}"
        cipher, connection = open_encrypted_to_read(path, key)
        reader = ConnectionThread(connection, database=name, name="store reader")
        return cls(cipher=cipher, clock=clock, writer=None, reader=reader)

    @classmethod
    async def _open_file(
        cls, path: Path, key: bytes | None, clock: Callable[[], float], node: str
    ) -> SqliteStore:
        cipher, connections = await asyncio.to_thread(open_encrypted, path, key)
        writing, reading, maintainer = connections
        name = f"the database {path}"
        return cls(
            cipher=cipher,
            clock=clock,
            writer=Writer(writing, database=name),
            reader=ConnectionThread(reading, database=name, name="store reader"),
            maintainer=ConnectionThread(maintainer, database=name, name="store maintenance"),
            folder=path.parent,
            node=node,
        )
