"""Calls of another telephone system come in from a file, whether a server runs or not, and what is wrong is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.cli.main import FAILED, FINE, run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path

CALL = {
    "reference": "pbx-1",
    "direction": "incoming",
    "callee": "380442223344",
    "started_at": "2026-11-30T09:00:00+02:00",
    "ended_at": "2026-11-30T09:01:00+02:00",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "acme.toml").write_text(MINIMAL, encoding="utf-8")
    assert run(["apply", str(tmp_path / "acme.toml")]) == FINE
    return tmp_path


def add(home: Path, *words: str, **call: Any) -> int:
    file = home / "calls.json"
    file.write_text(json.dumps({"calls": [CALL | call]}), encoding="utf-8")
    return run(["imports", "add", str(file), *words])


@pytest.mark.row("N-17")
def test_calls_are_queued_for_the_next_server(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert add(home, "--json") == FINE
    queued = json.loads(capsys.readouterr().out)
    assert (queued["state"], queued["tell"], queued["calls"][0]["reference"]) == (
        "queued",
        False,
        "pbx-1",
    )
    assert add(home) == FINE
    told = capsys.readouterr().out
    assert "import 2 is done, 1 calls" in told
    assert "duplicate" in told
    assert run(["imports", "show", "1"]) == FINE
    assert "pbx-1" in capsys.readouterr().out
    assert run(["audit", "--project", "acme", "--json"]) == FINE
    entries = json.loads(capsys.readouterr().out)
    assert [one["operation"] for one in entries][:2] == ["queue-calls", "queue-calls"]


def test_what_is_wrong_is_named_with_its_file(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(home, callee="nobody") == FAILED
    assert "calls.json: calls[0].callee: it is no telephone number" in capsys.readouterr().err
    assert add(home, more="x") == FAILED
    assert "calls.json: the body tells of no calls" in capsys.readouterr().err
    assert run(["imports", "show", "99"]) == FAILED
    assert "there is no import 99" in capsys.readouterr().err
