"""Before it ends, the built-in engine lets nothing ring on, and afterwards it says nothing more."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.call import CALLER, CallState
from switchhook.domain.cause import Cause
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.scheme import PlayStep
from switchhook.drivers.embedded.driver import EmbeddedDriver
from switchhook.routing.commands import EndLeg
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.ua.commands import Respond
from switchhook.softphone.phone import PhoneBehaviour, Softphone
from tests.support.bare import BareCaller
from tests.support.loop import run
from tests.support.office import DIALLED, Office, address, open_office, ring, shop
from tests.support.sip import SDP
from tests.support.snapshots import incoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.routing.admission import OfferedCall
    from switchhook.routing.events import Event

WAITS = PhoneBehaviour(answer_after=None)


async def answered(office: Office) -> None:
    """Wait until it is stored that the caller was answered."""
    async with asyncio.timeout(5):
        while True:
            legs = [call.leg(CALLER) for call in office.memory.calls.values()]
            if legs and all(leg is not None and leg.answered_at is not None for leg in legs):
                return
            await asyncio.sleep(0.005)


@pytest.mark.row("FE-05")
def test_a_stop_cancels_what_rings_for_a_caller_who_was_answered() -> None:
    async def scenario() -> None:
        async with (
            Softphone("bob", behaviour=WAITS) as bob,
            Softphone("eve", behaviour=WAITS) as eve,
        ):
            snapshot = shop(PlayStep(sounds=("hello",)), ring(address(bob.port), address(eve.port)))
            async with open_office(snapshot) as office:
                with BareCaller(office.port, DIALLED, "380441112233") as caller:
                    await caller.talk()
                    await answered(office)
                    ringing = [await bob.next_call(), await eve.next_call()]
                    await office.board.stop()
                    assert [await call.ended() for call in ringing] == [487, 487]
                    assert [call.state for call in office.board.calls] == [CallState.RINGING]
                    assert await caller.silent()

    run(scenario(), deadline=20)


@pytest.mark.row("FE-05")
def test_one_who_picks_up_while_it_stops_is_hung_up() -> None:
    async def scenario() -> None:
        async with Softphone("bob", behaviour=WAITS) as bob:
            snapshot = shop(PlayStep(sounds=("hello",)), ring(address(bob.port)))
            async with open_office(snapshot) as office:
                with BareCaller(office.port, DIALLED, "380441112233") as caller:
                    await caller.talk()
                    await answered(office)
                    came = await bob.next_call()
                    came.answer()
                    await office.board.stop()
                    await asyncio.sleep(0.1)
                    assert came.is_over or office.call.state is CallState.TALKING

    run(scenario(), deadline=20)


@pytest.mark.row("FE-05")
def test_a_dead_telephone_does_not_keep_it_from_stopping() -> None:
    async def scenario() -> None:
        with BareCaller(1, DIALLED, "1") as dead:  # hears, and says nothing
            snapshot = shop(PlayStep(sounds=("hello",)), ring(address(dead.port)))
            async with open_office(snapshot) as office:
                with BareCaller(office.port, DIALLED, "380441112233") as caller:
                    await caller.talk()
                    await answered(office)
                    await dead.receive()
                    async with asyncio.timeout(4):
                        await office.board.stop()

    run(scenario(), deadline=20)


@pytest.mark.row("FC-03")
def test_a_refusal_without_its_ack_is_silent_after_the_end() -> None:
    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            async with open_office(shop(ring(address(1)))) as office:
                caller = stack.enter_context(BareCaller(office.port, DIALLED, "380441112233"))
                caller.send_request("INVITE", body=SDP)
                await caller.answer_to("INVITE")  # which gets no ACK
                driver = office.driver
            driver.endpoint.perform(Respond(ref="something that came late", status=200))
            await asyncio.sleep(1.2)  # longer than the refusal's next repetition

    with capture_logs() as logs:
        run(scenario(), deadline=20)
    assert [line for line in logs if line["event"] == "sip packet not sent"] == []


class Hasty:
    """A switchboard that carries something out while the call is being handed to it."""

    def __init__(self, driver: EmbeddedDriver) -> None:
        self.driver = driver
        self.heard: list[Event] = []

    def arrived(self, _: OfferedCall, expect: Callable[[str], None] = lambda _: None) -> str:
        expect("c1")
        self.driver.carry_out(
            replace(incoming(), id="c1"), EndLeg(leg=CALLER, cause=Cause(sip=486))
        )
        return "c1"

    def handle(self, _call: str, event: Event, _recorded: Any = None) -> None:
        self.heard.append(event)


@pytest.mark.row("FC-05")
def test_a_call_can_be_commanded_as_soon_as_it_is_handed_over() -> None:
    async def scenario() -> None:
        driver = EmbeddedDriver(binding=ListenAddress(port=0))
        async with AsyncExitStack() as stack:
            await driver.start(stack, Hasty(driver), lambda: ProjectDirectory([shop()]))
            with BareCaller(driver.port, DIALLED, "380441112233") as caller:
                caller.send_request("INVITE", body=SDP)
                assert (await caller.answer_to("INVITE")).status == 486

    run(scenario(), deadline=20)
