"""Calls told as stories, and the stages that play them: one for each telephone side."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from switchhook.domain.call import Call, CallState
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.event import EventKind
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.project import ProjectSnapshot, Trunk
from switchhook.domain.scheme import Step
from switchhook.drivers.simulator.clock import VirtualClock
from switchhook.drivers.simulator.driver import SimulatedCall, SimulatedDriver
from switchhook.drivers.simulator.script import SimulatedCaller, SimulatedPhone
from switchhook.routing.admission import OfferedCall
from switchhook.routing.callback_admission import WantedCallback
from switchhook.routing.commands import ConnectLegs, EndLeg, ShowRinging
from switchhook.routing.events import HangUpRequested
from switchhook.storage.delivery import Delivery
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.switchboard import Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory as TrackingMemory
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from tests.support.events import web_event
from tests.support.snapshots import CUSTOMER, DIALLED, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switchhook.drivers.ports import Driver
    from switchhook.storage.records import CallRecord
    from switchhook.switchboard.clock import Clock

TRUNK = Trunk(name="carrier", host="192.0.2.9")
OPERATOR = HangUpRequested(by="an operator")
DEADLINE = 20.0
"""Virtual or real seconds after which every story has long ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One call: who calls whom, what the scheme does, what the telephones do. Times are seconds.

    What shall happen in this order lies 0.2 seconds apart or more, for some stages play in real time.
    """

    steps: tuple[Step, ...] = ()
    """Scheme 1, which the dialled number runs."""
    phones: Mapping[str, SimulatedPhone] = field(default_factory=lambda: MappingProxyType({}))
    """By login, for accounts that are there; by number, for what is behind the trunk."""
    account: str = ""
    """The account that calls; empty: a customer, over the trunk."""
    callee: str = DIALLED
    gives_up_after: float | None = None
    hangs_up_after: float | None = None
    transfers: tuple[float, str] | None = None
    """After how many seconds of conversation the caller transfers who was called, and to whom."""
    restarts_after: float | None = None
    """When Switchhook is ended and started again; the telephones know nothing of it."""
    operator_ends_after: float | None = None
    """Counts from the restart, where there is one."""
    answer: bytes = b"{}"
    """What the webhook `crm` returns."""
    calls_back: str = ""
    """Whom a callback to `callee` rings first: no telephone calls then, and nothing is heard of it."""

    @property
    def callback(self) -> WantedCallback:
        """Return the callback that is wanted."""
        return WantedCallback(
            project="shop", caller=self.calls_back, callee=self.callee, by="a program"
        )

    def snapshot(self, trunk: Trunk = TRUNK) -> ProjectSnapshot:
        """Return the project, with an event webhook for every kind of event."""
        project = snapshot(*self.steps, trunks=(trunk,)).project
        events = tuple(
            web_event(name=kind, event=kind, url="http://crm.example/events") for kind in EventKind
        )
        return ProjectSnapshot(replace(project, events=events))

    @property
    def caller(self) -> SimulatedCaller:
        """Return who calls, as a script."""
        offered = OfferedCall(
            caller=self.account or CUSTOMER,
            caller_name="",
            callee=self.callee,
            account=self.account,
            trunk="" if self.account else "carrier",
            project="shop",
        )
        return SimulatedCaller(
            offered=offered,
            gives_up_after=self.gives_up_after,
            hangs_up_after=self.hangs_up_after,
            transfers=self.transfers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a story. Every stage has to tell the same."""

    heard: tuple[str, ...]
    """What the caller heard, repetitions left out."""
    journal: tuple[str, ...]
    events: tuple[str, ...]
    end: str
    """Outcome and who ended it; empty where the call was not even taken."""


class Stage(Protocol):
    """Plays stories with one telephone side."""

    async def play(self, story: Story) -> Told:
        """Play it to its end and say what became of it; fail where a leg is left behind."""


