"""Sounds are kept as telephones hear them, found while calls run, and stay within their project's folder."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.domain.project import Project, Sound
from switchhook.operations import sounds as module
from switchhook.operations.sounds import (
    SOUNDS,
    Added,
    SoundError,
    SoundFiles,
    keep_sound,
    missing_sounds,
    read_sound,
)
from switchhook.sip.rtp.wav import write_wav
from tests.support.tones import loudness, tone

if TYPE_CHECKING:
    from pathlib import Path

HELLO = tone(440, 0.5)


def add_sound(data_dir: Path, file: Path, *, project: str, name: str) -> Added:
    return keep_sound(data_dir, read_sound(file), project=project, name=name)


def _file(tmp_path: Path, data: bytes) -> Path:
    file = tmp_path / "in.wav"
    file.write_bytes(data)
    return file


def _at_16_khz() -> bytes:
    """A file that has to be converted."""
    file = bytearray(write_wav(tone(220, 1.0)))  # half as high, and read twice as fast
    struct.pack_into("<II", file, 24, 16000, 32000)
    return bytes(file)


def test_an_added_sound_is_found(tmp_path: Path) -> None:
    added = add_sound(tmp_path, _file(tmp_path, write_wav(HELLO)), project="shop", name="hello")
    assert added.seconds == 0.5
    assert added.path == str(tmp_path / SOUNDS / "shop" / "hello.wav")
    assert SoundFiles(tmp_path).sound("shop", "hello.wav") == HELLO
    assert [path.name for path in (tmp_path / SOUNDS / "shop").iterdir()] == ["hello.wav"]


def test_it_is_converted(tmp_path: Path) -> None:
    added = add_sound(tmp_path, _file(tmp_path, _at_16_khz()), project="shop", name="hello")
    assert added.seconds == 0.5
    pcm = SoundFiles(tmp_path).sound("shop", "hello.wav")
    assert pcm is not None
    assert loudness(pcm, 440) > 7500


def test_a_new_one_takes_the_place_of_the_old(tmp_path: Path) -> None:
    files = SoundFiles(tmp_path)
    for pcm in (HELLO, tone(600, 0.7)):
        add_sound(tmp_path, _file(tmp_path, write_wav(pcm)), project="shop", name="hello")
        assert files.sound("shop", "hello.wav") == pcm


@pytest.mark.parametrize(
    ("project", "name", "words"),
    [
        ("Shop", "hello", "no id of a project"),
        ("", "hello", "no id of a project"),
        ("shop", "../hello", "cannot name a sound"),
        ("shop", ".hello", "cannot name a sound"),
        ("shop", " ", "cannot name a sound"),
    ],
)
def test_names_lead_nowhere_else(tmp_path: Path, project: str, name: str, words: str) -> None:
    with pytest.raises(SoundError, match=words):
        add_sound(tmp_path, _file(tmp_path, write_wav(HELLO)), project=project, name=name)
    assert not (tmp_path / SOUNDS).exists()


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SoundError, match=r"in.wav: this is no WAV file"):
        add_sound(tmp_path, _file(tmp_path, b"MThd"), project="shop", name="hello")
    with pytest.raises(SoundError, match="cannot be read: No such file"):
        add_sound(tmp_path, tmp_path / "none", project="shop", name="hello")
    (tmp_path / SOUNDS).touch()
    with pytest.raises(SoundError, match="cannot be written"):
        add_sound(tmp_path, _file(tmp_path, write_wav(HELLO)), project="shop", name="hello")
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(SoundError, match="larger than"):
        add_sound(tmp_path, _file(tmp_path, write_wav(HELLO)), project="shop", name="hello")


def _project(file: str) -> Project:
    return Project(id="shop", name="Shop", sounds=(Sound(name="hello", file=file),))


def test_a_file_that_has_to_be_converted_is_played_once_it_is(tmp_path: Path) -> None:
    file = str(_file(tmp_path, _at_16_khz()))
    files = SoundFiles(tmp_path)
    with capture_logs() as logs:
        assert files.sound("shop", file) is None
    assert [log["event"] for log in logs] == ["sound not ready"]
    files.prepare(_project(file))
    pcm = files.sound("shop", file)
    assert pcm is not None
    assert loudness(pcm, 440) > 7500


def test_a_sound_that_is_not_ready_is_read_once(tmp_path: Path) -> None:
    file = str(_file(tmp_path, _at_16_khz()))
    files = SoundFiles(tmp_path)
    with capture_logs() as logs:
        assert [files.sound("shop", file) for _ in range(3)] == [None] * 3
    assert len(logs) == 1


@pytest.mark.parametrize("file", ["/dev/zero", "pipe", "."])
def test_what_is_no_file_is_not_read(tmp_path: Path, file: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SoundError, match="a folder or a device"):
        add_sound(tmp_path, tmp_path / file, project="shop", name="hello")


@pytest.mark.parametrize("file", ["none.wav", "../../etc/passwd", "/etc/passwd"])
def test_what_cannot_be_played_is_told(tmp_path: Path, file: str) -> None:
    files = SoundFiles(tmp_path)
    with capture_logs() as logs:
        files.prepare(_project(file))
        assert files.sound("shop", file) is None
    told = {"event": "sound cannot be played", "project": "shop", "sound": "hello"}
    assert any(told.items() <= log.items() for log in logs)


def test_a_sound_that_need_not_be_there_is_missed_in_silence(tmp_path: Path) -> None:
    with capture_logs() as logs:
        assert SoundFiles(tmp_path).sound("shop", "music-on-hold.wav") is None
    assert logs == []


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    files = SoundFiles(tmp_path)
    for number in range(4):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(write_wav(HELLO))
        assert files.sound("shop", str(path)) == HELLO
    assert len(files._kept) == 2


@pytest.mark.row("FE-08")
def test_sounds_that_cannot_be_heard_are_named_with_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "sounds" / "acme"
    folder.mkdir(parents=True)
    (folder / "good.wav").write_bytes(write_wav(b"\0\0" * 80))
    (folder / "song.wav").write_bytes(b"ID3\x04 this is an MP3 file")
    (folder / "folder.wav").mkdir()
    sounds = tuple(
        Sound(name=name, file=f"{name}.wav") for name in ("good", "nosuch", "song", "folder")
    )
    found = missing_sounds(tmp_path, Project(id="acme", name="Acme", sounds=sounds))
    advice = "; `switchhook sound add FILE --project acme --name NAME` puts one there"
    assert found == (
        f"sound 'nosuch' will not be heard: there is no {folder}/nosuch.wav{advice}",
        f"sound 'song' will not be heard: {folder}/song.wav is no WAV file{advice}",
        f"sound 'folder' will not be heard: {folder}/folder.wav is no file{advice}",
    )


@pytest.mark.parametrize("file", ["../other/secret.wav", "a/../../other/secret.wav", "../../x.db"])
def test_nothing_is_told_of_files_outside_the_projects_folder(tmp_path: Path, file: str) -> None:
    """Else a project's token would learn which files others have."""
    project = Project(id="shop", name="Shop", sounds=(Sound(name="a", file=file),))

    (note,) = missing_sounds(tmp_path, project)

    assert f"{file} leads out of the project's folder" in note
