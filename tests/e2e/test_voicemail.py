"""A whole Switchhook plays an added sound from its data directory and keeps the caller's message there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchhook.app.application import open_application
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.recordings import RECORDINGS
from switchhook.operations.sounds import keep_sound, read_sound
from switchhook.settings import Settings
from switchhook.sip.rtp.wav import write_wav
from switchhook.softphone.phone import Softphone
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.mail import Security
from tests.support.loop import run
from tests.support.post import PostOffice
from tests.support.tones import heard, loudness, sound_of, tone, voice

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.app.application import Application

pytestmark = pytest.mark.slow

NUMBER = "380442223344"
GREETING, HER_VOICE = 600, 800
DOCUMENT = f"""
[project]
id = "acme"
name = "Acme"

[[numbers]]
number = "{NUMBER}"
scheme = 1

[[trunks]]
name = "carrier"
host = "127.0.0.1"
sources = ["127.0.0.1/32"]

[[sounds]]
name = "closed"
file = "closed.wav"

[[schemes]]
id = 1
name = "Closed"

[[schemes.steps]]
voicemail = ["closed"]
mail_to = ["desk@example.com", "boss@example.com"]
"""


async def _leave_message(app: Application) -> None:
    async with Softphone("anna") as phone:
        call = await phone.call(f"sip:{NUMBER}@127.0.0.1:{app.sip_port}")
        call.tone.voice, call.tone.kept = voice(HER_VOICE), bytearray()
        await call.answered()
        await asyncio.sleep(2.0)
        call.press("#")
        assert await call.ended() == 200
        assert heard(call.tone.kept[:6400], GREETING) > 6000


def test_a_message_is_left_and_brought_by_mail(tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(write_wav(tone(GREETING, 1.0)))
    data_dir = tmp_path / "data"
    keep_sound(data_dir, read_sound(tmp_path / "in.wav"), project="acme", name="closed")

    async def scenario() -> str:
        store = await SqliteStore.open(data_dir / DATABASE)
        await store.save_project("acme", DOCUMENT)
        await store.close()
        settings = Settings(
            data_dir=data_dir,
            sip_port=0,
            web_host="",
            rtp_ports="20000-29999",
            public_url="https://pbx.example.com",
            smtp_host="127.0.0.1",
            smtp_port=office.port,
            smtp_security=Security.NONE,
        )
        async with open_application(settings) as app:
            await _leave_message(app)
            await app.switchboard.idle()
            (row,) = await app.store.calls()
            assert row.outcome == "voicemail"
            await asyncio.to_thread(office.wait_for, 2)
            return row.id

    with PostOffice() as office:
        call = run(scenario())
    (path,) = (data_dir / RECORDINGS / "acme" / call).iterdir()
    assert {one.recipients for one in office.mails} == {
        ("desk@example.com",),
        ("boss@example.com",),
    }
    for one in office.mails:
        text, sound = one.message.iter_parts()
        assert (
            f"Listen: https://pbx.example.com/recordings/acme/{call}/r1.wav?" in text.get_content()
        )
        assert sound.get_content() == path.read_bytes()
    pcm = sound_of(path)
    assert 0.5 < len(pcm) / 16000 < 1.5
    assert loudness(pcm, HER_VOICE) > 6000
    assert loudness(pcm, GREETING) < 300
