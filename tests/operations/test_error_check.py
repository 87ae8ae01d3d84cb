"""A person checks deliveries or sends them again, by name or by a filter; each is told what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.operations import job_run
from switchhook.operations.bulk_jobs import (
    NoSuchJobError,
    list_jobs,
    show_job,
    start_job,
    stop_job,
)
from switchhook.operations.error_check import (
    UNDER_WAY,
    check_deliveries,
    send_again,
    uncheck_deliveries,
)
from switchhook.operations.history import (
    UNCHECKED,
    BadMomentError,
    NoSuchDeliveryError,
    list_deliveries,
    parse_moment,
)
from switchhook.operations.job_run import JobRun
from switchhook.storage.records import BulkAct, BulkState, DeliveryFilter
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.text import iso
from tests.support.loop import run
from tests.support.promises import DOWN, attempt, call, delivery, mail, record

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from switchhook.storage.delivery import Delivery
    from switchhook.storage.records import SentAgain

PROJECT = """
[project]
id = "shop"
name = "Shop"

[[events]]
name = "crm"
event = "incoming.after"

[[events.webhooks]]
url = "https://crm.example/calls"

[[events]]
name = "missed"
event = "incoming.after"

[[events.mails]]
to = ["desk@example.com"]
subject = "Missed"
text = "A call was missed."
"""


class Sender:
    """Remembers what it was handed; takes nothing out of a pause but what it is told to."""

    def __init__(self, *hurried: str) -> None:
        self.again: list[str] = []
        self.hurried = hurried
        self.waiting: set[str] = set()

    def send_again(self, again: Sequence[SentAgain]) -> None:
        self.again += [one.delivery.id for one in again]
        self.waiting |= set(self.again)

    def send_now(self, delivery: str) -> bool:
        return delivery in self.hurried

    def has(self, delivery: str) -> bool:
        return delivery in self.waiting

    def next_in(self, delivery: str) -> float | None:
        del delivery
        return None


def on_store(scenario: Callable[[SqliteStore], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario on an empty store with the project."""

    async def body() -> None:
        store = await SqliteStore.open(None)
        try:
            await store.save_project("shop", PROJECT)
            await scenario(store)
        finally:
            await store.close()

    run(body())


async def give_up(store: SqliteStore, *made: Delivery) -> None:
    await store.commit(record(call(), *made))
    for one in made:
        await store.record_attempt(attempt(one, failure=DOWN))


@pytest.mark.row("N-11")
def test_checking_twice_is_fine_and_what_is_no_trouble_is_told() -> None:
    async def scenario(store: SqliteStore) -> None:
        bad, waits = delivery(seq=1), delivery(seq=2)
        await give_up(store, bad)
        await store.commit(record(call(), waits))
        for _ in range(2):
            (done, not_done) = await check_deliveries(store, [bad.id, waits.id], by="m", now=1.0)
            assert (done.is_done, done.note) == (True, "")
            assert not_done.note == "it is pending: nothing is to be checked"
        (undone, never) = await uncheck_deliveries(store, [bad.id, waits.id])
        assert (undone.is_done, never.note) == (True, "nobody had checked it")

    on_store(scenario)


def test_one_that_is_not_there_or_of_another_project_lets_nothing_be_done() -> None:
    async def scenario(store: SqliteStore) -> None:
        bad = delivery()
        await give_up(store, bad)
        with pytest.raises(NoSuchDeliveryError):
            await check_deliveries(store, [bad.id, "c1.7.crm"], by="mary", now=1.0)
        with pytest.raises(NoSuchDeliveryError):
            await send_again(store, [bad.id], by="mary", project="house")
        assert len(await list_deliveries(store, UNCHECKED)) == 1

    on_store(scenario)


def test_sending_again_hands_it_to_the_dispatcher_once() -> None:
    async def scenario(store: SqliteStore) -> None:
        made = (delivery(seq=1), mail(seq=2))
        await give_up(store, *made)
        sender = Sender()
        ids = [one.id for one in reversed(made)]
        assert all(one.is_done for one in await send_again(store, ids, by="mary", sender=sender))
        assert sender.again == [one.id for one in made]  # in the order of the promises
        again = await send_again(store, ids, by="mary", sender=sender)
        assert {(one.is_done, one.note) for one in again} == {(False, UNDER_WAY)}

    on_store(scenario)


