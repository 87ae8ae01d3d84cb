"""What shadows said is kept once, listed newest first, and gone with its call."""

from __future__ import annotations

from dataclasses import replace

from switchhook.storage.sqlite.store import SqliteStore
from tests.api.document.test_endpoints import shadow
from tests.support.loop import run
from tests.support.promises import OCCURRED, ended, record


def test_one_is_kept_once_and_goes_with_its_call() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        try:
            made = replace(shadow(1, "102", project="shop"), call="c1")
            for one in (made, replace(made, shadow="103"), replace(made, ask="c1-2", at=902.0)):
                await store.shadows.add(one)
            await store.commit(record(ended("c1")))
            found = await store.shadows.list("shop", since=0.0, limit=9)
            assert [(one.ask, one.shadow) for one in found] == [("c1-2", "102"), ("c-1", "102")]
            assert await store.shadows.list("other", since=0.0, limit=9) == ()
            for wanted in ({"webhook": "crm"}, {"only_different": False}):
                again = await store.shadows.list("shop", since=0.0, limit=9, **wanted)
                assert again == found
            assert await store.shadows.list("shop", since=0.0, webhook="erp", limit=9) == ()
            (count,) = await store.shadows.counts("shop", since=0.0)
            assert (count.asks, count.different) == (2, 2)
            assert await store.prune(before=OCCURRED + 9) == 1
            assert await store.shadows.list("shop", since=0.0, limit=9) == ()
        finally:
            await store.close()

    run(scenario())
