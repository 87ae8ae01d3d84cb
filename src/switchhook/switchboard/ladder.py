"""Asking a routing webhook of any dialect with all its tries: the URL, again, the fallback URL; one limit for all."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from switchhook.delivery.breaker import BreakerVerdict
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
from switchhook.delivery.retry_after import asked_pause
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.answer import Understood
from switchhook.webhooks.http import Exchange
from switchhook.webhooks.url import bare

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.delivery.ladder import Rung
    from switchhook.switchboard.ports import Asker
    from switchhook.switchboard.questions import Question
    from switchhook.webhooks.head import Trouble
    from switchhook.webhooks.http import HttpResponse

R = TypeVar("R", bound=Understood)
R_co = TypeVar("R_co", bound=Understood, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request that was sent, or held back by a breaker."""

    where: str
    """Method and URL without its query, which may hold secrets."""
    seconds: float
    failure: Failure | None
    status: int = 0
    size: int = 0
    """Bytes of the answer's body as it came."""
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
class Climbed(Generic[R_co]):
    """What came of an ask: the last reading, how it came, and every try. It holds no secret."""

    reading: R_co
    exchange: Exchange | None
    """As the journal may keep it; None where every breaker held the ask back."""
    tries: tuple[Try, ...]


class Ladder:
    """Climbs for every ask of every dialect; holds nothing of a call, only the breakers."""

    def __init__(
        self,
        asker: Asker,
        *,
        breakers: Breakers | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` is monotonic and in seconds."""
        self.breakers = Breakers(clock) if breakers is None else breakers
        self.asker = asker
        self.clock = clock
        self.sleep = sleep

    async def climb(self, question: Question[R]) -> Climbed[R]:
        """Try until the question is settled, or nothing is left to try, or no time.

        A cancelled ask tells against no endpoint.
        """
        climb = _Climb(self, question)
        rungs = rungs_of(question.webhook)
        for rung in rungs:
            await climb.take(rung, is_last=rung is rungs[-1])
            if climb.is_over:
                break
        return climb.climbed()


class _Climb(Generic[R]):
    """One ask on its way."""

    def __init__(self, ladder: Ladder, question: Question[R]) -> None:
        self._ladder = ladder
        self._question = question
        self._limit = question.webhook.time_limit
        self._until = ladder.clock() + self._limit
        self._tries: list[Try] = []
        self._reading: R | None = None
        self._exchange: Exchange | None = None
        self._trouble: Trouble = ()
        self._asked: float | None = None
        """For how many seconds the latest answer wants nothing more (Retry-After)."""

    @property
    def is_over(self) -> bool:
        """Whether the question is settled, or no time is left for another try."""
        is_settled = self._reading is not None and self._reading.is_final
        return is_settled or self._left < LEAST_SECONDS

    @property
    def _left(self) -> float:
        """Seconds for all that is still to be tried."""
        if not self._tries:
            return self._limit
        return self._until - self._ladder.clock()

    def climbed(self) -> Climbed[R]:
        """Return what came of it; where nothing was asked, that is what the breaker said."""
        reading, failure = self._reading, self._tries[-1].failure
        if reading is None:
            assert failure is not None  # noqa: S101 (every try has a reading or a failure)
            reading = self._question.read(failure)
        return Climbed(reading=reading, exchange=self._exchange, tries=tuple(self._tries))

    async def take(self, rung: Rung, *, is_last: bool) -> None:
        """Try one URL as often as it is worth, unless its breaker holds the ask back."""
        breakers, policy = self._ladder.breakers, policy_of(self._question.webhook)
        endpoint = endpoint_of(self._question.call.plan.project.id, rung.url)
        admitted = breakers.admit(endpoint, policy)
        if admitted is BreakerVerdict.SKIP:
            self._skip(rung, breakers.why(endpoint), breakers.seconds_left(endpoint))
            return
        try:
            is_at_fault = await self._try(rung, is_last=is_last)
        except BaseException:
            breakers.abandoned(endpoint, admitted)
            raise
        if self._asked is not None:
            breakers.asked_to_wait(endpoint, policy, self._asked)
        elif is_at_fault:
            breakers.failed(endpoint, policy, admitted)
        else:
            breakers.succeeded(endpoint)

    def _skip(self, rung: Rung, why: str, seconds: float) -> None:
        where = self._question.public(rung.url)
        failure = Failure(
            kind=FailureKind.BREAKER_OPEN,
            detail=f"{where} {why}, and is asked again in {seconds:.0f} s",
        )
        self._tries.append(Try(where=where, seconds=0.0, failure=failure, skipped=True))
        self._trouble = _trouble(failure, 0, where)

    async def _try(self, rung: Rung, *, is_last: bool) -> bool:
        """Ask one URL, and again where that is worth it. Return whether the endpoint is at fault."""
        retry = 0
        while True:
            left = self._left
            retries_left = rung.retries - retry
            seconds = seconds_for(rung, left=left, retries_left=retries_left, is_last=is_last)
            latest, is_at_fault = await self._ask(rung, max(seconds, LEAST_SECONDS))
            failure, retry = latest.failure, retry + 1
            if failure is None or not is_retried(rung.retry_on, failure, latest.status):
                return is_at_fault
            if retry > rung.retries or not may_retry(
                retry, left=self._left, limit=self._limit, is_last=is_last, asked=self._asked
            ):
                return is_at_fault
            await self._ladder.sleep(pause_before(retry, self._asked))

    async def _ask(self, rung: Rung, seconds: float) -> tuple[Try, bool]:
        ladder, question, began = self._ladder, self._question, self._ladder.clock()
        exchange = await ladder.asker.ask(
            question.call,
            question.request(rung.url, self._trouble if rung.is_fallback else ()),
            deadline=seconds,
            connect=rung.connect,
            response=rung.response,
        )
        reading = question.read(_what_came(exchange))
        written = question.written(exchange, rung.url)
        failure = reading.failure
        response = exchange.response
        status, size = (0, 0) if response is None else (response.status, len(response.body))
        where = f"{written.request.method} {bare(written.request.url)}"
        took = ladder.clock() - began
        latest = Try(where=where, seconds=took, failure=failure, status=status, size=size)
        self._tries.append(latest)
        self._reading, self._exchange = reading, written
        self._asked = None if failure is None else asked_pause(response, question.facts.now)
        if failure is None:
            return latest, False
        self._trouble = _trouble(failure, status, question.public(rung.url))
        return latest, is_endpoints_fault(failure, status, is_word=reading.is_word)


def _what_came(exchange: Exchange) -> HttpResponse | Failure:
    came = exchange.response or exchange.failure
    assert came is not None  # noqa: S101 (an exchange has one or the other)
    return came


def _trouble(failure: Failure, status: int, url: str) -> Trouble:
    return (("error_code", error_code(failure, status)), ("error_url", url))
