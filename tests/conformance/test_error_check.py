"""Every store keeps what was given up until somebody checked it or sent it again; a delivery is sent once at a time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.storage.records import (
    BulkAct,
    BulkState,
    ChangedMeanwhileError,
    Check,
    Count,
    DeliveryFilter,
    DeliveryState,
)
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.promises import DOWN, OCCURRED, attempt, call, delivery, mail, record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from switchhook.storage.delivery import Delivery
    from switchhook.storage.records import DeliveryList

HOUSE = ProjectSnapshot(Project(id="house", name="House"))
UNCHECKED = DeliveryFilter(state="unchecked")
CHECKED = DeliveryFilter(state="checked")
OLD = Failure(kind=FailureKind.EXPIRED, detail="Too old.")
NEWER = Failure(kind=FailureKind.SUPERSEDED, detail="A newer one.")


class Opens(Protocol):
    """Opens a store; opening again finds what was stored, where it can."""

    def __call__(self) -> AbstractAsyncContextManager[SqliteStore]: ...


@pytest.fixture(params=["SQLite file", "SQLite in memory"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opens:
    path = tmp_path / "switchhook.sqlite3" if request.param == "SQLite file" else None

    @asynccontextmanager
    async def opened() -> AsyncIterator[SqliteStore]:
        store = await SqliteStore.open(path, clock=lambda: OCCURRED)
        try:
            yield store
        finally:
            await store.close()

    return opened


async def give_up(store: SqliteStore, *made: Delivery, failure: Failure = DOWN) -> None:
    """Promise deliveries of the call c1, and give them up."""
    await store.commit(record(call(), *made))
    for one in made:
        await store.record_attempt(attempt(one, failure=failure))


async def listed(store: SqliteStore, which: DeliveryFilter = UNCHECKED) -> list[str]:
    """Return the ids of a list."""
    return [row.delivery.id for row in await store.deliveries(which)]


def named(*made: Delivery) -> list[tuple[str, str]]:
    return [(one.project, one.id) for one in made]


def test_what_was_given_up_needs_somebody_and_what_nobody_wants_does_not(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            bad, old, replaced, good = (delivery(seq=seq) for seq in (1, 2, 3, 4))
            await give_up(store, bad)
            await give_up(store, old, failure=OLD)
            await give_up(store, replaced, failure=NEWER)
            await store.commit(record(call(), good))
            await store.record_attempt(attempt(good))
            assert await listed(store) == [old.id, bad.id]
            for project in (None, "shop"):
                assert await store.count_deliveries(replace(UNCHECKED, project=project)) == Count(
                    number=2
                )
            assert await listed(store, replace(UNCHECKED, project="house")) == []

    run(scenario())


def test_what_somebody_checked_leaves_the_list_with_who_and_when_and_may_come_back(
    opened: Opens,
) -> None:
    async def scenario() -> None:
        async with opened() as store:
            one, two = delivery(seq=1), delivery(seq=2)
            await give_up(store, one, two)
            assert await store.check_deliveries(named(one), by="mary", at=7.0) == 1
            assert await store.check_deliveries(named(one), by="john", at=8.0) == 0
            assert await listed(store) == [two.id]
            (row,) = await store.deliveries(CHECKED)
            assert (row.delivery, row.state) == (one, DeliveryState.FAILED)
            assert row.checked == Check(by="mary", at=7.0)
            assert await listed(store, DeliveryFilter(state="failed")) == [two.id, one.id]
            assert await store.uncheck_deliveries(named(one, two)) == 1
            assert await listed(store) == [two.id, one.id]
            assert await listed(store, CHECKED) == []

    run(scenario())


def test_a_delivery_of_another_project_is_neither_checked_nor_sent(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            bad = delivery()
            await give_up(store, bad)
            other = [("house", bad.id)]
            assert await store.check_deliveries(other, by="mary", at=7.0) == 0
            assert await store.send_again(other) == ()
            assert await listed(store) == [bad.id]

    run(scenario())


@pytest.mark.parametrize("made", [delivery(), mail()], ids=["webhook", "mail"])
def test_what_is_sent_again_waits_for_a_further_attempt_whose_state_it_takes(
    opened: Opens, made: Delivery
) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await give_up(store, made)
            (again,) = await store.send_again(named(made))
            assert (again.delivery, again.attempts) == (made, (attempt(made, failure=DOWN),))
            assert await listed(store) == []
            (row,) = await store.deliveries(DeliveryFilter(state="pending"))
            assert row.delivery == made
            assert row.latest == attempt(made, failure=DOWN)
        async with opened() as store:
            if not await store.deliveries():
                return  # in memory nothing lasts
            assert await store.pending_deliveries() == (made,)
            assert await store.attempts_of_pending() == {made.id: again.attempts}
            await store.record_attempt(attempt(made, number=2))
            (row,) = await store.deliveries()
            assert (row.state, row.latest) == (DeliveryState.DELIVERED, attempt(made, number=2))
            assert await store.pending_deliveries() == ()

    run(scenario())


def test_nothing_is_sent_twice_at_a_time(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            bad, waits = delivery(seq=1), delivery(seq=2)
            await give_up(store, bad)
            await store.commit(record(call(), waits))
            (again,) = await store.send_again(named(waits, bad, bad))
            assert again.delivery == bad
            assert await store.send_again(named(bad)) == ()

    run(scenario())


def test_an_attempt_that_is_stored_once_more_does_not_settle_what_was_sent_again(
    opened: Opens,
) -> None:
    async def scenario() -> None:
        async with opened() as store:
            bad = delivery()
            await give_up(store, bad)
            await store.send_again(named(bad))
            await store.record_attempt(attempt(bad, failure=DOWN))
            assert await store.pending_deliveries() == (bad,)

    run(scenario())


def test_what_was_checked_and_fails_again_needs_somebody_again(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            bad = delivery()
            await give_up(store, bad)
            await store.check_deliveries(named(bad), by="mary", at=7.0)
            await store.send_again(named(bad))
            await store.record_attempt(attempt(bad, number=2, failure=DOWN))
            (row,) = await store.deliveries(UNCHECKED)
            assert row.checked is None

    run(scenario())


def test_what_was_sent_again_in_bulk_comes_in_the_order_of_the_promises(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            made = [delivery(seq=seq) for seq in (1, 2, 3)]
            await give_up(store, *made)
            again = await store.send_again(named(*reversed(made)))
            assert [one.delivery for one in again] == made

    run(scenario())


def test_the_list_is_narrowed_by_each_filter_and_all_of_them(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            crm, erp = delivery(seq=1), delivery(seq=2, webhook="erp")
            await give_up(store, crm, erp)
            late = replace(delivery("c2"), occurred_at=OCCURRED + 500)
            await store.commit(record(call("c2"), late))
            busy = Failure(kind=FailureKind.RESET, detail="Connection reset by 10.0.0.1.")
            await store.record_attempt(attempt(late, failure=busy, answer=b"\xffDown for lunch"))
            wanted: list[tuple[dict[str, Any], list[Delivery]]] = [
                ({"webhook": "erp"}, [erp]),
                ({"call": "c1"}, [erp, crm]),
                ({"call": "c"}, []),
                ({"event": "incoming.after"}, [late, erp, crm]),
                ({"event": "incoming.before"}, []),
                ({"since": OCCURRED + 2}, [late, erp]),
                ({"until": OCCURRED + 2}, [crm]),
                ({"text": "RESET BY"}, [late]),
                ({"text": "reset: conn"}, [late]),
                ({"text": "for LUNCH"}, [late]),
                ({"text": "answered 503", "call": "c1", "webhook": "crm"}, [crm]),
                ({"text": "100%"}, []),
            ]
            states: tuple[DeliveryList, ...] = ("unchecked", "failed", "all")
            for state in states:
                for project in (None, "shop"):
                    for given, expected in wanted:
                        which = replace(UNCHECKED, state=state, project=project, **given)
                        assert await listed(store, which) == [one.id for one in expected], which
                        count = await store.count_deliveries(which)
                        assert count == Count(number=len(expected))

    run(scenario())


def test_a_list_read_page_by_page_stays_what_it_was_while_new_ones_come(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            made = [delivery(seq=seq, webhook=f"w{seq % 2}") for seq in range(1, 6)]
            await give_up(store, *made)
            seen, before = [], None
            while page := await store.deliveries(UNCHECKED, limit=2, before=before):
                seen += [row.delivery for row in page]
                before = page[-1].number
                await give_up(store, delivery(seq=10 + len(seen), webhook="w0"))
            assert seen == made[::-1]
            oldest = await store.deliveries(UNCHECKED, limit=3, after=0)
            assert [row.delivery for row in oldest] == made[:3]
            rest = await store.deliveries(UNCHECKED, limit=2, after=oldest[-1].number)
            assert [row.delivery for row in rest] == made[3:]

    run(scenario())


def test_a_webhook_is_with_error_while_a_delivery_of_it_needs_somebody(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            one, two, fine = delivery(seq=1), delivery(seq=2), delivery(seq=3, webhook="erp")
            await give_up(store, one)
            await give_up(store, two, failure=OLD)
            await store.commit(record(call(), fine))
            await store.record_attempt(attempt(fine))
            other = delivery("h1", project="house")
            await store.commit(record(replace(call("h1"), snapshot=HOUSE), other))
            await store.record_attempt(attempt(other, failure=DOWN))
            assert await store.unchecked_by_webhook("shop") == {"crm": Count(number=2)}
            await store.check_deliveries(named(one), by="mary", at=7.0)
            await store.send_again(named(two))
            assert await store.unchecked_by_webhook("shop") == {}
            assert await store.unchecked_by_webhook("house") == {"crm": Count(number=1)}
            assert await store.unchecked_by_webhook("nobody") == {}

    run(scenario())


def test_counts_end_at_a_thousand() -> None:
    assert str(Count.of(1000)) == "1,000"
    assert str(Count.of(1001)) == "1,000+"
    assert Count.of(999) == Count(number=999)


def test_a_job_is_read_back_as_far_as_it_got_and_stops_whoever_runs_it(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            one, two = delivery(seq=1), delivery(seq=2)
            await give_up(store, one, two)
            which = replace(UNCHECKED, project="shop", text="503")
            job = await store.start_job(BulkAct.CHECK, which, project="shop", by="mary", at=7.0)
            assert (job.state, job.up_to, job.filter) == (BulkState.RUNNING, 2, which)
            assert await store.running_jobs() == (job,)
            further = replace(job, place=1)
            assert await store.check_deliveries(named(one), by="m", at=8.0, job=further) == 1
            assert await store.job("shop", job.number) == replace(further, done=1)
            assert await store.job("house", job.number) is None
            assert await store.stop_job("house", job.number, at=9.0) is None
            stopped = await store.stop_job("shop", job.number, at=9.0)
            assert stopped == replace(further, done=1, state=BulkState.STOPPED, ended_at=9.0)
            with pytest.raises(ChangedMeanwhileError):
                await store.check_deliveries(named(two), by="m", at=9.0, job=further)
            with pytest.raises(ChangedMeanwhileError):
                await store.send_again(named(two), job=further)
            with pytest.raises(ChangedMeanwhileError):
                await store.uncheck_deliveries(named(one), job=further)
            assert await listed(store) == [two.id]
            assert await store.jobs("shop") == (stopped,)
            assert await store.running_jobs() == ()
            await store.forget(before=9.5)
            assert await store.jobs("shop") == ()

    run(scenario())
