"""Through a transfer and behind it, whoever vanishes is missed, sessions are refreshed, and nobody is left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallState
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.transaction.transaction import Timing
from tests.drivers.embedded.test_driver import vanish
from tests.drivers.embedded.test_transfers import Scene, scene, to
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from switchhook.softphone.call import PhoneCall

pytestmark = [pytest.mark.slow, pytest.mark.row("FI-02", "FD-02")]

QUICK = Timing(t1=0.01, t2=0.04, t4=0.05, probe=0.3)
"""Probes every 0.3 s, and 0.64 s of silence until somebody is given up."""
PATIENT = Timing()
"""Where nobody vanishes: a busy machine may hold up everybody for longer than that."""


def play(scenario: Callable[[Scene], Coroutine[None, None, None]], timing: Timing = QUICK) -> None:
    async def bounded() -> None:
        async with scene(binding=ListenAddress(port=0, timing=timing)) as it:
            await scenario(it)
            await it.office.quiet()

    run(bounded(), deadline=60)


async def transferred(it: Scene) -> tuple[PhoneCall, PhoneCall, PhoneCall]:
    """Let Mary transfer a customer to John; return the ends of all three, of whom John's rings."""
    made, came = await it.incoming()
    assert await came.transfer(to("john")) == 202
    return made, came, await it.phones["john"].next_call()


def test_whoever_is_transferred_to_vanishes_while_it_rings() -> None:
    """Nobody answers in time, as far as we know; the two talk on."""

    async def scenario(it: Scene) -> None:
        made, came, _ = await transferred(it)
        await vanish(it.phones["john"])
        await asyncio.sleep(1.5)
        await it.hear_each_other(made, came)
        assert it.office.board.calls[0].state is CallState.TRANSFERRING
        made.end()
        assert await came.ended() == 200

    play(scenario)


def test_whoever_is_transferred_to_vanished_before_it_rang() -> None:
    async def scenario(it: Scene) -> None:
        made, came = await it.incoming()
        await vanish(it.phones["john"])
        assert await came.transfer(to("john")) == 202
        await it.until(lambda: len(came.transferred) > 1)
        assert came.transferred == [100, 503]
        await it.hear_each_other(made, came)
        made.end()
        assert await came.ended() == 200

    play(scenario)


@pytest.mark.parametrize("who", ["made", "john"])
def test_one_who_vanishes_behind_a_transfer_is_missed(who: str) -> None:
    async def scenario(it: Scene) -> None:
        made, came, john = await transferred(it)
        john.answer()
        assert await came.ended() == 200
        await asyncio.sleep(1.0)
        await it.hear_each_other(made, john)  # whoever answers probes is there
        if who == "made":
            await vanish(it.carrier)
            assert await john.ended() == 200
        else:
            await vanish(it.phones["john"])
            assert await made.ended() == 200
        await it.office.quiet()
        assert it.office.ends == ["answered by system"]

    play(scenario)


def test_the_transferred_one_vanishes_while_the_new_one_rings() -> None:
    async def scenario(it: Scene) -> None:
        _, came, john = await transferred(it)
        await vanish(it.carrier)
        assert await john.ended() == 487
        assert await came.ended() == 200
        assert came.transferred[-1] == 487
        await it.office.quiet()
        assert it.office.ends == ["answered by system"]

    play(scenario)


def test_the_transferred_one_vanishes_as_the_new_one_answers() -> None:
    """The offer to who is transferred gets no answer: the new one is hung up, and who transferred too."""

    async def scenario(it: Scene) -> None:
        _, came, john = await transferred(it)
        await vanish(it.carrier)
        john.answer()
        assert await john.ended() in {200, 487}
        assert await came.ended() == 200
        await it.office.quiet()
        assert it.office.ends == ["answered by system"]

    play(scenario)


def test_who_transfers_vanishes_and_the_transfer_goes_on() -> None:
    async def scenario(it: Scene) -> None:
        made, _, john = await transferred(it)
        await vanish(it.phones["mary"])
        await it.until(lambda: not _is_live(it, "b1"))
        john.answer()
        await it.hear_each_other(made, john)
        john.end()
        assert await made.ended() == 200
        await it.office.quiet()
        assert it.office.ends == ["answered by callee"]

    play(scenario)


def _is_live(it: Scene, name: str) -> bool:
    leg = it.office.board.calls[0].leg(name)
    return leg is not None and leg.is_live


def test_who_transfers_hangs_up_as_the_new_one_answers() -> None:
    """Both cross; the customer talks to John, and to nobody else."""

    async def scenario(it: Scene) -> None:
        made, came, john = await transferred(it)
        john.answer()
        came.end()
        await it.hear_each_other(made, john)
        assert not it.phones["mary"].ringing
        made.end()
        assert await john.ended() == 200

    play(scenario, PATIENT)


def test_the_transferred_one_hangs_up_as_the_new_one_answers() -> None:
    async def scenario(it: Scene) -> None:
        made, came, john = await transferred(it)
        john.answer()
        made.end()
        assert await john.ended() == 200
        assert await came.ended() == 200
        await it.office.quiet()
        assert it.office.ends == ["answered by caller"]

    play(scenario, PATIENT)


def test_an_operator_cancels_whoever_rings_and_tells_who_transferred() -> None:
    async def scenario(it: Scene) -> None:
        made, came, john = await transferred(it)
        it.office.board.hang_up(it.office.call.id, by="bob")
        assert await john.ended() == 487
        assert await made.ended() == await came.ended() == 200
        assert came.transferred[-1] == 487

    play(scenario, PATIENT)


def test_sessions_are_refreshed_on_both_sides_behind_a_transfer() -> None:
    """What each refresh describes is the session that stands since the transfer, so the sound goes on."""

    async def scenario(it: Scene) -> None:
        made, came, john = await transferred(it)
        john.answer()
        assert await came.ended() == 200
        await it.hear_each_other(made, john)
        agent = it.office.driver.endpoint.agent
        (bridge,) = it.office.driver._bridges.values()
        described = {made: john, john: made}
        for call, leg in ((made, "caller"), (john, "b2")):
            session = agent._table.sessions[bridge.sip_legs[leg]]
            session.state.refuses_update()
            method, _, body = session.state.refresh
            assert method == "INVITE"
            assert f"m=audio {described[call].tone.port} ".encode() in body
        await it.hear_each_other(made, john)
        made.end()
        assert await john.ended() == 200

    play(scenario)
