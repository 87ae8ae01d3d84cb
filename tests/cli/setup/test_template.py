"""Templates are listed, shown and added by commands that need no data directory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.projectfile.templates.catalogue import find_template, list_templates
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path

URL = "url=https://hooks.slack.com/services/T0/B0/XXXX?a=b"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "project.toml"
    made.write_text(MINIMAL)
    return made


def test_each_is_listed(capsys: Capture) -> None:
    assert run(["template", "list"]) == FINE
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[0] for line in lines] == [one.name for one in list_templates()]


def test_programs_are_told_of_each(capsys: Capture) -> None:
    assert run(["template", "list", "--json"]) == FINE
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["slack"]["receiver"] == "Slack"
    assert list(listed["telegram"]["gaps"]) == ["token", "chat"]
    assert [name for name, one in listed.items() if not one["is_added"]] == ["call-notification"]


def test_what_add_refuses_is_told_apart_in_the_list(capsys: Capture) -> None:
    assert run(["template", "list"]) == FINE
    assert "not added to a file" in " ".join(capsys.readouterr().out.split())


def test_one_is_shown_as_it_stands(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["template", "show", "teams"]) == FINE
    assert capfdbinary.readouterr().out.decode() == find_template("teams").text


def test_one_is_added(file: Path, capsys: Capture) -> None:
    assert run(["template", "add", str(file), "slack", "--set", URL]) == FINE
    told = capsys.readouterr().out
    assert told.startswith(f"{file}: added the event 'slack'\n")
    assert f"switchhook check {file}" in told
    assert run(["check", str(file)]) == FINE
    assert "2 events, 2 event webhooks" in capsys.readouterr().out


def test_what_is_left_is_said_when_it_is_added_and_checked(file: Path, capsys: Capture) -> None:
    assert run(["template", "add", str(file), "telegram", "--set", "chat=@desk"]) == FINE
    assert "left to fill in: <token>: the bot's token" in capsys.readouterr().out
    assert run(["check", str(file)]) == FINE
    assert (
        "event webhook 'telegram' sends <token>, a gap of its template" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "name", [one.name for one in list_templates() if "url" in one.gaps and one.adds]
)
def test_a_url_that_is_left_is_a_mistake_that_names_the_gap(
    name: str, file: Path, capsys: Capture
) -> None:
    assert run(["template", "add", str(file), name]) == FINE
    capsys.readouterr()
    assert run(["check", str(file)]) == FAILED
    assert "url: <url> is a gap of its template; fill it in\n" in capsys.readouterr().err


def test_it_is_added_under_another_name(file: Path, capsys: Capture) -> None:
    assert run(["template", "add", str(file), "kommo", "--name", "crm"]) == FINE
    assert "added 2 events: 'crm in', 'crm out'" in capsys.readouterr().out


def test_what_cannot_be_done_is_said(file: Path, tmp_path: Path, capsys: Capture) -> None:
    before = file.read_text()
    for words, code, said in (
        (["slak"], FAILED, "did you mean slack?"),
        (["slack", "--set", "url"], MISUSED, "is not written GAP=VALUE"),
        (["slack", "--set", "token=x"], FAILED, "it has <url>"),
        (["slack", "--name", "told"], FAILED, "switchhook: --name: "),
        (["slack", "--set", "url=ftp://x"], FAILED, "switchhook: --set url: the URL begins with"),
    ):
        assert run(["template", "add", str(file), *words]) == code
        assert said in capsys.readouterr().err
    assert file.read_text() == before
    assert run(["template", "add", str(tmp_path / "none.toml"), "slack"]) == FAILED
    assert "cannot be read or written: No such file" in capsys.readouterr().err


def test_a_gap_is_filled_once(file: Path, capsys: Capture) -> None:
    twice = ("--set", URL, "--set", "url=https://b.example")
    assert run(["template", "add", str(file), "slack", *twice]) == MISUSED
    assert "--set url=… is given twice" in capsys.readouterr().err
    assert file.read_text() == MINIMAL
