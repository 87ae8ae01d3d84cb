"""Whenever Switchhook is killed, every call it stored ends once, without a gap, and no leg lives on."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchhook.domain.call import Call, CallState, Direction
from switchhook.domain.cause import Cause, EndedBy, Outcome
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.event import EventKind
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.scheme import (
    BackgroundStep,
    GoToStep,
    HoursStep,
    MenuChoice,
    MenuStep,
    PlayStep,
    RateStep,
    RecordStep,
    VoicemailStep,
)
from switchhook.drivers.simulator.clock import VirtualClock, some_turns
from switchhook.drivers.simulator.driver import SimulatedCall, SimulatedDriver
from switchhook.drivers.simulator.script import BUSY, SimulatedCaller, SimulatedPhone
from switchhook.routing.admission import OfferedCall
from switchhook.routing.events import Event, LegEnded, LegUpdated, RecordingFinished
from switchhook.storage.delivery import Delivery
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.switchboard import Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from tests.support.events import web_event
from tests.support.loop import run
from tests.support.snapshots import (
    ASK,
    CUSTOMER,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    in_turn,
    ring,
    snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from switchhook.domain.scheme import Step
    from switchhook.drivers.ports import CallHandler
    from switchhook.routing.commands import PhoneCommand
    from switchhook.storage.records import CallRecord

START = 1_760_000_000.0
ARRIVAL = OfferedCall(
    caller=CUSTOMER, caller_name="", callee=DIALLED, trunk="carrier", project="shop"
)
SHORT = 10.0
"""Seconds within which telephones do what they do; rings are given up sooner or later than that."""
seconds = st.floats(0.0, SHORT).map(lambda value: round(value, 1))
scripts = st.one_of(
    st.builds(
        SimulatedPhone,
        rings_after=st.none() | seconds,
        answers_after=st.none() | seconds,
        hangs_up_after=st.none() | seconds,
        early_media=st.booleans(),
    ),
    st.builds(
        SimulatedPhone,
        rings_after=st.none() | seconds,
        refuses_after=seconds,
        refusal=st.just(BUSY),
    ),
)
STEPS: Sequence[Step] = (
    ASK,
    ring(MARY, timeout=4.0),
    ring(MARY, JOHN, timeout=6.0),
    in_turn(JOHN, MOBILE, timeout=3.0),
    PlayStep(sounds=("welcome",)),
    BackgroundStep(sounds=("music",)),
    RecordStep(),
    RateStep(sounds=("choose",), timeout=2.0, thanks=("thanks",)),
    HoursStep(
        hours="office", open_=(ring(MARY, timeout=4.0),), closed=(PlayStep(sounds=("late",)),)
    ),
    MenuStep(
        sounds=("choose",),
        choices=(MenuChoice(key="1", steps=(ring(JOHN, timeout=4.0),)),),
        timeout=2.0,
        attempts=2,
        timeout_sounds=("late",),
        on_timeout=(ring(MARY, timeout=3.0),),
    ),
    VoicemailStep(sounds=("enter",), max_duration=5.0),
    GoToStep(scheme=1),
)


@dataclass
class Disk:
    """What survives."""

    calls: dict[str, Call] = field(default_factory=dict)
    entries: dict[str, list[JournalEntry]] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)


@dataclass
class Life:
    """One process: it writes to the disk and orders the telephones about until it is killed."""

    disk: Disk
    driver: SimulatedDriver
    clock: VirtualClock
    commits: int
    """How many it makes before the power is cut."""
    cut_before: bool
    """Whether the last of them is lost."""
    answer_after: float
    is_over: bool = False
    starting: Event | None = None
    """What the side hears of call c1 while it starts."""

    async def commit(self, record: CallRecord) -> None:
        await asyncio.sleep(0)
        self.commits -= 1
        if self.is_over or (self.commits < 0 and self.cut_before):
            self.is_over = True
            raise asyncio.CancelledError
        self.disk.calls[record.call.id] = record.call
        self.disk.entries.setdefault(record.call.id, []).extend(record.entries)
        self.disk.deliveries.extend(record.deliveries)
        if self.commits < 0:
            self.is_over = True
            raise asyncio.CancelledError

    async def live_calls(
        self, snapshot_of: Callable[[str, int], ProjectSnapshot]
    ) -> tuple[Call, ...]:
        assert isinstance(snapshot_of("shop", 1), ProjectSnapshot)
        live = (call for call in self.disk.calls.values() if call.state is not CallState.ENDED)
        return tuple(live)

    async def start(
        self, stack: AsyncExitStack, handler: CallHandler, directory: Callable[[], ProjectDirectory]
    ) -> None:
        await self.driver.start(stack, handler, directory)
        if self.starting is not None:
            await some_turns()
            handler.handle("c1", self.starting)
            await some_turns()

    async def resume(self, calls: Sequence[Call]) -> dict[str, frozenset[str]]:
        return await self.driver.resume(calls)

    def recorded(self, call: Call) -> RecordingFinished | None:
        return self.driver.recorded(call)

    async def stop(self) -> None:
        await self.driver.stop()

    def carry_out(self, call: Call, command: PhoneCommand) -> None:
        if not self.is_over:
            self.driver.carry_out(call, command)

    def dispatch(self, *deliveries: Delivery) -> None:
        """Deliver nothing: what is on the disk counts."""

    async def ask(
        self, call: Call, request: HttpRequest, *, deadline: float, **_: float | None
    ) -> Exchange:
        assert (call.state, deadline) == (CallState.ASKING, 2.0)
        await self.clock.sleep(self.answer_after)
        body = b'{"dst_phone":"%s,%s"}' % (str(MOBILE).encode(), DIALLED.encode())
        response = HttpResponse(status=200, reason="OK", headers=(), body=body)
        return Exchange(request=request, response=response, failure=None)

    def switchboard(self, snapshot: ProjectSnapshot, ids: Iterator[int]) -> Switchboard:
        known = Memory()
        return Switchboard(
            driver=self,
            store=self,
            dispatcher=self,
            webhook_asker=WebhookAsker(self, "test"),
            clock=self.clock,
            directory=lambda: ProjectDirectory([snapshot]),
            new_id=lambda: f"c{next(ids)}",
            outbox=OutboxContext(product="test", facts_of=known.facts_of),
            tracking=known,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """When a process dies: at a commit, or at a time between two."""

    commits: int
    cut_before: bool
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Some calls, how telephones behave, and when Switchhook is killed."""

    snapshot: ProjectSnapshot
    phones: dict[str, SimulatedPhone]
    callers: tuple[tuple[float, SimulatedCaller], ...]
    kills: tuple[Kill, ...]
    answer_after: float


