"""Runs an ask with its tries: the URL, its retries, the fallback URL, within one total deadline."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from switchhook.delivery.ask_policy import (
    MIN_SECONDS,
    ask_urls,
    error_code,
    is_endpoints_fault,
    is_retried,
    may_retry,
    pause_before,
    policy_of,
    seconds_for,
)
from switchhook.delivery.breaker import BreakerDecision
from switchhook.delivery.breakers import Breakers, endpoint_of
from switchhook.delivery.retry_after import retry_after_seconds
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.answer import AnswerReading
from switchhook.webhooks.http import Exchange
from switchhook.webhooks.url import with_masked_query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.delivery.ask_policy import AskUrl
    from switchhook.switchboard.ask_dialects import AskDialect
    from switchhook.switchboard.ports import AskSender
    from switchhook.webhooks.http import HttpResponse
    from switchhook.webhooks.request_headers import ErrorParameters

R = TypeVar("R", bound=AnswerReading)
R_co = TypeVar("R_co", bound=AnswerReading, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request that was sent, or rejected by the circuit breaker."""

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
class AskResult(Generic[R_co]):
    """The result of an ask: the last reading, how it came, and every try. It holds no secret."""

    reading: R_co
    exchange: Exchange | None
    """As the journal may keep it; None where every breaker held the ask back."""
    tries: tuple[Try, ...]


class AskRunner:
    """Runs the asks of every dialect; holds the breakers, and nothing of a call."""

    def __init__(
        self,
        sender: AskSender,
        *,
        breakers: Breakers | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` is monotonic and in seconds."""
        self.breakers = Breakers(clock) if breakers is None else breakers
        self.sender = sender
        self.clock = clock
        self.sleep = sleep

    async def run(self, dialect: AskDialect[R]) -> AskResult[R]:
        """Try until the ask is settled, or nothing is left to try, or no time.

        A cancelled ask tells against no endpoint.
        """
        ask_run = _AskRun(self, dialect)
        urls = ask_urls(dialect.webhook)
        for ask_url in urls:
            await ask_run.try_url(ask_url, is_last=ask_url is urls[-1])
            if ask_run.is_over:
                break
        return ask_run.result()


class _AskRun(Generic[R]):
    """One ask that runs."""

    def __init__(self, runner: AskRunner, dialect: AskDialect[R]) -> None:
        self._runner = runner
        self._dialect = dialect
        self._limit = dialect.webhook.time_limit
        self._until = runner.clock() + self._limit
        self._tries: list[Try] = []
        self._reading: R | None = None
        self._exchange: Exchange | None = None
        self._error_parameters: ErrorParameters = ()
        self._asked: float | None = None
        """For how many seconds the latest answer wants nothing more (Retry-After)."""

    @property
    def is_over(self) -> bool:
        """Whether the ask is settled, or no time is left for another try."""
        is_settled = self._reading is not None and self._reading.is_final
        return is_settled or self._left < MIN_SECONDS

    @property
    def _left(self) -> float:
        """Seconds for all that is still to be tried."""
        if not self._tries:
            return self._limit
        return self._until - self._runner.clock()

    def result(self) -> AskResult[R]:
        """Return the result; without any request, that of the breaker."""
        reading, failure = self._reading, self._tries[-1].failure
        if reading is None:
            assert failure is not None  # noqa: S101 (every try has a reading or a failure)
            reading = self._dialect.read(failure)
        return AskResult(reading=reading, exchange=self._exchange, tries=tuple(self._tries))

    async def try_url(self, ask_url: AskUrl, *, is_last: bool) -> None:
        """Try one URL as often as it is worth, unless its breaker holds the ask back."""
        breakers, policy = self._runner.breakers, policy_of(self._dialect.webhook)
        endpoint = endpoint_of(self._dialect.call.snapshot.project.id, ask_url.url)
        admitted = breakers.admit(endpoint, policy)
        if admitted is BreakerDecision.REJECT:
            self._skip(ask_url, breakers.why(endpoint), breakers.seconds_left(endpoint))
            return
        try:
            is_at_fault = await self._try(ask_url, is_last=is_last)
        except BaseException:
            breakers.cancelled(endpoint, admitted)
            raise
        if self._asked is not None:
            breakers.retry_after(endpoint, policy, self._asked)
        elif is_at_fault:
            breakers.failed(endpoint, policy, admitted)
        else:
            breakers.succeeded(endpoint)

    def _skip(self, ask_url: AskUrl, why: str, seconds: float) -> None:
        where = self._dialect.public_url(ask_url.url)
        failure = Failure(
            kind=FailureKind.BREAKER_OPEN,
            detail=f"{where} {why}, and is asked again in {seconds:.0f} s",
        )
        self._tries.append(Try(where=where, seconds=0.0, failure=failure, skipped=True))
        self._error_parameters = _error_parameters_of(failure, 0, where)

    async def _try(self, ask_url: AskUrl, *, is_last: bool) -> bool:
        """Ask one URL, and again where that is worth it. Return whether the endpoint is at fault."""
        retry = 0
        while True:
            left = self._left
            retries_left = ask_url.retries - retry
            seconds = seconds_for(ask_url, left=left, retries_left=retries_left, is_last=is_last)
            latest, is_at_fault = await self._ask(ask_url, max(seconds, MIN_SECONDS))
            failure, retry = latest.failure, retry + 1
            if failure is None or not is_retried(ask_url.retry_on, failure, latest.status):
                return is_at_fault
            if retry > ask_url.retries or not may_retry(
                retry, left=self._left, limit=self._limit, is_last=is_last, asked=self._asked
            ):
                return is_at_fault
            await self._runner.sleep(pause_before(retry, self._asked))

    async def _ask(self, ask_url: AskUrl, seconds: float) -> tuple[Try, bool]:
        runner, dialect, began = self._runner, self._dialect, self._runner.clock()
        exchange = await runner.sender.ask(
            dialect.call,
            dialect.request(ask_url.url, self._error_parameters if ask_url.is_fallback else ()),
            deadline=seconds,
            connect=ask_url.connect,
            response=ask_url.response,
        )
        reading = dialect.read(_what_came(exchange))
        redacted = dialect.redacted(exchange, ask_url.url)
        failure = reading.failure
        response = exchange.response
        status, size = (0, 0) if response is None else (response.status, len(response.body))
        where = f"{redacted.request.method} {with_masked_query(redacted.request.url)}"
        took = runner.clock() - began
        latest = Try(where=where, seconds=took, failure=failure, status=status, size=size)
        self._tries.append(latest)
        self._reading, self._exchange = reading, redacted
        self._asked = None if failure is None else retry_after_seconds(response, dialect.facts.now)
        if failure is None:
            return latest, False
        self._error_parameters = _error_parameters_of(
            failure, status, dialect.public_url(ask_url.url)
        )
        return latest, is_endpoints_fault(failure, status, is_about_call=reading.is_about_call)


def _what_came(exchange: Exchange) -> HttpResponse | Failure:
    came = exchange.response or exchange.failure
    assert came is not None  # noqa: S101 (an exchange has one or the other)
    return came


def _error_parameters_of(failure: Failure, status: int, url: str) -> ErrorParameters:
    return (("error_code", error_code(failure, status)), ("error_url", url))
