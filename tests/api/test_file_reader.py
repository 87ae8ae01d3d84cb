"""A long project file is read in a process of its own, and a short one here; what comes back is the same."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from anyio import open_process

from switchhook.api import file_reader
from switchhook.api.file_reader import SHORT, read_in_worker
from switchhook.operations.projects import ReadFile, read_file
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.tasks import spawn
from tests.support.loop import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from anyio.abc import Process

LONG = MINIMAL + "\n".join(
    f'[[accounts]]\nlogin = "{login}"\npassword = "password-{login}"\n'
    for login in range(2_000, 2_600)
)


@pytest.mark.row("FD-13")
@pytest.mark.slow
def test_a_long_file_is_read_elsewhere_and_comes_back_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert len(LONG) > SHORT

    def never(_: str) -> None:
        raise AssertionError("it was read in this process")

    here = read_file(LONG)
    monkeypatch.setattr("asyncio.to_thread", never)
    elsewhere = run(read_in_worker(LONG))
    assert isinstance(elsewhere, ReadFile)
    assert elsewhere == here


@pytest.mark.row("FD-13")
@pytest.mark.slow
def test_mistakes_of_a_long_file_come_back_too() -> None:
    wrong = run(read_in_worker(LONG + "[[accounts]]\nlogin = 5\n"))
    assert isinstance(wrong, Mistakes)
    assert "login: 5 is not text" in str(wrong)
    giant = run(read_in_worker("[project]\nid = " + "9" * 1_000_000))
    assert isinstance(giant, Mistakes)


@pytest.mark.row("FD-13")
@pytest.mark.slow
def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "TIMEOUT", 0.001)
    wrong = run(read_in_worker(LONG))
    assert "reading the file took more than" in str(wrong)
    gc.collect()  # a process that is left behind complains, which fails the test


@pytest.mark.slow
def test_who_goes_away_while_the_process_begins_leaves_none_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        begins = asyncio.Event()
        processes: list[Process] = []

        async def noted(*args: Any, **options: Any) -> Process:
            process = await open_process(*args, **options)
            processes.append(process)
            begins.set()
            return process

        monkeypatch.setattr("anyio.to_process.open_process", noted)
        gone = spawn(read_in_worker(LONG), name="read")
        await begins.wait()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert isinstance(await read_in_worker(LONG), ReadFile)
        (process,) = processes  # it was waited for, and used
        assert process.returncode is None
        kept.append(process)

    kept: list[Process] = []
    run(scenario())
    assert kept[0].returncode is not None


def test_a_short_file_is_read_here() -> None:
    assert isinstance(run(read_in_worker(MINIMAL)), ReadFile)