@st.composite
def stories(draw: st.DrawFn) -> Story:
    steps = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=3))
    fallback = draw(st.none() | st.just(MOBILE))
    callers = st.builds(
        SimulatedCaller,
        offered=st.just(ARRIVAL),
        gives_up_after=st.none() | seconds,
        hangs_up_after=st.none() | seconds,
        keys=st.lists(st.tuples(seconds, st.sampled_from("15#")), max_size=3).map(tuple),
    )
    kills = st.builds(
        Kill, commits=st.integers(0, 6), cut_before=st.booleans(), after=st.floats(0.0, SHORT)
    )
    return Story(
        snapshot=told_of(snapshot(*steps, fallback=fallback).project),
        phones={name: draw(scripts) for name in ("mary", "john", str(MOBILE), DIALLED)},
        callers=tuple(draw(st.lists(st.tuples(seconds, callers), min_size=1, max_size=3))),
        kills=tuple(draw(st.lists(kills, max_size=3))),
        answer_after=draw(st.sampled_from((0.0, 1.0, 3.0))),
    )


def told_of(project: Project) -> ProjectSnapshot:
    """Return the project with an event webhook for every kind of event."""
    events = tuple(
        web_event(name=kind, event=kind, url="http://crm.example/events") for kind in EventKind
    )
    return ProjectSnapshot(replace(project, events=events))


async def play(story: Story) -> tuple[Disk, list[SimulatedCall]]:
    """Play a story to its end; whoever still talks after a minute is hung up by an operator."""
    clock, disk, ids = VirtualClock(START), Disk(), count(1)
    driver = SimulatedDriver(clock, story.phones)
    placed = [driver.place(caller, at=START + at) for at, caller in story.callers]
    never = Kill(commits=10_000, cut_before=False, after=60.0)
    for kill in (*story.kills, never):
        life = Life(
            disk, driver, clock, kill.commits, kill.cut_before, answer_after=story.answer_after
        )
        board = life.switchboard(story.snapshot, ids)
        async with AsyncExitStack() as stack:
            await board.start(stack, lambda _project, _version: story.snapshot)
            await some_turns()
            end = clock.now() + kill.after
            while not life.is_over and (at := clock.next_at) is not None and at <= end:
                clock.tick()
                await some_turns()
            if kill is never:
                for call in board.calls:
                    board.hang_up(call.id, by="an operator")
                await clock.run()
                await board.idle()
        life.is_over = True
    return disk, placed


