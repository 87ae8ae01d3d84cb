"""Visits and late facts are told on the command line, where a server runs; what is wrong is said in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from tests.cli.test_changing import served
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "acme.toml").write_text(MINIMAL, encoding="utf-8")
    assert run(["apply", str(tmp_path / "acme.toml")]) == FINE
    return tmp_path


def test_a_visit_is_told_to_the_running_server(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(home / "data"):
        words = ["--attribute", "source=a=b", "--number", "+380 44 222-33-44", "--seconds", "60"]
        assert run(["visit", "v1", *words]) == FINE
        told = capsys.readouterr().out
        assert "visit v1 has 1 attributes" in told
        assert "who calls 380442223344 within 60 s is its visitor" in told
        assert run(["visit", "v1", "--attribute", "colour=red"]) == FAILED
        assert "'colour' is no attribute of a visit" in capsys.readouterr().err
        assert run(["visit", "v1", "--number", "1"]) == FAILED
        assert "is no number of project " in capsys.readouterr().err
        assert run(["visit", "v1", "--call", "none"]) == FAILED
        assert "call is no running call of this project" in capsys.readouterr().err
        assert run(["amend", "none", "--fact", "source=fb"]) == FAILED
        assert "there is no call none" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_without_a_server_nobody_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["visit", "v1"]) == FAILED
    assert run(["amend", "1.2", "--fact", "source=fb"]) == FAILED
    assert capsys.readouterr().err.count("no server runs on this data directory") == 2
    assert run(["visit", "v1", "--attribute", "source"]) == MISUSED
    assert "--attribute 'source': write NAME=VALUE" in capsys.readouterr().err
