"""The built-in SIP engine's stage: real telephones on this machine's own network, in real time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from switchhook.domain.project import Trunk
from switchhook.drivers.embedded.driver import EmbeddedDriver
from switchhook.drivers.simulator.script import NOBODY
from switchhook.drivers.simulator.script import SimulatedPhone as Script
from switchhook.sip.ua.commands import Answer
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.call import SDP
from switchhook.softphone.phone import PhoneBehaviour, PhoneCall, RefusedError, Softphone
from switchhook.switchboard.clock import LoopClock
from switchhook.tasks import spawn
from tests.conformance.drivers import DEADLINE, OPERATOR, Memory, Story, Told, switchboard
from tests.support.snapshots import CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from switchhook.domain.project import ProjectSnapshot

LOCAL = "127.0.0.1"
BY_SCRIPT = PhoneBehaviour(rings=False, answer_after=None)
"""Telephones do nothing of themselves here: `act` does it."""


class Embedded:
    """Each account that has a script, and whoever calls, is a telephone; one more is the carrier."""

    async def play(self, story: Story) -> Told:
        """Play the story in as many seconds as it takes."""
        memory = Memory(story.answer)
        async with asyncio.timeout(DEADLINE), AsyncExitStack() as stack:
            carrier = await stack.enter_async_context(Softphone(CUSTOMER, behaviour=BY_SCRIPT))
            house = House(story.snapshot(trunk_to(carrier)), memory)
            stack.push_async_callback(house.close)
            await house.open()
            phones = {"": carrier}
            for login in {*story.phones, story.account} - {""}:
                if login.isalpha():
                    phones[login] = await telephone(stack, login, house.port)
            for phone in phones.values():
                serving = spawn(serve(phone, story.phones), name=f"telephone {phone.username}")
                stack.callback(serving.cancel)
            happening = spawn(house.happen(story), name="what happens in the house")
            if story.calls_back:
                heard = []
                assert house.board.call_back(story.callback) == "c1"
            else:
                heard = await call(phones[story.account], house.port, story)
            await happening
            await house.board.idle()
            await nothing_left(house.driver, phones)
        return memory.told(iter(heard))


class House:
    """A switchboard over the built-in engine, that can be closed and opened again on the same port."""

    def __init__(self, snapshot: ProjectSnapshot, memory: Memory) -> None:
        self.port = 0
        self._snapshot = snapshot
        self._memory = memory

    async def open(self) -> None:
        """Start."""
        self.driver = EmbeddedDriver(host=LOCAL, port=self.port)
        self.board = switchboard(self._snapshot, self.driver, self._memory, LoopClock())
        self._stack = AsyncExitStack()
        await self.board.start(self._stack, lambda _project, _version: self._snapshot)
        self.port = self.driver.port

    async def close(self) -> None:
        """Stop hearing, and hang up nobody."""
        await self._stack.aclose()

    async def happen(self, story: Story) -> None:
        """Let happen what neither telephone does."""
        if story.restarts_after is not None:
            await asyncio.sleep(story.restarts_after)
            await self.close()
            await self.open()
        if story.operator_ends_after is not None:
            await asyncio.sleep(story.operator_ends_after)
            self.board.handle("c1", OPERATOR)


def trunk_to(carrier: Softphone) -> Trunk:
    """Return the trunk that this telephone stands for."""
    return Trunk(name="carrier", host=LOCAL, port=carrier.port, sources=(f"{LOCAL}/32",))


async def telephone(stack: AsyncExitStack, login: str, server: int) -> Softphone:
    """Switch a telephone on and register it."""
    peer = Peer(UDP, LOCAL, server)
    phone = Softphone(login, "secret", server=peer, behaviour=BY_SCRIPT)
    await stack.enter_async_context(phone)
    await phone.register()
    return phone


async def serve(phone: Softphone, scripts: Mapping[str, Script]) -> None:
    """Take every call that comes as the script of its number or account says."""
    while True:
        came = await phone.next_call()
        assert came.invite is not None
        dialled = came.invite.uri.username
        script = scripts.get(dialled) or scripts.get(phone.username, NOBODY)
        spawn(act(phone, came, script), name=f"script of {dialled}")


async def act(phone: Softphone, came: PhoneCall, script: Script) -> None:
    """Do what the script says, at its times, until the call is over."""
    deeds: list[tuple[float | None, Callable[[], None]]] = [
        (script.rings_after, lambda: ring(phone, came, script)),
        (script.answers_after, came.answer),
        (script.refuses_after, lambda: came.end(script.refusal.sip)),
    ]
    now = 0.0
    for at, do in sorted(((at, do) for at, do in deeds if at is not None), key=lambda d: d[0]):
        await asyncio.sleep(at - now)
        now = at
        if came.is_over:
            return
        do()
    talked = 0.0
    if came.answered_at.done() and script.transfers is not None:
        talked, to = script.transfers
        await asyncio.sleep(talked)
        await came.transfer(f"sip:{to}@{LOCAL}")
    if came.answered_at.done() and script.hangs_up_after is not None:
        await asyncio.sleep(script.hangs_up_after - talked)
        came.end()


def ring(phone: Softphone, came: PhoneCall, script: Script) -> None:
    """Ring, with sound where the script says so."""
    if not script.early_media:
        phone.perform(Answer(leg=came.leg, status=180))
        return
    assert came.invite is not None
    body = came.describe(came.invite.body)
    assert body is not None
    phone.perform(Answer(leg=came.leg, status=183, headers=SDP, body=body))


async def call(phone: Softphone, server: int, story: Story) -> list[str]:
    """Call, wait or hang up as the story says, and return what was heard."""
    made = await phone.call(f"sip:{story.callee}@{LOCAL}:{server}")
    try:
        async with asyncio.timeout(story.gives_up_after):
            await made.answered()
    except TimeoutError:
        made.end()
        return list(progress(made))
    except RefusedError as error:
        return [*progress(made), f"refused {error.status}"]
    heard = [*progress(made), "answer"]
    if story.transfers is not None:
        after, to = story.transfers
        await asyncio.sleep(after)
        await made.transfer(f"sip:{to}@{LOCAL}")
    try:
        async with asyncio.timeout(story.hangs_up_after):
            await made.ended()
    except TimeoutError:
        made.end()
        return heard
    return [*heard, "hang-up"]


def progress(made: PhoneCall) -> Iterator[str]:
    """Say what a caller heard before the answer."""
    for status in made.progress:
        yield {180: "ringing", 183: "audio"}[status]


async def nothing_left(driver: EmbeddedDriver, phones: Mapping[str, Softphone]) -> None:
    """Wait until every telephone has heard that its calls are over, for no longer than a round trip."""

    def live() -> list[str]:
        left = [c.leg for phone in phones.values() for c in phone.calls.values() if not c.is_over]
        return left + [f"{driver.calls} calls of ours"] * bool(driver.calls)

    for _ in range(100):
        if not live():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"these calls live on: {live()}")
