"""An operator prints a project's event stream from a place on, as programs read it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FINE, MISUSED, run
from switchhook.domain.event_stream import StreamEventType
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import apply_project
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario
from tests.support.projects import MINIMAL
from tests.support.promises import call, record, stream_event

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path))
    run_scenario(publish(tmp_path))
    return tmp_path


async def publish(folder: Path) -> None:
    store = await SqliteStore.open(folder / DATABASE)
    await apply_project(store, MINIMAL.replace("acme", "shop"))
    over = replace(stream_event("b", 2), type=StreamEventType.CALL_ENDED)
    for name, event in (("a", stream_event("a")), ("b", stream_event("b")), ("b", over)):
        await store.commit(record(call(name), events=(event,)))
    await store.close()


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[list[str], str]:
    assert run(["events", "--project", "shop", *options]) == FINE
    out, err = capsys.readouterr()
    return [json.loads(line)["id"] for line in out.splitlines()], err


def test_events_are_printed_one_a_line_and_where_to_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert printed(capsys) == (["a.1", "b.1", "b.2"], "go on with --after 3\n")
    assert printed(capsys, "--limit", "2") == (["a.1", "b.1"], "go on with --after 2\n")
    assert printed(capsys, "--after", "2") == (["b.2"], "go on with --after 3\n")
    assert printed(capsys, "--after", "newest") == ([], "go on with --after 3\n")
    assert printed(capsys, "--types", "call.ended") == (["b.2"], "go on with --after 3\n")


def test_where_nothing_was_ever_kept_it_says_what_keeps_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def another() -> None:
        store = await SqliteStore.open(home / DATABASE)
        await apply_project(store, '[project]\nid = "quiet"\nname = "Quiet"\n')
        await store.close()

    run_scenario(another())
    assert run(["events", "--project", "quiet"]) == FINE
    assert capsys.readouterr().err == (
        "project quiet has no events; they are kept from when its file says keep = true in [event_stream]\n"
        "go on with --after 0\n"
    )


def test_the_only_project_need_not_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["events", "--limit", "1"]) == FINE
    assert json.loads(capsys.readouterr().out)["id"] == "a.1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--after", "x"), "--after: this is no place in the stream"),
        (("--after", "7"), "--after: the stream does not reach this place"),
        (("--types", "call.vanished"), "--types: there is no such type"),
    ],
)
def test_what_cannot_be_printed_is_said(
    options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["events", "--project", "shop", *options]) == MISUSED
    assert words in capsys.readouterr().err
