"""Exports each call that has ended as one trace, beside all else: nothing waits for it.

A call is exported when its last delivery is settled, or after `WAIT`. What is settled later follows as a further
span. What waits is held in memory alone: a crash loses it, a stop exports it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from switchhook.domain.journal import JournalEntry
from switchhook.metrics import OK
from switchhook.operations.history import DeliveryStory
from switchhook.storage.delivery import Attempt
from switchhook.storage.records import CallRow, DeliveryState, StoreError
from switchhook.tasks import compute, in_own_thread
from switchhook.views.trace import TraceSpan, is_sampled, late_spans, trace_id, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchhook.domain.call import Call
    from switchhook.metrics import Metrics
    from switchhook.storage.delivery import Delivery
    from switchhook.storage.ports import Records
    from switchhook.storage.records import DeliveryRow

log = structlog.get_logger(__name__)

FIRST_LOOK: Final = 1.0
"""Seconds after a call's end until it is looked for; most deliveries are settled then."""
WAIT: Final = 60.0
"""Seconds after a call's end until it is exported whatever its deliveries do."""
EVERY: Final = 0.5
"""Seconds between two looks for what is due."""
AGAIN_IN: Final = 5.0
"""Seconds until a store that could not be read is asked again."""
BATCH: Final = 20
"""Calls that are exported at once."""
MOST: Final = 10_000
"""Calls that wait to be exported, late deliveries that do, and exported calls that are remembered."""
GRACE: Final = 3.0
"""Seconds in which a stop exports what waits."""
PATIENCE: Final = 10.0
"""Seconds after which a collector that has not answered is given up; only one batch at a time is with it."""
DROPPED: Final = "dropped"
FAILED: Final = "failed"

_OPEN: Final = frozenset({DeliveryState.PENDING, DeliveryState.PARKED})


class SpanExporter(Protocol):
    """Hands spans to a collector."""

    def export(self, spans: Sequence[TraceSpan]) -> str:
        """Send spans, in a thread. Return why they were not taken; empty where they were."""

    def close(self) -> None:
        """Give up what is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """What is exported."""

    ratio: float = 1.0
    """Of the calls, from 0 to 1."""
    masks_numbers: bool = True
    first_look: float = FIRST_LOOK
    wait: float = WAIT
    every: float = EVERY
    most: int = MOST
    patience: float = PATIENCE


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An ended call that is not exported yet. Times are unix seconds."""

    look_at: float
    until: float
    """When it is exported whatever its deliveries do."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A call as it was read, or what became late of one of its deliveries."""

    call: CallRow
    journal: tuple[JournalEntry, ...]
    deliveries: tuple[DeliveryStory, ...]
    at: float
    late: tuple[Attempt, ...] = ()
    is_told: bool = False

    def spans(self, *, masks_numbers: bool) -> list[TraceSpan]:
        """Build the spans: takes a processor, so it is done in a thread."""
        if not self.late:
            return trace_of(
                self.call, self.journal, self.deliveries, at=self.at, masks_numbers=masks_numbers
            )
        (story,) = self.deliveries
        return late_spans(
            story, self.late, is_told=self.is_told, at=self.at, masks_numbers=masks_numbers
        )


