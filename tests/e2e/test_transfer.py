"""A softphone of others (baresip) presses transfer, as called party and as caller."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeAlias

import pytest

from switchhook.domain.project import ProjectSnapshot, Trunk
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import PhoneBehaviour, Softphone
from tests.support.baresip import Baresip
from tests.support.loop import run
from tests.support.office import DIALLED, PASSWORD, Office, account, open_office, ring, shop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from switchhook.softphone.call import PhoneCall

Scenario: TypeAlias = (
    "Callable[[Office, Softphone, Softphone, Baresip], Coroutine[None, None, None]]"
)
pytestmark = [pytest.mark.slow, pytest.mark.row("FI-02")]

LOCAL, OUTSIDE = "127.0.0.1", "127.0.0.2"
WAITS = PhoneBehaviour(answer_after=None)


def project(carrier: Softphone) -> ProjectSnapshot:
    trunk = Trunk(name="carrier", host=OUTSIDE, port=carrier.port, sources=(f"{OUTSIDE}/32",))
    return shop(ring(account("mary")), trunk=trunk)


async def hears(call: PhoneCall) -> None:
    before = call.tone.received
    async with asyncio.timeout(10):
        while call.tone.received < before + 10:  # noqa: ASYNC110 -- a plain value
            await asyncio.sleep(0.02)


async def with_baresip(tmp_path: Path, scenario: Scenario) -> None:
    async with AsyncExitStack() as stack:
        carrier = Softphone("380441112233", host=OUTSIDE, behaviour=WAITS)
        await stack.enter_async_context(carrier)
        office = await stack.enter_async_context(open_office(project(carrier)))
        port = office.port
        john = Softphone("john", PASSWORD, server=Peer(UDP, LOCAL, port), behaviour=WAITS)
        await stack.enter_async_context(john)
        await john.register()
        with Baresip(
            tmp_path, address=LOCAL, login="mary", password=PASSWORD, server=port
        ) as baresip:
            await asyncio.to_thread(baresip.wait_until_shown, r"200 OK .*\[1 binding\]")
            await scenario(office, carrier, john, baresip)
            await office.quiet()
        assert office.call.transfers.started == 1


def test_baresip_transfers_a_customer_to_a_colleague(tmp_path: Path) -> None:
    async def scenario(
        office: Office, carrier: Softphone, john: Softphone, baresip: Baresip
    ) -> None:
        made = await carrier.call(f"sip:{DIALLED}@{LOCAL}:{office.port}")
        await made.answered()
        await hears(made)
        baresip.command("transfer", "john")
        came = await john.next_call()
        came.answer()
        await asyncio.to_thread(baresip.wait_for, "CALL_CLOSED")
        await hears(made)
        await hears(came)
        made.end()
        assert await came.ended() == 200

    run(with_baresip(tmp_path, scenario), deadline=40)


def test_baresip_transfers_whom_it_called(tmp_path: Path) -> None:
    async def scenario(_: Office, carrier: Softphone, john: Softphone, baresip: Baresip) -> None:
        baresip.command("dial", "john")
        came = await john.next_call()
        came.answer()
        await asyncio.to_thread(baresip.wait_for, "CALL_ESTABLISHED")
        baresip.command("transfer", "+380501112233")
        outside = await carrier.next_call()
        outside.answer()
        await asyncio.to_thread(baresip.wait_for, "CALL_CLOSED")
        await hears(came)
        await hears(outside)
        outside.end()
        assert await came.ended() == 200

    run(with_baresip(tmp_path, scenario), deadline=40)


def test_baresip_keeps_a_customer_whose_transfer_was_refused(tmp_path: Path) -> None:
    async def scenario(
        office: Office, carrier: Softphone, john: Softphone, baresip: Baresip
    ) -> None:
        made = await carrier.call(f"sip:{DIALLED}@{LOCAL}:{office.port}")
        await made.answered()
        await asyncio.to_thread(baresip.wait_for, "CALL_ESTABLISHED")
        baresip.command("transfer", "john")
        (await john.next_call()).end(486)
        await asyncio.to_thread(baresip.wait_for, "TRANSFER_FAILED")  # it hangs up then
        await asyncio.to_thread(baresip.wait_for, "CALL_ESTABLISHED")
        await hears(made)
        made.end()
        await asyncio.to_thread(baresip.wait_for, "CALL_CLOSED")

    run(with_baresip(tmp_path, scenario), deadline=40)


def test_baresip_answers_a_call_that_is_transferred_to_it(tmp_path: Path) -> None:
    async def scenario(_: Office, carrier: Softphone, john: Softphone, baresip: Baresip) -> None:
        made = await john.call("+380501112233")
        outside = await carrier.next_call()
        outside.answer()
        await made.answered()
        assert await made.transfer("sip:mary@shop.example") == 202
        assert await made.ended() == 200
        await hears(outside)
        outside.end()
        await asyncio.to_thread(baresip.wait_for, "CALL_CLOSED")

    run(with_baresip(tmp_path, scenario), deadline=40)
