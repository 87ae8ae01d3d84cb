"""A project file is summed up by what it holds."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from switchhook.cli.project import apply, check, summary
from switchhook.cli.simulated_call import call as place_call
from switchhook.domain.project import Project
from tests.support.told import EXAMPLE, example_snapshot


def test_a_project_is_summed_up() -> None:
    assert summary(example_snapshot().project) == (
        "Project acme: 2 numbers, 2 accounts, 1 group, 1 trunk, 2 schemes,"
        " 1 forwarding number, 2 events, 2 event webhooks."
    )
    assert summary(Project(id="new", name="New")) == "Project new: nothing yet."


NOTE = "note: forwarding number 'PHP demo' is asked by POST (set by JSON),"


@pytest.mark.row("R3-16", "A-05")
def test_a_check_says_which_method_json_sets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.toml"
    file.write_text(EXAMPLE.replace('submission = "http"', 'submission = "json"'))
    assert check(file) == 0

    assert NOTE in capsys.readouterr().out


def test_applying_notes_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.toml"
    file.write_text(EXAMPLE.replace('submission = "http"', 'submission = "json"'))
    assert apply(file, data_dir=tmp_path / "data") == 0

    said, noted = capsys.readouterr().out.splitlines()
    assert said == "project acme is now version 1"
    assert noted.startswith(f"{file}: {NOTE}")


def test_a_check_notes_what_apply_would_refuse_beside_other_projects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, data = tmp_path / "p.toml", tmp_path / "q.toml", tmp_path / "data"
    first.write_text(EXAMPLE)
    second.write_text(EXAMPLE.replace('id = "acme"', 'id = "office"'))
    assert check(second, data_dir=data) == 0
    assert "belongs to" not in capsys.readouterr().out
    assert apply(first, data_dir=data) == 0
    assert check(first, data_dir=data) == 0
    assert "belongs to" not in capsys.readouterr().out

    assert check(second, data_dir=data) == 0
    noted = [line for line in capsys.readouterr().out.splitlines() if "belongs to" in line]
    assert len(noted) == 4
    assert all("note: apply refuses it here: line " in line for line in noted)
    assert apply(second, data_dir=data) == 1


@pytest.mark.row("FE-10")
def test_what_came_by_standard_input_is_called_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"name: 1")))
    assert check(Path("-")) == 1
    assert capsys.readouterr().err.splitlines() == [
        "standard input: line 1: a colon stands behind name; write name = and then the value",
        "standard input: 1 mistake",
    ]


@pytest.mark.row("FE-08")
def test_a_sound_that_is_missing_is_named_wherever_a_file_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, data = tmp_path / "p.toml", tmp_path / "data"
    text = EXAMPLE + '\n[[sounds]]\nname = "welcome"\nfile = "nosuch.wav"\n'
    file.write_text(text, encoding="utf-8")
    missing = f"sound 'welcome' will not be heard: there is no {data}/sounds/acme/nosuch.wav;"

    assert check(file, data_dir=data) == 0
    assert f"{file}: note: {missing}" in capsys.readouterr().out
    assert apply(file, data_dir=data) == 0
    assert f"{file}: note: {missing}" in capsys.readouterr().out
    place_call(caller="380441112233", callee="380442223344", data_dir=data)
    assert f"switchhook: note: {missing}" in capsys.readouterr().err
