"""The simulator does what its scripts say and what it is ordered, at the right virtual time."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER
from switchhook.domain.cause import Cause
from switchhook.domain.directory import ProjectDirectory
from switchhook.drivers.simulator.clock import VirtualClock
from switchhook.drivers.simulator.driver import FORGOTTEN, GAVE_UP, HUNG_UP, SimulatedDriver
from switchhook.drivers.simulator.script import (
    BUSY,
    NOBODY,
    SimulatedCaller,
    SimulatedPhone,
    answering,
    refusing,
    ringing_out,
)
from switchhook.routing.admission import OfferedCall, Rejection
from switchhook.routing.commands import ConnectLegs, EndLeg, PhoneCommand, RingLeg, ShowRinging
from switchhook.routing.events import Event, LegAnswered, LegEnded, LegRinging
from tests.support.loop import run
from tests.support.snapshots import CUSTOMER, DIALLED, JOHN, MARY, incoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.target import Target
    from switchhook.drivers.ports import Driver, OnDurable

ARRIVAL = OfferedCall(
    caller=CUSTOMER, caller_name="Anna", callee=DIALLED, trunk="carrier", project="shop"
)
CALL = incoming()
END = Cause(sip=486, text="busy")


@dataclass
class Listener:
    """A call handler that writes down events, and when they came."""

    clock: VirtualClock
    refusal: Rejection | None
    heard: list[tuple[float, Event]] = field(default_factory=list)

    def arrived(
        self, offered: OfferedCall, expect: Callable[[str], None] = lambda _: None
    ) -> str | Rejection:
        assert offered == ARRIVAL
        if self.refusal is None:
            expect(CALL.id)
        return self.refusal or CALL.id

    def handle(self, call: str, event: Event, recorded: OnDurable | None = None) -> None:
        assert (call, recorded) == (CALL.id, None)
        self.heard.append((self.clock.now(), event))


class World:
    """A simulator, somebody who listens to it, and one caller, who calls at 0."""

    def __init__(
        self,
        caller: SimulatedCaller | None = None,
        refusal: Rejection | None = None,
        **phones: SimulatedPhone,
    ) -> None:
        self.clock = VirtualClock()
        self.driver = SimulatedDriver(self.clock, phones)
        self.handler = Listener(self.clock, refusal)
        self.stack = AsyncExitStack()
        self.listen()
        self.call = self.driver.place(caller or SimulatedCaller(offered=ARRIVAL))
        self.until(0)

    def listen(self) -> None:
        run(self.driver.start(self.stack, self.handler, ProjectDirectory))

    def until(self, when: float) -> None:
        run(self.clock.run(when))

    def order(self, *commands: PhoneCommand) -> None:
        for command in commands:
            self.driver.carry_out(CALL, command)

    def heard(self) -> list[tuple[float, Event]]:
        """Let everything happen and return what was heard."""
        self.until(1000)
        return self.handler.heard


def ring(leg: str, target: Target) -> RingLeg:
    return RingLeg(leg=leg, target=target, caller=CUSTOMER, caller_name="Anna")


def test_it_is_a_telephone_side() -> None:
    driver: Driver = SimulatedDriver(VirtualClock(), {})
    assert run(driver.resume([CALL])) == {CALL.id: frozenset()}


def test_a_telephone_rings_is_answered_and_hangs_up() -> None:
    world = World(mary=SimulatedPhone(rings_after=1, answers_after=4, hangs_up_after=60))
    world.order(ring("b1", MARY))
    world.until(4)
    world.order(ConnectLegs(leg="b1"))
    assert world.heard() == [
        (1, LegRinging(leg="b1")),
        (4, LegAnswered(leg="b1", handle="simulated b1")),
        (4, LegAnswered(leg=CALLER, handle="simulated caller")),
        (64, LegEnded(leg="b1", cause=HUNG_UP)),
    ]
    assert world.call.status == 200


def test_a_caller_who_was_answered_hangs_up_and_does_not_give_up() -> None:
    world = World(
        SimulatedCaller(offered=ARRIVAL, gives_up_after=10, hangs_up_after=30), mary=answering(2)
    )
    world.order(ring("b1", MARY))
    world.until(2)
    world.order(ConnectLegs(leg="b1"))
    assert world.heard()[3:] == [(32, LegEnded(leg=CALLER, cause=HUNG_UP))]
    assert world.driver.live_legs(CALL.id) == {"b1"}
    world.order(EndLeg(leg="b1", cause=HUNG_UP))
    assert world.driver.live_legs(CALL.id) == frozenset()


def test_a_caller_gives_up() -> None:
    world = World(SimulatedCaller(offered=ARRIVAL, gives_up_after=10), mary=ringing_out())
    world.order(ring("b1", MARY), ShowRinging())
    assert world.heard() == [
        (0, LegRinging(leg="b1")),
        (10, LegEnded(leg=CALLER, cause=GAVE_UP)),
    ]
    assert world.call.status == 487


def test_an_answer_to_a_caller_who_is_gone_connects_nobody() -> None:
    world = World(SimulatedCaller(offered=ARRIVAL, gives_up_after=3), mary=answering(3))
    world.until(2)
    world.order(ring("b1", MARY))
    world.until(5)
    world.order(ConnectLegs(leg="b1"), ShowRinging())
    assert [type(event) for _, event in world.heard()] == [LegRinging, LegEnded, LegAnswered]
    assert world.call.heard == []


def test_telephones_refuse_at_once_or_after_ringing() -> None:
    world = World(mary=refusing(BUSY), john=refusing(Cause(sip=603), after=5, rings=True))
    world.order(ring("b1", MARY), ring("b2", JOHN))
    assert world.heard() == [
        (0, LegEnded(leg="b1", cause=BUSY)),
        (0, LegRinging(leg="b2")),
        (5, LegEnded(leg="b2", cause=Cause(sip=603))),
    ]


def test_a_target_without_a_script_is_not_there() -> None:
    world = World()
    world.order(ring("b1", MARY))
    assert world.heard() == [(0, LegEnded(leg="b1", cause=NOBODY.refusal))]


def test_early_media_is_announced_with_the_ringing() -> None:
    world = World(mary=answering(5, early_media=True))
    world.order(ring("b1", MARY))
    world.until(1)
    assert world.handler.heard == [(0, LegRinging(leg="b1", early_media=True))]


def test_a_leg_that_is_ended_by_order_reports_nothing_more() -> None:
    world = World(mary=answering(5, talks=5))
    world.order(ring("b1", MARY))
    world.until(4)
    world.order(EndLeg(leg="b1", cause=END))
    assert world.heard() == [(0, LegRinging(leg="b1"))]
    assert world.clock.next_at is None


def test_the_caller_experiences_what_is_ordered() -> None:
    world = World(mary=ringing_out())
    world.order(ShowRinging(), ring("b1", MARY))
    assert world.call.status == 0
    world.until(20)
    world.order(EndLeg(leg=CALLER, cause=END))
    assert world.call.heard == [(0, ShowRinging()), (20, EndLeg(leg=CALLER, cause=END))]
    assert world.call.status == 486


def test_orders_that_come_twice_do_nothing() -> None:
    world = World(mary=answering(5, talks=5))
    world.order(ring("b1", MARY), ring("b1", MARY))
    world.until(5)
    world.order(ConnectLegs(leg="b1"), ConnectLegs(leg="b1"))
    world.until(8)
    world.order(ConnectLegs(leg="b1"))
    assert len(world.heard()) == 4
    world.order(EndLeg(leg="b1", cause=END), EndLeg(leg="b1", cause=END))
    world.order(EndLeg(leg=CALLER, cause=END), EndLeg(leg=CALLER, cause=END))
    assert len(world.call.heard) == 2


def test_orders_about_what_it_does_not_know_do_nothing() -> None:
    world = World()
    world.order(EndLeg(leg="b1", cause=END), ConnectLegs(leg="b1"))
    unknown = incoming()
    SimulatedDriver(world.clock, {}).carry_out(unknown, ShowRinging())
    assert world.heard() == []


def test_a_refused_caller_is_told_why() -> None:
    world = World(refusal=Rejection(cause=Cause(sip=404)))
    assert (world.call.status, world.call.id) == (404, "")
    assert world.heard() == []


def test_while_nobody_listens_calls_go_on_and_what_happened_is_reported_later() -> None:
    world = World(mary=refusing(BUSY, after=2), john=answering(3, talks=5))
    world.order(ring("b1", MARY), ring("b2", JOHN))
    world.until(1)
    run(world.stack.aclose())
    world.until(4)
    assert world.handler.heard == [(0, LegRinging(leg="b2"))]
    assert run(world.driver.resume([CALL])) == {CALL.id: frozenset({CALLER, "b2"})}
    world.listen()
    world.until(4)
    world.order(ConnectLegs(leg="b2"))
    assert world.heard()[1:] == [
        (4, LegEnded(leg="b1", cause=BUSY)),
        (4, LegAnswered(leg="b2", handle="simulated b2")),
        (4, LegAnswered(leg=CALLER, handle="simulated caller")),
        (9, LegEnded(leg="b2", cause=HUNG_UP)),
    ]


def test_a_call_that_a_restarted_switchboard_does_not_know_is_ended() -> None:
    world = World(mary=ringing_out())
    world.order(ring("b1", MARY))
    world.until(1)
    assert run(world.driver.resume([])) == {}
    assert world.call.heard == [(1, EndLeg(leg=CALLER, cause=FORGOTTEN))]
    assert not any(line.is_live for line in world.call.lines.values())
    world.order(ShowRinging())
    assert len(world.call.heard) == 1


def test_a_caller_whom_nobody_hears_is_not_there() -> None:
    world = World()
    run(world.stack.aclose())
    unheard = world.driver.place(SimulatedCaller(offered=ARRIVAL))
    world.until(1)
    assert (unheard.id, unheard.status) == ("", 0)
