"""Killed at any moment of a transfer, it leaves nobody to talk alone: the call goes on, and ends once."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.project import Account, Trunk
from switchhook.domain.scheme import RecordStep
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import PhoneBehaviour, PhoneCall, Softphone
from tests.support.house import Line, project_of
from tests.support.loop import run
from tests.support.office import DIALLED, account, ring
from tests.support.server import Server
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.row("FI-02", "FE-02"), pytest.mark.timeout(300)]

LOCAL, OUTSIDE = "127.0.0.1", "127.0.0.2"
WAITS = PhoneBehaviour(answer_after=None)
LOGINS = ("mary", "john")
PASSWORD = "correct horse"


@dataclass
class Scene:
    """A customer and Mary talk; John is who the customer is transferred to."""

    server: Server
    phones: dict[str, Softphone]
    made: PhoneCall
    """The customer's end."""
    came: PhoneCall
    """Mary's end."""

    async def kill(self) -> None:
        self.server.kill()
        await asyncio.to_thread(self.server.start)

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(60):
                while not holds():  # noqa: ASYNC110 -- plain values
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{what}\n{self.server.tail()}") from None

    async def hear_each_other(self, *calls: PhoneCall) -> None:
        before = [call.tone.heard for call in calls]
        pairs = list(zip(calls, before, strict=True))
        await self.until(lambda: all(c.tone.heard > old + 3 for c, old in pairs), "silence")

    def happened(self) -> Counter[str]:
        return Counter(str(row[0]) for row in self.server.query("SELECT happening FROM journal"))


@asynccontextmanager
async def scene(directory: Path, *, is_recorded: bool) -> AsyncIterator[Scene]:
    steps = (*((RecordStep(),) if is_recorded else ()), ring(account("mary")))
    async with AsyncExitStack() as stack:
        events = stack.enter_context(Endpoint(lambda _: reply("ok")))
        carrier = await stack.enter_async_context(
            Softphone("380441112233", host=OUTSIDE, behaviour=WAITS)
        )
        trunk = Trunk(name="carrier", host=OUTSIDE, port=carrier.port, sources=(f"{OUTSIDE}/32",))
        accounts = tuple(Account(login=login, password=PASSWORD) for login in LOGINS)
        line = Line(number=DIALLED, steps=steps)
        project = project_of((line,), trunk=0, events=events, accounts=accounts)
        server = Server(directory)
        server.apply(replace(project, trunks=(trunk,)))
        stack.enter_context(server)
        at = Peer(UDP, LOCAL, server.port)
        phones = {name: Softphone(name, PASSWORD, server=at, behaviour=WAITS) for name in LOGINS}
        for phone in phones.values():
            await stack.enter_async_context(phone)
            await phone.register()
        made = await carrier.call(f"sip:{DIALLED}@{LOCAL}:{server.port}")
        came = await phones["mary"].next_call()
        came.answer()
        await made.answered()
        it = Scene(server, phones, made, came)
        await it.hear_each_other(made, came)
        yield it


async def accepted(_: Scene) -> None:
    """Be killed as the answer to REFER arrives."""


async def rings(it: Scene) -> None:
    await it.phones["john"].next_call()


async def answers(it: Scene) -> None:
    (await it.phones["john"].next_call()).answer()


async def answered(it: Scene) -> None:
    john = await it.phones["john"].next_call()
    john.answer()
    await it.until(lambda: john.tone.heard > 0, "John hears nobody")


async def notified(it: Scene) -> None:
    (await it.phones["john"].next_call()).answer()
    await it.until(lambda: it.came.transferred[-1:] == [200], "Mary is told nothing")


async def let_go(it: Scene) -> None:
    await notified(it)
    assert await it.came.ended() == 200


async def left(it: Scene) -> None:
    await it.phones["john"].next_call()
    it.came.end()
    await it.until(lambda: "attempt_ended" in it.happened(), "Mary's end is not stored")


