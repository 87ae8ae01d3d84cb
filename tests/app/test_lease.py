"""A lease is renewed until it is lost; who renews none any more is taken over, and who stood still looks first."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from switchhook.app.lease import LOOKS, RENEW_EVERY, LeaseKeeper
from switchhook.storage.records import Lease, LeaseLostError, StoreError, TakenOver
from switchhook.tasks import spawn
from tests.support.virtual_time import run_virtually

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = Lease(name="b", incarnation=1, beat=1)
LEFT = TakenOver(calls=frozenset({"c1"}), deliveries=frozenset(), accounts=frozenset())


@dataclass
class Store:
    """Another node in a store; `beats` is whether it renews its lease."""

    node: str = "a"
    lease: Lease = OTHER
    beats: bool = False
    renewals: list[float] = field(default_factory=list)
    taken: list[Lease] = field(default_factory=list)
    trouble: StoreError | None = None

    async def join(self) -> None:
        raise NotImplementedError

    async def renew(self) -> tuple[Lease, ...]:
        self.renewals.append(asyncio.get_running_loop().time())
        if self.trouble is not None:
            raise self.trouble
        if self.beats:
            self.lease = replace(self.lease, beat=self.lease.beat + 1)
        return () if self.taken else (self.lease,)

    async def take_over(self, lease: Lease) -> TakenOver | None:
        self.taken.append(lease)
        return LEFT


def kept(
    store: Store, seconds: float, then: Callable[[LeaseKeeper], None] = lambda _: None
) -> tuple[LeaseKeeper, list[TakenOver]]:
    """Keep the lease for some seconds; return the keeper and what it carried on."""
    carried_on: list[TakenOver] = []

    async def take_up(taken: TakenOver) -> None:
        if store.trouble is not None:
            raise store.trouble
        carried_on.append(taken)

    async def scenario() -> LeaseKeeper:
        keeper = LeaseKeeper(store, take_up)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await keeper.keep()
        then(keeper)
        return keeper

    return run_virtually(scenario()), carried_on


def test_a_lease_is_renewed_every_few_seconds() -> None:
    store = Store(beats=True)
    _, carried_on = kept(store, 60.0)
    assert len(store.renewals) == 60 / RENEW_EVERY - 1
    assert (store.taken, carried_on) == ([], [])


def test_a_node_that_is_seen_unchanged_too_often_is_taken_over_and_carried_on() -> None:
    store = Store()
    with capture_logs() as logs:
        _, carried_on = kept(store, RENEW_EVERY * (LOOKS + 1) - 0.5)
        assert store.taken == []
        _, carried_on = kept(store, RENEW_EVERY * (LOOKS + 3))
    assert store.taken == [OTHER]
    assert carried_on == [LEFT]
    assert [line["event"] for line in logs] == ["lease expired"]


def test_a_lost_lease_is_told_and_renewed_no_more() -> None:
    store = Store(trouble=LeaseLostError("over"))
    with capture_logs() as logs:
        keeper, _ = kept(store, 60.0)
    assert keeper.lost.is_set()
    assert len(store.renewals) == 1
    assert logs[0]["event"] == "lease lost"


def test_a_store_in_trouble_is_asked_again() -> None:
    store = Store(trouble=StoreError("disk full", transient=True))
    with capture_logs() as logs:
        keeper, _ = kept(store, 10.0)
    assert not keeper.lost.is_set()
    assert len(store.renewals) == 3
    assert {line["event"] for line in logs} == {"lease not renewed"}


def test_a_lease_that_was_not_renewed_for_nearly_as_long_as_others_wait_is_held_no_more() -> None:
    store, told = Store(trouble=StoreError("disk full", transient=True)), list[float]()

    async def scenario() -> list[bool]:
        now = asyncio.get_running_loop().time
        keeper = LeaseKeeper(store, no_take_up, held_again=lambda: told.append(now()))
        held = [keeper.is_held]
        keeping = spawn(keeper.keep(), name="keep")
        for seconds in (RENEW_EVERY * (LOOKS - 1), RENEW_EVERY * 3 / 4):
            await asyncio.sleep(seconds)
            held.append(keeper.is_held)
        store.trouble = None
        await asyncio.sleep(RENEW_EVERY * 2)
        held.append(keeper.is_held)
        keeping.cancel()
        return held

    with capture_logs():
        assert run_virtually(scenario()) == [True, True, False, True]
    assert len(told) == 1, "what had waited goes on once"


async def no_take_up(_taken: TakenOver) -> None:
    """Nothing is left by others here."""


def test_what_was_taken_over_is_carried_on_once_it_can_be_read() -> None:
    store, carried_on, refusals = Store(), [], [StoreError("busy"), StoreError("busy")]

    async def take_up(taken: TakenOver) -> None:
        if refusals:
            raise refusals.pop()
        carried_on.append(taken)

    async def scenario() -> None:
        keeper = LeaseKeeper(store, take_up, every=1.0, looks=1)
        with suppress(TimeoutError):
            async with asyncio.timeout(20.0):
                await keeper.keep()

    with capture_logs():
        run_virtually(scenario())
    assert carried_on == [LEFT]
