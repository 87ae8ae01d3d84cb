"""The dispatcher: sends committed deliveries to their endpoints, retries them, and records each attempt.

A delivery is in flight until its attempt is committed, and only then the next of its lane is sent. After a
crash in between, the delivery is still in the store, and is sent again with the same id and the same bytes: at
least once, and twice only a delivery in flight.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import structlog

from switchhook.delivery.incidents import Incidents, Warn, nobody_is_warned
from switchhook.delivery.mailer import NO_MAIL
from switchhook.delivery.origin_slots import OriginSlots
from switchhook.delivery.outcomes import (
    CUT_SHORT,
    UNDER_WAY,
    UNWANTED,
    expired,
    is_under_way,
    log_again,
    log_settled,
    log_unread,
    superseded,
)
from switchhook.delivery.policy import (
    attempt_of,
    default_policy,
    is_final,
    order_of,
    pause_before_first,
    pause_before_next,
    seconds_left,
)
from switchhook.delivery.queues import DispatcherLimits, Queues
from switchhook.delivery.recorder import AttemptRecorder
from switchhook.delivery.transports import Transports, no_credentials
from switchhook.domain.delivery_policy import GONE
from switchhook.metrics import OK, Metrics
from switchhook.tasks import spawn
from switchhook.webhooks.mail import MailResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from contextlib import AsyncExitStack

    from switchhook.delivery.allowed_networks import AllowedNetworks
    from switchhook.delivery.authenticating import AuthenticatingSender
    from switchhook.delivery.lanes import DeliveryJob, OriginLimit
    from switchhook.delivery.transports import HttpSender, MailSender
    from switchhook.domain.credentials import Credentials
    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.domain.failure import Failure
    from switchhook.storage.delivery import Attempt, Delivery, Incident
    from switchhook.storage.ports import DispatcherStore
    from switchhook.storage.records import SentAgain

    WriteAnew = Callable[[Delivery], Awaitable[Delivery]]

log = structlog.get_logger(__name__)

LIMITS: Final = DispatcherLimits()


class Recipients(Protocol):
    """Says whether a delivery still has a recipient: a webhook stays, a subscriber may unsubscribe."""

    def wants(self, delivery: Delivery) -> bool:
        """Say whether a delivery may still be sent."""

    def gone(self, delivery: Delivery) -> None:
        """Handle an endpoint's 410 Gone."""


class AllRecipients:
    """Webhooks of a project, which are there to stay."""

    def wants(self, _delivery: Delivery) -> bool:
        """Send everything."""
        return True

    def gone(self, _delivery: Delivery) -> None:
        """Take it for a failure like others."""


ALL_RECIPIENTS: Final = AllRecipients()


class Expiry(NamedTuple):
    """When a delivery is too old, on the loop's clock."""

    at: float
    timer: asyncio.Handle


