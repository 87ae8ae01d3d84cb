"""An operator sets, shows, activates, tests and discards a scenario on the command line."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from tests.support.projects import MINIMAL
from tests.support.receivers.base import Receiver
from tests.support.receivers.roistat import ROISTAT

if TYPE_CHECKING:
    from pathlib import Path

FILE = MINIMAL.replace('name = "Acme"', 'name = "Acme"\nallowed_networks = ["127.0.0.0/8"]')


@pytest.fixture(autouse=True)
def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    (tmp_path / "acme.toml").write_text(FILE, encoding="utf-8")
    assert run(["apply", str(tmp_path / "acme.toml")]) == FINE
    capsys.readouterr()
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = FINE) -> str:
    assert run(["scenario", *arguments]) == code
    out, err = capsys.readouterr()
    return out if code == FINE else out + err


@pytest.mark.row("S-62", "R4-42", "R4-43", "R4-44", "R4-47", "R4-48", "N-13")
def test_a_scenario_is_set_shown_activated_and_switched_off(
    capsys: pytest.CaptureFixture[str],
) -> None:
    drafted = told(capsys, "set", "--after", "crm.example/roistat")
    assert "draft: webhook after call: http://crm.example/roistat\n" in drafted
    assert "draft of anna on the command line" in drafted
    assert "Nothing of the draft is sent yet" in drafted
    assert told(capsys, "show") == drafted
    active = told(capsys, "activate")
    assert "project acme, version 2, activated by anna on the command line" in active
    assert "active: webhook after call: http://crm.example/roistat\n" in active
    assert "draft" not in active
    told(capsys, "set", "--after", "", "--moment", "https://crm.example/m", "--ids-as-strings")
    shown = json.loads(told(capsys, "show", "--json"))
    assert shown["draft"]["moment_url"] == "https://crm.example/m"
    assert shown["draft"]["ids_as_strings"] is True
    assert shown["draft"]["by"] == "anna on the command line"
    assert shown["active"]["after_url"] == "http://crm.example/roistat"
    assert "webhook after call: none" in told(capsys, "activate", "--project", "acme")


@pytest.mark.row("R4-45")
@pytest.mark.parametrize(
    "given",
    [
        ("--after", "http://a.example", "--after", "http://b.example"),
        ("--after", "http://a.example, http://b.example"),
    ],
)
def test_two_addresses_are_refused(
    given: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(capsys, "set", *given, code=FAILED)

    assert "after_url: notifications can be sent only to one destination address" in said
    assert "draft" not in told(capsys, "show")


@pytest.mark.row("R4-46", "T-06")
def test_a_test_prints_what_goes_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    with Receiver(ROISTAT) as web:
        told(capsys, "set", "--moment", web.url("/m"), "--after", web.url("/m"))
        printed = told(capsys, "test")
        assert len(web.accepted) == 2
        programs = json.loads(told(capsys, "test", "--json"))
    assert f"webhook in the moment of call: http://{web.authority}/m" in printed
    assert "  > POST /m HTTP/1.1\n" in printed
    assert '  > {"id":"313",' in printed
    assert "  < HTTP/1.1 200 OK\n" in printed
    assert f"delivered at {web.authority}" in printed
    assert [one["status"] for one in programs] == [200, 200]
    refused = told(capsys, "test", code=FAILED)
    assert "not delivered: refused" in refused


def test_a_draft_is_discarded(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "set", "--after", "crm.example")
    assert "draft" not in told(capsys, "discard")
    assert "has no draft" in told(capsys, "discard", code=FAILED)
    assert "has no draft" in told(capsys, "activate", code=FAILED)


def test_nothing_to_set_and_no_such_project_are_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "say what to set" in told(capsys, "set", code=MISUSED)
    assert "there is no project nope" in told(
        capsys, "set", "--after", "a.example", "--project", "nope", code=FAILED
    )
    assert "has no address" in told(capsys, "test", code=FAILED)
    (home / "acme.toml").write_text(FILE + '\n[call_tracking]\nafter_url = "f.example"\n')
    told(capsys, "set", "--moment", "m.example")
    assert run(["apply", str(home / "acme.toml")]) == FINE
    assert "is read as http://f.example" in capsys.readouterr().out
    assert "was changed since this draft was begun" in told(capsys, "show")
    assert "to activate it would undo that" in told(capsys, "activate", code=FAILED)