def test_without_a_server_it_waits_for_the_next() -> None:
    async def scenario(store: SqliteStore) -> None:
        bad = delivery()
        await give_up(store, bad)
        (one,) = await send_again(store, [bad.id], by="mary")
        assert (one.is_done, one.note) == (True, "no server runs: the next one sends it")
        (one,) = await send_again(store, [bad.id], by="mary")
        assert (one.is_done, one.note) == (False, "it waits for a server, which sends it")

    on_store(scenario)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (delivery(webhook="erp"), "erp is no longer in project shop: nothing is sent to it"),
        (delivery(webhook="subscription 7"), "subscription 7 has ended"),
        (mail(to="john@example.com"), "missed is no longer told to that person"),
        (mail(name="crm"), "crm is no longer in project shop: nothing is sent to it"),
    ],
)
def test_a_receiver_that_is_gone_is_told_and_gets_nothing(made: Delivery, said: str) -> None:
    async def scenario(store: SqliteStore) -> None:
        await give_up(store, made)
        sender = Sender()
        (one,) = await send_again(store, [made.id], by="mary", sender=sender)
        assert (one.is_done, one.note, sender.again) == (False, said, [])
        assert len(await list_deliveries(store, UNCHECKED)) == 1
        job = await start_job(store, BulkAct.SEND, UNCHECKED, project="shop", by="mary", now=1.0)
        work = JobRun(store, job, clock=lambda: 2.0, sender=sender)
        while await work.next_batch():
            pass
        assert (work.job.done, work.job.left_out, work.job.why) == (0, 1, said)

    on_store(scenario)


def test_a_job_goes_from_the_oldest_on_leaves_out_what_comes_later_and_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_run, "BATCH", 2)

    async def scenario(store: SqliteStore) -> None:
        made = [delivery(seq=seq) for seq in range(1, 6)]
        await give_up(store, *made)
        which = DeliveryFilter(state="unchecked", webhook="crm")
        job = await start_job(store, BulkAct.SEND, which, project="shop", by="mary", now=1.0)
        await give_up(store, delivery(seq=9))
        sender = Sender()
        work = JobRun(store, job, clock=lambda: 2.0, sender=sender)
        batches = 0
        while await work.next_batch():
            batches += 1
        assert batches == 3
        assert sender.again == [one.id for one in made]
        ended = await show_job(store, "shop", job.number)
        assert (ended.state, ended.done, ended.ended_at) == (BulkState.DONE, 5, 2.0)
        assert await list_jobs(store, "shop") == (ended,)
        assert await stop_job(store, "shop", job.number, now=3.0) == ended

    on_store(scenario)


def test_a_job_waits_while_many_of_its_deliveries_do_and_ends_when_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_run, "BATCH", 2)
    monkeypatch.setattr(job_run, "MOST_WAITING", 2)

    async def scenario(store: SqliteStore) -> None:
        await give_up(store, *(delivery(seq=seq) for seq in range(1, 6)))
        job = await start_job(store, BulkAct.SEND, UNCHECKED, project="shop", by="m", now=1.0)
        sender = Sender()
        work = JobRun(store, job, clock=lambda: 2.0, sender=sender)
        assert await work.next_batch()
        assert not work.has_room
        sender.waiting.clear()
        assert work.has_room
        assert await work.is_wanted()
        await stop_job(store, "shop", job.number, now=3.0)
        assert not await work.is_wanted()
        assert not await work.next_batch()
        assert len(sender.again) == 2
        assert (await show_job(store, "shop", job.number)).state is BulkState.STOPPED
        with pytest.raises(NoSuchJobError):
            await show_job(store, "house", job.number)

    on_store(scenario)


def test_all_of_a_filter_are_checked_and_put_back() -> None:
    async def scenario(store: SqliteStore) -> None:
        await give_up(store, *(delivery(seq=seq) for seq in range(1, 4)))
        checked = replace(UNCHECKED, state="checked")
        for act, which, left in ((BulkAct.CHECK, UNCHECKED, 0), (BulkAct.UNCHECK, checked, 3)):
            job = await start_job(store, act, which, project="shop", by="mary", now=1.0)
            work = JobRun(store, job, clock=lambda: 2.0)
            while await work.next_batch():
                pass
            assert work.job.done == 3
            assert len(await list_deliveries(store, UNCHECKED)) == left

    on_store(scenario)


def test_a_moment_is_said_in_two_ways() -> None:
    assert parse_moment("2h", 10_000.0) == 2_800.0
    assert parse_moment(" 1970-01-01T01:00+01:00", 5.0) == 0.0
    for far in ("999999w", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"):
        assert iso(parse_moment(far, 5.0)), far  # whatever is told of it can be shown
    for wrong in ("", "yesterday", "2 h", "-1d", "99999999999-01-01", "9999999d"):
        with pytest.raises(BadMomentError, match="is no moment"):
            parse_moment(wrong, 5.0)
