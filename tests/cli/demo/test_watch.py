"""A call is drawn line by line as it is stored, each line once, and waiting for one has an end."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from switchhook.cli.demo.watch import follow, new_call
from switchhook.operations.data_dir import DATABASE
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.told import CALL, remember

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_call_is_noticed_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        await remember(tmp_path)
        store = await SqliteStore.open(tmp_path / DATABASE, read_only=True)
        seen: set[str] = set()

        assert await new_call(store, seen, within=1.0) == CALL
        assert await new_call(store, seen, within=0.0) is None
        await store.close()

    run(scenario())


def test_a_call_is_followed_to_its_end(tmp_path: Path) -> None:
    output = io.StringIO()

    async def scenario() -> None:
        await remember(tmp_path)
        store = await SqliteStore.open(tmp_path / DATABASE, read_only=True)
        story = await follow(store, CALL, Console(file=output, width=200), within=0.0)
        await store.close()

        assert story.call.id == CALL

    run(scenario())
    lines = output.getvalue().splitlines()

    assert "380441112233 calls 380442223344" in lines[0]
    assert "incoming.after to crm after: status" in lines[-1]
    assert len(lines) == len(set(lines)) == 11
