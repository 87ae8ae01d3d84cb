"""Nodes that share a store leave each other's calls alone, and take over what a dead one leaves, once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from switchhook.domain.event import Subscription
from switchhook.storage.records import (
    CallRecord,
    ChangeKind,
    LeaseLostError,
    StoreError,
    TakenOver,
    WantedHangUp,
)
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tasks import spawn
from tests.support.loop import run
from tests.support.promises import DOWN, attempt, call, delivery, ended, record
from tests.support.snapshots import snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from switchhook.domain.project import ProjectSnapshot


class OpensAs(Protocol):
    """Opens a store, always the same one, as a node of a name."""

    def __call__(
        self, node: str, *, joins: bool = True
    ) -> AbstractAsyncContextManager[SqliteStore]: ...


@pytest.fixture(params=["SQLite file"])
def opened(tmp_path: Path) -> OpensAs:
    @asynccontextmanager
    async def as_node(node: str, *, joins: bool = True) -> AsyncIterator[SqliteStore]:
        store = await SqliteStore.open(tmp_path / "switchhook.sqlite3", node=node)
        try:
            if joins:
                await store.join()
            yield store
        finally:
            await store.close()

    return as_node


def shop(_project: str, _version: int) -> ProjectSnapshot:
    return snapshot()


async def left_by(store: SqliteStore, name: str) -> None:
    """Let a node begin a call with a promise, and register a telephone."""
    await store.commit(record(call(name), delivery(name), entries=1))
    await store.save_registration("shop", name, f"telephones of {name}")


async def has(store: SqliteStore, *names: str) -> None:
    live = [one.id for one in await store.live_calls(shop)]
    pending = [one.call for one in await store.pending_deliveries()]
    at = [account for _, account, _ in await store.registrations()]
    assert live == pending == sorted(at) == list(names)


def test_a_node_sees_its_own_calls_deliveries_and_registrations(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("a") as a, opened("b") as b:
            await left_by(a, "c1")
            await left_by(b, "c2")
            await a.record_attempt(attempt(delivery("c1"), failure=DOWN, is_last=False))
            await has(a, "c1")
            await has(b, "c2")
            assert list(await a.attempts_of_pending()) == [delivery("c1").id]
            assert await b.attempts_of_pending() == {}
            assert await a.snapshots_of_live_calls() == (("shop", 1),)
            assert [row.id for row in await b.calls()] == ["c2", "c1"]
            everywhere = [account for _, account, _ in await b.all_registrations()]
            assert everywhere == ["c1", "c2"]

    run(scenario())


def test_a_node_of_the_same_name_takes_up_its_own_at_once(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("a") as former:
            await left_by(former, "c1")
            async with opened("a") as a:
                await has(a, "c1")
                with pytest.raises(LeaseLostError, match="node a was taken for dead"):
                    await former.commit(record(ended("c1")))
                await has(a, "c1")

    run(scenario())


def test_a_lease_changes_with_each_renewal_and_names_the_others(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("b") as b, opened("a") as a:
            assert [lease.name for lease in await a.renew()] == ["b"]
            before = await b.renew()
            assert [lease.name for lease in before] == ["a"]
            assert await b.renew() == before
            await a.renew()
            assert await b.renew() != before

    run(scenario())


def test_what_a_dead_node_leaves_is_taken_over_once(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("a") as a, opened("b") as b, opened("c") as c:
            await left_by(a, "c1")
            await a.commit(record(ended("over"), delivery("over")))
            await a.record_attempt(attempt(delivery("over")))
            (lease, _), _ = await b.renew(), await c.renew()
            taken = await asyncio.gather(b.take_over(lease), c.take_over(lease))
            (won,) = [one for one in taken if one is not None]
            assert won == TakenOver(
                calls=frozenset({"c1"}),
                deliveries=frozenset({delivery("c1").id}),
                accounts=frozenset({("shop", "c1")}),
            )
            winner, other = (b, c) if taken[0] else (c, b)
            await has(winner, "c1")
            await has(other)
            assert [one.name for one in await other.renew()] == [winner.node]

    run(scenario())


def test_a_node_that_renewed_its_lease_is_not_taken_over(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("a") as a, opened("b") as b:
            await left_by(a, "c1")
            (seen,) = await b.renew()
            await a.renew()
            assert await b.take_over(seen) is None
            await has(a, "c1")

    run(scenario())


def test_a_node_that_was_taken_over_stores_nothing_more(opened: OpensAs) -> None:
    """It stood still, and is not dead: what it does now would be done twice."""

    async def scenario() -> None:
        async with opened("a") as a, opened("b") as b, opened("c") as c:
            await left_by(a, "c1")
            (lease, third) = await b.renew()
            assert await b.take_over(lease) is not None
            for writing in (
                a.commit(record(ended("c1"), delivery("c1", 2))),
                a.record_attempt(attempt(delivery("c1"))),
                a.save_registration("shop", "c1", "elsewhere"),
                a.take_over(third),
            ):
                with pytest.raises(LeaseLostError) as lost:
                    await writing
                assert not lost.value.transient
            with pytest.raises(LeaseLostError):
                await a.renew()
            await has(b, "c1")
            await has(c)
            await has(a)

    run(scenario())


def test_a_node_that_comes_back_begins_anew(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("b") as b:
            async with opened("a") as a:
                await left_by(a, "c1")
            (lease,) = await b.renew()
            await b.take_over(lease)
            async with opened("a") as a:
                await has(a)
                await left_by(a, "c2")
                await has(a, "c2")
                (again,) = await b.renew()
                assert again != lease
                assert await b.take_over(lease) is None

    run(scenario())


def test_telephones_of_an_account_at_both_nodes_stay_where_they_live(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("a") as a, opened("b") as b:
            for store in (a, b):
                await store.save_registration("shop", "101", f"at {store.node}")
            await a.save_registration("shop", "102", "at a")
            (lease,) = await b.renew()
            taken = await b.take_over(lease)
            assert taken is not None
            assert taken.accounts == {("shop", "102")}
            expected = (("shop", "101", "at b"), ("shop", "102", "at a"))
            assert await b.registrations() == await b.all_registrations() == expected

    run(scenario())


def test_who_never_joined_writes_without_a_lease(opened: OpensAs) -> None:
    """So commands do: they run no calls, and end nobody's lease."""

    async def scenario() -> None:
        async with opened("a") as a, opened("a", joins=False) as command:
            await command.save_project("shop", "document")
            await a.commit(record(call("c1")))
            assert await a.renew() == ()

    run(scenario())


