"""Recordings are listed, found, linked, saved and removed by name, and nothing else of the disk is."""

from __future__ import annotations

import io
import os
import wave
from typing import TYPE_CHECKING

import pytest

from switchhook.operations import recordings as module
from switchhook.operations.recordings import (
    LINK_KEY,
    RECORDINGS,
    NoLinkError,
    NoSuchRecordingError,
    Recordings,
    recordings_in,
)
from switchhook.sip.rtp.wav import write_head, write_wav
from switchhook.storage.records import StoreError
from switchhook.webhooks.recording_links import RecordingName
from tests.support.tones import tone

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = tone(400, 1.0), tone(800, 0.5)


def keep(data_dir: Path, name: str, pcm: bytes = ONE, *, at: float = 1000.0) -> Path:
    """Put a recording where calls do."""
    path = data_dir / RECORDINGS / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_wav(pcm))
    os.utime(path, (at, at))
    return path


def named(call: str, recording: str = "all", project: str = "acme") -> RecordingName:
    return RecordingName(project=project, call=call, recording=recording)


@pytest.fixture
def kept(tmp_path: Path) -> Recordings:
    keep(tmp_path, "acme/100.1/r1")
    keep(tmp_path, "acme/100.1/r2", TWO, at=1001.0)
    keep(tmp_path, "acme/100.1/r10", TWO, at=1002.0)
    keep(tmp_path, "acme/200.1/r1")
    keep(tmp_path, "other/300.1/r1")
    return recordings_in(tmp_path, base="https://pbx.example.com", keep_days=90)


def test_calls_are_listed_newest_first_and_their_recordings_in_order(kept: Recordings) -> None:
    listed = [str(one.name) for one in kept.list(project="acme")]
    assert listed == ["acme/200.1/r1", "acme/100.1/r1", "acme/100.1/r2", "acme/100.1/r10"]
    assert str(kept.list(limit=1)[0].name) == "other/300.1/r1"
    (one, two, _) = kept.list(project="acme", call="100.1")
    assert (one.seconds, one.size, one.channels, one.at) == (1.0, 16044, 1, 1000.0)
    assert two.seconds == 0.5
    assert kept.list(project="acme", call="300.1") == ()
    assert kept.list(project="nobody") == ()


def test_files_of_other_kinds_are_no_recordings(kept: Recordings, tmp_path: Path) -> None:
    folder = tmp_path / RECORDINGS / "acme" / "400.1"
    keep(tmp_path, "acme/400.1/r1").rename(folder / "all.wav")
    (folder / "r2.wav").write_bytes(b"short")
    (folder / "r3.wav").mkdir()
    (folder / "r4.wav").symlink_to(tmp_path / LINK_KEY)
    (folder / "r5.wav").symlink_to(tmp_path / RECORDINGS / "other" / "300.1" / "r1.wav")
    (folder / "r6.txt").write_text("notes")
    (folder / "r7.wav").write_bytes(b"ID3" * 40)
    assert kept.list(project="acme", call="400.1") == ()
    with pytest.raises(NoSuchRecordingError):
        kept.find(named("400.1", "r5"))


def test_one_recording_is_its_file(kept: Recordings, tmp_path: Path) -> None:
    sound = kept.find(named("100.1", "r2"))
    data = (tmp_path / RECORDINGS / "acme/100.1/r2.wav").read_bytes()
    assert sound.read(0, sound.size) == data
    assert sound.read(10, 60) == data[10:60]
    assert sound.at == 1001.0


def test_all_of_a_call_are_one_file(kept: Recordings) -> None:
    sound = kept.find(named("100.1"))
    file = io.BytesIO()
    assert kept.save(named("100.1"), file) == sound.size == len(file.getvalue())
    with wave.open(io.BytesIO(file.getvalue()), "rb") as heard:
        assert heard.readframes(10**6) == ONE + TWO + TWO
    pieces = [sound.read(start, start + 777) for start in range(0, sound.size, 777)]
    assert b"".join(pieces) == file.getvalue()


