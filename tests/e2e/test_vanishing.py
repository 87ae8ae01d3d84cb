"""A softphone of others (baresip) stands being asked whether it is there, and is missed once it is killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.ua.commands import SendInDialog
from switchhook.softphone.call import SDP, PhoneCall
from switchhook.softphone.phone import Softphone
from tests.support.baresip import Baresip
from tests.support.loop import run
from tests.support.office import DIALLED, PASSWORD, account, open_office, ring, shop

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.sip.ua.events import FinalResponseReceived

pytestmark = [pytest.mark.slow, pytest.mark.row("FD-02", "FI-01")]

TIMING = Timing(t1=0.05, t2=0.4, t4=0.5, probe=0.4, session=4)
"""Probes every 0.4 s; 3.2 s of silence until somebody is given up."""


async def offered_by_update(caller: Softphone, call: PhoneCall) -> FinalResponseReceived:
    """Make an offer by UPDATE, as a PBX does that read in our Allow that it may."""
    session = caller._endpoint.agent._table.sessions[call.leg]
    session.state.allow = frozenset({"UPDATE"})
    body = bytes(call._own())
    return await caller.reply_to(
        "u", SendInDialog(leg=call.leg, ref="u", method="UPDATE", headers=SDP, body=body)
    )


def test_a_softphone_answers_probes_and_offers_and_is_missed_when_it_is_killed(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        snapshot = shop(ring(account("mary")))
        binding = ListenAddress(port=0, timing=TIMING)
        async with (
            open_office(snapshot, binding=binding) as office,
            Softphone("380441112233") as caller,
        ):
            phone = Baresip(
                tmp_path, address="127.0.0.2", login="mary", password=PASSWORD, server=office.port
            )
            mary = await asyncio.to_thread(phone.__enter__)
            try:
                await asyncio.to_thread(mary.wait_until_shown, r"200 OK .*\[1 binding\]")
                made = await caller.call(f"sip:{DIALLED}@127.0.0.1:{office.port}")
                await made.answered()
                await asyncio.sleep(3.0)
                assert not made.is_over
                await made.offer("sendonly")  # it has no UPDATE: an INVITE reaches it
                await made.offer("sendrecv")
                assert (await offered_by_update(caller, made)).status == 200
                assert mary._process is not None
                mary._process.kill()
                assert await made.ended() == 200
                await office.quiet()
                assert office.ends == ["answered by system"]
            finally:
                await asyncio.to_thread(phone.__exit__, None, None, None)

    run(scenario(), deadline=40)