@dataclass(slots=True)
class Memory:
    """What a switchboard needs besides telephones: a store, a dispatcher, and a webhook that answers."""

    answer: bytes
    entries: list[JournalEntry] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    call: Call | None = None

    async def commit(self, record: CallRecord) -> None:
        """Remember all of it."""
        self.call = record.call
        self.entries.extend(record.entries)

    async def live_calls(
        self,
        snapshot_of: Callable[[str, int], ProjectSnapshot],  # noqa: ARG002
    ) -> tuple[Call, ...]:
        """Return the call, if it has not ended."""
        return () if self.call is None or self.call.state is CallState.ENDED else (self.call,)

    def dispatch(self, *deliveries: Delivery) -> None:
        """Keep what would be delivered."""
        self.deliveries.extend(deliveries)

    async def ask(
        self,
        call: Call,  # noqa: ARG002
        request: HttpRequest,
        **_: float | None,
    ) -> Exchange:
        """Answer at once."""
        response = HttpResponse(status=200, reason="OK", headers=(), body=self.answer)
        return Exchange(request=request, response=response, failure=None)

    def told(self, heard: Iterator[str]) -> Told:
        """Sum up what was remembered."""
        call = self.call
        assert [entry.seq for entry in self.entries] == list(range(1, len(self.entries) + 1))
        return Told(
            heard=tuple(what for what, _ in groupby(heard)),
            journal=tuple(map(line, self.entries)),
            events=tuple(delivery.event for delivery in self.deliveries),
            end="" if call is None else f"{call.outcome} by {call.ended_by}",
        )


def line(entry: JournalEntry) -> str:
    """Return an entry as one line, without times and words, which may differ between stages."""
    facts = dict(entry.facts)
    match entry.kind:
        case EntryKind.ATTEMPT_ENDED:
            return f"{entry.leg} ended {facts['end']} {facts['sip']}"
        case EntryKind.ENDED:
            return f"ended {facts['outcome']} by {facts['ended_by']} {facts['sip']}"
        case EntryKind.DIALLED:
            return f"{entry.leg} dialled {facts['target']}"
        case EntryKind.RANG | EntryKind.ANSWERED:
            return f"{entry.leg} {entry.kind}"
        case _:
            return str(entry.kind)


def switchboard(
    snapshot: ProjectSnapshot, driver: Driver, memory: Memory, clock: Clock
) -> Switchboard:
    """Put a switchboard together that runs this project."""
    ids = count(1)
    directory = ProjectDirectory([snapshot])
    known = TrackingMemory()
    return Switchboard(
        driver=driver,
        store=memory,
        dispatcher=memory,
        webhook_asker=WebhookAsker(memory, "test"),
        clock=clock,
        directory=lambda: directory,
        new_id=lambda: f"c{next(ids)}",
        outbox=OutboxContext(product="test", facts_of=known.facts_of),
        tracking=known,
    )


class Simulated:
    """The simulator's stage: virtual time, scripted phones."""

    async def play(self, story: Story) -> Told:
        """Play the story in no time."""
        clock = VirtualClock(1_760_000_000.0)
        driver = SimulatedDriver(clock, story.phones)
        memory = Memory(story.answer)
        call = None if story.calls_back else driver.place(story.caller)
        for ends_after in (story.restarts_after, DEADLINE):
            if ends_after is None:
                continue
            board = switchboard(story.snapshot(), driver, memory, clock)
            async with AsyncExitStack() as stack:
                await board.start(stack, lambda _project, _version: story.snapshot())
                if story.calls_back and memory.call is None:
                    assert board.call_back(story.callback) == "c1"
                if ends_after is DEADLINE and story.operator_ends_after is not None:
                    at = clock.now() + story.operator_ends_after
                    clock.call_at(at, partial(board.handle, "c1", OPERATOR))
                await clock.run(clock.now() + ends_after)
        await board.idle()
        assert driver.live_legs("c1") == frozenset()
        return memory.told(iter(()) if call is None else experienced(call))


def experienced(call: SimulatedCall) -> Iterator[str]:
    """Say what a simulated caller heard."""
    if call.refused is not None:
        yield f"refused {call.refused.cause.sip}"
    answered = False
    for _, command in call.heard:
        match command:
            case ShowRinging(media_from=leg):
                yield "audio" if leg else "ringing"
            case ConnectLegs():
                answered = True
                yield "answer"
            case EndLeg():
                yield "hang-up" if answered else f"refused {command.cause.sip}"
            case _:
                pass
