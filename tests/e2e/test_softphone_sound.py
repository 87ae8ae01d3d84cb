"""A softphone of others (baresip) hears a prompt, keys a PIN, is joined to a colleague, and is recorded."""

from __future__ import annotations

import asyncio
import wave
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import AskDialPlanStep, HangUpStep, RecordStep
from switchhook.domain.webhook import DialPlanWebhook
from switchhook.drivers.embedded.media_control import MediaSettings
from switchhook.softphone.phone import Softphone
from tests.support.baresip import Baresip
from tests.support.loop import run
from tests.support.office import DIALLED, PASSWORD, Memory, Office, address, open_office, ring, shop
from tests.support.tones import heard, loudness, tone, voice

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

BARESIPS_VOICE, HIS_VOICE = 440, 1500
PIN = "159#"


class Shelf:
    """One prompt of two seconds, which is counted."""

    played = 0

    def sound(self, project: str, file: str) -> bytes | None:
        assert project == "shop"
        self.played += file == "enter-pin.wav"
        return tone(600, 2.0) if file == "enter-pin.wav" else None


def _snapshot(callee: int) -> ProjectSnapshot:
    pin = DialPlanWebhook(
        name="pin",
        url_template="http://pin.example/{code}",
        use_ivr=True,
        start_message="enter-pin",
    )
    known = AskDialPlanStep(
        webhook="pin", success=(RecordStep(), ring(address(callee))), failed=(HangUpStep(),)
    )
    return ProjectSnapshot(replace(shop(known).project, dial_plan_webhooks=(pin,)))


async def _conversation(office: Office, baresip: Baresip, callee: Softphone) -> None:
    await asyncio.to_thread(baresip.wait_until_shown, r"200 OK .*\[1 binding\]")
    baresip.command("dial", DIALLED)
    await asyncio.to_thread(baresip.wait_for, "CALL_ESTABLISHED")
    await asyncio.sleep(0.5)
    for key in PIN:  # while the prompt still plays
        baresip.command("sndcode", key)
        await asyncio.sleep(0.3)
    call = await callee.next_call()
    call.tone.voice, call.tone.kept = voice(HIS_VOICE), bytearray()
    while heard((call.tone.kept or b"")[-2400:], BARESIPS_VOICE) < 7000:  # noqa: ASYNC110 -- a plain value
        await asyncio.sleep(0.05)
    await asyncio.sleep(2.0)
    baresip.command("hangup")
    await call.ended()
    await office.quiet()
    while not office.call.recording.finished:  # noqa: ASYNC110 -- a plain value
        await asyncio.sleep(0.05)


def test_a_softphone_enters_a_pin_and_is_recorded(tmp_path: Path) -> None:
    async def scenario() -> Office:
        memory, shelf = Memory(answer=b"status=ACK"), Shelf()
        async with (
            Softphone("bob") as callee,
            open_office(
                _snapshot(callee.port),
                memory=memory,
                sounds=shelf,
                media_settings=MediaSettings(recordings=tmp_path / "recordings"),
            ) as office,
        ):
            with Baresip(
                tmp_path, address="127.0.0.2", login="mary", password=PASSWORD, server=office.port
            ) as baresip:
                await _conversation(office, baresip, callee)
        assert shelf.played == 1
        return office

    office = run(scenario(), deadline=60)
    assert office.ends == ["answered by caller"]
    (recording,) = office.call.recording.finished
    with wave.open(recording.path, "rb") as file:  # as any player reads it
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        seconds, pcm = file.getnframes() / 8000, file.readframes(file.getnframes())
    assert 1.8 < seconds < 5.0
    assert loudness(pcm, BARESIPS_VOICE) > 6000
    assert loudness(pcm, HIS_VOICE) > 6000
    assert loudness(pcm, 600) < 300
