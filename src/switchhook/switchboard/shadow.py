"""Shadow asks: a second endpoint hears the same question beside the first, is never obeyed, and its answer is compared."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

import structlog

from switchhook.domain.failure import Failure
from switchhook.domain.masking import mask
from switchhook.metrics import Metrics
from switchhook.storage.records import StoreError
from switchhook.storage.shadows import ShadowAsk
from switchhook.tasks import spawn
from switchhook.webhooks.answer import (
    Ack,
    DialPlanReading,
    ForwardingNumberReading,
    Nak,
    RingTargets,
    SchemeId,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from switchhook.routing.commands import AskWebhook
    from switchhook.switchboard.ask_dialects import AskDialect
    from switchhook.switchboard.ports import AskSender

log = structlog.get_logger(__name__)

MOST_AT_ONCE: Final = 100
"""Shadow asks under way; beyond it they are left out, since calls go first."""
MOST_OF_PROJECT: Final = 40
"""Of these, those of one project, whose shadow may be dead: others are asked all the same."""
LONGEST: Final = 300
"""Characters of an answer that are kept."""
FURTHER_ON: Final = " … and something else further on"
"""Stands behind what a shadow said where the two differ in nothing that is kept."""

Reading = ForwardingNumberReading | DialPlanReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an endpoint said."""

    reading: Reading
    seconds: float
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What it was sent and may repeat."""


class ShadowAsks:
    """Asks shadow endpoints. Nothing that happens here reaches a call."""

    def __init__(
        self,
        sender: AskSender,
        keep: Callable[[ShadowAsk], Awaitable[None]],
        *,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keep` stores what came of one; `clock` is monotonic and in seconds."""
        self._sender = sender
        self._keep = keep
        self._metrics = Metrics() if metrics is None else metrics
        self._clock = clock
        self._under_way: set[asyncio.Task[Heard | None]] = set()
        self._of_project: Counter[str] = Counter()

    @property
    def under_way(self) -> int:
        """Return how many shadows are being asked."""
        return len(self._under_way)

    def begin(self, dialect: AskDialect[Reading]) -> asyncio.Task[Heard | None] | None:
        """Ask the shadow of a webhook, if it has one; return the task that hears its answer.

        It begins when the first endpoint is waited for, and so does not hold it up.
        """
        if not dialect.webhook.shadow_url:
            return None
        project = dialect.call.snapshot.project.id
        if len(self._under_way) >= MOST_AT_ONCE or self._of_project[project] >= MOST_OF_PROJECT:
            self._metrics.shadow_asks["left_out"] += 1
            return None
        task = spawn(self._ask(dialect), name=f"shadow of {dialect.webhook.name}")
        self._under_way.add(task)
        self._of_project[project] += 1
        task.add_done_callback(partial(self._over, project))
        return task

    def _over(self, project: str, task: asyncio.Task[Heard | None]) -> None:
        self._under_way.discard(task)
        self._of_project[project] -= 1
        if not self._of_project[project]:
            del self._of_project[project]

    async def _ask(self, dialect: AskDialect[Reading]) -> Heard | None:
        webhook, began = dialect.webhook, self._clock()
        try:
            exchange = await self._sender.ask(
                dialect.call,
                dialect.request(webhook.shadow_url),
                deadline=webhook.time_limit,
                connect=webhook.connect_timeout,
                response=webhook.try_timeout,
            )
            came = exchange.response or exchange.failure
            if came is None:
                return None
            return Heard(
                reading=dialect.read(came),
                seconds=self._clock() - began,
                secrets=exchange.request.secrets,
            )
        except Exception as error:  # noqa: BLE001 (whatever it is, the call goes on)
            log.warning("shadow ask failed", webhook=webhook.name, error=type(error).__name__)
            return None

    def compare(
        self,
        shadow: asyncio.Task[Heard | None] | None,
        ask: AskWebhook,
        dialect: AskDialect[Reading],
        first: Heard,
    ) -> None:
        """Keep what both said, when the shadow has answered too; the call goes on meanwhile."""
        if shadow is not None:
            spawn(self._compare(shadow, ask, dialect, first), name="compare a shadow")

    async def _compare(
        self,
        task: asyncio.Task[Heard | None],
        ask: AskWebhook,
        dialect: AskDialect[Reading],
        first: Heard,
    ) -> None:
        shadow = await task
        if shadow is None:
            self._metrics.shadow_asks["failed"] += 1
            return
        said, also_said = words_of(first, shadow, dialect)
        made = ShadowAsk(
            project=dialect.call.snapshot.project.id,
            call=dialect.call.id,
            ask=ask.ask,
            webhook=dialect.webhook.name,
            at=dialect.facts.now,
            first=said,
            shadow=also_said,
            first_seconds=first.seconds,
            shadow_seconds=shadow.seconds,
        )
        self._metrics.shadow_asks[_result(made)] += 1
        try:
            await self._keep(made)
        except StoreError as error:
            log.warning("shadow ask not stored", webhook=made.webhook, error=str(error))


def _result(made: ShadowAsk) -> str:
    if made.is_same:
        return "same"
    return "failed" if made.shadow.startswith(FAILED) else "different"


FAILED: Final = "failed: "


def words_of(first: Heard, shadow: Heard, dialect: AskDialect[Reading]) -> tuple[str, str]:
    """Put what both said into words that can be kept: without codes and secrets, and alike only where they said the same."""
    said, also_said = _said(first.reading), _said(shadow.reading)
    secrets = (*dialect.secrets, *first.secrets, *shadow.secrets)
    kept, also_kept = (mask(words, secrets)[:LONGEST] for words in (said, also_said))
    if said != also_said and kept == also_kept:
        also_kept = also_kept[: LONGEST - len(FURTHER_ON)] + FURTHER_ON
    return kept, also_kept


def _said(reading: Reading) -> str:
    name = f", name {reading.caller_name}" if reading.caller_name else ""
    match reading:
        case ForwardingNumberReading(decision=RingTargets(targets=targets)):
            return ", ".join(map(str, targets)) + name
        case ForwardingNumberReading(decision=SchemeId(id=scheme)):
            return f"scheme {scheme}{name}"
        case ForwardingNumberReading(decision=Failure(kind=kind)):
            return f"{FAILED}{kind}"
        case DialPlanReading(verdict=Ack() | Nak() as verdict):
            word = "ACK" if isinstance(verdict, Ack) else "NAK"
            to = f", destination {reading.destination}" if reading.destination else ""
            return f"{word}{to}{name}"
        case DialPlanReading(verdict=Failure(kind=kind)):
            return f"{FAILED}{kind}"
        case _:
            assert_never(reading)  # type: ignore[arg-type] # each decision has its case
