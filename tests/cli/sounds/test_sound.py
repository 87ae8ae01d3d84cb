"""A sound is added by one command, which says how the project file names it, or what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.cli.main import FAILED, FINE, run
from switchhook.sip.rtp.wav import write_wav
from tests.support.tones import tone

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _add(tmp_path: Path, data: bytes, project: str = "shop") -> int:
    file = tmp_path / "in.wav"
    file.write_bytes(data)
    where = ("--data-dir", str(tmp_path / "data"))
    return run(["sound", "add", str(file), "--project", project, "--name", "hello", *where])


def test_a_sound_is_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _add(tmp_path, write_wav(tone(440, 1.0))) == FINE
    told = capsys.readouterr().out.replace("\n", " ")
    assert " 1.0 s. In the project file it is: " in told
    assert '[[sounds]] name = "hello" file = "hello.wav"' in told
    assert (tmp_path / "data" / "sounds" / "shop" / "hello.wav").is_file()


def test_what_is_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _add(tmp_path, b"OggS") == FAILED
    assert "this is no WAV file" in capsys.readouterr().err
    assert _add(tmp_path, write_wav(tone(440, 1.0)), "../up") == FAILED
    assert "no id of a project" in capsys.readouterr().err