def test_one_with_two_voices_is_not_mixed_up_with_others(kept: Recordings, tmp_path: Path) -> None:
    path = keep(tmp_path, "acme/100.1/r2", TWO)
    path.write_bytes(write_head(len(TWO), channels=2) + TWO)
    assert kept.list(project="acme", call="100.1")[1].seconds == 0.25
    file = io.BytesIO()
    kept.save(named("100.1"), file)
    assert file.getvalue() == write_wav(ONE + TWO)


def test_another_version_has_another_name(kept: Recordings, tmp_path: Path) -> None:
    before = kept.find(named("100.1"))
    keep(tmp_path, "acme/100.1/r2", TWO, at=1001.5)
    assert kept.find(named("100.1")).version != before.version


def test_what_was_removed_is_gone_with_its_folders(kept: Recordings, tmp_path: Path) -> None:
    (gone,) = kept.remove(named("100.1", "r2"), by="a test")
    assert gone.name.recording == "r2"
    assert [one.name.recording for one in kept.list(call="100.1")] == ["r1", "r10"]
    assert len(kept.remove(named("100.1"), by="a test")) == 2
    assert [one.name for one in (tmp_path / RECORDINGS / "acme").iterdir()] == ["200.1"]
    kept.remove(named("200.1"), by="a test")
    assert [one.name for one in (tmp_path / RECORDINGS).iterdir()] == ["other"]
    with pytest.raises(NoSuchRecordingError, match=r"no recording of call 200.1 in project acme"):
        kept.remove(named("200.1"), by="a test")


def test_a_link_is_made_of_what_is_there(kept: Recordings, tmp_path: Path) -> None:
    link = kept.link(named("100.1", "r1"), expires=5000)
    assert link.startswith("https://pbx.example.com/recordings/acme/100.1/r1.wav?expires=5000&")
    with pytest.raises(NoSuchRecordingError, match="no recording r3 of call"):
        kept.link(named("100.1", "r3"), expires=5000)
    unnamed = recordings_in(tmp_path, base="", keep_days=90)
    with pytest.raises(NoLinkError, match="set public_url"):
        unnamed.link(named("100.1", "r1"), expires=5000)


def test_the_key_stays_and_is_for_our_eyes_alone(tmp_path: Path) -> None:
    first, again = (recordings_in(tmp_path, base="http://x", keep_days=1) for _ in range(2))
    assert first.links == again.links
    assert (tmp_path / LINK_KEY).stat().st_mode & 0o777 == 0o600
    (tmp_path / LINK_KEY).write_bytes(b"")
    with pytest.raises(StoreError, match="check its owner and that it has 32"):
        recordings_in(tmp_path, base="http://x", keep_days=1)


def test_old_recordings_are_deleted(tmp_path: Path) -> None:
    folder = tmp_path / module.RECORDINGS / "shop"
    for call, age in (("c1", 100), ("c2", 0)):
        (folder / call).mkdir(parents=True)
        file = folder / call / "r1.wav"
        file.write_bytes(b"")
        os.utime(file, (1000 - age, 1000 - age))
    assert module.delete_recordings(tmp_path, before=950) == 1
    assert [path.name for path in folder.iterdir()] == ["c2"]
    assert module.delete_recordings(tmp_path, before=2000) == 1
    assert not folder.exists()
    assert module.delete_recordings(tmp_path / "nowhere", before=2000) == 0


def test_a_project_keeps_its_days_and_its_size_the_newest_first(tmp_path: Path) -> None:
    for number in range(1, 6):
        keep(tmp_path, f"acme/{number}.1/r1", at=1000.0 * number)
    keep(tmp_path, "other/1.1/r1")
    kept = recordings_in(tmp_path, base="", keep_days=90)
    trimmed = module.delete_due(kept, "acme", before=1500.0, now=9000.0)
    assert (trimmed.recordings, trimmed.size) == (1, 16044)
    trimmed = module.delete_due(kept, "acme", before=0, max_bytes=2 * 16044, now=9000.0)
    assert trimmed.recordings == 2
    assert [str(one.name) for one in kept.list(project="acme")] == ["acme/5.1/r1", "acme/4.1/r1"]
    assert module.delete_due(kept, "acme", before=0, max_bytes=0, now=5001.0).recordings == 1
    assert [str(one.name) for one in kept.list()] == ["acme/5.1/r1", "other/1.1/r1"]
    assert module.delete_due(kept, "nobody", before=9e9, now=9e9).recordings == 0