class CallTraces:
    """Follows calls that end and deliveries that are settled."""

    def __init__(
        self,
        store: Records,
        exporter: SpanExporter,
        *,
        clock: Callable[[], float],
        runs: Callable[[str, str], bool],
        metrics: Metrics,
        options: TraceOptions,
    ) -> None:
        """`clock` tells unix seconds; `runs` says of a call and its project whether it has not ended."""
        self._store = store
        self._exporter = exporter
        self._clock = clock
        self._runs = runs
        self._metrics = metrics
        self._options = options
        self._began = clock()
        self._waiting: dict[str, _Waiting] = {}
        self._late: dict[str, str] = {}
        """The calls of deliveries that were settled after their calls were exported, by their ids."""
        self._told: dict[str, dict[str, int]] = {}
        """How many attempts of each delivery were exported, by exported calls; the oldest are forgotten."""
        self._gathered: list[_Read] = []
        """What was read and is not exported yet."""
        self._sending: asyncio.Future[str] | None = None
        """The batch that the collector has: also one that is given up, for as long as its thread waits."""
        self._fails = False
        self._is_full = False

    def ended(self, call: Call) -> None:
        """Take note of a call that has ended, once all of it is stored."""
        if call.id in self._told or (call.ended_at or 0.0) < self._began:
            return  # it was amended: the deliveries that tell it follow when they are settled
        if is_sampled(trace_id(call.id), self._options.ratio) and self._has_room(self._waiting):
            now = self._clock()
            look_at = now + self._options.first_look
            self._waiting[call.id] = _Waiting(look_at, now + self._options.wait)

    def settled(self, delivery: Delivery) -> None:
        """Take note of a delivery that was settled, of whichever call."""
        call = delivery.call
        if (waiting := self._waiting.get(call)) is not None:
            look_at = max(waiting.until - self._options.wait + self._options.first_look, 0.0)
            self._waiting[call] = replace(waiting, look_at=look_at)
        elif (
            not delivery.is_warning
            and not self._runs(call, delivery.project)
            and is_sampled(trace_id(call), self._options.ratio)
            and self._has_room(self._late)
        ):
            self._late[delivery.id] = call

    def _has_room(self, queue: dict[str, _Waiting] | dict[str, str]) -> bool:
        if len(queue) < self._options.most:
            return True
        self._metrics.traces[DROPPED] += 1
        if not self._is_full:
            self._is_full = True
            log.warning("traces dropped", waiting=len(queue))
        return False

    async def run(self) -> None:
        """Export what is due, again and again."""
        while True:
            await asyncio.sleep(self._options.every)
            while await self._export(self._due(self._clock())):
                pass

    async def close(self) -> None:
        """Export what waits as it is, within the grace; then nothing more."""
        self._waiting = {call: _Waiting(0.0, 0.0) for call in self._waiting}
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while await self._export(self._due(self._clock())) and not self._fails:
                    pass
        self._metrics.traces[DROPPED] += len(self._waiting) + len(self._late)
        self._exporter.close()

    def _due(self, now: float) -> list[str]:
        due = (call for call, waiting in self._waiting.items() if waiting.look_at <= now)
        return [call for call, _ in zip(due, range(BATCH), strict=False)]

    async def _export(self, due: Sequence[str]) -> bool:
        """Export what is due of calls, and of late deliveries. Return whether there was anything to look at."""
        late = list(self._late.items())[:BATCH]
        for call in due:
            await self._gather(call)
        for delivery, call in late:
            await self._gather_late(delivery, call)
        read, self._gathered = self._gathered, []
        if read:
            await self._hand_over(read)
        return bool(due or late)

    async def _hand_over(self, read: Sequence[_Read]) -> None:
        why = await self._send(await compute(self._spans, read))
        self._metrics.traces[FAILED if why else OK] += len(read)
        if why and not self._fails:
            log.warning("traces not exported", calls=len(read), error=why)
        elif self._fails and not why:
            log.info("traces exported again")
        self._fails = bool(why)
        self._is_full = self._is_full and len(self._waiting) > self._options.most // 2

    def _spans(self, read: Sequence[_Read]) -> list[TraceSpan]:
        masks = self._options.masks_numbers
        return [one for r in read for one in r.spans(masks_numbers=masks)]

    async def _send(self, spans: Sequence[TraceSpan]) -> str:
        """Send spans; return why they were not taken.

        In a thread of its own: one that drips its answer has no end, and neither other threads nor the exit wait for it.
        """
        if self._sending is None or await self._is_over(self._sending):
            self._sending = in_own_thread(self._exporter.export, spans)
            if await self._is_over(self._sending):
                return self._sending.result()
        return f"the collector does not answer within {self._options.patience:.0f} s"

    async def _is_over(self, sending: asyncio.Future[str]) -> bool:
        """Say whether a batch is no longer with the collector, or soon is not."""
        done, _ = await asyncio.wait([sending], timeout=self._options.patience)
        return bool(done)

    async def _gather(self, call: str) -> None:
        """Read a call whose deliveries are settled, or whose time is over; else look later."""
        waiting, now = self._waiting[call], self._clock()
        try:
            is_read = await self._read(call, is_over=waiting.until <= now)
        except StoreError as error:
            log.warning("call not read for its trace", call=call, error=str(error))
            self._waiting[call] = replace(waiting, look_at=now + AGAIN_IN)
            return
        if not is_read and self._waiting[call] is waiting:  # else one was settled meanwhile
            self._waiting[call] = replace(waiting, look_at=waiting.until)

    async def _read(self, call: str, *, is_over: bool) -> bool:
        """Read a call; False where its deliveries are to be waited for. Raises StoreError."""
        at, rows = self._clock(), await self._store.deliveries_of_call(call)
        if not is_over and any(row.state in _OPEN for row in rows):
            return False
        row, journal = await self._store.call(call), await self._store.journal(call)
        stories = [await self._story(one) for one in rows]
        del self._waiting[call]
        if row is not None and row.ended_at is not None:
            self._remember(call, {one.row.delivery.id: len(one.attempts) for one in stories})
            self._gathered.append(_Read(row, journal, tuple(stories), at))
        return True

    async def _story(self, row: DeliveryRow) -> DeliveryStory:
        return DeliveryStory(row=row, attempts=await self._store.attempts(row.delivery.id))

    def _remember(self, call: str, attempts: dict[str, int]) -> None:
        self._told[call] = attempts
        if len(self._told) > self._options.most:
            del self._told[next(iter(self._told))]

    async def _gather_late(self, delivery: str, call: str) -> None:
        """Read what became of a delivery whose call was exported, by a former process perhaps."""
        del self._late[delivery]
        if call in self._waiting:
            return
        try:
            row = await self._store.call(call)
            if row is None or row.ended_at is None:  # an event that is of no call
                return
            if call not in self._told and _is_imported(await self._store.journal(call)):
                return
            rows = await self._store.deliveries_of_call(call)
            found = [await self._story(one) for one in rows if one.delivery.id == delivery]
        except StoreError as error:
            log.warning("call not read for its trace", call=call, error=str(error))
            return
        parts = [self._late_part(row, story) for story in found]
        self._gathered += [part for part in parts if part is not None]

    def _late_part(self, call: CallRow, story: DeliveryStory) -> _Read | None:
        delivery, told = story.row.delivery, self._told.get(call.id)
        if told is not None:
            late = tuple(one for one in story.attempts if one.number > told.get(delivery.id, 0))
            is_told = delivery.id in told
            told[delivery.id] = len(story.attempts)
        else:  # a former process exported it, with all that it knew
            since = self._began if (call.ended_at or 0.0) < self._began else 0.0
            late = tuple(one for one in story.attempts if one.at + one.seconds > since)
            is_told = delivery.occurred_at < since
        return _Read(call, (), (story,), self._clock(), late, is_told) if late else None


def _is_imported(journal: Sequence[JournalEntry]) -> bool:
    """Say whether another telephone system had the call: there is no trace that its deliveries would be of."""
    return any(name == "imported" for entry in journal[:1] for name, _ in entry.facts)
