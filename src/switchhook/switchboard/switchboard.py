"""The one live loop: receive an event, step, commit, carry out. A mailbox for each call.

The order of work is a promise: a step's decision is durable before any effect outside.
A telephone can be ordered again from what was stored; a webhook that was promised cannot be guessed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import structlog

from switchhook.domain.call import CALLER, Call, CallState
from switchhook.domain.cause import Cause
from switchhook.domain.journal import EntryKind
from switchhook.domain.masking import redacted
from switchhook.domain.tracking.caller_history import Caller
from switchhook.drivers.ports import OnDurable
from switchhook.metrics import OK, Metrics
from switchhook.routing.admission import OfferedCall, Rejection, admit
from switchhook.routing.callback_admission import WantedCallback, admit_callback
from switchhook.routing.commands import RingLeg, WriteJournal
from switchhook.routing.engine import amend, fail_call, step
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
    CallbackPlaced,
    Event,
    HangUpRequested,
    LateFacts,
    LegEnded,
    RecordingFinished,
    Resynced,
    TimePassed,
    TransferOrdered,
)
from switchhook.storage.records import CallRecord, StoreError
from switchhook.switchboard.capacity import CallCapacity
from switchhook.switchboard.clock import Clock, Timer
from switchhook.switchboard.internal_errors import failed_ask, failed_command
from switchhook.switchboard.outbox import (
    OutboxContext,
    call_record,
    phone_commands,
    webhooks_to_ask,
)
from switchhook.tasks import spawn
from switchhook.tracking.outside_limiter import OutsideCallLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AsyncExitStack

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.drivers.ports import Driver
    from switchhook.routing.commands import AskWebhook, Command
    from switchhook.storage.ports import CallStore
    from switchhook.switchboard.ports import CallTracking, DeliveryDispatcher, OutsideCallLimits
    from switchhook.switchboard.webhook_asker import AskOutcome, WebhookAsker

log = structlog.get_logger(__name__)

RETRY_AFTER = 5
"""Seconds after which a caller who is refused with 503 may try again."""
OVERDRAWN_PAUSE = 1.0
"""Seconds between two looks for outside calls whose minutes are over, at the least."""
RETRY_SAVING = 1.0
"""Seconds until a record that could not be saved is tried again."""
_MOVING = CallArrived | CallbackPlaced | TimePassed | Resynced | HangUpRequested
"""Events without which nothing moves a call on."""
_LAST_LOOKS, _LOOK = 100, 0.02
"""How often, and every how many seconds, we look whether those have ended that a stop ends."""


@dataclass(slots=True)
class Mailbox:
    """One call and its pending events. Only its own task touches `call`."""

    call: Call
    clock: Clock
    """Its own, set when it began here: its times go on evenly whatever corrects the system's clock."""
    events: deque[Event | LateFacts] = field(default_factory=deque)
    heard: list[OnDurable] = field(default_factory=list)
    """Waiters for the commit of `events`."""
    stepped: list[OnDurable] = field(default_factory=list)
    """Waiters for the commit of `unsaved`."""
    is_open: bool = False
    """Whether a task is working through `events`, or soon will."""
    timer: Timer | None = None
    asks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    callers: tuple[Caller, ...] = ()
    """Unstored facts about the caller."""
    unsaved: list[CallRecord] = field(default_factory=list)
    """Records that the store refused; saved with the next one that it takes."""
    retry: Timer | None = None
    """When a running call's refused records are tried again, should it have nothing new to record."""
    is_closing: bool = False
    """Whether an ended call's task waits for the store already."""


def _not_kept(_call: str, _late: LateFacts) -> None:
    """Leave a late recording out of its call."""