def test_what_cannot_be_stored_fails_alone_under_a_lease_too(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("a") as a:
            poisoned = replace(record(call("bad")), entries=())
            bad = CallRecord(
                call=replace(poisoned.call, caller=poisoned.call.caller.changed(name="\ud800"))
            )
            told = await asyncio.gather(
                a.commit(record(call("c1"))), a.commit(bad), return_exceptions=True
            )
            assert [type(one) for one in told] == [type(None), StoreError]

    run(scenario())


DOCUMENT = "a document"


def test_a_change_is_told_to_every_node_with_its_kind_alone(opened: OpensAs) -> None:
    asked = Subscription(
        project="shop", user="u", target_url="https://a.example", event="custom", created_at=1.0
    )

    async def scenario() -> None:
        async with opened("a") as a, opened("b", joins=False) as b:
            assert await a.changes() == {}
            for write, kind in (
                (a.save_project("shop", DOCUMENT), ChangeKind.PROJECTS),
                (a.add_subscription(asked, most=9), ChangeKind.SUBSCRIPTIONS),
                (a.delete_subscription("shop", 1), ChangeKind.SUBSCRIPTIONS),
                (
                    a.add_hang_up(WantedHangUp(project="shop", call="c1", by="me")),
                    ChangeKind.HANG_UPS,
                ),
            ):
                since = await a.changes()
                waiting = [spawn(store.changes(since), name="wait") for store in (a, b)]
                await write
                for one in waiting:
                    told = await one
                    assert {k: n for k, n in told.items() if since.get(k) != n} == {
                        kind: since.get(kind, 0) + 1
                    }
            assert await a.changes() == await b.changes()

    run(scenario())


def test_what_changes_nothing_is_not_told(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("a") as a:
            await a.save_project("shop", DOCUMENT)
            since = await a.changes()
            await a.save_project("shop", DOCUMENT)
            await a.delete_subscription("shop", 1)
            await left_by(a, "c1")
            assert await a.changes() == since

    run(scenario())


def test_a_wish_to_hang_up_is_for_the_node_that_has_the_call(opened: OpensAs) -> None:
    async def scenario() -> None:
        async with opened("a") as a, opened("b") as b:
            await left_by(a, "c1")
            wanted = WantedHangUp(project="shop", call="c1", by="me")
            await b.add_hang_up(wanted)
            assert await a.hang_ups() == (wanted,)
            assert await b.hang_ups() == ()
            (lease,) = await b.renew()
            await b.take_over(lease)
            assert await b.hang_ups() == (wanted,)
            await b.delete_hang_up(wanted)
            assert await b.hang_ups() == await a.hang_ups() == ()

    run(scenario())
