"""The command finds the calls that the API finds, page by page or all at once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, INTERRUPTED, MISUSED, run
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import apply_project
from switchhook.storage.sqlite.store import SqliteStore
from tests.conformance.test_call_list import made
from tests.support import loop
from tests.support.projects import MINIMAL
from tests.support.promises import record, stream_event
from tests.support.told import CALL, remember

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def where(tmp_path: Path) -> Path:
    async def fill() -> None:
        await remember(tmp_path)
        store = await SqliteStore.open(tmp_path / DATABASE)
        await store.commit(record(made("c1", at=1_000_000_000, rang=("102",))))
        await store.commit(record(made("c2", at=1_000_000_001, caller="", scheme=7)))
        await store.close()

    loop.run(fill())
    return tmp_path


def test_calls_are_found_by_options(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def found(*options: str) -> list[str]:
        assert run(["calls", "--data-dir", str(where), "--json", *options]) == FINE
        return [one["id"] for one in json.loads(capsys.readouterr().out)]

    assert found() == ["c2", "c1", CALL]
    assert found("--number", "*2233") == ["c1", CALL]
    assert found("--account", "102") == ["c1"]
    assert found("--scheme", "7", "--ended") == ["c2"]
    assert found("--running") == []
    assert found("--failed", "--webhook", "crm after") == [CALL]
    assert found("--project", "acme", "--since", "2026-01-01") == []
    assert run(["calls", "--data-dir", str(where), "--scheme", "9"]) == FINE
    assert capsys.readouterr().out == "no call fits\n"


def test_a_list_goes_on_where_it_stopped(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calls", "--data-dir", str(where), "--limit", "2"]) == FINE
    out, err = capsys.readouterr()
    assert "c2" in out
    assert CALL not in out
    place = err.partition("go on with --after ")[2].split()[0]
    assert run(["calls", "--data-dir", str(where), "--after", place]) == FINE
    out, err = capsys.readouterr()
    assert CALL in out
    assert "go on" not in err


def test_all_that_is_found_is_exported(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calls", "--data-dir", str(where), "--export", "csv"]) == FINE
    out, err = capsys.readouterr()
    lines = out.split("\n")
    assert lines[0].startswith("id,project,direction,caller,")
    assert [line.partition(",")[0] for line in lines[1:4]] == ["c2", "c1", CALL]
    assert err == "3 calls\n"
    options = ("--export", "jsonl", "--scheme", "7")
    assert run(["calls", "--data-dir", str(where), *options]) == FINE
    out, err = capsys.readouterr()
    assert json.loads(out)["id"] == "c2"
    assert err == "1 call\n"


def test_a_mistake_is_named(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calls", "--data-dir", str(where), "--outcome", "lost"]) == MISUSED
    assert "--outcome: choose of answered, missed" in capsys.readouterr().err
    assert run(["calls", "--data-dir", str(where), "--after", "x"]) == MISUSED
    assert "--after: this is no place" in capsys.readouterr().err
    for option in ("--json", "--export=csv"):
        assert run(["calls", "--data-dir", str(where), "--project", "none", option]) == FAILED
        assert "no project none" in capsys.readouterr().err


def test_calls_are_followed_until_somebody_stops_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'{"call":{"caller":{"number":null},"called":"4930","outcome":"missed"}}'

    async def fill() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        keeps = MINIMAL.replace("acme", "shop") + "\n[event_stream]\nkeep = true\n"
        await apply_project(store, keeps)
        await store.commit(record(made("c1", outcome=None), events=(stream_event("c1"),)))
        await store.close()

    loop.run(fill())
    read = SqliteStore.stream_events
    asked: list[float] = []

    async def stopped(self: SqliteStore, project: str, **wanted: float) -> object:
        asked.append(wanted.get("wait", 0.0))
        if len(asked) == 3:
            raise KeyboardInterrupt
        page = await read(self, project, after=0, limit=9)
        events = tuple(replace(one, body=body) for one in page.events)
        return replace(page, events=events) if asked[-1] else page

    monkeypatch.setattr(SqliteStore, "stream_events", stopped)
    options = ("calls", "--data-dir", str(tmp_path), "--project", "shop", "--follow")
    assert run(options) == INTERRUPTED
    out = capsys.readouterr().out
    assert "running" in out
    assert "call.created      c1  withheld → 4930: missed" in out
    asked.clear()
    assert run((*options, "--json")) == INTERRUPTED
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[0])["id"] == "c1"
    assert lines[1].encode() == body


def test_following_needs_a_project_that_keeps_its_events(
    where: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["calls", "--data-dir", str(where), "--follow"]) == MISUSED
    assert "name it with --project" in capsys.readouterr().err
    assert run(["calls", "--data-dir", str(where), "--follow", "--project", "acme"]) == FAILED
    assert "keeps no events" in capsys.readouterr().err
