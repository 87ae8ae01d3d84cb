"""An operator rehearses a project file on stored calls, and sees which would go elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.calls import rehearse as module
from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.document.drafts import save_draft
from switchhook.operations.projects import apply_project
from switchhook.operations.rehearsal.run import RehearsalRun
from switchhook.storage.sqlite.store import SqliteStore
from tests.support import loop
from tests.support.rehearsed import HOUSE_FILE, LESS_FILE, store_calls
from tests.support.snapshots import JOHN, MARY, ring, snapshot

if TYPE_CHECKING:
    from pathlib import Path

HOUSE = snapshot(ring(MARY), ring(JOHN))
DRAFT = LESS_FILE


async def _remember(folder: Path) -> None:
    store = await SqliteStore.open(folder / DATABASE)
    try:
        await apply_project(store, HOUSE_FILE)
        await save_draft(store, "shop", "less", DRAFT, by="anna", now=1.0)
        await store_calls(store, HOUSE)
    finally:
        await store.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    loop.run(_remember(tmp_path))
    (tmp_path / "less.toml").write_text(DRAFT, encoding="utf-8")
    return tmp_path


def rehearse(home: Path, *arguments: str) -> int:
    return run(["rehearse", *arguments, "--data-dir", str(home), "--since", "2000-01-01"])


def test_calls_that_would_go_elsewhere_are_listed_with_both_paths(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse(home, str(home / "less.toml")) == FINE
    out = capsys.readouterr().out
    assert "3 of 7 calls would go elsewhere" in out
    assert "    went   phone:30 → mary (busy) → phone:30 → john; john answered\n" in out
    assert "    would  phone:30 → mary (busy); busy (486)\n" in out
    assert rehearse(home, "--draft", "less", "--limit", "1") == FINE
    out = capsys.readouterr().out
    assert out.count("would  ") == 1
    assert "1 of 3 are listed; --limit lists more" in out


def test_programs_get_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rehearse(home, str(home / "less.toml"), "--json") == FINE
    found = json.loads(capsys.readouterr().out)
    assert (found["calls"], found["elsewhere"], found["same"], found["stopped"]) == (7, 3, 4, False)
    assert [one["call"] for one in found["diversions"]] == ["call-6", "call-3", "call-0"]


def test_who_stops_it_sees_what_was_found_so_far(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(RehearsalRun):
        async def next_batch(self) -> bool:
            if await super().next_batch():
                return True
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "RehearsalRun", Stopped)
    assert rehearse(home, "--draft", "less") == FAILED
    out = capsys.readouterr().out
    assert "3 of 7 calls would go elsewhere" in out
    assert "stopped; calls before " in out


def test_mistakes_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rehearse(home) == MISUSED
    assert rehearse(home, "a.toml", "--draft", "less") == MISUSED
    assert rehearse(home, "--draft", "less", "--until", "soon") == MISUSED
    assert rehearse(home, "--draft", "none") == FAILED
    bad = home / "bad.toml"
    bad.write_text(DRAFT.replace('ring = ["mary"]', 'ring = ["nobody at all"]'), encoding="utf-8")
    capsys.readouterr()
    assert rehearse(home, str(bad)) == FAILED
    assert "bad.toml: " in capsys.readouterr().err
    bad.write_bytes(b"\xff\xfe\x00")
    assert rehearse(home, str(bad)) == FAILED
    bad.write_text(DRAFT.replace('"shop"', '"other"'), encoding="utf-8")
    assert rehearse(home, str(bad), "--project", "shop") == FAILED
    assert "one of project other" in capsys.readouterr().err
    assert rehearse(home, str(bad)) == FAILED
