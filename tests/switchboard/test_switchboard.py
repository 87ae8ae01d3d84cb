"""What a step decided is durable before anybody outside learns of it, whatever fails meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.call import CALLER, Call, CallState
from switchhook.domain.cause import AttemptEnd, Cause, Outcome
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.event import EventKind
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import Number, Project, ProjectSnapshot
from switchhook.domain.scheme import AskStep, RingStep, Scheme
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import ForwardingNumber
from switchhook.routing.admission import OfferedCall, Rejection
from switchhook.routing.commands import ConnectLegs, EndLeg, PhoneCommand, RingLeg, ShowRinging
from switchhook.routing.engine import step
from switchhook.routing.events import DigitPressed, LegAnswered, LegEnded
from switchhook.storage.delivery import Delivery
from switchhook.storage.records import CallRecord, StoreError
from switchhook.switchboard import switchboard
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.switchboard import RETRY_SAVING, Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from tests.support.events import web_event
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from switchhook.drivers.ports import CallHandler
    from switchhook.routing.commands import Command
    from switchhook.routing.events import Event, RecordingFinished

PROJECT = Project(
    id="acme",
    name="Acme",
    numbers=(Number(number="380442223344", scheme=1),),
    schemes=(
        Scheme(
            id=1,
            name="Main",
            steps=(
                AskStep(webhook="crm"),
                RingStep(targets=(Target(kind=TargetKind.ACCOUNT, value="101"),)),
            ),
        ),
    ),
    forwarding_numbers=(
        ForwardingNumber(name="crm", url="http://crm.example/r", response_timeout=1.0),
    ),
    events=(
        web_event(name="before", event=EventKind.INCOMING_BEFORE, url="http://crm.example/b"),
        web_event(name="after", event=EventKind.INCOMING_AFTER, url="http://crm.example/a"),
    ),
)
ARRIVAL = OfferedCall(
    caller="380441112233", caller_name="", callee="380442223344", trunk="t", project="acme"
)


@dataclass
class Timer:
    when: float
    callback: Callable[[], None] | None

    def cancel(self) -> None:
        self.callback = None


@dataclass
class ManualClock:
    time: float = 1_000.0
    timers: list[Timer] = field(default_factory=list)
    corrected: float = 0.0
    """By how much the system's clock was set on."""

    def now(self) -> float:
        return self.time + self.corrected

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(when - self.corrected, callback))
        return self.timers[-1]

    def monotonic(self) -> ManualClock:
        return _Steady(timers=self.timers, corrected=self.corrected, of=self)

    def advance(self, seconds: float) -> None:
        self.time += seconds
        for timer in [timer for timer in self.timers if timer.when <= self.time]:
            self.timers.remove(timer)
            if timer.callback is not None:
                timer.callback()


@dataclass
class _Steady(ManualClock):
    of: ManualClock = field(default_factory=ManualClock)

    def now(self) -> float:
        return self.of.time + self.corrected


