"""Callbacks and ordered transfers over SIP: real telephones ring one after the other, hear each other, and nothing is left."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallState
from switchhook.domain.project import Trunk
from switchhook.routing.callback_admission import WantedCallback
from switchhook.routing.events import TransferOrdered
from switchhook.sip.ua.commands import Answer
from tests.drivers.embedded.test_transfers import Scene, scene
from tests.support.loop import run
from tests.support.office import PASSWORD, account, number, open_office, ring, shop
from tests.support.sipp import Sipp
from tests.support.tones import heard, voice

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.softphone.call import PhoneCall

MOBILE = "380501112233"
HER_VOICE, HIS_VOICE, RINGBACK = 600, 900, 425
LOUD = 4000


def wanted(caller: str = "mary", callee: str = MOBILE) -> WantedCallback:
    return WantedCallback(project="shop", caller=caller, callee=callee, by="crm over the API")


async def ringing(it: Scene, caller: str = "mary", callee: str = MOBILE) -> PhoneCall:
    """Let the telephone of a callback's first account ring."""
    assert it.office.board.call_back(wanted(caller, callee)) == "c1"
    return await it.phones["mary" if caller == "200" else caller].next_call()


def speaks(call: PhoneCall, frequency: int) -> None:
    call.tone.voice, call.tone.kept = voice(frequency), bytearray()


async def until_heard(it: Scene, call: PhoneCall, frequency: int) -> None:
    """Wait until a telephone hears a tone, from now on."""
    call.tone.kept = bytearray()
    await it.until(lambda: heard((call.tone.kept or b"")[-800:], frequency) > LOUD)


def test_the_caller_hears_the_callee_ring_and_then_both_hear_each_other() -> None:
    async def scenario() -> None:
        async with scene() as it:
            came = await ringing(it)
            assert came.invite is not None
            assert came.invite.from_.uri.username == MOBILE
            speaks(came, HER_VOICE)
            came.answer()
            mobile = await it.carrier.next_call()
            assert mobile.invite is not None
            assert (mobile.invite.uri.username, mobile.invite.from_.uri.username) == (
                MOBILE,
                "mary",
            )
            it.carrier.perform(Answer(leg=mobile.leg, status=180))
            await it.until(lambda: heard(came.tone.kept, RINGBACK) > LOUD / 4)
            speaks(mobile, HIS_VOICE)
            mobile.answer()
            await until_heard(it, came, HIS_VOICE)
            await until_heard(it, mobile, HER_VOICE)
            came.end()
            assert await mobile.ended() == 200
            await it.office.quiet()
            assert it.office.ends == ["answered by caller"]

    run(scenario(), deadline=20)


def test_the_callee_hangs_up_and_so_the_caller_is_hung_up_on() -> None:
    async def scenario() -> None:
        async with scene() as it:
            came = await ringing(it)
            came.answer()
            mobile = await it.carrier.next_call()
            mobile.answer()
            await it.until(lambda: it.office.call.state is CallState.TALKING)
            mobile.end()
            assert await came.ended() == 200
            await it.office.quiet()
            assert it.office.ends == ["answered by callee"]

    run(scenario(), deadline=20)


def test_the_caller_hangs_up_while_the_callee_rings() -> None:
    async def scenario() -> None:
        async with scene() as it:
            came = await ringing(it)
            came.answer()
            mobile = await it.carrier.next_call()
            came.end()
            assert await mobile.ended() == 487
            await it.office.quiet()
            assert it.office.ends == ["cancelled by caller"]

    run(scenario(), deadline=20)


def test_a_declined_callback_rings_nobody_else() -> None:
    async def scenario() -> None:
        async with scene() as it:
            (await ringing(it)).end(603)
            await it.office.quiet()
            assert it.office.ends == ["rejected by caller"]
            assert it.carrier.calls == {}

    run(scenario(), deadline=20)


def test_the_numbers_scheme_rings_accounts_together_and_then_numbers_on_legs_of_their_own() -> None:
    async def scenario() -> None:
        steps = ring(account("mary"), account("olga"), number("380931112233"))
        async with scene(steps) as it:
            assert it.office.board.call_back(wanted("380800111222", "john")) == "c1"
            for name in ("mary", "olga"):
                (await it.phones[name].next_call()).end(486)
            mobile = await it.carrier.next_call()
            mobile.answer()
            john = await it.phones["john"].next_call()
            john.answer()
            await it.hear_each_other(mobile, john)
            john.end()
            assert await mobile.ended() == 200
            await it.office.quiet()
            assert it.office.ends == ["answered by callee"]

    run(scenario(), deadline=20)


