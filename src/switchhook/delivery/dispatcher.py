"""The dispatcher: sends committed deliveries to their endpoints, retries them, and records each attempt.

A delivery is in flight until its attempt is committed, and only then the next of its lane is sent. After a
crash in between, the delivery is still in the store, and is sent again with the same id and the same bytes: at
least once, and twice only a delivery in flight.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, assert_never

import structlog

from switchhook.delivery.mailer import NO_MAIL
from switchhook.delivery.policy import (
    attempt_of,
    default_policy,
    order_of,
    pause_before_next,
    response_of,
)
from switchhook.delivery.queues import DeliveryJob, DispatcherLimits, Queues
from switchhook.domain.failure import Failure, FailureKind
from switchhook.tasks import spawn
from switchhook.webhooks.http import Exchange, HttpRequest
from switchhook.webhooks.mail import Mail, MailResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AsyncExitStack

    from switchhook.delivery.allowed_networks import AllowedNetworks
    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.storage.delivery import Attempt, Delivery
    from switchhook.storage.ports import Attempts

log = structlog.get_logger(__name__)

LIMITS: Final = DispatcherLimits()

FIRST_PAUSE: Final = 0.1
"""Seconds until a store that failed is asked again; they double with each failure."""
MAX_PAUSE: Final = 5.0


class HttpSender(Protocol):
    """Exchanges one request for one response; the sender."""

    async def exchange(
        self,
        request: HttpRequest,
        *,
        deadline: float,
        networks: AllowedNetworks,
        keep_alive: bool,
        idempotent: bool,
    ) -> Exchange:
        """Return what came of it within `deadline` seconds. Raises nothing but CancelledError."""


class MailSender(Protocol):
    """Sends one mail to the mail server; the mailer."""

    async def post(self, mail: Mail, *, deadline: float) -> MailResult:
        """Return what came of it within `deadline` seconds. Raises nothing but CancelledError."""


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


class Dispatcher:
    """Dispatches deliveries on the event loop that it was started on."""

    def __init__(
        self,
        sender: HttpSender,
        store: Attempts,
        *,
        clock: Callable[[], float],
        networks_of: Callable[[str], AllowedNetworks],
        mailer: MailSender = NO_MAIL,
        policy_of: Callable[[Delivery], DeliveryPolicy] = default_policy,
        recipients: Recipients = ALL_RECIPIENTS,
        limits: DispatcherLimits = LIMITS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Make a dispatcher.

        `clock` tells unix seconds; `networks_of` says by a project's id which networks its webhooks may
        reach; `policy_of` says how a delivery is made, and `recipients` whether it is sent at all; `chance`
        returns a number from 0 to 1.
        """
        self.delivered = 0
        self.failed = 0
        """Deliveries that were given up."""
        self.unrecorded = 0
        """Attempts that the store has refused so far and is asked to take again: 0 in good health."""
        self._sender = sender
        self._mailer = mailer
        self._store = store
        self._clock = clock
        self._networks_of = networks_of
        self._policy_of = policy_of
        self._recipients = recipients
        self._limits = limits
        self._chance = chance
        self._queues = Queues(limits)
        self._open: dict[str, Delivery] = {}
        self._resumed: set[str] = set()
        self._histories: dict[str, tuple[Attempt, ...]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[DeliveryJob, asyncio.TimerHandle] = {}
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
    def oldest_age(self) -> float:
        """How many seconds ago the event happened that has waited longest; 0 when nothing waits."""
        oldest = next(iter(self._open.values()), None)
        return 0.0 if oldest is None else max(0.0, self._clock() - oldest.occurred_at)

    async def start(
        self,
        stack: AsyncExitStack,
        pending: Sequence[Delivery],
        tried: Mapping[str, tuple[Attempt, ...]],
    ) -> None:
        """Resume the pending deliveries of an earlier process, in that order; stop when `stack` unwinds.

        `tried` are their attempts so far, by the delivery's id. At the end, what is on its way gets
        `limits.grace` seconds; the rest stays promised in the store.
        """
        stack.push_async_callback(self._stop)
        self.take_up(pending, tried)

    def take_up(
        self, pending: Sequence[Delivery], tried: Mapping[str, tuple[Attempt, ...]]
    ) -> None:
        """Dispatch what another process promised, in that order; `tried` are their attempts so far."""
        for delivery in pending:
            if delivery.id not in self._open:
                self._resumed.add(delivery.id)
                self._histories[delivery.id] = tried.get(delivery.id, ())
        self.dispatch(*pending)

    def dispatch(self, *deliveries: Delivery) -> None:
        """Dispatch deliveries that are committed. Returns at once.

        One that is dispatched already is not taken twice. After the end, they are left to the store.
        """
        if self._is_stopping or not deliveries:
            return
        for delivery in deliveries:
            if delivery.id not in self._open:
                self._open[delivery.id] = delivery
                self._queues.add(delivery, order_of(delivery, self._policy_of(delivery)))
        self._idle.clear()
        self._start_more()

    def forget(self, project: str, webhook: str) -> None:
        """Settle the retries of a webhook that was removed.

        What waits for its turn is settled when that comes, and what is on its way may arrive.
        """
        self._queues.forget(project, webhook)
        for job, timer in list(self._timers.items()):
            if (job.delivery.project, job.delivery.webhook) == (project, webhook):
                timer.cancel()
                self._resume(job)

    async def drain(self) -> None:
        """Wait until everything that was handed over is settled, or the dispatcher is stopped."""
        await self._idle.wait()

    @staticmethod
    def _now() -> float:
        """Return seconds of the loop's monotonic clock."""
        return asyncio.get_running_loop().time()

    def _start_more(self) -> None:
        while not self._is_stopping and (job := self._queues.take(self._now())) is not None:
            task = spawn(self._work(job), name=f"delivery {job.delivery.id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._arm_pause_timer()

    def _arm_pause_timer(self) -> None:
        """Go on when the next pause is over that an endpoint asked for."""
        at = self._queues.pause_over_at
        if self._pause_timer is not None:
            self._pause_timer.cancel()
            self._pause_timer = None
        if at is not None and not self._is_stopping:
            loop = asyncio.get_running_loop()
            self._pause_timer = loop.call_at(at, self._start_more)

    async def _work(self, job: DeliveryJob) -> None:
        delivery = job.delivery
        is_resumed = delivery.id in self._resumed
        self._resumed.discard(delivery.id)
        history = self._histories.pop(delivery.id, ())
        at = self._clock()
        is_wanted = self._recipients.wants(delivery)
        # The loop's timer measured this pause: it is over, even if the system's clock was changed.
        due = self._due(delivery, history) if is_resumed else None
        if due is not None and due > self._now():  # a former process tried it just before its end
            self._leave_endpoint(job, None if history[-1].asked is None else due - self._now())
            self._postpone(job, history, due)
            return
        done = await self._exchange(delivery) if is_wanted else _not_sent(_UNWANTED)
        if done is None:
            self._leave_endpoint(job)
            self._halt()
            return
        _log_unread(delivery, done)
        attempt = attempt_of(delivery, done, len(history) + 1, at=at)
        self._leave_endpoint(job, attempt.asked)
        history = (*history, attempt)
        if attempt.status == HTTPStatus.GONE:
            self._recipients.gone(delivery)
        due = self._due(delivery, history)
        if due is not None:
            attempt = replace(attempt, is_last=False)
        await self._record(attempt)
        if due is None:
            self._settled(job, attempt)
        else:
            _log_again(attempt)
            self._postpone(job, history, due)

    def _due(self, delivery: Delivery, history: tuple[Attempt, ...]) -> float | None:
        """Return when to try next, on the loop's clock; None when it is settled or has no webhook."""
        if not self._recipients.wants(delivery):
            return None
        pause = pause_before_next(self._policy_of(delivery), history, self._clock(), self._chance())
        return None if pause is None else self._now() + pause

    def _leave_endpoint(self, job: DeliveryJob, asked: float | None = None) -> None:
        self._queues.exchanged(job, self._now(), asked)
        self._start_more()

    async def _exchange(self, delivery: Delivery) -> Exchange | MailResult | None:
        """Send it. None where the sender was closed: then it counts as not tried."""
        try:
            done = await self._send(delivery)
        except Exception as error:
            # Internal error: it costs this delivery, and neither its lane nor a slot.
            log.exception("delivery crashed", delivery=delivery.id)
            return _not_sent(_defect(error))
        failure = done.failure
        is_ended = failure is not None and failure.kind is FailureKind.INTERRUPTED
        return None if is_ended else done

    async def _send(self, delivery: Delivery) -> Exchange | MailResult:
        match delivery.request:
            case HttpRequest() as request:
                return await self._sender.exchange(
                    request,
                    deadline=delivery.response_timeout,
                    networks=self._networks_of(delivery.project),
                    keep_alive=delivery.keep_alive,
                    # The endpoint knows it by its id, so a kept connection that died may be replaced.
                    idempotent=True,
                )
            case Mail() as mail:
                return await self._mailer.post(mail, deadline=delivery.response_timeout)
            case request:
                assert_never(request)

    async def _record(self, attempt: Attempt) -> None:
        """Ask the store until it has it.

        The slot stays taken meanwhile: an unrecorded attempt must not be repeated. So a store that is down
        stops the sending.
        """
        pause = FIRST_PAUSE
        is_counted = False
        try:
            while True:
                try:
                    return await self._store.record_attempt(attempt)
                except Exception as error:  # noqa: BLE001 - whatever a store raises, it is asked again
                    if not is_counted:
                        is_counted = True
                        self._refused(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_PAUSE)
        finally:
            if is_counted:
                self._accepted()

    def _refused(self, error: Exception) -> None:
        """Count an attempt that cannot be recorded; the first of many tells the log."""
        self.unrecorded += 1
        if self.unrecorded == 1:
            log.error("attempts not stored", error=str(error))

    def _accepted(self) -> None:
        self.unrecorded -= 1
        if not self.unrecorded and not self._is_stopping:
            log.info("attempts stored again")

    def _settled(self, job: DeliveryJob, attempt: Attempt) -> None:
        if attempt.failure is None:
            self.delivered += 1
        else:
            self.failed += 1
            log.warning("delivery failed", delivery=attempt.delivery, failure=str(attempt.failure))
        self._queues.settled(job)
        del self._open[job.delivery.id]
        if not self._open:
            self._idle.set()
        self._start_more()

    def _postpone(self, job: DeliveryJob, history: tuple[Attempt, ...], due: float) -> None:
        delivery = job.delivery.id
        self._queues.postponed(job)
        self._histories[delivery] = history
        if not self._is_stopping:
            # The receiver was removed while the attempt was stored: settle at once.
            due = due if self._recipients.wants(job.delivery) else self._now()
            self._timers[job] = asyncio.get_running_loop().call_at(due, self._resume, job)
        self._start_more()

    def _resume(self, job: DeliveryJob) -> None:
        del self._timers[job]
        self._queues.resumed(job)
        self._start_more()

    def _halt(self) -> None:
        """Start nothing more; what is not settled stays pending in the store."""
        self._is_stopping = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._arm_pause_timer()
        self._idle.set()

    async def _stop(self) -> None:
        """Let what is on its way finish within the grace."""
        self._halt()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._limits.grace)
        if late:
            log.warning("deliveries interrupted", count=len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late)


def _log_unread(delivery: Delivery, done: Exchange | MailResult) -> None:
    """Leave a trace of what could not be read of an answer that counts all the same."""
    if not isinstance(done, Exchange) or (response := response_of(done)) is None:
        return
    if done.failure is not None:
        log.info("response body not read", delivery=delivery.id, failure=str(done.failure))
    if response.left_out:
        log.info("response headers dropped", delivery=delivery.id, lines=response.left_out)


def _log_again(attempt: Attempt) -> None:
    log.info(
        "delivery attempt failed",
        delivery=attempt.delivery,
        attempt=attempt.number,
        failure=str(attempt.failure),
    )


def _not_sent(failure: Failure) -> MailResult:
    """Return the attempt of a delivery that was not sent."""
    return MailResult(status=0, reply="", failure=failure, seconds=0.0)


_UNWANTED: Final = Failure(
    kind=FailureKind.UNSUBSCRIBED, detail="The subscription was removed before this was sent."
)


def _defect(error: Exception) -> Failure:
    return Failure(
        kind=FailureKind.INTERRUPTED,
        detail=f"Switchhook failed while sending ({type(error).__name__}). Please report this defect:"
        " the log holds its details.",
    )
