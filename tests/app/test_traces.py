"""Each ended call becomes one trace when its deliveries are settled; no collector slows or loses anything but traces."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.app.traces import CallTraces, TraceOptions
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.metrics import Metrics
from switchhook.operations.data_dir import DATABASE
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tasks import spawn
from switchhook.views.trace import TraceSpan, trace_id
from tests.support.loop import run
from tests.support.promises import DOWN, OCCURRED, attempt, delivery, ended, record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from switchhook.domain.call import Call
    from switchhook.storage.delivery import Attempt, Delivery


@dataclass
class FakeCollector:
    """Keeps what it gets, or says why not."""

    why: str = ""
    spans: list[TraceSpan] = field(default_factory=list)
    is_closed: bool = False

    def export(self, spans: Sequence[TraceSpan]) -> str:
        if not self.why:
            self.spans += spans
        return self.why

    def close(self) -> None:
        self.is_closed = True


@dataclass
class SetClock:
    """Tells the unix seconds that it was set to."""

    now: float = OCCURRED

    def __call__(self) -> float:
        return self.now


@dataclass
class Parts:
    """Traces over a real store, and a clock that is set."""

    store: SqliteStore
    collector: FakeCollector
    metrics: Metrics
    traces: CallTraces
    clock: SetClock
    running: set[str] = field(default_factory=set)

    async def end(self, call: Call, *deliveries: Delivery) -> None:
        await self.store.commit(record(call, *deliveries, entries=2))
        self.traces.ended(call)

    async def attempt(self, made: Attempt, of: Delivery) -> None:
        await self.store.record_attempt(made)
        if made.is_last:
            self.traces.settled(of)

    def names(self) -> list[str]:
        return sorted(span.name for span in self.collector.spans)

    async def until(self, wanted: Callable[[], Any]) -> None:
        while not wanted():  # noqa: ASYNC110 -- a thread fills it
            await asyncio.sleep(0.002)

    async def looks(self) -> None:
        """Wait until it has looked again for sure."""
        await asyncio.sleep(0.05)


@asynccontextmanager
async def following(
    tmp_path: Path, collector: FakeCollector | None = None, **options: Any
) -> AsyncIterator[Parts]:
    store = await SqliteStore.open(tmp_path / DATABASE)
    collector, metrics, clock = collector or FakeCollector(), Metrics(), SetClock()
    traces = CallTraces(
        store,
        collector,
        clock=clock,
        runs=lambda call, _: call in parts.running,
        metrics=metrics,
        options=TraceOptions(**{"first_look": 0.0, "every": 0.002} | options),
    )
    parts = Parts(store, collector, metrics, traces, clock)
    task = spawn(traces.run(), name="traces")
    try:
        yield parts
    finally:
        task.cancel()
        await asyncio.wait([task])
        await traces.close()
        await store.close()


CALL = ended("c1")
TOLD = delivery("c1")
REFUSED = attempt(TOLD, failure=DOWN, is_last=False)
TAKEN = attempt(TOLD, number=2)
WHOLE = ["POST", "POST", "deliver incoming.after", "incoming call"]


def test_a_call_is_exported_once_its_delivery_is_settled(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with following(tmp_path) as parts:
            await parts.end(CALL, TOLD)
            await parts.attempt(REFUSED, TOLD)
            await parts.looks()
            assert parts.names() == []
            await parts.attempt(TAKEN, TOLD)
            await parts.until(parts.names)
            await parts.looks()
            assert parts.names() == WHOLE
            assert {span.trace for span in parts.collector.spans} == {trace_id("c1")}
            assert parts.metrics.traces == {"ok": 1}

    run(scenario())


def test_what_is_settled_after_the_wait_follows_in_the_same_trace(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with following(tmp_path) as parts:
            await parts.end(CALL, TOLD)
            await parts.attempt(REFUSED, TOLD)
            await parts.looks()
            parts.clock.now += 61
            await parts.until(parts.names)
            assert parts.names() == ["POST", "deliver incoming.after", "incoming call"]
            first = {span.name: span for span in parts.collector.spans}
            parts.collector.spans.clear()
            await parts.attempt(TAKEN, TOLD)
            await parts.until(parts.names)
            assert parts.names() == ["POST", "deliver incoming.after"]
            later = next(span for span in parts.collector.spans if span.link is not None)
            assert later.link == first["deliver incoming.after"].id
            assert later.parent == first["incoming call"].id
            assert later.trace == first["incoming call"].trace
            # sent again by a person: its attempt alone
            parts.collector.spans.clear()
            await parts.attempt(replace(TAKEN, number=3), TOLD)
            await parts.until(parts.names)
            assert parts.names() == ["POST", "deliver incoming.after"]

    run(scenario())


def test_after_a_restart_late_attempts_follow_and_nothing_else_is_told_again(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with following(tmp_path) as parts:
            await parts.end(CALL, TOLD)
            await parts.attempt(REFUSED, TOLD)
        assert parts.names() == ["POST", "deliver incoming.after", "incoming call"]  # by the stop
        assert parts.collector.is_closed
        first = {span.name: span.id for span in parts.collector.spans}
        late = replace(TAKEN, at=OCCURRED + 100)
        async with following(tmp_path) as parts:
            parts.traces._began = parts.clock.now = OCCURRED + 50
            parts.traces.ended(CALL)  # amended since
            await parts.attempt(late, TOLD)
            await parts.until(parts.names)
            await parts.looks()
            assert parts.names() == ["POST", "deliver incoming.after"]
            later = next(span for span in parts.collector.spans if span.link is not None)
            assert later.link == first["deliver incoming.after"]
            assert later.parent == first["incoming call"]

    run(scenario())


def test_deliveries_of_running_calls_wait_for_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with following(tmp_path) as parts:
            parts.running.add("c1")
            await parts.store.commit(record(CALL, TOLD))
            await parts.attempt(REFUSED, TOLD)
            await parts.attempt(TAKEN, TOLD)
            await parts.looks()
            assert parts.names() == []
            parts.running.clear()
            parts.traces.ended(CALL)
            await parts.until(parts.names)
            assert parts.names() == WHOLE

    run(scenario())


def test_a_delivery_of_no_call_is_no_trace(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with following(tmp_path) as parts:
            parts.traces.settled(delivery("foreign"))
            await parts.looks()
            assert parts.names() == []
            assert parts.metrics.traces == {}

    run(scenario())


def test_an_imported_call_is_no_trace(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with following(tmp_path) as parts:
            arrived = JournalEntry(
                seq=1, at=OCCURRED, kind=EntryKind.ARRIVED, facts=(("imported", "pbx-17"),)
            )
            await parts.store.commit(replace(record(CALL, TOLD), entries=(arrived,)))
            await parts.attempt(attempt(TOLD), TOLD)
            await parts.looks()
            assert parts.names() == []

    run(scenario())


def test_a_collector_that_takes_nothing_is_logged_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with following(tmp_path) as parts:
            parts.collector.why = "connection refused"
            for number in range(3):
                await parts.end(ended(f"c{number}"))
                await parts.until(lambda: parts.metrics.traces["failed"] == number + 1)  # noqa: B023 -- awaited here
            parts.collector.why = ""
            await parts.end(ended("c3"))
            await parts.until(parts.names)
            await parts.looks()

    with capture_logs() as lines:
        run(scenario())
    assert [(line["event"], line.get("error")) for line in lines] == [
        ("traces not exported", "connection refused"),
        ("traces exported again", None),
    ]


def test_a_collector_that_never_answers_costs_traces_and_holds_up_no_exit(tmp_path: Path) -> None:
    never = threading.Event()

    class Hanging(FakeCollector):
        asked = 0

        def export(self, spans: Sequence[TraceSpan]) -> str:
            self.asked += 1
            never.wait(20)
            return super().export(spans)

    async def scenario() -> None:
        collector = Hanging()
        async with following(tmp_path, collector=collector, patience=0.05) as at:
            with capture_logs() as logged:
                for name in ("c1", "c2", "c3"):
                    await at.end(ended(name))
                    await at.looks()
                await at.until(lambda: at.metrics.traces["failed"] == 3)
            (line,) = [one for one in logged if one["event"] == "traces not exported"]
            assert line["error"] == "the collector does not answer within 0 s"
            assert collector.asked == 1  # one thread waits, and no more
            never.set()
            await at.end(ended("c4"))
            await at.until(lambda: "incoming call" in at.names())
            never.clear()
            await at.end(ended("c5"))  # is with the collector when we stop
            await at.looks()
        assert collector.is_closed

    began = time.monotonic()
    run(scenario())
    assert time.monotonic() - began < 15
    never.set()


def test_what_is_too_much_is_dropped_and_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with following(tmp_path, most=2, first_look=60.0) as parts:
            for number in range(5):
                await parts.end(ended(f"c{number}"))
            assert parts.metrics.traces == {"dropped": 3}
        assert parts.names() == ["incoming call", "incoming call"]

    with capture_logs() as lines:
        run(scenario())
    assert [(line["event"], line["waiting"]) for line in lines] == [("traces dropped", 2)]


@pytest.mark.parametrize(("ratio", "exported"), [(0.0, 0), (1.0, 4)])
def test_a_ratio_of_all_calls_is_exported(tmp_path: Path, ratio: float, exported: int) -> None:
    async def scenario() -> None:
        async with following(tmp_path, ratio=ratio) as parts:
            for number in range(4):
                await parts.end(ended(f"c{number}"))
        assert len(parts.names()) == exported

    run(scenario())