class Switchboard:
    """Receives the drivers' events (it is their CallHandler), and carries out the engine's commands."""

    def __init__(
        self,
        *,
        driver: Driver,
        store: CallStore,
        dispatcher: DeliveryDispatcher,
        webhook_asker: WebhookAsker,
        clock: Clock,
        directory: Callable[[], ProjectDirectory],
        new_id: Callable[[], str],
        outbox: OutboxContext,
        tracking: CallTracking,
        outside: OutsideCallLimits | None = None,
        max_calls: int = 1000,
        metrics: Metrics | None = None,
        late_recording: Callable[[str, LateFacts], None] = _not_kept,
        on_closed: Callable[[Call], None] = lambda _: None,
    ) -> None:
        """`late_recording` is told of one whose call has ended and been stored, `on_closed` of each such call."""
        self._on_closed = on_closed
        self._late_recording = late_recording
        self._metrics = Metrics() if metrics is None else metrics
        self._driver = driver
        self._store = store
        self._dispatcher = dispatcher
        self._webhook_asker = webhook_asker
        self._clock = clock
        self._directory = directory
        self._new_id = new_id
        self._outbox = outbox
        self._capacity = CallCapacity(max_calls)
        self._tracking = tracking
        self._outside = outside or OutsideCallLimiter()
        self._overdrawn_timer: Timer | None = None
        self._mailboxes: dict[str, Mailbox] = {}
        self._unrecorded: set[str] = set()
        self._is_stopping = False
        self._full_for: set[str] = set()
        """Projects whose calls are being refused, so that the log says it once."""
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Return the running calls as they are now."""
        return tuple(mailbox.call for mailbox in self._mailboxes.values())

    async def idle(self) -> None:
        """Wait until no call runs and everything about them is stored."""
        await self._idle.wait()

    def arrived(
        self, offered: OfferedCall, expect: Callable[[str], None] = lambda _: None
    ) -> str | Rejection:
        """Take a new call and return its id, or refuse it (the drivers' CallHandler)."""
        taken = self._admit(offered, expect)
        if isinstance(taken, Rejection):
            self._metrics.rejected[taken.cause.sip] += 1
            if not taken.retry_after:
                _log_rejected(offered, taken)
        return taken

    def _admit(self, offered: OfferedCall, expect: Callable[[str], None]) -> str | Rejection:
        directory = self._directory()
        is_emergency = _is_emergency(offered, directory)
        if (
            full := self._refusal(offered.project, directory, is_emergency=is_emergency)
        ) is not None:
            return full
        clock = self._clock.monotonic()
        call = admit(offered, directory, call=self._new_id(), now=clock.now())
        if isinstance(call, Rejection):
            return call
        call, callers = self._tracking.admit(call)
        self._full_for.discard(offered.project)
        log.info("call started", **_facts(call))
        expect(call.id)
        mailbox = self._keep(call, clock, CallArrived(), is_emergency=is_emergency)
        mailbox.callers = callers
        self._open(mailbox)
        return call.id

    def call_back(
        self, wanted: WantedCallback, recorded: OnDurable = lambda: None
    ) -> str | Rejection:
        """Make a callback and return its call's id, or reject it; `recorded` is called when the call is durable."""
        directory = self._directory()
        if (full := self._refusal(wanted.project, directory)) is not None:
            return full
        clock = self._clock.monotonic()
        call = admit_callback(wanted, directory, call=self._new_id(), now=clock.now())
        if isinstance(call, Rejection):
            return call
        call, callers = self._tracking.admit(call)
        self._full_for.discard(wanted.project)
        log.info("call started", **_facts(call), by=wanted.by)
        mailbox = self._keep(call, clock, CallbackPlaced())
        mailbox.callers = callers
        mailbox.heard.append(recorded)
        self._open(mailbox)
        return call.id

    def _refusal(
        self, project: str, directory: ProjectDirectory, *, is_emergency: bool = False
    ) -> Rejection | None:
        """Say why no further call of a project is taken now; None: it is."""
        if self._is_stopping:
            return Rejection(cause=Cause(sip=503, text="stopping"), retry_after=RETRY_AFTER)
        why = self._capacity.refusal(
            project, projects=len(directory.snapshots), is_emergency=is_emergency
        )
        if not why:
            return None
        if project not in self._full_for:
            log.warning(
                "call limit reached", max_calls=self._capacity.most, project=project, why=why
            )
        self._full_for.add(project)
        return Rejection(cause=Cause(sip=503, text=why), retry_after=RETRY_AFTER)

    def handle(self, call: str, event: Event, recorded: OnDurable | None = None) -> None:
        """Put an event into the call's mailbox (the drivers' CallHandler)."""
        mailbox = self._mailboxes.get(call)
        if mailbox is None:
            if recorded is not None:
                recorded()
            if isinstance(event, RecordingFinished) and event.path:
                self._late_recording(call, LateFacts(recording=event))
            return
        if isinstance(event, RecordingFinished) and mailbox.call.state is CallState.ENDED:
            mailbox.events.append(LateFacts(recording=event))
        else:
            mailbox.events.append(event)
        if recorded is not None:
            mailbox.heard.append(recorded)
        if not mailbox.is_open:
            self._open(mailbox)

    def hang_up(
        self, call: str, *, by: str, project: str | None = None, retry_after: int = 0
    ) -> bool:
        """Hang up a running call, of this project, for an operator. False when no such call runs."""
        mailbox = self._mailboxes.get(call)
        if mailbox is None or project not in {None, mailbox.call.snapshot.project.id}:
            return False
        self.handle(call, HangUpRequested(by=by, retry_after=retry_after))
        return True

    def transfer(
        self, call: str, order: TransferOrdered, *, project: str | None = None
    ) -> str | None:
        """Transfer a party of a conversation, of this project, for an operator or a program.

        Return why that cannot be, empty where it is begun; None when no such call runs.
        """
        mailbox = self._mailboxes.get(call)
        if mailbox is None or project not in {None, mailbox.call.snapshot.project.id}:
            return None
        # The decision is pure: it says beforehand what it will come to.
        after, commands = step(mailbox.call, order, mailbox.clock.now())
        if after is mailbox.call:
            return "only a conversation can be transferred, and one transfer after another"
        for command in commands:
            if (
                isinstance(command, WriteJournal)
                and command.entry.kind is EntryKind.TRANSFER_FAILED
            ):
                return command.entry.text
        self.handle(call, order)
        return ""

    async def start(
        self, stack: AsyncExitStack, snapshot_of: Callable[[str, int], ProjectSnapshot]
    ) -> None:
        """Start the driver, and take up or end the calls of a former process."""
        calls = await self._store.live_calls(snapshot_of)
        live = await self._driver.resume(calls)
        self._outside.resume(calls)
        self._watch_minutes()
        # Events of these calls may arrive while the driver starts; they wait behind its report of live legs.
        kept = [
            self._keep(
                call,
                self._clock.monotonic(),
                Resynced(
                    live_legs=live.get(call.id, frozenset()), recorded=self._driver.recorded(call)
                ),
            )
            for call in calls
        ]
        await self._driver.start(stack, self, self._directory)
        for mailbox in kept:
            self._open(mailbox)

    async def end_lost(self, calls: Sequence[Call]) -> None:
        """End the calls of a node that is gone, and return when that is stored: their legs were its own."""
        self._outside.resume(calls)
        ending = [
            self._open(self._keep(call, self._clock.monotonic(), Resynced(live_legs=frozenset())))
            for call in calls
        ]
        if ending:
            await asyncio.wait(ending)

    async def stop(self) -> None:
        """Take no more calls, and end those whose caller was not answered yet.

        What such a call lives in goes with the process. Without a last word the caller would go on
        hearing it ring. Other calls are resumed; their ringing targets are cancelled.
        """
        self._is_stopping = True
        last = {call.id for call in self.calls if _is_unanswered(call)}
        for call in last:
            self.hang_up(call, by="a stop of Switchhook", retry_after=RETRY_AFTER)
        for _ in range(_LAST_LOOKS):
            if not last & self._mailboxes.keys():
                break
            await asyncio.sleep(_LOOK)
        await self._driver.stop()

    def runs(self, call: str, project: str) -> bool:
        """Say whether a call of this project runs."""
        mailbox = self._mailboxes.get(call)
        return (
            mailbox is not None
            and mailbox.call.snapshot.project.id == project
            and mailbox.call.ended_at is None
        )

    def amend(self, call: str, late: LateFacts, *, project: str) -> bool:
        """Tell a running call of this project what became known. False when no such call runs."""
        mailbox = self._mailboxes.get(call)
        if mailbox is None or project != mailbox.call.snapshot.project.id:
            return False
        mailbox.events.append(late)
        if not mailbox.is_open:
            self._open(mailbox)
        return True

    async def amend_ended(self, call: Call, late: LateFacts) -> None:
        """Amend a call that has ended, as it is stored; return when that is stored, or a store refuses it for now.

        Whoever calls it reads the call and amends it before another does.
        """
        mailbox = self._keep(call, self._clock.monotonic(), late)
        await asyncio.wait([self._open(mailbox)])

    def _keep(
        self, call: Call, clock: Clock, first: Event | LateFacts, *, is_emergency: bool = False
    ) -> Mailbox:
        """Give the call a mailbox in which everything waits until it is opened."""
        mailbox = Mailbox(call, clock, deque((first,)), is_open=True)
        self._mailboxes[call.id] = mailbox
        self._capacity.add(call.id, call.snapshot.project.id, is_emergency=is_emergency)
        self._idle.clear()
        return mailbox

    def _open(self, mailbox: Mailbox) -> asyncio.Task[None]:
        mailbox.is_open = True
        return spawn(self._work(mailbox), name=f"call {mailbox.call.id}")

    async def _work(self, mailbox: Mailbox) -> None:
        try:
            if mailbox.unsaved and not mailbox.events:
                await self._save(mailbox)
                _confirm(mailbox)
            while mailbox.events:
                before = mailbox.call
                commands = self._step_all(mailbox)
                if mailbox.call is not before:
                    await self._try_to_record(mailbox, commands, before)
                _confirm(mailbox)
                self._carry_out(mailbox, commands)
        finally:
            mailbox.is_open = False
        self._set_timer(mailbox)
        if mailbox.call.state is not CallState.ENDED:
            self._set_retry(mailbox)
        elif not mailbox.is_closing:
            mailbox.is_closing = True
            await self._close(mailbox)

    def _step_all(self, mailbox: Mailbox) -> list[Command]:
        """Step through all events received; one commit serves them."""
        commands: list[Command] = []
        mailbox.stepped += mailbox.heard
        mailbox.heard.clear()
        now = mailbox.clock.now()
        while mailbox.events:
            event = mailbox.events.popleft()
            try:
                if isinstance(event, LateFacts):
                    mailbox.call, more = amend(mailbox.call, event, now)
                else:
                    mailbox.call, more = step(mailbox.call, event, now)
            except Exception:
                # Internal error: the call stays as it was, and its deadline still moves it on.
                log.exception("event failed", call=mailbox.call.id, heard=repr(event))
                if not isinstance(event, _MOVING):
                    continue
                mailbox.call, more = fail_call(mailbox.call, now)  # nothing else would
            commands.extend(self._within_limits(mailbox, more, now))
        return commands

    def _within_limits(
        self, mailbox: Mailbox, commands: Sequence[Command], now: float
    ) -> list[Command]:
        """Leave out the legs that the limits of outside calls forbid; the call hears of it next."""
        forbidden: dict[str, Event] = {}
        for command in commands:
            if isinstance(command, RingLeg):
                no = self._outside.begin(mailbox.call, command.leg, command.target, now)
                if no is not None:
                    cause = Cause(sip=no.status, q850=21, text=no.why)
                    ended = LegEnded(leg=command.leg, cause=cause, is_forbidden=True)
                    forbidden[command.leg] = ended
        if not forbidden:
            return list(commands)
        mailbox.events.extendleft(reversed(forbidden.values()))
        return [c for c in commands if not (isinstance(c, RingLeg) and c.leg in forbidden)]

    def _watch_minutes(self) -> None:
        """Cut calls when a limit of outside minutes is reached."""
        if self._overdrawn_timer is not None:
            self._overdrawn_timer.cancel()
        now = self._clock.now()
        over_at = self._outside.over_at(now)
        self._overdrawn_timer = None
        if over_at is not None:
            self._overdrawn_timer = self._clock.call_at(
                max(over_at, now + OVERDRAWN_PAUSE), self._end_overdrawn
            )

    def _end_overdrawn(self) -> None:
        for call, why in self._outside.overdrawn(self._clock.now()):
            self.hang_up(call, by=why)
        self._watch_minutes()

    async def _try_to_record(self, mailbox: Mailbox, commands: list[Command], before: Call) -> None:
        try:
            await self._record(mailbox, commands, before)
        except Exception:
            # Internal error: it costs this record; the call goes on.
            log.exception("step not stored", call=mailbox.call.id)

    async def _record(self, mailbox: Mailbox, commands: list[Command], before: Call) -> None:
        """Commit the record. A store that fails delays no call: the record waits for the next commit."""
        call = mailbox.call
        if CallState.ENDED is call.state is not before.state:
            self._ended(call)
            mailbox.callers += self._tracking.ended(call)
        outside = self._outside.noticed(call, mailbox.clock.now())
        if self._outside.has_changed:
            self._watch_minutes()
        record = call_record(call, commands, self._outbox, callers=mailbox.callers, outside=outside)
        mailbox.callers = ()
        if call.state is CallState.ENDED:
            mailbox.call = self._tracking.let_go(call)
            record = replace(record, call=redacted(mailbox.call))
        mailbox.unsaved.append(record)
        await self._save(mailbox)

    def _ended(self, call: Call) -> None:
        """Count and log the end of a call in its one line.

        `seconds` is how long it lasted, `waited` until an answer or the end, `talked` of that its talk.
        """
        over = call.arrived_at if call.ended_at is None else call.ended_at
        talked = 0.0 if call.answered_at is None else over - call.answered_at
        self._metrics.calls[call.direction, str(call.outcome)] += 1
        self._metrics.talked += talked
        log.info(
            "call ended",
            **_facts(call),
            outcome=str(call.outcome),
            ended_by=str(call.ended_by),
            seconds=round(over - call.arrived_at, 1),
            waited=round((call.answered_at or over) - call.arrived_at, 1),
            talked=round(talked, 1),
            direction=str(call.direction),
            scheme=call.position.scheme,
            account=call.caller.account,
            answered_by=_answered_by(call),
            sip=0 if call.cause is None else call.cause.sip,
            q850=0 if call.cause is None else call.cause.q850,
            asks=call.asks.started,
            recordings=len(call.recording.finished),
        )

    async def _save(self, mailbox: Mailbox) -> None:
        record = merge(mailbox.unsaved)
        try:
            await self._store.commit(record)
        except StoreError as error:
            self._refused(mailbox, error)
            return
        except Exception as error:  # noqa: BLE001 - a mistake of ours, which trying again does not mend
            self._refused(mailbox, StoreError(repr(error)))
            return
        mailbox.unsaved.clear()
        self._accepted(mailbox)
        self._dispatcher.dispatch(*record.deliveries)

    def _refused(self, mailbox: Mailbox, error: StoreError) -> None:
        """Log a failed commit: once while the store fails for all calls."""
        if not error.transient:
            log.error("call not stored", call=mailbox.call.id, error=str(error))
            mailbox.unsaved.clear()
            self._accepted(mailbox)
            return
        if not self._unrecorded:
            log.error("calls not stored", call=mailbox.call.id, error=str(error))
        self._unrecorded.add(mailbox.call.id)

    def _accepted(self, mailbox: Mailbox) -> None:
        if mailbox.call.id in self._unrecorded:
            self._unrecorded.discard(mailbox.call.id)
            if not self._unrecorded:
                log.info("calls stored again")

    def _carry_out(self, mailbox: Mailbox, commands: list[Command]) -> None:
        for command in phone_commands(commands):
            try:
                self._driver.carry_out(mailbox.call, command)
            except Exception:
                # Internal error: the call gets a failure event at once.
                what = type(command).__name__
                log.exception("command failed", call=mailbox.call.id, command=what)
                if (event := failed_command(command)) is not None:
                    self.handle(mailbox.call.id, event)
        for ask in webhooks_to_ask(commands):
            self._ask(mailbox, ask)
        pending = mailbox.call.asks.pending
        asked = None if pending is None else pending.id
        for ask_id in [ask_id for ask_id in mailbox.asks if ask_id != asked]:
            mailbox.asks.pop(ask_id).cancel()

    def _ask(self, mailbox: Mailbox, ask: AskWebhook) -> None:
        call = mailbox.call
        if call.asks.pending is None or call.asks.pending.id != ask.ask:
            return

        async def put() -> None:
            event: AskOutcome
            began = mailbox.clock.now()
            try:
                event = await self._webhook_asker.ask(call, ask, now=began)
            except Exception:
                log.exception("ask crashed", call=call.id, webhook=ask.webhook)
                event = failed_ask(ask.ask)
            result = event.failure.kind if isinstance(event, AskFailed) else OK
            self._metrics.asks[ask.dialect, result] += 1
            self._metrics.ask_seconds.observe(mailbox.clock.now() - began)
            mailbox.asks.pop(ask.ask, None)
            self.handle(call.id, event)

        mailbox.asks[ask.ask] = spawn(put(), name=f"ask {ask.ask}")

    def _set_timer(self, mailbox: Mailbox) -> None:
        if mailbox.timer is not None:
            mailbox.timer.cancel()
        wake_at, call = mailbox.call.wake_at, mailbox.call.id
        mailbox.timer = (
            None
            if wake_at is None
            else mailbox.clock.call_at(wake_at, lambda: self.handle(call, TimePassed()))
        )

    def _set_retry(self, mailbox: Mailbox) -> None:
        """Try refused records again soon: who talks for an hour has nothing else to record."""
        if mailbox.retry is not None:
            mailbox.retry.cancel()
        mailbox.retry = None
        if mailbox.unsaved:
            when = mailbox.clock.now() + RETRY_SAVING
            mailbox.retry = mailbox.clock.call_at(when, lambda: self._try_again(mailbox))

    def _try_again(self, mailbox: Mailbox) -> None:
        if not mailbox.is_open and mailbox.call.state is not CallState.ENDED:
            self._open(mailbox)

    async def _close(self, mailbox: Mailbox) -> None:
        """Forget an ended call, once everything about it is stored."""
        while mailbox.unsaved:
            await asyncio.sleep(RETRY_SAVING)
            await self._save(mailbox)
        _confirm(mailbox)
        if self._mailboxes.pop(mailbox.call.id, None) is not None:
            self._capacity.remove(mailbox.call.id)
            self._on_closed(mailbox.call)
        if not self._mailboxes:
            self._idle.set()


def _confirm(mailbox: Mailbox) -> None:
    """Wake the waiters of the commit."""
    if not mailbox.unsaved:
        waiting, mailbox.stepped = mailbox.stepped, []
        for recorded in waiting:
            recorded()


def _is_emergency(offered: OfferedCall, directory: ProjectDirectory) -> bool:
    """Whether an account dials an emergency number, which no limit holds up."""
    snapshot = directory.snapshots.get(offered.project)
    return (
        bool(offered.account)
        and snapshot is not None
        and snapshot.project.screening.is_emergency(offered.callee)
    )


def _facts(call: Call) -> dict[str, str]:
    """Return what one line of the log says of a call."""
    return {
        "call": call.id,
        "project": call.snapshot.project.id,
        "from": call.caller.number or "withheld",
        "to": call.callee,
    }


def _answered_by(call: Call) -> str:
    """Return the target that talked last; empty where none did."""
    leg = None if call.answered_at is None else call.leg(call.talking_to)
    return "" if leg is None else str(leg.target or "")


def _log_rejected(offered: OfferedCall, refused: Rejection) -> None:
    """Log a call that was rejected: who else would know why a telephone hears "not found"?"""
    log.info(
        "call rejected",
        project=offered.project,
        **{"from": offered.caller or "withheld", "to": offered.callee},
        status=refused.cause.sip,
        why=refused.cause.text,
    )


def _is_unanswered(call: Call) -> bool:
    """Say whether the caller still waits for an answer to the invitation."""
    caller = call.leg(CALLER)
    return call.state is not CallState.ENDED and caller is not None and caller.answered_at is None


def merge(records: list[CallRecord]) -> CallRecord:
    """Make one record of several of the same call: the latest state, all entries and promises."""
    if len(records) == 1:  # as ever, while the store works
        return records[0]
    return CallRecord(
        call=records[-1].call,
        entries=tuple(entry for record in records for entry in record.entries),
        deliveries=tuple(promise for record in records for promise in record.deliveries),
        callers=tuple(caller for record in records for caller in record.callers),
        outside=tuple(use for record in records for use in record.outside),
        events=tuple(event for record in records for event in record.events),
        can_wait=all(record.can_wait for record in records),
    )