def test_of_a_groups_telephones_the_first_to_answer_is_the_caller_and_the_others_stop() -> None:
    async def scenario() -> None:
        steps = ring(account("mary"), account("olga"))
        async with scene(steps) as it:
            assert it.office.board.call_back(wanted("380800111222", "john")) == "c1"
            mary = await it.phones["mary"].next_call()
            olga = await it.phones["olga"].next_call()
            olga.answer()
            assert await mary.ended() == 487
            john = await it.phones["john"].next_call()
            assert john.invite is not None
            assert john.invite.from_.uri.username == "olga"
            john.answer()
            await it.hear_each_other(olga, john)
            olga.end()
            await it.office.quiet()
            assert it.office.call.caller.account == "olga"

    run(scenario(), deadline=20)


def test_an_operator_ends_a_callback_that_rings() -> None:
    async def scenario() -> None:
        async with scene() as it:
            came = await ringing(it)
            assert it.office.board.hang_up("c1", by="bob", project="shop")
            assert await came.ended() == 487
            await it.office.quiet()
            assert it.office.ends == ["cancelled by system"]

    run(scenario(), deadline=20)


def test_a_customer_is_transferred_by_order_and_hears_the_colleague() -> None:
    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.incoming()
            order = TransferOrdered(by="crm", to="john")
            assert it.office.board.transfer("c1", order, project="bank") is None
            assert it.office.board.transfer("c1", order, project="shop") == ""
            john = await it.phones["john"].next_call()
            john.answer()
            assert await came.ended() == 200
            await it.hear_each_other(made, john)
            assert came.transferred == []
            john.end()
            assert await made.ended() == 200
            await it.office.quiet()
            assert it.office.ends == ["answered by callee"]

    run(scenario(), deadline=20)


def test_a_callbacks_callee_is_transferred_by_order() -> None:
    async def scenario() -> None:
        async with scene() as it:
            came = await ringing(it)
            came.answer()
            mobile = await it.carrier.next_call()
            mobile.answer()
            await it.until(lambda: it.office.call.state is CallState.TALKING)
            assert it.office.board.transfer("c1", TransferOrdered(by="crm", to="john")) == ""
            john = await it.phones["john"].next_call()
            john.answer()
            assert await came.ended() == 200
            await it.hear_each_other(mobile, john)
            mobile.end()
            assert await john.ended() == 200
            await it.office.quiet()

    run(scenario(), deadline=20)


def test_why_a_call_is_not_transferred_is_said_at_once() -> None:
    async def scenario() -> None:
        async with scene() as it:
            came = await ringing(it)
            order = TransferOrdered(by="crm", to="john")
            why = it.office.board.transfer("c1", order)
            assert why == "only a conversation can be transferred, and one transfer after another"
            came.answer()
            mobile = await it.carrier.next_call()
            mobile.answer()
            await it.until(lambda: it.office.call.state is CallState.TALKING)
            nobody = TransferOrdered(by="crm", to="nobody")
            assert it.office.board.transfer("c1", nobody) == (
                "nobody is neither an account nor a group nor a number"
            )
            assert it.office.call.state is CallState.TALKING
            came.end()
            await it.office.quiet()

    run(scenario(), deadline=20)


@pytest.mark.slow
def test_a_callback_between_two_telephones_of_others(tmp_path: Path) -> None:
    def person(hold: int) -> Sipp:
        words = {"ANSWERS": ".*", "BUSY": "none", "DELAY": "200", "HOLD": str(hold)}
        return Sipp(tmp_path, "e2e_callee", "-m", "1", replace=words)

    async def scenario() -> list[str]:
        with ExitStack() as stack:
            mary, client = (stack.enter_context(person(hold)) for hold in (60_000, 500))
            trunk = Trunk(name="carrier", host="127.0.0.1", port=client.port)
            async with open_office(shop(ring(account("mary")), trunk=trunk)) as office:
                words = {"LOGIN": "mary", "PASSWORD": PASSWORD, "PHONE": str(mary.port)}
                server = f"127.0.0.1:{office.port}"
                with Sipp(tmp_path, "e2e_register", "-m", "1", server, replace=words) as registers:
                    assert await asyncio.to_thread(registers.wait) == 0, registers.complaints()
                assert office.board.call_back(wanted()) == "c1"
                for phone in (client, mary):
                    assert await asyncio.to_thread(phone.wait) == 0, phone.complaints()
                await office.quiet()
                return office.ends

    assert run(scenario(), deadline=60) == ["answered by callee"]
