"""On a whole Switchhook, a softphone (baresip) hears a prompt, keys a PIN, talks to a colleague, and is recorded."""

from __future__ import annotations

import asyncio
import time
import wave
from typing import TYPE_CHECKING

import pytest

from switchhook import __version__
from switchhook.domain.project import Account
from switchhook.domain.scheme import AskDialPlanStep, HangUpStep, RecordStep, RingStep
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import DialPlanWebhook
from switchhook.operations.recordings import RECORDINGS
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import Softphone
from tests.support.baresip import Baresip
from tests.support.house import Callee, House, Line, open_house
from tests.support.loop import run
from tests.support.tones import heard, loudness, tone, voice
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.alone]

NUMBER = "380880000001"
PASSWORD = "a-long-password"
PROMPT, HER_VOICE, HIS_VOICE = 1200, 440, 1600
LOUD = 3000.0


def _line(web: Endpoint) -> Line:
    pin = DialPlanWebhook(
        name="pin",
        url_template=web.url("/pin?code={code}&callerid={callerid}"),
        use_ivr=True,
        start_message="enter",
        keep_alive=False,
    )
    bob = Target(kind=TargetKind.ACCOUNT, value="bob")
    talks = AskDialPlanStep(
        webhook="pin", success=(RecordStep(), RingStep(targets=(bob,))), failed=(HangUpStep(),)
    )
    return Line(number=NUMBER, steps=(talks,), dial_plan_webhooks=(pin,))


async def _conversation(house: House, ann: Baresip) -> bytes:
    """Let her call, key the PIN and talk to Bob for a while; return what he heard."""
    server = Peer(UDP, "127.0.0.1", house.server.port)
    async with Softphone("bob", PASSWORD, server=server) as bob:
        await bob.register()
        ann.command("dial", NUMBER)
        await asyncio.to_thread(ann.wait_for, "CALL_ESTABLISHED")
        await asyncio.sleep(0.7)  # some of the prompt; the first key breaks it off
        for key in "4711#":
            ann.command("sndcode", key)
            await asyncio.sleep(0.3)
        call = await bob.next_call()
        call.tone.voice, call.tone.kept = voice(HIS_VOICE), bytearray()
        while heard(call.tone.kept[-2400:], HER_VOICE) < LOUD:  # noqa: ASYNC110 -- a plain value
            await asyncio.sleep(0.05)
        await asyncio.sleep(2.0)
        ann.command("hangup")
        await call.ended()
        return bytes(call.tone.kept)


@pytest.mark.row("S-24", "R5-17", "R5-20", "R5-49")
def test_she_hears_the_prompt_keys_a_pin_and_both_voices_are_recorded(tmp_path: Path) -> None:
    accounts = tuple(Account(login=login, password=PASSWORD) for login in ("ann", "bob"))
    with (
        Endpoint(lambda _: reply("status=ACK")) as web,
        open_house(
            tmp_path,
            (_line(web),),
            callee=Callee(),
            accounts=accounts,
            sounds={"enter": tone(PROMPT, 3.0)},
        ) as house,
    ):
        with Baresip(
            tmp_path,
            address="127.0.0.2",
            login="ann",
            password=PASSWORD,
            server=house.server.port,
        ) as ann:
            ann.wait_until_shown(r"200 OK .*\[1 binding\]")
            he_heard = run(_conversation(house, ann), deadline=40)
            ann.wait_for("CALL_CLOSED")
        _, after = house.told_of("ann")
        (request,) = web.ledger.requests
        assert (
            request.raw
            == (
                "GET /pin?code=4711&callerid=ann HTTP/1.1\r\n"
                f"Host: {web.authority}\r\n"
                f"User-Agent: switchhook HTTP Client v{__version__}\r\n"
                "Connection: close\r\n\r\n"
            ).encode()
        )
        assert (after["status"], after["connected_with"]) == ("ANSWERED", "bob")
        recording = _recording(house, after["call_id"])

    assert heard(he_heard[-8000:], HER_VOICE) > LOUD
    she_heard = ann.heard()
    assert loudness(she_heard[: 2 * 4000], PROMPT) > LOUD
    assert loudness(she_heard[-2 * 8000 :], HIS_VOICE) > LOUD
    with wave.open(str(recording), "rb") as file:  # as any player reads it
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        seconds, pcm = file.getnframes() / 8000, file.readframes(file.getnframes())
    assert 1.5 < seconds < 6.0
    assert loudness(pcm, HER_VOICE) > LOUD
    assert loudness(pcm, HIS_VOICE) > LOUD
    assert loudness(pcm, PROMPT) < 300


def _recording(house: House, call: str) -> Path:
    """Return the one recording of a call, once it is whole."""
    end = time.monotonic() + 10.0
    folder = house.server.data_dir / RECORDINGS / "house" / call
    while "recorded" not in [e["happening"] for e in house.server.json("calls", call)["journal"]]:
        assert time.monotonic() < end, house.server.tail()
    (recording,) = folder.iterdir()
    return recording
