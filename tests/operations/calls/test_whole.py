"""All that is kept of a call is read together; another project's call is not there."""

from __future__ import annotations

import pytest

from switchhook.operations.calls.whole import show_whole_call
from switchhook.operations.history import NoSuchCallError
from switchhook.storage.sqlite.store import SqliteStore
from tests.conformance.test_call_list import made
from tests.support.loop import run
from tests.support.promises import record
from tests.support.whole_call import ID, capture, journal, keep_whole_call


def test_a_call_with_its_attempts_and_messages() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await keep_whole_call(store)
        await store.commit(record(made("bare")))
        found = await show_whole_call(store, ID, only="acme")
        assert found.story.journal == journal()
        assert [len(one.attempts) for one in found.deliveries] == [1, 1]
        assert found.capture == capture()
        assert (await show_whole_call(store, "bare")).capture is None
        with pytest.raises(NoSuchCallError):
            await show_whole_call(store, ID, only="other")
        await store.close()

    run(scenario())