@dataclass
class World:
    """Everything around a switchboard, writing down what it was asked to do, in order."""

    log: list[str] = field(default_factory=list)
    commands: list[PhoneCommand] = field(default_factory=list)
    records: list[CallRecord] = field(default_factory=list)
    dispatched: list[Delivery] = field(default_factory=list)
    broken_commits: int = 0
    trouble: Exception = field(default_factory=lambda: StoreError("disk full", transient=True))
    answer: HttpResponse | Failure | None = None
    live: tuple[Call, ...] = ()
    legs: dict[str, frozenset[str]] = field(default_factory=dict)
    asked: int = 0
    broken_command: type | None = None
    is_ask_broken: bool = False
    clock: ManualClock = field(default_factory=ManualClock)

    async def commit(self, record: CallRecord) -> None:
        await asyncio.sleep(0)
        if self.broken_commits:
            self.broken_commits -= 1
            raise self.trouble
        self.log.append(f"commit {record.call.state}")
        self.records.append(record)

    async def live_calls(
        self, snapshot_of: Callable[[str, int], ProjectSnapshot]
    ) -> tuple[Call, ...]:
        assert snapshot_of("acme", 1) == ProjectSnapshot(PROJECT)
        return self.live

    async def start(
        self, stack: AsyncExitStack, handler: CallHandler, directory: Callable[[], ProjectDirectory]
    ) -> None:
        assert handler is not None
        assert directory().snapshots
        stack.callback(self.log.append, "side closed")
        self.log.append("side started")

    def carry_out(self, call: Call, command: PhoneCommand) -> None:
        assert call.id
        if type(command) is self.broken_command:
            raise ValueError("a mistake of ours")
        self.log.append(type(command).__name__)
        self.commands.append(command)

    async def resume(self, calls: Sequence[Call]) -> dict[str, frozenset[str]]:
        assert tuple(calls) == self.live
        return self.legs

    def recorded(self, call: Call) -> RecordingFinished | None:
        assert call in self.live
        return None

    async def stop(self) -> None:
        self.log.append("side stopped")

    def dispatch(self, *deliveries: Delivery) -> None:
        self.log.extend(f"dispatch {delivery.webhook}" for delivery in deliveries)
        self.dispatched.extend(deliveries)

    async def ask(
        self, call: Call, request: HttpRequest, *, deadline: float, **_: float | None
    ) -> Exchange:
        assert call.id
        assert deadline == 1.0
        self.asked += 1
        self.log.append("ask")
        if self.is_ask_broken:
            raise ValueError("a mistake of ours")
        if self.answer is None:
            await asyncio.sleep(3600)
        response = self.answer if isinstance(self.answer, HttpResponse) else None
        failure = self.answer if isinstance(self.answer, Failure) else None
        return Exchange(request=request, response=response, failure=failure)

    def switchboard(self, *, max_calls: int = 1000) -> Switchboard:
        ids = count(1)
        known = Memory()
        return Switchboard(
            driver=self,
            store=self,
            dispatcher=self,
            webhook_asker=WebhookAsker(self, "test"),
            clock=self.clock,
            directory=lambda: ProjectDirectory([ProjectSnapshot(PROJECT)]),
            new_id=lambda: f"c{next(ids)}",
            outbox=OutboxContext(product="test", facts_of=known.facts_of),
            tracking=known,
            max_calls=max_calls,
        )


def json(body: bytes) -> HttpResponse:
    return HttpResponse(status=200, reason="OK", headers=(), body=body)


