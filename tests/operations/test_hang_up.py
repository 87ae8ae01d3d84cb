"""A call is ended on an operator's word by whichever process runs it, at once or when one is started."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from switchhook.domain.call import CallState
from switchhook.domain.cause import Outcome
from switchhook.operations.hang_up import CallOverError, hang_up
from switchhook.operations.history import NoSuchCallError
from switchhook.storage.records import CallRecord, WantedHangUp
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tasks import spawn
from tests.support.loop import run
from tests.support.snapshots import incoming

pytestmark = pytest.mark.row("FD-02")
RUNS = replace(incoming(), id="1.2")
OVER = replace(RUNS, state=CallState.ENDED, outcome=Outcome.ANSWERED, ended_at=9.0)


def stored(*, is_over: bool) -> CallRecord:
    return CallRecord(call=OVER if is_over else RUNS)


def test_the_wish_stays_until_somebody_fulfils_it() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await store.commit(stored(is_over=False))

        assert (await hang_up(store, "1.2", by="jane", patience=0.0)).outcome is None
        await hang_up(store, "1.2", by="john", patience=0.0)

        wanted = WantedHangUp(project=RUNS.snapshot.project.id, call="1.2", by="jane")
        assert await store.hang_ups() == (wanted,)
        await store.delete_hang_up(wanted)
        assert await store.hang_ups() == ()
        await store.close()

    run(scenario())


def test_the_end_is_waited_for() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await store.commit(stored(is_over=False))
        wish = spawn(hang_up(store, "1.2", by="jane", patience=5.0), name="wish")
        while not await store.hang_ups():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
        await store.commit(stored(is_over=True))

        assert (await wish).outcome is Outcome.ANSWERED
        await store.close()

    run(scenario())


def test_what_does_not_run_cannot_be_ended() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await store.commit(stored(is_over=True))
        with pytest.raises(CallOverError, match="has ended already: answered"):
            await hang_up(store, "1.2", by="jane", patience=0.0)
        with pytest.raises(NoSuchCallError, match=r"no call 9\.9"):
            await hang_up(store, "9.9", by="jane", patience=0.0)
        assert await store.hang_ups() == ()
        await store.close()

    run(scenario())
