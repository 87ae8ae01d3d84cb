"""What a telephone is told that it was done is stored before, whenever the process may end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CALLER, CallState, LegState
from switchhook.drivers.embedded import reply_deadline
from switchhook.softphone.phone import PhoneBehaviour, Softphone
from tests.support.bare import BareCaller
from tests.support.loop import run
from tests.support.office import DIALLED, Memory, Office, address, open_office, ring, shop
from tests.support.sip import SDP

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchhook.softphone.call import PhoneCall
    from switchhook.softphone.phone import PhoneCallEvent
    from switchhook.storage.records import CallRecord

pytestmark = pytest.mark.row("FD-01")
WAITS = PhoneBehaviour(answer_after=None)


@dataclass
class SlowMemory(Memory):
    """A store whose disk can be stopped."""

    disk: asyncio.Event = field(default_factory=asyncio.Event)

    async def commit(self, record: CallRecord) -> None:
        await self.disk.wait()
        await super().commit(record)


class Bob(Softphone):
    """A telephone that writes down what it hears of its calls."""

    heard: list[str]

    def _handle_call_event(self, call: PhoneCall, event: PhoneCallEvent) -> None:
        self.heard.append(type(event).__name__)
        super()._handle_call_event(call, event)


@dataclass
class Scene:
    """A caller who waits for an answer of the switch, and Bob, whom the switch calls."""

    office: Office
    memory: SlowMemory
    bob: Bob
    caller: BareCaller

    async def until(self, state: CallState, leg: LegState) -> None:
        """Wait until the call and its caller's leg are stored so."""
        async with asyncio.timeout(5):
            while True:
                calls = list(self.memory.calls.values())
                caller = calls[0].leg(CALLER) if calls else None
                if caller is not None and (calls[0].state, caller.state) == (state, leg):
                    return
                await asyncio.sleep(0.005)

    async def talk(self) -> None:
        await self.caller.talk()
        await self.until(CallState.TALKING, LegState.TALKING)


@asynccontextmanager
async def scene(behaviour: PhoneBehaviour | None = None) -> AsyncIterator[Scene]:
    memory = SlowMemory()
    memory.disk.set()
    async with Bob("bob", behaviour=behaviour) as bob:
        bob.heard = []
        snapshot = shop(ring(address(bob.port)))
        async with open_office(snapshot, memory=memory) as office:
            with BareCaller(office.port, DIALLED, "380441112233") as caller:
                yield Scene(office, memory, bob, caller)


def test_a_bye_is_answered_once_the_end_is_stored_and_the_other_side_was_told() -> None:
    async def scenario() -> None:
        async with scene() as it:
            await it.talk()
            came = await it.bob.next_call()
            it.memory.disk.clear()
            it.caller.send_request("BYE", cseq=2)
            assert await it.caller.silent(0.3)
            it.caller.send_request("BYE", cseq=2)
            assert await it.caller.silent(0.1)
            assert not came.is_over
            it.memory.disk.set()
            assert (await it.caller.answer_to("BYE")).status == 200
            assert it.office.call.state is CallState.ENDED
            assert await came.ended() == 200
            await it.office.quiet()

    run(scenario(), deadline=20)


def test_a_cancel_is_answered_once_the_end_is_stored() -> None:
    async def scenario() -> None:
        async with scene(WAITS) as it:
            it.caller.send_request("INVITE", body=SDP)
            came = await it.bob.next_call()
            it.memory.disk.clear()
            it.caller.send_request("CANCEL")
            await asyncio.sleep(0.2)
            it.memory.disk.set()
            answers = [(await it.caller.answer_to(m)).status for m in ("CANCEL", "INVITE")]
            assert answers == [200, 487]
            it.caller.send_request("ACK")
            assert it.office.call.state is CallState.ENDED
            assert await came.ended() == 487
            await it.office.quiet()

    run(scenario(), deadline=20)


def test_a_cancel_waits_while_the_disk_does() -> None:
    async def scenario() -> None:
        async with scene(WAITS) as it:
            it.caller.send_request("INVITE", body=SDP)
            await it.bob.next_call()
            await asyncio.sleep(0.1)
            while not await it.caller.silent():
                pass  # 100 and 180
            it.memory.disk.clear()
            it.caller.send_request("CANCEL")
            assert await it.caller.silent(0.2)
            it.memory.disk.set()
            assert (await it.caller.answer_to("CANCEL")).status == 200

    run(scenario(), deadline=20)


def test_one_who_picks_up_is_acknowledged_once_that_is_stored() -> None:
    async def scenario() -> None:
        async with scene(WAITS) as it:
            it.caller.send_request("INVITE", body=SDP)
            came = await it.bob.next_call()
            it.memory.disk.clear()
            came.answer()
            await asyncio.sleep(0.2)
            assert it.bob.heard == []
            it.memory.disk.set()
            assert (await it.caller.answer_to("INVITE")).status == 200
            await asyncio.sleep(0.05)
            assert it.bob.heard == ["AnswerAcknowledged"]

    run(scenario(), deadline=20)


def test_a_disk_that_hangs_keeps_nobody_waiting_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with scene() as it:
            await it.talk()
            it.memory.disk.clear()
            it.caller.send_request("BYE", cseq=2)
            assert (await it.caller.answer_to("BYE", within=2.0)).status == 200
            assert it.office.call.state is CallState.TALKING
            it.memory.disk.set()
            await it.office.quiet()
            assert it.office.ends == ["answered by caller"]

    monkeypatch.setattr(reply_deadline, "LONGEST_WAIT", 0.3)
    run(scenario(), deadline=20)
