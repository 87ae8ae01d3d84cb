"""What was changed is read again, once; a store that cannot be read is asked again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from switchhook.app.feed import follow
from switchhook.storage.records import ChangeKind, StoreError
from tests.support.virtual_time import run_virtually

if TYPE_CHECKING:
    from collections.abc import Mapping

Counts = dict[ChangeKind, int]


@dataclass
class Store:
    """Tells one state of the counts after another, and then none."""

    told: list[Counts | StoreError]
    asked: list[Counts] = field(default_factory=list)

    async def changes(self, since: Mapping[ChangeKind, int] | None = None) -> Counts:
        self.asked.append(dict(since or {}))
        if not self.told:
            await asyncio.sleep(3600)
        told = self.told.pop(0)
        if isinstance(told, StoreError):
            raise told
        return told


def refreshed(store: Store, *, failing: int = 0) -> list[ChangeKind]:
    """Follow the store, and return what was read again; the first `failing` readings fail."""
    done: list[ChangeKind] = []
    failures = [StoreError("busy")] * failing

    async def refresh(kind: ChangeKind) -> None:
        if failures:
            raise failures.pop()
        done.append(kind)

    async def scenario() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                every = {kind: (lambda kind=kind: refresh(kind)) for kind in ChangeKind}
                await follow(store, every, {ChangeKind.PROJECTS: 3})

    run_virtually(scenario())
    return done


def test_only_what_was_changed_is_read_again() -> None:
    store = Store(
        [
            {ChangeKind.PROJECTS: 4},
            {ChangeKind.PROJECTS: 4, ChangeKind.SUBSCRIPTIONS: 1, ChangeKind.HANG_UPS: 7},
        ]
    )
    assert refreshed(store) == [
        ChangeKind.PROJECTS,
        ChangeKind.SUBSCRIPTIONS,
        ChangeKind.HANG_UPS,
    ]
    assert store.asked[0] == {ChangeKind.PROJECTS: 3}


def test_what_could_not_be_read_is_read_once_it_can_be() -> None:
    with capture_logs() as logs:
        store = Store([StoreError("locked"), {ChangeKind.PROJECTS: 4}, {ChangeKind.PROJECTS: 4}])
        assert refreshed(store, failing=1) == [ChangeKind.PROJECTS]
    assert [line["error"] for line in logs] == ["locked", "busy"]
