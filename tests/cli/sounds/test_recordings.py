"""An operator lists recordings, gives out links to them, saves and removes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, run
from switchhook.sip.rtp.wav import write_wav
from tests.operations.test_recordings import ONE, TWO, keep

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "data"
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(data))
    monkeypatch.setenv("COLUMNS", "200")
    keep(data, "acme/100.1/r1")
    keep(data, "acme/100.1/r2", TWO)
    keep(data, "other/300.1/r1")
    return data


def test_recordings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recordings", "list"]) == FINE
    out = capsys.readouterr().out
    assert out.index("300.1") < out.index("100.1")
    assert run(["recordings", "list", "100.1", "--json"]) == FINE
    one, two = json.loads(capsys.readouterr().out)
    assert (one["project"], one["call"], one["recording"]) == ("acme", "100.1", "r1")
    assert (two["seconds"], two["size"], two["channels"]) == (0.5, 8044, 1)
    assert run(["recordings", "list", "--project", "nobody"]) == FINE
    assert "nothing is recorded" in capsys.readouterr().out


def test_a_link_begins_with_the_public_url(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["recordings", "link", "100.1", "--recording", "r2"]) == FINE
    assert capsys.readouterr().out.startswith("http://127.0.0.1:8070/recordings/acme/100.1/r2.wav?")
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://pbx.example.com/phone/")
    assert run(["recordings", "link", "100.1"]) == FINE
    assert capsys.readouterr().out.startswith(
        "https://pbx.example.com/phone/recordings/acme/100.1/all.wav?"
    )
    monkeypatch.delenv("SWITCHHOOK_PUBLIC_URL")
    monkeypatch.setenv("SWITCHHOOK_WEB_HOST", "0.0.0.0")
    assert run(["recordings", "link", "100.1"]) == FAILED
    assert "set public_url" in capsys.readouterr().err


def test_a_recording_is_saved_and_nothing_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "saved.wav"
    assert run(["recordings", "save", "100.1", str(file)]) == FINE
    assert file.read_bytes() == write_wav(ONE + TWO)
    assert file.stat().st_mode & 0o777 == 0o600
    assert run(["recordings", "save", "100.1", str(file)]) == FAILED
    assert "is there already" in capsys.readouterr().err
    assert run(["recordings", "save", "100.1", str(tmp_path / "none" / "x.wav")]) == FAILED


def test_a_removed_recording_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recordings", "remove", "100.1", "--recording", "r1"]) == FINE
    assert "deleted of call 100.1: r1" in capsys.readouterr().out
    assert run(["recordings", "remove", "100.1", "--recording", "r1"]) == FAILED
    assert "no recording r1 of call 100.1" in capsys.readouterr().err
    assert run(["recordings", "remove", "100.1"]) == FINE
    assert run(["recordings", "link", "100.1"]) == FAILED
    assert run(["recordings", "remove", "../acme"]) == FAILED
    assert "Traceback" not in capsys.readouterr().err


def test_without_a_data_directory_it_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["recordings", "list", "--data-dir", str(tmp_path / "none")]) == FAILED
    assert "name another with --data-dir" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