def errors(logs: Sequence[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [line for line in logs if line["log_level"] == "error"]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_nothing_is_carried_out_before_it_is_durable() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'))
        board = world.switchboard()
        call = board.arrived(ARRIVAL)
        assert call == "c1"
        await settled()
        assert world.log == [
            "commit asking",
            "dispatch before",
            "ShowRinging",
            "ask",
            "commit ringing",
            "RingLeg",
        ]
        board.handle("c1", LegAnswered(leg="b2"))
        await settled()
        assert world.log[6:] == ["EndLeg"]
        board.handle("c1", LegAnswered(leg="b1"))
        await settled()
        board.handle("c1", LegEnded(leg=CALLER, cause=Cause(sip=200)))
        await board.idle()
        assert world.log[-5:] == [
            "commit talking",
            "ConnectLegs",
            "commit ended",
            "dispatch after",
            "EndLeg",
        ]

    run(scenario())


@pytest.mark.row("FD-01")
def test_who_told_of_it_learns_that_it_is_durable_before_anything_follows() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'))
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        board.handle("c1", LegAnswered(leg="b1"), lambda: world.log.append("answer recorded"))
        board.handle("c1", LegEnded(leg="b9", cause=Cause()), lambda: world.log.append("no change"))
        assert "recorded" not in " ".join(world.log)
        await settled()
        assert world.log[-4:] == ["commit talking", "answer recorded", "no change", "ConnectLegs"]
        board.handle("c1", DigitPressed(leg=CALLER, digit="1"), lambda: world.log.append("nothing"))
        await settled()
        assert world.log[-1] == "nothing"
        ended = LegEnded(leg=CALLER, cause=Cause(sip=200))
        board.handle("c1", ended, lambda: world.log.append("end recorded"))
        await board.idle()
        assert world.log[-4:] == ["commit ended", "dispatch after", "end recorded", "EndLeg"]
        board.handle("c1", ended, lambda: world.log.append("long over"))
        assert world.log[-1] == "long over"

    run(scenario())


@pytest.mark.row("FD-01")
def test_what_is_heard_during_a_commit_waits_for_the_next() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'))
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        board.handle("c1", LegAnswered(leg="b1"))
        await asyncio.sleep(0)  # its commit has begun
        ended = LegEnded(leg=CALLER, cause=Cause(sip=200))
        board.handle("c1", ended, lambda: world.log.append("end recorded"))
        await board.idle()
        order = [line for line in world.log if line.startswith(("commit", "end"))]
        assert order[-3:] == ["commit talking", "commit ended", "end recorded"]

    run(scenario())


@pytest.mark.row("FD-01")
@pytest.mark.parametrize("is_over", [False, True])
def test_nobody_learns_that_it_is_durable_while_the_store_fails(*, is_over: bool) -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'))
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        world.broken_commits = 2
        event = LegEnded(leg=CALLER, cause=Cause(sip=487)) if is_over else LegAnswered(leg="b1")
        board.handle("c1", event, lambda: world.log.append("recorded"))
        await settled()
        assert world.log[-1] == ("EndLeg" if is_over else "ConnectLegs")
        while world.broken_commits:
            world.clock.advance(RETRY_SAVING)
            await asyncio.sleep(0.01)
            await settled()
        assert "recorded" not in world.log
        world.clock.advance(RETRY_SAVING)
        await (board.idle() if is_over else settled())
        assert "recorded" in world.log
        assert world.log[-2].startswith(("commit", "dispatch"))

    run(scenario())


@pytest.mark.row("FD-01")
def test_a_record_that_is_given_up_lets_go_who_waits_for_it() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'), trouble=StoreError("no such row"))
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        world.broken_commits = 1
        board.handle("c1", LegAnswered(leg="b1"), lambda: world.log.append("recorded"))
        await settled()
        assert world.log[-2:] == ["recorded", "ConnectLegs"]

    run(scenario())


@pytest.mark.row("FI-03")
def test_a_leg_that_a_mistake_kept_from_ringing_has_failed_at_once() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'), broken_command=RingLeg)
        board = world.switchboard()
        with capture_logs() as logs:
            board.arrived(ARRIVAL)
            await board.idle()
        assert [line["command"] for line in errors(logs)] == ["RingLeg"] * 2
        last = world.records[-1].call
        assert [leg.end for leg in last.called_legs] == [AttemptEnd.FAILED] * 2
        assert last.outcome is Outcome.FAILED

    run(scenario())


@pytest.mark.row("FI-03")
def test_a_mistake_while_asking_is_no_answer_at_once() -> None:
    async def scenario() -> None:
        world = World(is_ask_broken=True)
        board = world.switchboard()
        with capture_logs() as logs:
            board.arrived(ARRIVAL)
            await settled()
        assert [line["event"] for line in errors(logs)] == ["ask crashed"]
        assert [c.leg for c in world.commands if isinstance(c, RingLeg)] == ["b1"]

    run(scenario())


@pytest.mark.row("FI-03")
@pytest.mark.parametrize("broken", [ConnectLegs, ShowRinging])
def test_a_mistake_in_connecting_ends_the_call_and_one_in_ringing_does_not(broken: type) -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'), broken_command=broken)
        board = world.switchboard()
        with capture_logs():
            board.arrived(ARRIVAL)
            await settled()
            board.handle("c1", LegAnswered(leg="b1"))
            await settled()
        assert len(board.calls) == (0 if broken is ConnectLegs else 1)

    run(scenario())


@pytest.mark.row("FI-03")
@pytest.mark.parametrize("event", ["CallArrived", "TimePassed"])
def test_a_decision_that_fails_leaves_no_call_without_an_end(
    monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    def broken(call: Call, heard: Event, now: float) -> tuple[Call, tuple[Command, ...]]:
        if type(heard).__name__ == event:
            raise ValueError("a mistake of ours")
        return step(call, heard, now)

    async def scenario() -> None:
        world = World()
        board = world.switchboard()
        with capture_logs() as logs:
            board.arrived(ARRIVAL)
            await settled()
            world.clock.advance(60.0)
            await board.idle()
        assert [line["event"] for line in errors(logs)] == ["event failed"]
        assert world.records[-1].call.outcome is Outcome.FAILED
        assert world.log[-1] == "EndLeg"

    monkeypatch.setattr(switchboard, "step", broken)
    run(scenario())


def test_a_store_that_fails_holds_up_no_call_and_loses_nothing() -> None:
    async def scenario() -> None:
        world = World(answer=Failure(kind=FailureKind.REFUSED, detail="refused"), broken_commits=2)
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        assert any(isinstance(command, RingLeg) for command in world.commands)
        assert world.dispatched == []
        board.handle("c1", LegEnded(leg=CALLER, cause=Cause(sip=487)))
        await board.idle()
        (record,) = world.records
        assert [entry.seq for entry in record.entries] == list(range(1, record.call.entries + 1))
        assert [delivery.webhook for delivery in world.dispatched] == ["before", "after"]

    run(scenario())


def test_a_call_that_says_nothing_new_is_stored_as_soon_as_the_store_can() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'))
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        world.broken_commits = 2
        with capture_logs() as logs:
            board.handle("c1", LegAnswered(leg="b1"))
            await settled()
            world.clock.advance(RETRY_SAVING)
            await settled()
            assert [record.call.state for record in world.records][-1:] == [CallState.RINGING]
            world.clock.advance(RETRY_SAVING)
            await settled()
        assert [record.call.state for record in world.records][-1:] == [CallState.TALKING]
        told = [entry["event"] for entry in logs]
        assert told == ["calls not stored", "calls stored again"]
        stored = len(world.records)
        world.clock.advance(RETRY_SAVING)
        await settled()
        assert len(world.records) == stored

    run(scenario())


def test_what_is_heard_behind_an_unsaved_end_is_told_once() -> None:
    async def scenario() -> None:
        world = World()
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        world.broken_commits = 1
        board.handle("c1", LegEnded(leg=CALLER, cause=Cause(sip=487)))
        await settled()
        board.handle("c1", LegEnded(leg=CALLER, cause=Cause(sip=487)))
        await board.idle()
        await settled()
        assert [delivery.webhook for delivery in world.dispatched] == ["before", "after"]

    run(scenario())


def test_when_it_stops_whoever_waits_is_told_and_whoever_talks_is_left_alone() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'))
        board = world.switchboard()
        async with AsyncExitStack() as stack:
            await board.start(stack, lambda *_: ProjectSnapshot(PROJECT))
            talks, waits = board.arrived(ARRIVAL), board.arrived(ARRIVAL)
            assert isinstance(talks, str)
            assert isinstance(waits, str)
            await settled()
            board.handle(talks, LegAnswered(leg="b1"))
            board.handle(talks, LegAnswered(leg=CALLER))
            await settled()
            world.log.clear()
            await board.stop()
        assert world.log == [
            *("commit ended", "dispatch after", "EndLeg", "EndLeg"),
            *("side stopped", "side closed"),
        ]
        assert [call.id for call in board.calls] == [talks]
        assert isinstance(board.arrived(ARRIVAL), Rejection)

    run(scenario())


def test_a_defect_of_the_store_costs_a_record_and_no_call() -> None:
    async def scenario() -> None:
        failure = Failure(kind=FailureKind.REFUSED, detail="refused")
        world = World(answer=failure, broken_commits=3, trouble=RuntimeError("a defect"))
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        assert any(isinstance(command, RingLeg) for command in world.commands)
        board.handle("c1", LegEnded(leg=CALLER, cause=Cause(sip=487)))
        await board.idle()
        assert board.calls == ()

    run(scenario())


def test_an_ended_call_is_stored_even_when_its_last_commit_fails() -> None:
    async def scenario() -> None:
        world = World()
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        world.broken_commits = 1
        board.handle("c1", LegEnded(leg=CALLER, cause=Cause(sip=487)))
        await settled()
        assert board.calls
        await board.idle()
        assert world.records[-1].call.outcome is Outcome.CANCELLED
        assert world.dispatched[-1].webhook == "after"

    run(scenario())


def test_a_webhook_that_is_no_longer_asked_is_let_go() -> None:
    async def scenario() -> None:
        world = World()
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        assert [task.get_name() for task in asyncio.all_tasks()].count("ask c1-1") == 1
        board.handle("c1", LegEnded(leg=CALLER, cause=Cause(sip=487)))
        await board.idle()
        await settled()
        assert "ask c1-1" not in [task.get_name() for task in asyncio.all_tasks()]

    run(scenario())


def test_a_call_without_an_answer_goes_on_at_its_own_deadline() -> None:
    async def scenario() -> None:
        world = World()
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        world.clock.advance(1.2)
        await settled()
        assert not any(isinstance(command, RingLeg) for command in world.commands)
        world.clock.advance(0.1)
        await settled()
        assert any(isinstance(command, RingLeg) for command in world.commands)
        assert world.asked == 1
        (call,) = board.calls
        assert call.state is CallState.RINGING
        assert board.hang_up("c1", by="an operator")
        await board.idle()

    run(scenario())


@pytest.mark.row("FD-12")
def test_a_corrected_clock_dates_the_next_call_and_changes_no_duration_of_a_running_one() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":380443334455}'))
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        (first,) = board.calls
        world.clock.corrected = 3_600.0
        board.arrived(ARRIVAL)
        await settled()
        still, second = board.calls
        assert second.arrived_at - first.arrived_at == 3_600.0
        assert still.wake_at == first.wake_at
        assert still.wake_at is not None
        world.clock.advance(still.wake_at - still.arrived_at - 0.1)
        await settled()
        assert [call.state for call in board.calls] == [CallState.RINGING] * 2
        for call in ("c1", "c2"):
            board.hang_up(call, by="an operator")
        await board.idle()

    run(scenario())


def test_more_calls_than_the_limit_are_refused_and_told_when_to_come_back() -> None:
    async def scenario() -> None:
        world = World()
        board = world.switchboard(max_calls=1)
        board.arrived(ARRIVAL)
        with capture_logs() as logs:
            refused = board.arrived(ARRIVAL)
            board.arrived(ARRIVAL)
        assert [(line["log_level"], line["event"], line["max_calls"]) for line in logs] == [
            ("warning", "call limit reached", 1)  # and not one line for each
        ]
        assert isinstance(refused, Rejection)
        assert (refused.cause.sip, refused.retry_after) == (503, 5)
        board.hang_up("c1", by="an operator")
        await board.idle()
        assert board.arrived(ARRIVAL) == "c2"
        board.hang_up("c2", by="an operator")
        await board.idle()

    run(scenario())


def test_an_unknown_number_is_refused_and_only_the_log_knows() -> None:
    async def scenario() -> None:
        world = World()
        board = world.switchboard()
        stranger = OfferedCall(caller="1", caller_name="", callee="999", trunk="t", project="acme")
        with capture_logs() as logs:
            refused = board.arrived(stranger)
        assert isinstance(refused, Rejection)
        assert refused.cause.sip == 404
        (line,) = logs
        assert (line["event"], line["log_level"]) == ("call rejected", "info")
        assert (line["project"], line["from"], line["to"]) == ("acme", "1", "999")
        assert (line["status"], line["why"]) == (404, refused.cause.text)
        assert board.calls == ()
        board.handle("nobody", LegAnswered(leg=CALLER))
        await board.idle()

    run(scenario())


def test_after_a_restart_talking_calls_go_on_and_waiting_ones_end_once() -> None:
    async def scenario() -> None:
        first = World(answer=json(b'{"dst_phone":380443334455}'))
        board = first.switchboard()
        board.arrived(ARRIVAL)
        board.arrived(ARRIVAL)
        await settled()
        board.handle("c1", LegAnswered(leg="b1", handle="b"))
        await settled()
        board.handle("c1", LegAnswered(leg=CALLER, handle="a"))
        await settled()

        second = World(live=board.calls, legs={"c1": frozenset({CALLER, "b1"})})
        restarted = second.switchboard()
        async with AsyncExitStack() as stack:
            await restarted.start(stack, lambda _id, _version: ProjectSnapshot(PROJECT))
            await settled()
            (talking,) = restarted.calls
            assert (talking.id, talking.state) == ("c1", CallState.TALKING)
            ended = [r.call for r in second.records if r.call.state is CallState.ENDED]
            assert [(call.id, call.outcome) for call in ended] == [("c2", Outcome.FAILED)]
            assert [delivery.webhook for delivery in second.dispatched] == ["after"]
            restarted.handle("c1", LegEnded(leg="b1", cause=Cause(sip=200)))
            await restarted.idle()
        assert isinstance(second.commands[-1], EndLeg)
        assert second.commands[-1].leg == CALLER
        assert second.log[-1] == "side closed"

    run(scenario())


def test_commands_reach_the_side_in_the_engines_order() -> None:
    async def scenario() -> None:
        world = World(answer=json(b'{"dst_phone":"380443334455,380443334456"}'))
        board = world.switchboard()
        board.arrived(ARRIVAL)
        await settled()
        board.handle("c1", LegAnswered(leg="b2"))
        await settled()
        kinds = [type(command) for command in world.commands]
        assert kinds == [ShowRinging, RingLeg, RingLeg, ConnectLegs, EndLeg]
        board.hang_up("c1", by="an operator")
        await board.idle()

    run(scenario())
