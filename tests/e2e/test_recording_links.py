"""A recorded conversation is heard by the link that its events tell, in a browser too, until the link's time is over."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from switchhook.app.application import open_application
from switchhook.domain.access.token import Scope
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.recordings import RECORDINGS
from switchhook.operations.tokens import create_token
from switchhook.settings import Settings
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import Softphone
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.chromium import report_of
from tests.support.loop import run
from tests.support.tones import heard, loudness, voice
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.app.application import Application

pytestmark = pytest.mark.slow

NUMBER, PASSWORD = "380442223344", "a-long-password"
HER_VOICE, HIS_VOICE, LOUD = 800, 1600, 3000.0
DOCUMENT = """
[project]
id = "acme"
name = "Acme"
allowed_networks = ["127.0.0.0/8"]

[[numbers]]
number = "380442223344"
scheme = 1

[[trunks]]
name = "carrier"
host = "127.0.0.2"
sources = ["127.0.0.2/32"]

[[accounts]]
login = "bob"
password = "a-long-password"

[[schemes]]
id = 1
name = "Recorded"

[[schemes.steps]]
record = true

[[schemes.steps]]
ring = ["bob"]

[recordings]
voices = "separate"

[call_tracking]
moment_url = "{url}/moment"
after_url = "{url}/after"

[[events]]
name = "crm"
event = "incoming.after"

[[events.webhooks]]
url = "{url}/crm"
format = "json"
parameters = [
  {{ name = "recording", value = "recording_link" }},
  {{ name = "recording_wav", value = "recording_wav_link" }},
  {{ name = "has_recording", value = "has_recording" }},
  {{ name = "seconds", value = "recording_duration" }},
]
"""
PLAYED = """
  const audio = new Audio("%s");
  await event(audio, "loadedmetadata");
  const duration = audio.duration;
  await audio.play();
  while (audio.currentTime < 0.3) await event(audio, "timeupdate");
  const heard = audio.webkitAudioDecodedByteCount;
  audio.pause();
  audio.currentTime = duration - 0.5;
  await event(audio, "seeked");
  const sought = audio.currentTime;
  await audio.play();
  await event(audio, "ended");
  return {duration, heard, sought, end: audio.currentTime};
"""
REFUSED = """
  const audio = new Audio("%s");
  await event(audio, "error");
  return {code: audio.error.code};
"""


async def _talk(app: Application) -> None:
    """Let her call and talk with Bob for a while."""
    server = Peer(UDP, "127.0.0.1", app.sip_port)
    async with (
        Softphone("bob", PASSWORD, server=server) as bob,
        Softphone("anna", host="127.0.0.2") as anna,
    ):
        await bob.register()
        call = await anna.call(f"sip:{NUMBER}@127.0.0.1:{app.sip_port}")
        call.tone.voice = voice(HER_VOICE)
        his = await bob.next_call()
        his.tone.voice, his.tone.kept = voice(HIS_VOICE), bytearray()
        await call.answered()
        while heard(his.tone.kept[-2400:], HER_VOICE) < LOUD:  # noqa: ASYNC110 -- a plain value
            await asyncio.sleep(0.05)
        await asyncio.sleep(2.0)
        call.end()
        await his.ended()
    await app.switchboard.idle()


def _get(url: str, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.row("S-63", "R1-62", "R1-63", "R4-27", "R4-29")
def test_a_recorded_call_is_heard_in_a_browser_until_its_link_ends(tmp_path: Path) -> None:
    async def scenario(web: Endpoint) -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        await store.save_project("acme", DOCUMENT.format(url=web.url("")))
        made = await create_token(
            store,
            store.tokens,
            project="acme",
            user="crm@example.com",
            scope=Scope.PROJECT,
            days=None,
            now=time.time(),
        )
        await store.close()
        settings = Settings(
            data_dir=tmp_path, sip_port=0, web_port=0, rtp_ports="20000-29999", keep_days=90
        )
        async with open_application(settings) as app:
            await _talk(app)
            await asyncio.to_thread(_listen, app, web, tmp_path)
            await asyncio.to_thread(_wait_for_the_end, app, web, made.key)

    with Endpoint(lambda _: reply("ok")) as web:
        run(scenario(web), deadline=120)


def _listen(app: Application, web: Endpoint, data_dir: Path) -> None:
    (told,) = web.ledger.wait_for(lambda one: one.path == "/crm")
    (after,) = web.ledger.wait_for(lambda one: one.path == "/after")
    crm, tracked = json.loads(told.body), json.loads(after.body)
    link = crm["recording_wav"]
    assert link.startswith(
        f"http://127.0.0.1:{app.web_port}/recordings/acme/{tracked['id']}/r1.wav?"
    )
    assert crm == {
        "recording": link,
        "recording_wav": link,
        "has_recording": "1",
        "seconds": crm["seconds"],
    }
    assert (tracked["link"], tracked["file_id"]) == (link, tracked["id"])
    (path,) = (data_dir / RECORDINGS / "acme" / tracked["id"]).iterdir()
    status, sound = _get(link)
    assert (status, sound) == (200, path.read_bytes())
    left, right = (memoryview(sound[44:]).cast("h")[side::2].tobytes() for side in (0, 1))
    assert loudness(left, HER_VOICE) > LOUD > 300 > loudness(left, HIS_VOICE)
    assert loudness(right, HIS_VOICE) > LOUD > 300 > loudness(right, HER_VOICE)
    seconds = (len(sound) - 44) / 32_000
    assert abs(seconds - float(crm["seconds"])) <= 1.0
    played = report_of(PLAYED % link)
    assert played["duration"] == pytest.approx(seconds, abs=0.01)
    assert played["heard"] > 0
    assert played["sought"] == pytest.approx(seconds - 0.5, abs=0.01)
    assert played["end"] == pytest.approx(seconds, abs=0.1)


def _wait_for_the_end(app: Application, web: Endpoint, key: str) -> None:
    (after,) = web.ledger.wait_for(lambda one: one.path == "/after")
    api = f"http://127.0.0.1:{app.web_port}/api/calls/{json.loads(after.body)['id']}/recordings"
    status, listed = _get(f"{api}?link_seconds=1", Authorization=f"Bearer {key}")
    assert status == 200
    link, end = json.loads(listed)["recordings"][0]["link"], time.monotonic() + 10
    while _get(link)[0] == 200:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert _get(link)[0] == 403
    assert report_of(REFUSED % link) == {"code": 4}
