"""A recording is heard as MP3 or Opus too: whole, as long as it is, in parts, and no longer than it is kept."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.operations.calls import encoded_sound as module
from switchhook.operations.calls.encoded_sound import (
    EncodedSounds,
    NotEncodedError,
    NotReadyError,
    SoundForm,
    encode,
    media_type_of,
)
from switchhook.operations.recordings import FilePart, RecordedSound, recordings_in
from switchhook.webhooks.recording_links import RecordingName
from tests.api.test_recordings import LIST, _link, _web
from tests.operations.test_recordings import ONE, TWO, keep
from tests.support.loop import run

if TYPE_CHECKING:
    from pathlib import Path

FORMS = [SoundForm.MP3, SoundForm.OPUS]
BEGINS = {SoundForm.MP3: (b"\xff", b"ID3"), SoundForm.OPUS: (b"OggS",)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content", [ONE, TWO], ids=["one voice", "two voices"])
def test_it_is_as_long_and_has_as_many_voices(
    tmp_path: Path, form: SoundForm, content: bytes
) -> None:
    soundfile = pytest.importorskip("soundfile")
    keep(tmp_path, "acme/1.1/r1", content)
    sound = recordings_in(tmp_path, base="", keep_days=1).find(RecordingName.parse("acme/1.1/r1"))

    data = encode(sound, form)

    assert data.startswith(BEGINS[form])
    with soundfile.SoundFile(io.BytesIO(sound.read(0, sound.size))) as before:
        seconds, voices = before.frames / before.samplerate, before.channels
    with soundfile.SoundFile(io.BytesIO(data)) as after:
        assert after.frames / after.samplerate == pytest.approx(seconds, abs=0.15)
        assert after.channels == voices


@pytest.mark.parametrize("form", FORMS)
def test_a_link_gives_it_out_in_that_form(tmp_path: Path, form: SoundForm) -> None:
    pytest.importorskip("soundfile")

    async def scenario() -> None:
        async with _web(tmp_path) as web:
            link = f"{await _link(web)}&format={form}"
            whole = await web.ask("GET", link, key="")
            assert whole.status == 200, whole.body
            assert whole.headers["content-type"] == media_type_of(form)
            assert f'filename="100.1-r1.{form}"' in whole.headers["content-disposition"]
            assert whole.body.startswith(BEGINS[form])
            part = await web.ask("GET", link, key="", Range="bytes=10-19")
            assert (part.status, part.body) == (206, whole.body[10:20])
            wav = await web.ask("GET", await _link(web), key="")
            assert wav.headers["etag"] != whole.headers["etag"]
            assert (await web.ask("GET", f"{await _link(web)}&format=x", key="")).status == 400
            forged = link.replace("token=", "token=0")
            assert (await web.ask("GET", forged, key="")).status == 403
            await web.ask("DELETE", f"{LIST}/r1")
            assert (await web.ask("GET", link, key="")).status == 404

    run(scenario())


def test_without_the_library_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)

    async def scenario() -> None:
        async with _web(tmp_path) as web:
            answer = await web.ask("GET", f"{await _link(web)}&format=mp3", key="")
            assert answer.status == 400
            assert "pip install 'switchhook[sound]'" in answer.json["detail"]

    run(scenario())


def test_what_is_no_sound_and_what_is_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("soundfile")
    keep(tmp_path, "acme/1.1/r1")
    sound = recordings_in(tmp_path, base="", keep_days=1).find(RecordingName.parse("acme/1.1/r1"))
    monkeypatch.setattr(module, "MOST_READ", 10)
    with pytest.raises(NotEncodedError, match="too long"):
        encode(sound, SoundForm.MP3)


def test_what_was_encoded_is_held_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def pretend(_: object, form: SoundForm) -> bytes:
        made.append(form)
        return bytes(100)

    monkeypatch.setattr(module, "encode", pretend)
    monkeypatch.setattr(module, "MOST_KEPT", 250)

    async def scenario() -> None:
        keep(tmp_path, "acme/1.1/r1")
        kept = recordings_in(tmp_path, base="", keep_days=1)
        sounds, name = EncodedSounds(), RecordingName.parse("acme/1.1/r1")
        for _ in range(2):
            await sounds.of(name, kept.find(name), SoundForm.MP3)
        assert made == ["mp3"]
        for place in range(2, 5):
            keep(tmp_path, f"acme/1.1/r{place}")
            other = RecordingName.parse(f"acme/1.1/r{place}")
            await sounds.of(other, kept.find(other), SoundForm.MP3)
        await sounds.of(name, kept.find(name), SoundForm.MP3)
        assert made == 5 * ["mp3"]

    run(scenario())


def test_who_wants_the_same_waits_for_one_encoding_and_too_many_others_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, may_go_on = [], threading.Event()

    def pretend(sound: RecordedSound, _: object) -> bytes:
        made.append(sound.size)
        assert may_go_on.wait(20)
        return bytes(10)

    monkeypatch.setattr(module, "encode", pretend)
    monkeypatch.setattr(module, "MOST_WANTED", 2)
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    async def scenario() -> None:
        async with _web(tmp_path) as web:
            link = f"{await _link(web)}&format=mp3"
            same = await asyncio.gather(*(web.ask("GET", link, key="") for _ in range(5)))
            assert [(one.status, one.headers["retry-after"]) for one in same] == [(503, "5")] * 5
            opus = await web.ask("GET", link.replace("mp3", "opus"), key="")
            assert (opus.status, len(made)) == (503, 1)  # it waits for its turn
            wav = await web.ask("GET", link.replace("mp3", "wav"), key="")
            assert wav.status == 200
            may_go_on.set()
            answer = await web.ask("GET", link, key="")
            while answer.status == 503:
                answer = await web.ask("GET", link, key="")
            assert (answer.status, len(answer.body)) == (200, 10)

    run(scenario())


def test_more_than_so_many_are_not_queued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on = threading.Event()
    monkeypatch.setattr(module, "encode", lambda *_: may_go_on.wait(20) and b"sound")
    monkeypatch.setattr(module, "MOST_WANTED", 3)

    async def scenario() -> None:
        keep(tmp_path, "acme/1.1/r1")
        name = RecordingName.parse("acme/1.1/r1")
        sound = recordings_in(tmp_path, base="", keep_days=1).find(name)
        sounds = EncodedSounds(patience=0.01)
        told = []
        for place in range(5):
            other = replace(sound, version=f"{place}")
            with pytest.raises(NotReadyError) as caught:
                await sounds.of(name, other, SoundForm.MP3)
            told.append(str(caught.value).partition(";")[0])
        assert told == 3 * ["the recording is being encoded as mp3"] + 2 * [
            "other recordings are being encoded"
        ]
        may_go_on.set()

    run(scenario())


@pytest.mark.parametrize("form", FORMS)
def test_one_that_is_deleted_meanwhile_is_not_given_out_in_half(
    tmp_path: Path, form: SoundForm, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("soundfile")
    keep(tmp_path, "acme/1.1/r1")
    sound = recordings_in(tmp_path, base="", keep_days=1).find(RecordingName.parse("acme/1.1/r1"))
    for part in sound.parts:
        part.path.unlink()
    with pytest.raises(FileNotFoundError):
        encode(sound, form)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", ONE[:44], ONE[:45], ONE[:20] + b"\xff" * 24 + ONE[44:], b"\0" * 100],
    ids=["empty", "short", "no sound", "half a sample", "wrong head", "zeros"],
)
def test_a_broken_file_is_refused_or_short_and_breaks_nothing(
    tmp_path: Path, content: bytes
) -> None:
    pytest.importorskip("soundfile")
    (tmp_path / "r1.wav").write_bytes(content)
    part = FilePart(path=tmp_path / "r1.wav", offset=0, size=len(content))
    sound = RecordedSound(head=b"", parts=(part,), version="1", at=0.0)
    came = [_encoded(sound, form) for form in FORMS]
    assert all(isinstance(one, NotEncodedError) or len(one) < 10_000 for one in came)


def _encoded(sound: RecordedSound, form: SoundForm) -> bytes | NotEncodedError:
    try:
        return encode(sound, form)
    except NotEncodedError as error:
        return error