MOMENTS = [accepted, rings, answers, answered, notified, let_go]


@pytest.mark.parametrize("is_recorded", [False, True])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_a_call_is_transferred(
    tmp_path: Path, moment: Callable[[Scene], Any], *, is_recorded: bool
) -> None:
    """The customer talks on, to John where he had the call, else to Mary; nobody else waits for an end."""

    async def scenario() -> None:
        async with scene(tmp_path, is_recorded=is_recorded) as it:
            assert await it.came.transfer("sip:john@shop.example") == 202
            await moment(it)
            await it.kill()
            await it.until(lambda: "resumed" in it.happened(), "the call was not taken up")
            is_through = "transfer_completed" in it.happened()
            if moment in {notified, let_go}:  # what was told is kept
                assert is_through
            for john in it.phones["john"].calls.values():
                john.answer()
            if is_through:
                assert await it.came.ended() == 200
                (john,) = it.phones["john"].calls.values()
                await it.hear_each_other(it.made, john)
            else:
                await it.until(lambda: it.came.transferred[-1:] == [500], "Mary is told nothing")
                await it.hear_each_other(it.made, it.came)
            it.made.end()
            await the_call_is_over(it)
            what = it.happened()
            assert (what["transfer_completed"], what["transfer_failed"]) == (
                (1, 0) if is_through else (0, 1)
            )

    run(scenario(), deadline=240)


@pytest.mark.parametrize("kills", [1, 2])
def test_killed_as_the_customer_agrees_to_talk_to_somebody_new(tmp_path: Path, kills: int) -> None:
    """The customer's 200 reaches nobody until the restart, and no other offer is taken before its ACK.

    Killed again meanwhile, it lets the two agree all the same, though the transfer's failure is stored.
    """

    async def scenario() -> None:
        async with scene(tmp_path, is_recorded=False) as it:
            assert await it.came.transfer("sip:john@shop.example") == 202
            describe, killed = it.made.describe, asyncio.Event()

            def agree(offer: bytes) -> bytes | None:
                it.made.describe = describe  # type: ignore[method-assign]
                it.server.kill()
                killed.set()
                return describe(offer)

            it.made.describe = agree  # type: ignore[method-assign]
            await answers(it)
            await killed.wait()
            await asyncio.to_thread(it.server.start)
            await it.until(lambda: it.came.transferred[-1:] == [500], "Mary is told nothing")
            if kills > 1:
                await it.kill()
            await it.hear_each_other(it.made, it.came)
            it.made.end()
            await the_call_is_over(it)
            assert "transfer_completed" not in it.happened()

    run(scenario(), deadline=240)


def test_killed_after_who_transferred_has_hung_up(tmp_path: Path) -> None:
    """Mary is rung back for the customer, who would be alone."""

    async def scenario() -> None:
        async with scene(tmp_path, is_recorded=False) as it:
            assert await it.came.transfer("sip:john@shop.example") == 202
            await left(it)
            await it.kill()
            again = await it.phones["mary"].next_call()
            again = await it.phones["mary"].next_call() if again is it.came else again
            again.answer()
            await it.hear_each_other(it.made, again)
            for john in it.phones["john"].calls.values():
                john.answer()
            it.made.end()
            await the_call_is_over(it)

    run(scenario(), deadline=240)


async def the_call_is_over(it: Scene) -> None:
    """Demand one end, one last event, and no telephone that still believes in a call."""
    everybody = [it.made, *(c for phone in it.phones.values() for c in phone.calls.values())]
    await it.until(lambda: all(call.is_over for call in everybody), "somebody is left in the call")
    await it.until(
        lambda: it.server.query("SELECT state FROM calls") == [("ended",)], "no end is stored"
    )
    assert it.happened()["ended"] == 1
    told = Counter(str(row[0]) for row in it.server.query("SELECT event FROM deliveries"))
    assert told["incoming.after"] == 1
