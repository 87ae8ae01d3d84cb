"""An operator ends a call by its id, and is told what became of the wish."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.cli import hang_up
from switchhook.cli.main import FAILED, FINE, run
from switchhook.domain.call import CallState
from switchhook.domain.cause import Outcome
from switchhook.operations.data_dir import DATABASE
from switchhook.storage.records import CallRecord, WantedHangUp
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario
from tests.support.snapshots import incoming

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.storage.records import CallRow

pytestmark = pytest.mark.row("FD-02")
RUNS = replace(incoming(), id="1.2")
OVER = replace(RUNS, id="1.1", state=CallState.ENDED, outcome=Outcome.MISSED, ended_at=9.0)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(hang_up, "WAIT_SECONDS", 0.1)

    async def fill() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        for call in (RUNS, OVER):
            await store.commit(CallRecord(call=call))
        await store.close()

    run_scenario(fill())
    return tmp_path


def test_a_call_that_no_server_runs_is_ended_later(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hang-up", "1.2"]) == FAILED
    assert "as soon as it runs" in capsys.readouterr().err

    async def wanted() -> tuple[WantedHangUp, ...]:
        store = await SqliteStore.open(home / DATABASE, read_only=True)
        found = await store.hang_ups()
        await store.close()
        return found

    project = RUNS.snapshot.project.id
    assert run_scenario(wanted()) == (WantedHangUp(project=project, call="1.2", by="an operator"),)


def test_a_call_that_has_ended_or_never_was_is_told_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["hang-up", "1.1"]) == FAILED
    assert "call 1.1 has ended already: missed" in capsys.readouterr().err
    assert run(["hang-up", "7.7"]) == FAILED
    assert "there is no call 7.7" in capsys.readouterr().err


def test_a_call_that_a_server_ends_is_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def end(store: SqliteStore, call: str, **_: object) -> CallRow | None:
        await store.commit(CallRecord(call=replace(OVER, id=call)))
        return await store.call(call)

    monkeypatch.setattr("switchhook.operations.control.hang_up", end)

    assert run(["hang-up", "1.2"]) == FINE
    assert capsys.readouterr().out == "call 1.2 is ended\n"
