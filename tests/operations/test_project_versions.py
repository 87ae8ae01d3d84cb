"""A project's latest version is read only where it is not at hand."""

from __future__ import annotations

import pytest

from switchhook.operations.project_versions import NoSuchProjectError, current_project
from switchhook.operations.projects import apply_project
from switchhook.projectfile.loading import load_directory
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.projects import MINIMAL


def test_what_calls_follow_is_taken_as_long_as_it_is_the_latest() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await apply_project(store, MINIMAL)
        snapshots = (await load_directory(store)).snapshots
        at_hand = snapshots["acme"].project
        assert await current_project(store, None, snapshots.get) is at_hand
        read = await current_project(store, "acme")
        assert read == at_hand
        assert read is not at_hand
        await apply_project(store, MINIMAL.replace("Acme", "Acme Ltd"))
        newer = await current_project(store, "acme", snapshots.get)
        assert (newer.name, newer.version) == ("Acme Ltd", 2)
        with pytest.raises(NoSuchProjectError):
            await current_project(store, "nobody", snapshots.get)
        await store.close()

    run(scenario())