def check(story: Story) -> Disk:
    """Play a story and demand what was promised."""
    disk, placed = run(play(story))
    for call_id, call in disk.calls.items():
        entries = disk.entries[call_id]
        assert call.state is CallState.ENDED
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert Counter(entry.kind for entry in entries)[EntryKind.ENDED] == 1
        assert entries[-1].kind is EntryKind.ENDED
        told = [delivery for delivery in disk.deliveries if delivery.call == call_id]
        assert [delivery.seq for delivery in told] == list(range(1, len(told) + 1))
        assert told[0].event is EventKind.INCOMING_BEFORE
        assert told[-1].event is EventKind.INCOMING_AFTER
        assert Counter(delivery.event for delivery in told)[EventKind.INCOMING_AFTER] == 1
        assert call.direction is Direction.INCOMING
    for call_as_heard in placed:
        assert not [line for line in call_as_heard.lines.values() if line.is_live]
    return disk


@pytest.mark.parametrize("cut_before", [True, False])
@pytest.mark.parametrize("commits", range(8))
def test_a_call_survives_a_power_cut_at_each_of_its_commits(
    commits: int, *, cut_before: bool
) -> None:
    """Mary and John ring, Mary answers and talks; then the caller hangs up."""
    phones = {"mary": SimulatedPhone(answers_after=2.0), "john": SimulatedPhone(rings_after=1.0)}
    kill = Kill(commits=commits, cut_before=cut_before, after=60.0)
    caller = SimulatedCaller(offered=ARRIVAL, hangs_up_after=5.0)
    story = Story(
        snapshot=told_of(snapshot(ring(MARY, JOHN, timeout=30.0)).project),
        phones=phones,
        callers=((0.0, caller),),
        kills=(kill,),
        answer_after=0.0,
    )
    disk = check(story)
    if commits == 0 and cut_before:
        assert disk.calls == {}
    else:
        call = disk.calls["c1"]
        # The sixth commit is that the caller hung up; without it, the restart finds them gone.
        by = EndedBy.SYSTEM if (commits, cut_before) == (5, True) else EndedBy.CALLER
        assert (call.outcome, call.ended_by) == (Outcome.ANSWERED, by)


def test_what_is_heard_while_the_side_starts_waits_for_its_turn() -> None:
    """A telephone that hung up meanwhile says so again and again, and first of all when we are back."""

    async def scenario() -> None:
        clock, disk, ids = VirtualClock(START), Disk(), count(1)
        driver = SimulatedDriver(clock, {"mary": SimulatedPhone(answers_after=1.0)})
        driver.place(SimulatedCaller(offered=ARRIVAL))
        house = snapshot(ring(MARY))
        gone = LegEnded(leg="b1", cause=Cause(sip=200, q850=16))
        for starting in (None, gone):
            life = Life(disk, driver, clock, 100, cut_before=False, answer_after=0.0)
            life.starting = starting
            board = life.switchboard(house, ids)
            async with AsyncExitStack() as stack:
                await board.start(stack, lambda _project, _version: house)
                await clock.run(clock.now() + 5.0)
        await board.idle()
        written = [entry.kind for entry in disk.entries["c1"]]
        assert written[-3:] == [EntryKind.RESUMED, EntryKind.ATTEMPT_ENDED, EntryKind.ENDED]
        assert disk.calls["c1"].ended_by is EndedBy.CALLEE

    run(scenario())


@pytest.mark.row("FI-02")
def test_what_is_heard_while_the_side_starts_is_stored_in_one_commit_with_what_the_start_brings() -> (
    None
):
    """A second crash finds both or neither: that a transfer has failed, and that two have yet to agree again."""

    async def scenario() -> None:
        clock, disk, ids = VirtualClock(START), Disk(), count(1)
        driver = SimulatedDriver(clock, {"mary": SimulatedPhone(answers_after=1.0)})
        driver.place(SimulatedCaller(offered=ARRIVAL))
        house = snapshot(ring(MARY))
        for commits, starting in ((100, None), (0, LegUpdated(leg="b1", handle="agreeing"))):
            life = Life(disk, driver, clock, commits, cut_before=False, answer_after=0.0)
            life.starting = starting
            board = life.switchboard(house, ids)
            async with AsyncExitStack() as stack:
                await board.start(stack, lambda _project, _version: house)
                await clock.run(clock.now() + 5.0)
        assert life.is_over
        assert disk.entries["c1"][-1].kind is EntryKind.RESUMED
        (leg,) = disk.calls["c1"].called_legs
        assert leg.handle == "agreeing"

    run(scenario())


@settings(max_examples=40, deadline=None)
@given(stories())
def test_a_few_calls_survive_a_few_kills(story: Story) -> None:
    check(story)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(stories())
def test_many_calls_survive_many_kills(story: Story) -> None:
    check(story)