class Dispatcher:
    """Dispatches deliveries on the event loop that it was made on."""

    def __init__(
        self,
        sender: HttpSender,
        store: DispatcherStore,
        *,
        clock: Callable[[], float],
        networks_of: Callable[[str], AllowedNetworks],
        mailer: MailSender = NO_MAIL,
        policy_of: Callable[[Delivery], DeliveryPolicy] = default_policy,
        limit_of: Callable[[Delivery], OriginLimit | None] = lambda _: None,
        origins: OriginSlots | None = None,
        credentials_of: Callable[[Delivery], Credentials | Failure] = no_credentials,
        authenticating: AuthenticatingSender | None = None,
        recipients: Recipients = ALL_RECIPIENTS,
        write_anew: WriteAnew | None = None,
        on_settled: Callable[[Delivery], None] = lambda _: None,
        warn: Warn = nobody_is_warned,
        may_send: Callable[[], bool] = lambda: True,
        limits: DispatcherLimits = LIMITS,
        chance: Callable[[], float] = random.random,
        metrics: Metrics | None = None,
    ) -> None:
        """Make a dispatcher.

        `clock` tells unix seconds; `networks_of` says by a project's id which networks its webhooks may
        reach; `policy_of` says how a delivery is made, `limit_of` how many requests its origin gets at once, which
        `origins` counts, and `recipients` whether it is sent at all; `warn` writes what owners are told of
        failing endpoints; `may_send` says whether what is pending is still ours, and `go_on` that it is again;
        `chance` returns a number from 0 to 1. `credentials_of` says what it proves itself with now, or
        why it may not be sent; `authenticating` sends those that have any. `on_settled` is told of each that is. `write_anew` returns a draft as all attempts
        send it, once that is stored; raises what a store does.
        """
        self.delivered = 0
        self.failed = 0
        """Deliveries that were given up."""
        self._metrics = Metrics() if metrics is None else metrics
        self._transports = Transports(
            sender,
            mailer,
            networks_of=networks_of,
            credentials_of=credentials_of,
            authenticating=authenticating,
        )
        self._recorder = AttemptRecorder(store)
        self._clock = clock
        self._now = asyncio.get_running_loop().time
        """Seconds of the loop's monotonic clock."""
        self._policy_of = policy_of
        self._limit_of = limit_of
        self._recipients = recipients
        self._on_settled = on_settled
        self._write_anew = write_anew or _as_drafted
        self._limits = limits
        self._may_send = may_send
        self._chance = chance
        origins = OriginSlots() if origins is None else origins
        origins.on_free(self._start_more)
        self._queues = Queues(limits, origins)
        self._incidents = Incidents(store, clock=clock, warn=warn, dispatch=self.dispatch)
        self._open: dict[str, Delivery] = {}
        self._resumed: set[str] = set()
        self._histories: dict[str, tuple[Attempt, ...]] = {}
        self._sent_again: set[str] = set()
        """Ids of what a person had sent again: one attempt settles it, however old it is."""
        self._again: dict[str, SentAgain] = {}
        """What was sent again before we noticed that it is settled."""
        self._expiries: dict[str, Expiry] = {}
        self._collapsing: dict[tuple[str, str, str], Delivery] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._postponed: dict[str, tuple[DeliveryJob, asyncio.TimerHandle]] = {}
        self._pause_timer: asyncio.TimerHandle | None = None
        self._is_stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def in_flight(self) -> int:
        """How many deliveries are being sent or recorded."""
        return self._queues.in_flight

    @property
    def waiting(self) -> int:
        """How many deliveries wait for their turn or for another attempt."""
        return len(self._open) - self._queues.in_flight

    @property
    def unrecorded(self) -> int:
        """How many attempts the store has refused so far and is asked to take again: 0 in good health."""
        return self._recorder.unrecorded

    @property
    def failing(self) -> Sequence[Incident]:
        """Return the endpoints that fail again and again."""
        return self._incidents.failing

    @property
    def oldest_age(self) -> float:
        """How many seconds ago the event happened that has waited longest; 0 when nothing waits."""
        oldest = next(iter(self._open.values()), None)
        return 0.0 if oldest is None else max(0.0, self._clock() - oldest.occurred_at)

    async def start(
        self,
        stack: AsyncExitStack,
        pending: Sequence[Delivery],
        tried: Mapping[str, tuple[Attempt, ...]],
        failing: Sequence[Incident] = (),
    ) -> None:
        """Resume the pending deliveries of an earlier process, in that order; stop when `stack` unwinds.

        `tried` are their attempts so far, by the delivery's id, `failing` the endpoints that failed. At the end,
        what is on its way gets `limits.grace` seconds; the rest stays promised in the store.
        """
        stack.push_async_callback(self._stop)
        for incident, seconds in self._incidents.resume(failing, self._now()):
            until = self._now() + seconds
            self._queues.resume_parked(incident.project, incident.webhook, until)
        self.take_up(pending, tried)

    def take_up(
        self, pending: Sequence[Delivery], tried: Mapping[str, tuple[Attempt, ...]]
    ) -> None:
        """Dispatch what another process promised, in that order; `tried` are their attempts so far.

        One whose last attempt was made already was sent again, and waits for a further one.
        """
        for delivery in pending:
            if delivery.id not in self._open:
                history = self._histories[delivery.id] = tried.get(delivery.id, ())
                is_again = bool(history) and history[-1].is_last
                (self._sent_again if is_again else self._resumed).add(delivery.id)
        self.dispatch(*pending)

    def send_again(self, again: Sequence[SentAgain]) -> None:
        """Make a further attempt of each delivery, which settles it; they are pending in the store."""
        for one in again:
            if one.delivery.id in self._open:
                self._again[one.delivery.id] = one
            elif not self._is_stopping:
                self._sent_again.add(one.delivery.id)
                self._histories[one.delivery.id] = one.attempts
                self.dispatch(one.delivery)

    def send_now(self, delivery: str) -> bool:
        """End the pause that a delivery waits in; False where it waits in none, or is not ours.

        Where its endpoint is parked, it goes ahead as the probe.
        """
        postponed, found = self._postponed.get(delivery), self._open.get(delivery)
        if postponed is not None:
            job, timer = postponed
            timer.cancel()
            self._resume(job)
        if found is None or self._is_stopping:
            return False
        is_hurried = self._queues.hurry(found, self._now())
        self._start_more()
        return is_hurried or postponed is not None

    def has(self, delivery: str) -> bool:
        """Say whether a delivery waits, or is being sent or recorded."""
        return delivery in self._open

    def next_in(self, delivery: str) -> float | None:
        """Return the seconds until the next attempt of a delivery that waits for one; None for others."""
        postponed = self._postponed.get(delivery)
        return None if postponed is None else max(0.0, postponed[1].when() - self._now())

    def dispatch(self, *deliveries: Delivery) -> None:
        """Dispatch deliveries that are committed. Returns at once.

        One that is dispatched already is not taken twice. After the end, they are left to the store.
        """
        if self._is_stopping or not deliveries:
            return
        for delivery in deliveries:
            if delivery.id not in self._open:
                self._queue(delivery, self._policy_of(delivery))
        self._idle.clear()
        self._start_more()

    def _queue(self, delivery: Delivery, policy: DeliveryPolicy) -> None:
        if delivery.id in self._sent_again:
            self._open[delivery.id] = delivery
            self._queues.add(delivery, order_of(delivery, policy), self._limit_of(delivery))
            return
        if policy.collapse:
            self._collapse(delivery)
        if policy.delay:
            self._resumed.add(delivery.id)  # its turn comes when it is due
        self._open[delivery.id] = delivery
        self._queues.add(delivery, order_of(delivery, policy), self._limit_of(delivery))
        left = seconds_left(policy, delivery, self._clock())
        if left is not None:
            at, reason = self._now() + left, expired(policy.max_age)
            timer = asyncio.get_running_loop().call_at(at, self._withdraw, delivery, reason)
            self._expiries[delivery.id] = Expiry(at, timer)

    def _collapse(self, newer: Delivery) -> None:
        """Let a newer event of a call take the place of one that still waits."""
        older = self._collapsing.get(_action(newer))
        self._collapsing[_action(newer)] = newer
        if older is not None:
            self._withdraw(older, superseded(newer))

    def _withdraw(self, delivery: Delivery, reason: Failure) -> None:
        """Settle a delivery that waits, for a reason. One in flight may arrive."""
        waiting = self._postponed.pop(delivery.id, None)
        if waiting is not None:
            job, timer = waiting
            timer.cancel()
            self._queues.resumed(job)
        if self._queues.withdraw(delivery, order_of(delivery, self._policy_of(delivery))):
            self._spawn(self._close(delivery, reason), name=f"withdraw {delivery.id}")
        self._start_more()

    async def _close(self, delivery: Delivery, reason: Failure) -> None:
        history = self._histories.pop(delivery.id, ())
        attempt = self._unsent(delivery, history, reason)
        await self._recorder.record(attempt)
        self._settle(delivery, attempt)
        self._start_more()

    def forget(self, project: str, webhook: str) -> None:
        """Settle the retries of a webhook that was removed.

        What waits for its turn is settled when that comes, and what is on its way may arrive.
        """
        self._queues.forget(project, webhook)
        self._incidents.forget(project, webhook)
        for job, timer in list(self._postponed.values()):
            if (job.delivery.project, job.delivery.webhook) == (project, webhook):
                timer.cancel()
                self._resume(job)

    def go_on(self) -> None:
        """Send what waited until it was sure to be ours."""
        self._start_more()

    def forget_incident(self, incident: Incident) -> None:
        """Nobody has to know any more that this endpoint fails."""
        self._incidents.forget(incident.project, incident.webhook)

    async def drain(self) -> None:
        """Wait until everything that was handed over is settled, or the dispatcher is stopped."""
        await self._idle.wait()
        while not (self._incidents.is_quiet or self._is_stopping):
            await self._incidents.stored()
            await self._idle.wait()

    def _start_more(self) -> None:
        if not self._is_stopping and self._may_send():
            self._start_all(self._now())
        self._arm_pause_timer()

    def _start_all(self, now: float) -> None:
        while (job := self._queues.take(now)) is not None:
            self._spawn(self._work(job), name=f"delivery {job.delivery.id}")

    def _spawn(self, work: Coroutine[None, None, None], *, name: str) -> None:
        task = spawn(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _arm_pause_timer(self) -> None:
        """Go on when the next pause of an endpoint is over."""
        at = self._queues.pause_over_at
        if self._pause_timer is not None:
            self._pause_timer.cancel()
            self._pause_timer = None
        if at is not None and not self._is_stopping and self._may_send():
            loop = asyncio.get_running_loop()
            self._pause_timer = loop.call_at(at, self._start_more)

    async def _work(self, job: DeliveryJob) -> None:
        delivery = job.delivery
        is_resumed = delivery.id in self._resumed
        self._resumed.discard(delivery.id)
        history = self._histories.pop(delivery.id, ())
        policy = self._policy_of(delivery)
        reason = self._reason_not_to_send(delivery, policy, history)
        if reason is not None:
            self._leave_endpoint(job, was_sent=False)
            await self._settle_unsent(job, history, reason)
            return
        # The loop's timer measured this pause: it is over, even if the system's clock was changed.
        is_next = not is_resumed or self._incidents.is_parked(delivery)
        due = None if is_next else self._due(delivery, policy, history)
        if due is not None and due > self._now():  # a former process tried it just before its end
            asked = history[-1].asked if history else None
            left = None if asked is None else due - self._now()
            self._leave_endpoint(job, left, was_sent=False)
            self._postpone(job, history, due)
            return
        if delivery.is_draft and not history:
            await self._finish_draft(job)
        await self._attempt(job, policy, history)

    async def _finish_draft(self, job: DeliveryJob) -> None:
        """Let the request be written and stored before anything of it goes out: each attempt sends the same bytes."""
        draft = job.delivery
        made = await self._recorder.until_stored(lambda: self._write_anew(draft))
        self._queues.written_anew(job, made)
        self._open[made.id] = made
        if self._collapsing and self._collapsing.get(_action(made)) is draft:
            self._collapsing[_action(made)] = made

    async def _attempt(
        self, job: DeliveryJob, policy: DeliveryPolicy, history: tuple[Attempt, ...]
    ) -> None:
        """Send it, record what came of it, and settle it or let it wait for another attempt."""
        delivery, at = job.delivery, self._clock()
        number = len(history) + 1
        if policy.at_most_once:
            await self._recorder.record(self._unsent(delivery, history, UNDER_WAY, is_last=False))
        done = await self._transports.send(delivery, idempotent=not policy.at_most_once)
        if done is None:
            self._leave_endpoint(job)
            self._halt()
            return
        log_unread(delivery, done)
        attempt = attempt_of(delivery, done, number, at=at)
        self._metrics.attempts[OK if attempt.failure is None else attempt.failure.kind] += 1
        self._metrics.attempt_seconds.observe(attempt.seconds)
        parked = self._incidents.heard(delivery, policy, attempt, began=job.began, now=self._now())
        self._leave_endpoint(job, attempt.asked, parked)
        history = (*history, attempt)
        if attempt.status == GONE:
            self._recipients.gone(delivery)
        due = self._due(delivery, policy, history, is_parked=parked is not None)
        if due is None:
            await self._recorder.record(attempt, can_wait=not job.is_awaited)
            self._settled(job, attempt)
            return
        attempt = replace(attempt, is_last=False)
        await self._recorder.record(attempt)
        log_again(attempt)
        reason = self._reason_not_to_repeat(delivery, policy, due)
        if reason is None:
            self._postpone(job, history, due)
        else:
            await self._settle_unsent(job, history, reason)

    def _reason_not_to_send(
        self, delivery: Delivery, policy: DeliveryPolicy, history: tuple[Attempt, ...]
    ) -> Failure | None:
        """Return why a delivery is not sent although its turn has come; None: it is sent."""
        if not self._recipients.wants(delivery):
            return UNWANTED
        if history and is_under_way(history[-1]):
            return CUT_SHORT
        return expired(policy.max_age) if self._is_too_late(delivery, self._now()) else None

    def _reason_not_to_repeat(
        self, delivery: Delivery, policy: DeliveryPolicy, due: float
    ) -> Failure | None:
        """Return why a delivery that failed waits for no other attempt; None: it does."""
        newer = self._collapsing.get(_action(delivery)) if self._collapsing else None
        if newer is not None and newer is not delivery:
            return superseded(newer)
        return expired(policy.max_age) if self._is_too_late(delivery, due) else None

    def _is_too_late(self, delivery: Delivery, due: float) -> bool:
        """Say whether a delivery is too old to be sent at a time of the loop's clock."""
        expiry = self._expiries.get(delivery.id) if self._expiries else None
        return expiry is not None and due >= expiry.at

    def _unsent(
        self,
        delivery: Delivery,
        history: tuple[Attempt, ...],
        reason: Failure,
        *,
        is_last: bool = True,
    ) -> Attempt:
        """Return the entry of a delivery that is not sent, in place of one that was under way."""
        done = [one for one in history if not is_under_way(one)]
        result = MailResult(status=0, reply="", failure=reason, seconds=0.0)
        made = attempt_of(delivery, result, len(done) + 1, at=self._clock())
        return made if is_last else replace(made, is_last=False)

    async def _settle_unsent(
        self, job: DeliveryJob, history: tuple[Attempt, ...], reason: Failure
    ) -> None:
        attempt = self._unsent(job.delivery, history, reason)
        await self._recorder.record(attempt)
        self._settled(job, attempt)

    def _due(
        self,
        delivery: Delivery,
        policy: DeliveryPolicy,
        history: tuple[Attempt, ...],
        *,
        is_parked: bool = False,
    ) -> float | None:
        """Return when to try next, on the loop's clock; None when it is settled or has no webhook.

        What is parked is not given up, however often it was tried: it goes again when its endpoint does. But where
        that takes others meanwhile, it is this one that it refuses.
        """
        if not self._recipients.wants(delivery) or delivery.id in self._sent_again:
            return None
        if not history:
            return self._now() + pause_before_first(policy, delivery, self._clock())
        pause = pause_before_next(policy, history, self._clock(), self._chance())
        if is_parked and (failure := history[-1].failure) is not None:
            is_over = pause is None and self._incidents.has_taken_others(delivery, history[0].at)
            return None if is_over or is_final(policy, history[-1], failure) else self._now()
        return None if pause is None else self._now() + pause

    def _leave_endpoint(
        self,
        job: DeliveryJob,
        asked: float | None = None,
        parked: float | None = None,
        *,
        was_sent: bool = True,
    ) -> None:
        self._queues.exchanged(job, self._now(), asked, parked, was_sent=was_sent)
        self._start_more()

    def _settled(self, job: DeliveryJob, attempt: Attempt) -> None:
        self._queues.settled(job)
        self._settle(job.delivery, attempt)
        self._start_more()

    def _settle(self, delivery: Delivery, attempt: Attempt) -> None:
        if attempt.failure is None:
            self.delivered += 1
        else:
            self.failed += 1
        log_settled(delivery, attempt, after=self._clock() - delivery.occurred_at)
        self._on_settled(delivery)
        del self._open[delivery.id]
        expiry = self._expiries.pop(delivery.id, None) if self._expiries else None
        if expiry is not None:
            expiry.timer.cancel()
        if self._collapsing and self._collapsing.get(_action(delivery)) is delivery:
            del self._collapsing[_action(delivery)]
        if self._sent_again:
            self._sent_again.discard(delivery.id)
        if self._again and (again := self._again.pop(delivery.id, None)) is not None:
            self.send_again([again])
        if not self._open:
            self._idle.set()

    def _postpone(self, job: DeliveryJob, history: tuple[Attempt, ...], due: float) -> None:
        delivery = job.delivery.id
        self._queues.postponed(job)
        self._histories[delivery] = history
        if not self._is_stopping:
            # The receiver was removed while the attempt was stored: settle at once.
            due = due if self._recipients.wants(job.delivery) else self._now()
            timer = asyncio.get_running_loop().call_at(due, self._resume, job)
            self._postponed[delivery] = (job, timer)
        self._start_more()

    def _resume(self, job: DeliveryJob) -> None:
        del self._postponed[job.delivery.id]
        self._queues.resumed(job)
        self._start_more()

    def _halt(self) -> None:
        """Start nothing more; what is not settled stays pending in the store."""
        self._is_stopping = self._recorder.is_stopping = True
        for _, timer in (*self._postponed.values(), *self._expiries.values()):
            timer.cancel()
        self._postponed.clear()
        self._arm_pause_timer()
        self._idle.set()

    async def _stop(self) -> None:
        """Let what is on its way finish within the grace."""
        self._halt()
        tasks = self._tasks | self._incidents.tasks
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._limits.grace)
        if late:
            log.warning("deliveries interrupted", count=len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late)


def _action(delivery: Delivery) -> tuple[str, str, str]:
    """Return what a delivery has in common with other events of the call to the same webhook."""
    return delivery.project, delivery.call, delivery.webhook


async def _as_drafted(delivery: Delivery) -> Delivery:
    """Send a draft as it is."""
    return replace(delivery, request=delivery.final_request)
