"""A call log has the path of each call, and a link to its recording, in lists and in exports (T-25)."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.cli.main import FINE
from switchhook.cli.main import run as command
from switchhook.domain.access.token import Scope
from tests.api.intake.test_imports import imported, made
from tests.support.brought import HERE, Brought, brought
from tests.support.loop import run

if TYPE_CHECKING:
    from pathlib import Path

LINK = "https://pbx.example/r/1.wav"


async def some(web: Brought) -> None:
    await imported(web, made(recording_link=LINK), made("pbx-2"))


@pytest.mark.row("T-25")
def test_lists_and_exports_have_path_and_link_where_they_are_wanted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE, scope=Scope.PROJECT) as web:
            await some(web)
            page = (await web.ask("GET", "/api/calls?details=true")).json["calls"]
            assert sorted((one["path"], one["recording_link"]) for one in page) == [
                ("101", ""),
                ("101", LINK),
            ]
            bare = (await web.ask("GET", "/api/calls")).json["calls"]
            assert all("path" not in one for one in bare)
            table = await web.stream("/api/calls/export?details=true")
            rows = list(csv.DictReader(io.StringIO(table.decode())))
            assert sorted(row["recording_link"] for row in rows) == ["", LINK]
            assert {row["path"] for row in rows} == {"101"}
            lines = await web.stream("/api/calls/export?format=jsonl&details=true")
            assert sorted(json.loads(line)["recording_link"] for line in lines.splitlines()) == [
                "",
                LINK,
            ]
            assert (await web.ask("GET", "/api/calls?details=maybe")).status == 400

    run(scenario())


def test_links_are_for_those_who_may_hear_recordings(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE, scope=Scope.CALLS) as web:
            assert (await web.ask("GET", "/api/calls")).status == 200
            assert (await web.ask("GET", "/api/calls?details=true")).status == 403
            assert (await web.ask("GET", "/api/calls/export?details=true")).status == 403

    run(scenario())


def test_the_command_has_them_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE) as web:
            await some(web)

    def told(*words: str) -> str:
        capsys.readouterr()
        assert command(["calls", *words]) == FINE
        return capsys.readouterr().out

    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path))
    run(scenario())
    shown: Any = json.loads(told("--json", "--details"))
    assert sorted(one["recording_link"] for one in shown) == ["", LINK]
    assert LINK in told("--export", "csv", "--details")
    assert LINK in told("--export", "jsonl", "--details")
    assert LINK not in told("--export", "csv")
    capsys.readouterr()
    assert command(["config", "list"]) == FINE
    assert "accounts" in capsys.readouterr().out
    assert command(["config", "list", "--json"]) == FINE
    assert ("accounts", "login", 1) in [
        (one["kind"], one["key"], one["count"]) for one in json.loads(capsys.readouterr().out)
    ]
