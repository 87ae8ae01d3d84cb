"""On the command line parts of a project are shown and changed, versions are compared, and drafts are activated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    file = tmp_path / "acme.toml"
    file.write_text(f"# the office\n{MINIMAL}", encoding="utf-8")
    data = ["--data-dir", str(tmp_path / "data")]
    assert run(["apply", str(file), *data]) == 0
    capsys.readouterr()
    return data


def test_a_part_is_put_shown_patched_and_removed(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    piece = tmp_path / "piece"
    piece.write_text('password = "workshop-301"\n', encoding="utf-8")
    assert run(["config", "put", "accounts", "301", str(piece), *where]) == 0
    assert capsys.readouterr().out == "project acme is now version 2\nadded accounts 301\n"
    piece.write_text('{"name": "Ann", "department": null}', encoding="utf-8")
    assert run(["config", "patch", "accounts", "301", str(piece), *where]) == 0
    assert capsys.readouterr().out.endswith("changed accounts 301: name\n")
    assert run(["config", "show", "accounts", "301", *where]) == 0
    shown = 'login = "301"\npassword = "workshop-301"\nname = "Ann"\n'
    assert capsys.readouterr().out == shown
    assert run(["config", "list", "accounts", "--json", *where]) == 0
    tags = {one["name"]: one["etag"] for one in json.loads(capsys.readouterr().out)}
    old = ["--if-match", tags["101"]]
    assert run(["config", "patch", "accounts", "301", str(piece), *old, *where]) == 1
    assert "changed since it was read" in capsys.readouterr().err
    assert run(["config", "remove", "schemes", "1", *where]) == 1
    assert "is used by numbers[0].scheme" in capsys.readouterr().err
    assert run(["config", "remove", "schemes", "1", "--cascade", "--check", *where]) == 0
    assert capsys.readouterr().out.startswith("project acme would be version 4\n")
    assert run(["config", "remove", "accounts", "301", *where]) == 0
    assert run(["export", *where]) == 0
    assert capsys.readouterr().out.endswith(f"# the office\n{MINIMAL}")
    piece.write_text("[[[", encoding="utf-8")
    assert run(["config", "put", "accounts", "301", str(piece), *where]) == 1
    assert "this is no TOML" in capsys.readouterr().err


def test_a_project_goes_out_and_comes_in_as_json(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", "--json", *where]) == 0
    document = json.loads(capsys.readouterr().out)
    document["project"]["name"] = "Acme Ltd"
    file = tmp_path / "acme.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert run(["apply", str(file), *where]) == 0
    assert capsys.readouterr().out == "project acme is now version 2\nchanged project: name\n"
    assert run(["export", *where]) == 0
    assert capsys.readouterr().out == f"# the office\n{MINIMAL}".replace('"Acme"', '"Acme Ltd"')
    document["project"]["id"] = "next"
    document["numbers"], document["accounts"][0]["login"] = [], "901"
    del document["numbers"], document["schemes"]
    file.write_text(json.dumps(document), encoding="utf-8")
    assert run(["apply", str(file), *where]) in {0, 1}
    assert "next" in "".join(capsys.readouterr())
    file.write_text("{", encoding="utf-8")
    assert run(["apply", str(file), *where]) == 1
    assert "this is no JSON" in capsys.readouterr().err


def test_versions_are_listed_compared_and_restored(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    piece = tmp_path / "piece"
    piece.write_text('name = "Acme Ltd"', encoding="utf-8")
    assert run(["config", "patch", "project", "", str(piece), *where]) == 0
    assert run(["versions", "diff", *where]) == 0
    assert "changed project: name\n--- version 1\n+++ version 2\n" in capsys.readouterr().out
    assert run(["versions", "restore", "1", *where]) == 0
    assert run(["versions", "list", "--json", *where]) == 0
    out = capsys.readouterr().out
    rows = json.loads(out[out.index("[\n") if "[\n" in out else out.index("[{") :])
    assert [one["version"] for one in rows] == [3, 2, 1]
    assert rows[0]["by"].endswith("on the command line")
    assert run(["versions", "show", "2", *where]) == 0
    assert 'name = "Acme Ltd"' in capsys.readouterr().out


def test_a_draft_is_saved_compared_and_activated(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patch = tmp_path / "patch.json"
    patch.write_text('{"project": {"name": "Acme Ltd"}}', encoding="utf-8")
    assert run(["draft", "save", "next", "--patch", str(patch), *where]) == 0
    assert run(["draft", "diff", "next", *where]) == 0
    assert "changed project: name" in capsys.readouterr().out
    assert run(["draft", "check", "next", *where]) == 0
    assert run(["draft", "list", *where]) == 0
    assert "next" in capsys.readouterr().out
    assert run(["draft", "activate", "next", *where]) == 0
    assert "project acme is now version 2" in capsys.readouterr().out
    assert run(["draft", "discard", "next", *where]) == 1
    assert "has no draft 'next'" in capsys.readouterr().err
    assert run(["draft", "save", "next", *where]) == 2
