"""Asking a forwarding number with all its tries: the URL, again, the fallback URL; one limit for all."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.delivery.breaker import Admission
from switchhook.delivery.breakers import Breakers, endpoint_of
from switchhook.delivery.ladder import (
    LEAST_SECONDS,
    error_code,
    is_endpoints_fault,
    is_retried,
    may_retry,
    pause_before,
    policy_of,
    rungs_of,
    seconds_for,
)
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.answer import read_answer
from switchhook.webhooks.http import Exchange
from switchhook.webhooks.reading import Reading, ReadingStep
from switchhook.webhooks.request import render_ask

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.delivery.ladder import Rung
    from switchhook.domain.webhook import ForwardingNumber
    from switchhook.switchboard.ports import Asker
    from switchhook.webhooks.dialects.forwarding_number import Trouble
    from switchhook.webhooks.parameters import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request that was sent, or held back by a breaker."""

    where: str
    """Method and URL without its query, which may hold secrets."""
    seconds: float
    failure: Failure | None
    status: int = 0
    skipped: bool = False

    @property
    def summary(self) -> str:
        """Return where, outcome and milliseconds, for programs; the outcome is `skipped` for no try."""
        outcome = "ok" if self.failure is None else self.failure.kind.value
        return f"{self.where}; {'skipped' if self.skipped else outcome}; {self.milliseconds}"

    @property
    def milliseconds(self) -> str:
        """Return how long it took."""
        return f"{self.seconds * 1000:.1f} ms"

    def __str__(self) -> str:
        if self.skipped:
            return f"not asked: {self.failure}"
        outcome = "followed" if self.failure is None else str(self.failure)
        return f"{self.where} after {self.milliseconds}: {outcome}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """What came of an ask: the last reading, how it came, and every try."""

    reading: Reading
    exchange: Exchange | None
    """None where every breaker held the ask back."""
    tries: tuple[Try, ...]


class Ladder:
    """Climbs for every ask of a forwarding number; holds nothing of a call, only the breakers."""

    def __init__(
        self,
        asker: Asker,
        product: str,
        *,
        breakers: Breakers | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` is monotonic and in seconds."""
        self.breakers = Breakers(clock) if breakers is None else breakers
        self.asker = asker
        self.product = product
        self.clock = clock
        self.sleep = sleep

    async def climb(self, webhook: ForwardingNumber, facts: Facts, ask_id: str) -> Climbed:
        """Try until an answer can be followed, or nothing is left to try, or no time.

        A cancelled ask tells against no endpoint.
        """
        climb = _Climb(self, webhook, facts, ask_id)
        rungs = rungs_of(webhook)
        for rung in rungs:
            await climb.take(rung, is_last=rung is rungs[-1])
            if climb.is_over:
                break
        return climb.climbed()


