"""Recordings reach their files whole, for our eyes alone, and a disk that fails is told and stops nobody."""

from __future__ import annotations

import stat
import threading
import wave
from typing import TYPE_CHECKING

from switchhook.sip.rtp import recording_writer as module
from switchhook.sip.rtp.media import RecordedAudio
from switchhook.sip.rtp.recording_writer import RecordingWriter
from switchhook.sip.rtp.wav import seconds_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from switchhook.sip.rtp.commands import RecordingWritten

HALF = b"\1\0" * 4000


def _write(path: Path, *pieces: bytes, ends: bool = True) -> list[RecordingWritten]:
    told: list[RecordingWritten] = []
    scribe = RecordingWriter(told.append)
    for piece in pieces:
        scribe.store(RecordedAudio(recording="r", path=path, pcm=piece))
    if ends:
        scribe.store(RecordedAudio(recording="r", path=path, pcm=b"", ends=True))
    scribe.start()
    scribe.close()
    return told


def test_a_recording_is_written(tmp_path: Path) -> None:
    path = tmp_path / "project" / "call" / "r.wav"
    (finished,) = _write(path, b"", HALF, HALF)
    assert (finished.recording, finished.path, finished.seconds) == ("r", path, 1.0)
    assert finished.error == ""
    with wave.open(str(path), "rb") as file:
        assert file.readframes(9000) == HALF * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_channels_are_written(tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    told: list[RecordingWritten] = []
    scribe = RecordingWriter(told.append)
    scribe.store(RecordedAudio(recording="r", path=path, pcm=HALF, ends=True, channels=2))
    scribe.start()
    scribe.close()
    assert [one.seconds for one in told] == [0.25]
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getnframes()) == (2, 2000)
    assert seconds_of(path) == 0.25


def test_what_was_not_ended_is_whole_nevertheless(tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    assert _write(path, HALF, ends=False) == []
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() == 4000


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (finished,) = _write(tmp_path / "file" / "r.wav", HALF)
    assert finished.seconds == 0
    assert "Not a directory" in finished.error or "File exists" in finished.error
    assert str(tmp_path) in finished.error


def test_one_recording_of_nonsense_ends_no_other(tmp_path: Path) -> None:
    told: list[RecordingWritten] = []
    scribe = RecordingWriter(told.append)
    for path in (tmp_path / "\0", tmp_path / "r.wav"):
        for ends in (False, True):
            scribe.store(RecordedAudio(recording=path.name, path=path, pcm=HALF, ends=ends))
    scribe.start()
    scribe.close()
    assert [(finished.seconds, bool(finished.error)) for finished in told] == [
        (0, True),
        (1, False),
    ]


def test_a_slow_disk_drops_sound_instead_of_filling_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    (finished,) = _write(tmp_path / "r.wav", HALF, HALF, HALF, HALF)
    assert finished.seconds == 1.0
    assert "too slow" in finished.error


def test_it_writes_in_a_thread_of_its_own(tmp_path: Path) -> None:
    threads: list[str] = []
    scribe = RecordingWriter(lambda _: threads.append(threading.current_thread().name))
    scribe.start()
    scribe.store(RecordedAudio(recording="r", path=tmp_path / "r.wav", pcm=HALF, ends=True))
    scribe.close()
    assert threads == ["recordings"]