class _Climb:
    """One ask on its way."""

    def __init__(
        self, ladder: Ladder, webhook: ForwardingNumber, facts: Facts, ask_id: str
    ) -> None:
        self._ladder = ladder
        self._webhook = webhook
        self._facts = facts
        self._ask_id = ask_id
        self._until = ladder.clock() + webhook.time_limit
        self._tries: list[Try] = []
        self._reading: Reading | None = None
        self._exchange: Exchange | None = None
        self._trouble: Trouble = ()

    @property
    def is_over(self) -> bool:
        """Whether an answer is there, or no time is left for another try."""
        is_followed = self._tries[-1].failure is None
        return is_followed or self._left < LEAST_SECONDS

    @property
    def _left(self) -> float:
        """Seconds for all that is still to be tried."""
        if not self._tries:
            return self._webhook.time_limit
        return self._until - self._ladder.clock()

    def climbed(self) -> Climbed:
        """Return what came of it; where nothing was asked, that is what the breaker said."""
        failure = self._tries[-1].failure
        if self._reading is None and failure is not None:
            self._reading = Reading(decision=failure)
        assert self._reading is not None  # noqa: S101 (every try has a reading or a failure)
        return Climbed(reading=self._reading, exchange=self._exchange, tries=tuple(self._tries))

    async def take(self, rung: Rung, *, is_last: bool) -> None:
        """Try one URL as often as it is worth, unless its breaker holds the ask back."""
        breakers, policy = self._ladder.breakers, policy_of(self._webhook)
        endpoint = endpoint_of(self._facts.call.plan.project.id, rung.url)
        admitted = breakers.admit(endpoint, policy)
        if admitted is Admission.SKIP:
            self._skip(rung, breakers.seconds_left(endpoint))
            return
        try:
            is_at_fault = await self._try(rung, is_last=is_last)
        except BaseException:
            breakers.abandoned(endpoint, admitted)
            raise
        if is_at_fault:
            breakers.failed(endpoint, policy, admitted)
        else:
            breakers.succeeded(endpoint)

    def _skip(self, rung: Rung, seconds: float) -> None:
        where = shown_url(rung.url)
        failure = Failure(
            kind=FailureKind.BREAKER_OPEN,
            detail=f"{where} failed too often lately, and is asked again in {seconds:.0f} s",
        )
        self._tries.append(Try(where=where, seconds=0.0, failure=failure, skipped=True))
        self._trouble = _trouble(failure, 0, where)

    async def _try(self, rung: Rung, *, is_last: bool) -> bool:
        """Ask one URL, and again where that is worth it. Return whether the endpoint is at fault."""
        limit, retry = self._webhook.time_limit, 0
        while True:
            left = self._left
            retries_left = rung.retries - retry
            seconds = seconds_for(rung, left=left, retries_left=retries_left, is_last=is_last)
            latest, is_at_fault = await self._ask(rung, max(seconds, LEAST_SECONDS))
            failure, retry = latest.failure, retry + 1
            if failure is None or not is_retried(rung.retry_on, failure, latest.status):
                return is_at_fault
            if retry > rung.retries or not may_retry(
                retry, left=self._left, limit=limit, is_last=is_last
            ):
                return is_at_fault
            await self._ladder.sleep(pause_before(retry))

    async def _ask(self, rung: Rung, seconds: float) -> tuple[Try, bool]:
        ladder, began = self._ladder, self._ladder.clock()
        request = render_ask(
            self._webhook,
            self._facts,
            ask_id=self._ask_id,
            product=ladder.product,
            url=rung.url,
            trouble=self._trouble if rung.is_fallback else (),
        )
        exchange = await ladder.asker.ask(
            self._facts.call,
            request,
            deadline=seconds,
            connect=rung.connect,
            response=rung.response,
        )
        reading = self._read(exchange)
        failure = reading.decision if isinstance(reading.decision, Failure) else None
        status = 0 if exchange.response is None else exchange.response.status
        where = f"{request.method} {shown_url(request.url)}"
        took = ladder.clock() - began
        latest = Try(where=where, seconds=took, failure=failure, status=status)
        self._tries.append(latest)
        self._reading, self._exchange = reading, exchange
        if failure is None:
            return latest, False
        self._trouble = _trouble(failure, status, shown_url(request.url))
        was_read = reading.step != ReadingStep.NONE
        return latest, is_endpoints_fault(failure, status, was_read=was_read)

    def _read(self, exchange: Exchange) -> Reading:
        if exchange.response is None:
            failure = exchange.failure
            assert failure is not None  # noqa: S101 (an exchange has one or the other)
            return Reading(decision=failure)
        plan = self._facts.call.plan
        return read_answer(self._webhook, exchange.response, plan, ask_id=self._ask_id)


def shown_url(url: str) -> str:
    """Return a URL without its query and fragment, which may hold secrets."""
    return url.partition("#")[0].partition("?")[0]


def _trouble(failure: Failure, status: int, url: str) -> Trouble:
    return (("error_code", error_code(failure, status)), ("error_url", url))
