"""Every store keeps its promises: what was committed is there, whole, in order and only once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchhook.domain.call import CallState
from switchhook.domain.credentials import BodyHmac, Credentials, OAuth2
from switchhook.domain.delivery_policy import WarningKind
from switchhook.domain.event import Subscription
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.notification_options import (
    NO_OPTIONS,
    NotificationDirection,
    NotificationField,
    NotificationOptions,
)
from switchhook.domain.outside import OutsideUse
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.tracking.caller_history import Caller, ShownNumber, Visit, VisitCall
from switchhook.storage.delivery import Incident
from switchhook.storage.records import (
    Activation,
    ChangedMeanwhileError,
    DeliveryFilter,
    DeliveryState,
    KeyedAnswer,
    KeyedRequest,
    StoredDraft,
    StoredScenario,
    StoreError,
)
from switchhook.storage.sqlite.projects import VERSIONS_KEPT
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tasks import spawn
from switchhook.webhooks.http import HttpRequest
from tests.support.loop import run
from tests.support.promises import (
    DOWN,
    OCCURRED,
    attempt,
    attempts,
    call,
    delivery,
    ended,
    record,
    records,
    stream_event,
)
from tests.support.snapshots import snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from switchhook.storage.delivery import Attempt
    from switchhook.storage.records import CallRecord, DeliveryList

HOUSE = ProjectSnapshot(Project(id="house", name="House"))
"""Another project than `shop`, to which what tests make belongs otherwise."""


CHOSEN = NotificationOptions(
    microseconds=True,
    fields=(NotificationField.RECORDING,),
    directions=(NotificationDirection.INBOUND,),
    numbers=("380800111222",),
    accounts=("mary",),
)


class Opens(Protocol):
    """Opens a store, empty at first; opening again finds what was stored, where it can."""

    def __call__(self) -> AbstractAsyncContextManager[SqliteStore]: ...


def opens(path: Path | None) -> Opens:
    @asynccontextmanager
    async def opened() -> AsyncIterator[SqliteStore]:
        store = await SqliteStore.open(path, clock=lambda: OCCURRED)
        try:
            yield store
        finally:
            await store.close()

    return opened


@pytest.fixture(params=["SQLite file", "SQLite in memory"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opens:
    return opens(tmp_path / "switchhook.sqlite3" if request.param == "SQLite file" else None)


@pytest.fixture(params=["SQLite file"])
def lasting(tmp_path: Path) -> Opens:
    return opens(tmp_path / "switchhook.sqlite3")


def shop(_project: str, _version: int) -> ProjectSnapshot:
    return snapshot()


def no_snapshot(project: str, _version: int) -> ProjectSnapshot:
    raise LookupError(project)


# Calls


def test_a_live_call_is_read_back_as_it_was(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(call("c1")))
            assert await store.live_calls(shop) == (call("c1"),)

    run(scenario())


def test_the_latest_state_of_a_call_is_kept(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(call("c1")))
            talking = replace(call("c1"), state=CallState.TALKING, answered_at=OCCURRED + 5)
            await store.commit(record(talking))
            assert await store.live_calls(shop) == (talking,)
            (row,) = await store.calls()
            assert (row.state, row.answered_at) == (CallState.TALKING, OCCURRED + 5)

    run(scenario())


def test_live_calls_come_oldest_first_without_the_ended(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            for name in ("c3", "c1", "c2"):
                await store.commit(record(call(name)))
            await store.commit(record(ended("c1")))
            assert [live.id for live in await store.live_calls(shop)] == ["c3", "c2"]

    run(scenario())


def test_a_live_call_gets_the_plan_of_its_own_version(opened: Opens) -> None:
    asked: list[tuple[str, int]] = []

    def snapshot_of(project: str, version: int) -> ProjectSnapshot:
        asked.append((project, version))
        return ProjectSnapshot(Project(id=project, name="", version=version))

    async def scenario() -> None:
        async with opened() as store:
            third = ProjectSnapshot(Project(id="shop", name="", version=3))
            await store.commit(record(replace(call("c1"), snapshot=third)))
            (live,) = await store.live_calls(snapshot_of)
            assert live.snapshot == third

    run(scenario())
    assert asked == [("shop", 3)]


def test_the_plans_that_live_calls_will_ask_for_are_told_once_each(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            assert await store.snapshots_of_live_calls() == ()
            for name in ("c1", "c2"):
                await store.commit(record(call(name)))
            await store.commit(record(replace(call("c3"), snapshot=HOUSE)))
            third = ProjectSnapshot(Project(id="shop", name="", version=3))
            await store.commit(record(ended("c4", within=None)))
            await store.commit(record(replace(ended("c5"), snapshot=third)))
            asked = await store.snapshots_of_live_calls()
            assert sorted(asked) == [("house", 1), ("shop", 1)]

    run(scenario())


def test_a_call_whose_plan_is_gone_does_not_keep_others_from_resuming(opened: Opens) -> None:
    def only_shop(project: str, version: int) -> ProjectSnapshot:
        return no_snapshot(project, version) if project == "house" else snapshot()

    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(replace(call("lost"), snapshot=HOUSE)))
            await store.commit(record(call("c1")))
            assert [live.id for live in await store.live_calls(only_shop)] == ["c1"]

    run(scenario())


@settings(max_examples=20, deadline=None)
@given(st.lists(records(), min_size=1, max_size=3, unique_by=lambda made: made.call.id))
def test_whatever_was_committed_is_read_back_equal(made: list[CallRecord]) -> None:
    snapshots = {one.call.snapshot.key: one.call.snapshot for one in made}

    async def scenario() -> None:
        async with opens(None)() as store:
            await asyncio.gather(*(store.commit(one) for one in made))
            live = tuple(one.call for one in made if one.call.state is not CallState.ENDED)
            assert await store.live_calls(lambda *key: snapshots[key]) == live
            for one in made:
                assert await store.journal(one.call.id) == one.entries
                rows = await store.deliveries_of_call(one.call.id)
                assert tuple(row.delivery for row in rows) == one.deliveries
            promised = tuple(promise for one in made for promise in one.deliveries)
            assert await store.pending_deliveries() == promised

    run(scenario())


def test_a_record_can_be_repeated(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            made = record(call("c1"), delivery("c1"), entries=2)
            await store.commit(made)
            await store.commit(made)
            assert await store.journal("c1") == made.entries
            assert await store.pending_deliveries() == made.deliveries

    run(scenario())


def test_calls_are_listed_newest_first_page_by_page(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            for number in range(5):
                await store.commit(record(call(f"c{number}")))
            await store.commit(record(replace(call("other"), snapshot=HOUSE)))
            first = await store.calls(project="shop", limit=2)
            assert [row.id for row in first] == ["c4", "c3"]
            second = await store.calls(project="shop", limit=2, before=first[-1].number)
            assert [row.id for row in second] == ["c2", "c1"]
            assert [row.id for row in await store.calls(limit=2)] == ["other", "c4"]

    run(scenario())


def test_one_call_is_found_by_its_id_whatever_its_project(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(call("c1")))
            await store.commit(record(replace(call("c2"), snapshot=HOUSE)))
            found = await store.call("c2")
            assert found is not None
            assert (found.id, found.project, found.snapshot) == ("c2", "house", ("house", 1))
            assert await store.call("c3") is None
            assert await store.journal("c3") == ()

    run(scenario())


def test_a_listed_call_tells_what_became_of_it(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            over = ended("c1")
            await store.commit(record(over))
            (row,) = await store.calls()
            assert (row.caller, row.callee, row.legs) == (
                over.caller.number,
                over.callee,
                over.legs,
            )
            assert (row.direction, row.ended_at) == (over.direction, over.ended_at)

    run(scenario())


# Promises


def test_a_promise_is_pending_until_its_last_attempt(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            first, second = delivery("c1", 1), delivery("c1", 2)
            await store.commit(record(call(), first, second))
            assert await store.pending_deliveries() == (first, second)
            await store.record_attempt(attempt(first, failure=DOWN, is_last=False))
            assert await store.pending_deliveries() == (first, second)
            await store.record_attempt(attempt(first, number=2))
            assert await store.pending_deliveries() == (second,)

    run(scenario())


@pytest.mark.row("N-18")
def test_a_draft_is_replaced_as_long_as_it_is_not_settled(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            made = delivery("c1")
            assert isinstance(made.request, HttpRequest)
            draft = replace(made, request=replace(made.request, is_draft=True))
            await store.commit(record(call(), draft))
            assert await store.pending_deliveries() == (draft,)
            await store.replace_request(made)
            await store.commit(record(call(), draft))
            assert await store.pending_deliveries() == (made,)
            await store.record_attempt(attempt(made))
            await store.replace_request(draft)
            (row,) = await store.deliveries()
            assert row.delivery == made
            await store.replace_request(delivery("never promised"))

    run(scenario())


def test_an_attempt_is_recorded_once(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            promise = delivery("c1")
            await store.commit(record(call(), promise))
            await store.record_attempt(attempt(promise))
            await store.record_attempt(attempt(promise, failure=DOWN))
            assert await store.attempts(promise.id) == (attempt(promise),)

    run(scenario())


def test_an_attempt_of_an_unknown_delivery_is_no_error(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.record_attempt(attempt(delivery("never promised")))
            assert await store.deliveries() == ()

    run(scenario())


def test_the_attempts_of_what_is_pending_are_read_at_once(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            new, tried, settled = (delivery("c1", seq) for seq in (1, 2, 3))
            await store.commit(record(call(), new, tried, settled))
            early = [attempt(tried, number=n, failure=DOWN, is_last=False) for n in (1, 2)]
            for one in (*early, attempt(settled)):
                await store.record_attempt(one)
            assert await store.attempts_of_pending() == {tried.id: tuple(early)}

    run(scenario())


@settings(max_examples=30, deadline=None)
@given(st.lists(attempts(delivery()), max_size=4, unique_by=lambda made: made.number))
def test_attempts_are_read_back_equal(made: list[Attempt]) -> None:
    async def scenario() -> None:
        async with opens(None)() as store:
            await store.commit(record(call(), delivery()))
            for one in made:
                await store.record_attempt(one)
            told = await store.attempts(delivery().id)
            assert told == tuple(sorted(made, key=lambda one: one.number))

    run(scenario())


def test_deliveries_are_listed_by_state(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            good, bad, waiting = delivery("c1", 1), delivery("c1", 2), delivery("c1", 3)
            await store.commit(record(call(), good, bad, waiting))
            await store.record_attempt(attempt(good))
            await store.record_attempt(attempt(bad, failure=DOWN))
            for project in (None, "shop"):
                listed = await store.deliveries(DeliveryFilter(project=project))
                assert [row.delivery for row in listed] == [waiting, bad, good]
                (row,) = await store.deliveries(DeliveryFilter(project=project, state="delivered"))
                assert (row.delivery, row.state) == (good, DeliveryState.DELIVERED)
                (row,) = await store.deliveries(DeliveryFilter(project=project, state="failed"))
                assert (row.delivery, row.state) == (bad, DeliveryState.FAILED)
                assert row.latest == attempt(bad, failure=DOWN)
                (row,) = await store.deliveries(DeliveryFilter(project=project, state="pending"))
                assert (row.delivery, row.state) == (waiting, DeliveryState.PENDING)
                assert row.latest is None

    run(scenario())


def failure(kind: str) -> Failure:
    return Failure(kind=FailureKind(kind), detail="So it was.")


def test_what_was_not_sent_is_listed_by_why(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            kinds: tuple[DeliveryList, ...] = ("expired", "superseded", "unsubscribed")
            made = {kind: delivery("c1", seq) for seq, kind in enumerate(kinds, 1)}
            bad = delivery("c1", 9)
            await store.commit(record(call(), *made.values(), bad))
            await store.record_attempt(attempt(bad, failure=failure("interrupted")))
            for kind, promise in made.items():
                await store.record_attempt(attempt(promise, failure=DOWN, is_last=False))
                await store.record_attempt(attempt(promise, number=2, failure=failure(kind)))
            for kind, promise in made.items():
                for project, webhook in ((None, None), ("shop", None), (None, "crm")):
                    (row,) = await store.deliveries(
                        DeliveryFilter(state=kind, project=project, webhook=webhook)
                    )
                    assert (row.delivery, row.state) == (promise, kind)
                    assert row.latest is not None
                    assert row.latest.failure == failure(kind)
                assert await store.deliveries(DeliveryFilter(state=kind, project="house")) == ()
                assert await store.deliveries(DeliveryFilter(state=kind, webhook="erp")) == ()
            (row,) = await store.deliveries(DeliveryFilter(state="failed"))
            assert row.delivery == bad
            assert await store.pending_deliveries() == ()

    run(scenario())


PARKED = Incident(
    project="shop",
    webhook="crm",
    since=OCCURRED,
    failures=7,
    parks=2,
    parked_for=60.0,
    parked_until=OCCURRED + 60,
)


def test_what_waits_for_a_failing_endpoint_is_parked_until_that_is_over(lasting: Opens) -> None:
    async def scenario() -> None:
        crm, erp, other = (
            delivery(),
            delivery(seq=2, webhook="erp"),
            delivery("h1", project="house"),
        )
        failing = replace(PARKED, webhook="erp", parked_until=None)
        async with lasting() as store:
            await store.commit(record(call(), crm, erp))
            await store.commit(record(replace(call("h1"), snapshot=HOUSE), other))
            await store.save_incidents([PARKED, failing], [], [])
        async with lasting() as store:
            assert await store.incidents() == (PARKED, failing)
            (row,) = await store.deliveries(DeliveryFilter(state="parked"))
            assert (row.delivery, row.state, row.latest) == (crm, DeliveryState.PARKED, None)
            pending = await store.deliveries(DeliveryFilter(state="pending"))
            assert [one.delivery for one in pending] == [other, erp]
            assert await store.pending_deliveries() == (crm, erp, other)
            again = replace(PARKED, failures=9, parks=3, parked_for=120.0, parked_until=9e9)
            await store.save_incidents([again], [("shop", "erp"), ("nobody", "at all")], [])
            assert await store.incidents() == (again,)
            await store.save_incidents([], [("shop", "crm")], [])
            assert await store.deliveries(DeliveryFilter(state="parked")) == ()

    run(scenario())


def test_a_warning_is_promised_with_the_incident_that_it_tells_of_and_once(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(call(), delivery()))
            warning = replace(
                delivery(seq=1, webhook="[warnings]"), event=WarningKind.PARKED, id="c1.1.parked"
            )
            for _ in range(2):
                await store.save_incidents([PARKED], [], [warning])
            assert await store.pending_deliveries() == (delivery(), warning)
            assert warning.is_warning

    run(scenario())


def test_what_came_of_an_attempt_that_was_under_way_takes_its_place(lasting: Opens) -> None:
    async def scenario() -> None:
        promise = delivery()
        begun = attempt(promise, failure=failure("under_way"), is_last=False)
        async with lasting() as store:
            await store.commit(record(call(), promise))
            await store.record_attempt(begun)
        async with lasting() as store:
            assert await store.attempts_of_pending() == {promise.id: (begun,)}
            done = attempt(promise)
            await store.record_attempt(done)
            await store.record_attempt(attempt(promise, failure=DOWN))  # it is there already
            assert await store.attempts(promise.id) == (done,)
            (row,) = await store.deliveries(DeliveryFilter(state="delivered"))
            assert row.latest == done

    run(scenario())


def test_a_later_success_takes_a_delivery_off_the_failed(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            promise = delivery()
            await store.commit(record(call(), promise))
            await store.record_attempt(attempt(promise, failure=DOWN))
            await store.record_attempt(attempt(promise, number=2))
            assert await store.deliveries(DeliveryFilter(state="failed")) == ()
            (row,) = await store.deliveries(DeliveryFilter(state="delivered"))
            assert row.latest == attempt(promise, number=2)

    run(scenario())


@pytest.mark.parametrize("project", [None, "shop"])
@pytest.mark.parametrize("state", ["all", "failed", "delivered", "pending"])
def test_deliveries_are_listed_page_by_page_and_by_webhook(
    opened: Opens, state: DeliveryList, project: str | None
) -> None:
    failure, is_last = DOWN if state == "failed" else None, state != "pending"

    async def scenario() -> None:
        async with opened() as store:
            for seq in range(1, 6):
                promises = delivery("c1", seq), delivery("c1", seq, webhook="erp")
                await store.commit(record(call(), *promises))
                for promise in promises:
                    made = attempt(promise, failure=failure, is_last=is_last)
                    await store.record_attempt(made)
            other = delivery("h1", project="house")
            await store.commit(record(replace(call("h1"), snapshot=HOUSE), other))
            await store.record_attempt(attempt(other, failure=failure, is_last=is_last))
            seen: list[str] = []
            before = None
            which = DeliveryFilter(project=project, state=state, webhook="crm")
            while page := await store.deliveries(which, limit=2, before=before):
                seen.extend(row.delivery.id for row in page)
                before = page[-1].number
            own = [f"c1.{seq}.crm" for seq in (5, 4, 3, 2, 1)]
            assert seen == ([] if project else [other.id]) + own

    run(scenario())


@pytest.mark.parametrize("state", ["all", "delivered"])
def test_deliveries_of_a_project_are_listed_in_order_across_webhooks(
    opened: Opens, state: DeliveryList
) -> None:
    async def scenario() -> None:
        async with opened() as store:
            made = [delivery("c1", seq, webhook=f"w{seq % 3}") for seq in range(1, 10)]
            await store.commit(record(call(), *made))
            other = delivery("h1", project="house")
            await store.commit(record(replace(call("h1"), snapshot=HOUSE), other))
            for one in (*made, other):
                await store.record_attempt(attempt(one))
            seen: list[str] = []
            before = None
            which = DeliveryFilter(project="shop", state=state)
            while page := await store.deliveries(which, limit=2, before=before):
                seen.extend(row.delivery.id for row in page)
                before = page[-1].number
            assert seen == [one.id for one in reversed(made)]

    run(scenario())


def test_nothing_of_one_project_is_listed_for_another(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            promise = delivery("h1", project="house")
            await store.commit(record(replace(call("h1"), snapshot=HOUSE), promise))
            await store.record_attempt(attempt(promise, failure=DOWN))
            assert await store.calls(project="shop") == ()
            assert await store.deliveries(DeliveryFilter(project="shop")) == ()
            assert await store.deliveries(DeliveryFilter(project="shop", state="failed")) == ()
            assert len(await store.deliveries(DeliveryFilter(project="house", state="failed"))) == 1

    run(scenario())


def test_deliveries_of_a_call_are_not_those_of_a_call_with_a_longer_name(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(call("c"), delivery("c", 1)))
            await store.commit(record(call("c.1"), delivery("c.1", 2)))
            rows = await store.deliveries_of_call("c")
            assert [row.delivery.id for row in rows] == ["c.1.crm"]

    run(scenario())


# Many at once


def test_many_commit_at_once_and_all_of_it_is_there(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            names = [f"c{number}" for number in range(300)]
            await asyncio.gather(*(store.commit(record(call(n), delivery(n))) for n in names))
            assert {promise.call for promise in await store.pending_deliveries()} == set(names)

    run(scenario())


def test_one_record_that_cannot_be_stored_fails_alone(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            poisoned = record(call("bad"), delivery("bad", body=b""), entries=1)
            lone = replace(poisoned.entries[0], text="\ud800")
            poisoned = replace(poisoned, entries=(lone,))
            made = [record(call("c1")), poisoned, record(call("c2"))]
            told = await asyncio.gather(
                *(store.commit(one) for one in made), return_exceptions=True
            )
            assert [type(one) for one in told] == [type(None), StoreError, type(None)]
            assert [live.id for live in await store.live_calls(shop)] == ["c1", "c2"]
            assert await store.pending_deliveries() == ()

    run(scenario())


def test_a_call_that_cannot_be_stored_fails_with_a_store_error(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            with pytest.raises(StoreError, match="cannot be stored"):
                await store.commit(
                    record(replace(call(), caller=call().caller.changed(name="\ud800")))
                )

    run(scenario())


def test_a_cancelled_waiter_disturbs_nobody(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            impatient = spawn(store.commit(record(call("c1"))), name="impatient")
            await asyncio.sleep(0)
            impatient.cancel()
            await store.commit(record(call("c2")))
            with pytest.raises(asyncio.CancelledError):
                await impatient
            assert [live.id for live in await store.live_calls(shop)] == ["c1", "c2"]

    run(scenario())


# Projects


def test_a_project_gets_a_version_for_each_change(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            assert await store.save_project("shop", "one") == 1
            assert await store.save_project("shop", "one") == 1
            assert await store.save_project("shop", "two") == 2
            assert await store.save_project("house", "mine") == 1
            latest = [(p.id, p.version, p.document) for p in await store.projects()]
            assert latest == [("house", 1, "mine"), ("shop", 2, "two")]
            first = await store.project("shop", 1)
            assert first is not None
            assert (first.document, first.saved_at) == ("one", OCCURRED)
            assert await store.project("shop", 3) is None

    run(scenario())


def test_a_version_knows_who_saved_it_and_takes_other_words_for_the_same(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            for place in range(1, 4):
                await store.save_project("shop", f"v{place}", by=f"user {place}")
            assert await store.save_project("shop", "v3, again", after=3, restates=True) == 3
            assert await store.save_project("shop", "v3, again", by="nobody") == 3
            latest = await store.latest_project("shop")
            assert latest is not None
            assert (latest.version, latest.document, latest.saved_by) == (3, "v3, again", "user 3")
            rows = await store.project_history("shop", below=3, limit=9)
            assert [(one.version, one.saved_by) for one in rows] == [(2, "user 2"), (1, "user 1")]
            (top,) = await store.project_history("shop", below=99, limit=1)
            assert (top.version, top.saved_at) == (3, OCCURRED)
            assert await store.project_history("house", below=99, limit=9) == ()

    run(scenario())


def test_drafts_of_projects_are_kept_by_name_and_not_too_many(opened: Opens) -> None:
    def draft(name: str, project: str = "shop") -> StoredDraft:
        return StoredDraft(
            project=project, name=name, base=1, document=f"d {name}", saved_at=1.0, saved_by="mary"
        )

    async def scenario() -> None:
        async with opened() as store:
            kept = [draft("b"), draft("a"), draft("x", "house"), draft("a")]
            assert all([await store.save_document_draft(one, most=2) for one in kept])
            assert not await store.save_document_draft(draft("c"), most=2)
            assert await store.document_drafts("shop") == (draft("a"), draft("b"))
            assert await store.document_drafts("shop", "b") == (draft("b"),)
            assert await store.document_drafts("shop", "x") == ()
            assert await store.delete_document_draft("shop", "a")
            assert not await store.delete_document_draft("shop", "a")
            assert await store.document_drafts("shop") == (draft("b"),)

    run(scenario())


def test_a_former_document_is_a_change(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            versions = [await store.save_project("shop", text) for text in ("a", "b", "a")]
            assert versions == [1, 2, 3]

    run(scenario())


def test_a_version_is_not_put_in_place_of_one_that_was_not_seen(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            assert await store.save_project("shop", "one", after=0) == 1
            with pytest.raises(ChangedMeanwhileError):
                await store.save_project("shop", "two", after=0)
            assert await store.save_project("shop", "two", after=1) == 2
            assert dict(await store.project_versions()) == {"shop": 2}

    run(scenario())


@pytest.mark.row("R4-43")
def test_a_draft_stays_until_it_is_activated_together_with_its_version(lasting: Opens) -> None:
    drafted = StoredScenario(project="shop", draft="draft ü", drafted_by="anna", drafted_at=5.0)
    active = Activation(
        project="shop", document="two", scenario="draft ü", by="boris", version=1, revision=1
    )

    async def scenario() -> None:
        async with lasting() as store:
            assert await store.scenario("shop") is None
            await store.save_project("shop", "one")
            assert await store.save_draft(drafted, revision=0)
            assert not await store.save_draft(drafted, revision=0)
        async with lasting() as store:
            assert await store.scenario("shop") == replace(drafted, revision=1)
            assert await store.activate(replace(active, version=2)) is None
            assert await store.activate(replace(active, revision=2)) is None
            assert await store.activate(replace(active, project="house")) is None
            assert await store.scenario("shop") == replace(drafted, revision=1)
            changes = await store.changes()
            assert await store.activate(active) == 2
            assert await store.changes() != changes
            stored = await store.scenario("shop")
            assert stored is not None
            assert (stored.draft, stored.activated, stored.activated_by) == (
                None,
                "draft ü",
                "boris",
            )
            latest = await store.latest_project("shop")
            assert latest is not None
            assert (latest.version, latest.document) == (2, "two")

    run(scenario())


@pytest.mark.row("FD-13")
def test_of_many_versions_the_latest_stay_and_those_that_calls_hold_on_to(opened: Opens) -> None:
    """Whoever may apply a file may do it all day long, and fills no disk."""

    async def scenario() -> None:
        async with opened() as store:
            for number in range(1, VERSIONS_KEPT + 11):
                assert await store.save_project("shop", f"text {number}") == number
                if number in {3, 4}:
                    within = ProjectSnapshot(replace(snapshot().project, id="shop", version=number))
                    make = call if number == 3 else ended
                    await store.commit(record(make(f"c{number}", within=within)))
            kept = [
                number
                for number in range(1, VERSIONS_KEPT + 11)
                if await store.project("shop", number) is not None
            ]
            assert kept == [3, *range(11, VERSIONS_KEPT + 11)]

    run(scenario())


# Retention


def test_where_telephones_are_is_kept_until_it_is_told_otherwise(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.save_registration("shop", "101", "here")
            await store.save_registration("house", "101", "there")
            await store.save_registration("shop", "101", "elsewhere")
            assert await store.registrations() == (
                ("house", "101", "there"),
                ("shop", "101", "elsewhere"),
            )
            await store.save_registration("house", "101", "")
            assert await store.registrations() == (("shop", "101", "elsewhere"),)

    run(scenario())


ANNA = Caller(
    project="shop",
    number="380441112233",
    calls=2,
    proper_calls=1,
    manager="101",
    outbound_number="380671234567",
    seen_at=OCCURRED,
)


@pytest.mark.row("R1-50", "R1-77")
def test_what_calls_of_several_nodes_add_to_a_caller_is_added_up_once(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            first = replace(record(call("c1"), entries=2), callers=(ANNA,))
            late = replace(ANNA, calls=1, manager="102", outbound_number="", seen_at=OCCURRED - 9)
            other = replace(record(call("c2"), entries=1), callers=(late,))
            for made in (first, other, first, other):
                await store.commit(made)
            known = replace(ANNA, calls=3, proper_calls=2, manager="102")
            assert await store.callers(limit=9) == (known,)
            assert await store.callers(limit=0) == ()

    run(scenario())


@pytest.mark.row("FD-10")
def test_what_calls_of_several_nodes_use_of_a_day_is_added_up_once(opened: Opens) -> None:
    day = "2025-10-09"
    used = OutsideUse(project="shop", account="101", day=day, calls=1, seconds=30.5)

    async def scenario() -> None:
        async with opened() as store:
            made = replace(record(call("c1"), entries=1), outside=(used,))
            other = replace(record(call("c2"), entries=1), outside=(used,))
            for one in (made, other, made):
                await store.commit(one)
            assert await store.outside_use(since=OCCURRED) == (
                replace(used, calls=2, seconds=61.0),
            )

    run(scenario())


def test_visits_and_whose_they_are_are_kept_until_they_are_forgotten(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            live = call()
            await store.commit(record(live))
            old = Visit(project="shop", id="v1", attributes=(("source", "Київ"),), seen_at=10.0)
            new = Visit(project="shop", id="v2", seen_at=30.0)
            for visit in (new, old):
                await store.save_visit(visit)
            shown = ShownNumber(project="shop", number="380442223344", visit="v2", until=40.0)
            attached = VisitCall(project="shop", call=live.id, visit="v2", told_at=20.0)
            await store.attach(shown)
            await store.attach(attached)
            await store.attach(replace(attached, call="gone"))
            assert await store.visits(limit=9) == (old, new)
            assert await store.visits(limit=1) == (new,), "the newest"
            assert await store.shown_numbers(limit=9) == (shown,)
            assert await store.visits_of_live_calls() == (attached,)
            await store.forget(before=25.0)
            assert await store.visits(limit=9) == (new,)
            assert await store.shown_numbers(limit=9) == (shown,)
            assert await store.visits_of_live_calls() == ()
            await store.forget(before=50.0)
            assert await store.shown_numbers(limit=9) == ()

    run(scenario())


def test_old_calls_go_with_all_that_belongs_to_them(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            for number in range(25):
                old = f"old{number}"
                await store.commit(record(ended(old, at=100.0), delivery(old), entries=2))
                await store.record_attempt(attempt(delivery(old)))
            await store.commit(record(ended("new", at=300.0), delivery("new"), entries=2))
            await store.record_attempt(attempt(delivery("new")))
            assert await store.prune(before=200.0, batch=10) == 25
            assert [row.id for row in await store.calls()] == ["new"]
            assert await store.journal("old7") == ()
            assert await store.attempts("old7.1.crm") == ()
            assert [row.delivery.call for row in await store.deliveries()] == ["new"]
            assert len(await store.journal("new")) == 2
            assert await store.prune(before=200.0) == 0

    run(scenario())


def test_retention_spares_live_calls_and_open_promises(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(call("live", at=100.0)))
            promises = delivery("owing", 1), delivery("owing", 2)
            await store.commit(record(ended("owing", at=100.0), *promises))
            await store.record_attempt(attempt(promises[0]))
            assert await store.prune(before=200.0) == 0
            await store.record_attempt(attempt(promises[1]))
            assert await store.prune(before=200.0) == 1
            assert [row.id for row in await store.calls()] == ["live"]

    run(scenario())


def test_a_call_that_has_ended_is_read_back_whole(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(call("runs")))
            await store.commit(record(ended("over")))
            assert await store.ended_call("over", shop) == ended("over")
            assert await store.ended_call("runs", shop) is None
            assert await store.ended_call("none", shop) is None
            with pytest.raises(LookupError):
                await store.ended_call("over", no_snapshot)

    run(scenario())


def test_a_projects_stream_is_numbered_in_the_order_of_commits(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            assert (await store.stream_events("shop", after=0, limit=10)).last == 0
            await store.commit(record(call("c1"), events=(stream_event("c1"),)))
            await store.commit(record(call("c2"), events=(stream_event("c2"),)))
            both = (stream_event("c1", 2), stream_event("c1", 3))
            await store.commit(record(call("c1"), events=both))

            page = await store.stream_events("shop", after=0, limit=10)
            assert [(e.number, e.call, e.seq) for e in page.events] == [
                (1, "c1", 1),
                (2, "c2", 1),
                (3, "c1", 2),
                (4, "c1", 3),
            ]
            assert replace(page.events[0], number=0) == stream_event("c1")
            assert (page.last, page.deleted) == (4, 0)
            rest = await store.stream_events("shop", after=2, limit=1)
            assert [e.number for e in rest.events] == [3]
            assert (await store.stream_events("shop", after=4, limit=10)).events == ()

    run(scenario())


def test_large_events_are_read_a_few_at_a_time_and_none_is_too_large(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            large = replace(stream_event("c1"), body=b"x" * 700_000)
            for seq in (1, 2, 3):
                await store.commit(record(call("c1"), events=(replace(large, seq=seq),)))
            larger = replace(large, seq=4, body=b"x" * 3_000_000)
            await store.commit(record(call("c1"), events=(larger,)))
            after, read = 0, []
            while after < 4:
                page = await store.stream_events("shop", after=after, limit=100)
                read.append([e.number for e in page.events])
                assert page.last == 4
                after = page.events[-1].number
            assert read == [[1], [2], [3], [4]]

    run(scenario())


def test_streams_of_two_projects_know_nothing_of_each_other(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            for name in ("c1", "c2"):
                await store.commit(record(call(name), events=(stream_event(name),)))
                other = stream_event(name, project="house")
                await store.commit(record(replace(call(name), snapshot=HOUSE), events=(other,)))
            for project in ("shop", "house"):
                page = await store.stream_events(project, after=0, limit=10)
                assert [(e.number, e.project) for e in page.events] == [(1, project), (2, project)]

    run(scenario())


def test_an_event_that_is_committed_again_is_the_same(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            again = record(call("c1"), events=(stream_event("c1"),))
            await store.commit(again)
            await store.commit(again)
            more = (stream_event("c1"), stream_event("c1", 2))
            await store.commit(record(call("c1"), events=more))
            page = await store.stream_events("shop", after=0, limit=10)
            assert [(e.number, e.seq) for e in page.events] == [(1, 1), (2, 2)]

    run(scenario())


def test_who_reads_while_many_commit_misses_no_event(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            calls = [f"c{number}" for number in range(40)]
            committing = spawn(
                asyncio.wait(
                    [
                        spawn(
                            store.commit(record(call(name), events=(stream_event(name),))),
                            name=name,
                        )
                        for name in calls
                    ]
                ),
                name="commits",
            )
            read: list[str] = []
            after = 0
            while len(read) < len(calls):
                page = await store.stream_events("shop", after=after, limit=3, wait=10.0)
                assert [e.number for e in page.events] == list(
                    range(after + 1, after + 1 + len(page.events))
                )
                after = page.events[-1].number
                read.extend(e.call for e in page.events)
            await committing
            assert sorted(read) == sorted(calls)

    run(scenario())


def test_who_waits_for_an_event_gets_it_or_nothing_in_the_end(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            waiting = spawn(
                store.stream_events("shop", after=0, limit=10, wait=60.0), name="waiting"
            )
            await asyncio.sleep(0.05)
            assert not waiting.done()
            await store.commit(record(call("c1"), events=(stream_event("c1"),)))
            assert [e.call for e in (await waiting).events] == ["c1"]
            nothing = await store.stream_events("shop", after=1, limit=10, wait=0.05)
            assert nothing.events == ()

    run(scenario())


def test_events_go_with_their_call_and_their_numbers_are_not_given_again(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(ended("c1", at=100.0), events=(stream_event("c1"),)))
            later = (stream_event("c2"), stream_event("c2", 2))
            await store.commit(record(ended("c2", at=300.0), events=later))
            assert await store.prune(before=200.0) == 1
            page = await store.stream_events("shop", after=0, limit=10)
            assert [e.number for e in page.events] == [2, 3]
            assert (page.last, page.deleted) == (3, 1)

            assert await store.prune(before=400.0) == 1
            page = await store.stream_events("shop", after=0, limit=10)
            assert (page.events, page.last, page.deleted) == ((), 3, 3)
            await store.commit(record(call("c3"), events=(stream_event("c3"),)))
            page = await store.stream_events("shop", after=3, limit=10)
            assert [e.number for e in page.events] == [4]

    run(scenario())


def test_a_promise_made_after_all_others_were_deleted_is_pending(lasting: Opens) -> None:
    async def scenario() -> None:
        async with lasting() as store:
            await store.commit(record(ended("c1", at=100.0), delivery("c1")))
            await store.record_attempt(attempt(delivery("c1")))
        async with lasting() as store:
            assert await store.prune(before=200.0) == 1
            await store.commit(record(call("c2"), delivery("c2")))
            assert await store.pending_deliveries() == (delivery("c2"),)

    run(scenario())


# Subscriptions


def test_a_subscriptions_credentials_are_kept_whole_and_encrypted(lasting: Opens) -> None:
    credentials = Credentials(
        token="t0ken",
        signing_secrets=("whsec_canary",),
        hmac=BodyHmac(header="X", secret="hm4c"),
        oauth=OAuth2(token_url="https://l/", client_id="us", client_secret="0auth"),
        secret_headers=(("K", "h3ader"),),
    )

    async def scenario() -> None:
        asked = Subscription(
            project="shop",
            user="zapier",
            target_url="https://hooks.example/",
            event="custom",
            created_at=1.0,
            credentials=credentials,
        )
        async with lasting() as store:
            made = await store.add_subscription(asked, most=2)
            assert made is not None
        async with lasting() as store:
            assert await store.subscriptions() == (made,)
            assert made.credentials == credentials

    run(scenario())


def test_the_latest_refresh_token_of_a_source_is_kept(lasting: Opens) -> None:
    async def scenario() -> None:
        async with lasting() as store:
            assert await store.refresh_token("shop", "crm") is None
            await store.save_refresh_token("shop", "crm", "first")
            await store.save_refresh_token("house", "crm", "other")
            await store.save_refresh_token("shop", "crm", "s3cond")
        async with lasting() as store:
            assert await store.refresh_token("shop", "crm") == "s3cond"
            assert await store.refresh_token("house", "crm") == "other"
            assert await store.refresh_token("house", "desk") is None

    run(scenario())


def test_subscriptions_stay_until_they_are_deleted(lasting: Opens) -> None:
    async def scenario() -> None:
        async with lasting() as store:

            async def add(project: str, event: str = "custom") -> Subscription:
                asked = Subscription(
                    project=project,
                    user="u",
                    target_url=f"https://{event}.target/",
                    event=event,
                    options=CHOSEN if event == "ended" else NO_OPTIONS,
                    created_at=1.0,
                )
                added = await store.add_subscription(asked, most=2)
                assert added is not None
                return added

            first, second, third = await add("shop"), await add("house"), await add("shop", "ended")
        async with lasting() as store:
            assert await store.subscriptions() == (first, second, third)
            assert await store.subscriptions(project="shop") == (first, third)
            assert await store.delete_subscription("house", first.number) is None
            assert await store.delete_subscription("shop", first.number) == first
            assert await store.delete_subscription("shop", first.number) is None
        async with lasting() as store:
            assert await store.subscriptions() == (second, third)
            assert await store.subscription_numbers() == {second.number, third.number}

    run(scenario())


# The store's own life


def test_everything_is_there_after_reopening(lasting: Opens) -> None:
    async def scenario() -> None:
        async with lasting() as store:
            await store.commit(record(call("c1"), delivery("c1", 1), delivery("c1", 2), entries=3))
            await store.record_attempt(attempt(delivery("c1", 1)))
            await store.save_project("shop", "password = 'x'")
        async with lasting() as store:
            assert await store.live_calls(shop) == (call("c1"),)
            assert await store.pending_deliveries() == (delivery("c1", 2),)
            assert [entry.seq for entry in await store.journal("c1")] == [1, 2, 3]
            assert [p.document for p in await store.projects()] == ["password = 'x'"]

    run(scenario())


def test_a_closed_store_says_so_and_closes_again(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await store.close()
            with pytest.raises(StoreError, match="closed"):
                await store.commit(record(call()))
            with pytest.raises(StoreError, match="closed"):
                await store.calls()

    run(scenario())


def test_what_was_handed_in_before_closing_is_stored(lasting: Opens) -> None:
    async def scenario() -> None:
        async with lasting() as store:
            commits = [store.commit(record(call(f"c{number}"))) for number in range(20)]
            waiting = asyncio.gather(*commits)
            await asyncio.sleep(0)
            await store.close()
            await waiting
        async with lasting() as store:
            assert len(await store.live_calls(shop)) == 20

    run(scenario())


@pytest.mark.row("FC-01")
def test_a_name_of_one_project_is_kept_from_others(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            mine = (("number", "380442223344"), ("login", "101"))
            await store.save_project("shop", "one", mine)
            await store.save_project("house", "two", (("login", "102"),))
            wanted = (*mine, ("login", "102"), ("login", "103"), ("number", "101"))
            assert await store.owners(wanted) == dict.fromkeys(mine, "shop") | {
                ("login", "102"): "house"
            }
            with pytest.raises(StoreError, match="login 101 belongs to another project"):
                await store.save_project("house", "three", (("login", "101"),))
            assert await store.project_versions() == {"shop": 1, "house": 1}
            await store.save_project("shop", "four", (("login", "103"),))
            await store.save_project("house", "three", mine)
            assert set((await store.owners(wanted)).values()) == {"house", "shop"}
            latest = await store.latest_project("house")
            assert latest is not None
            assert (latest.version, latest.document) == (2, "three")
            assert await store.latest_project("nobody") is None

    run(scenario())


# Requests that are done once

KEYED = KeyedRequest(project="shop", token="t1", key="order-17", digest=b"one")


def test_a_keyed_request_is_first_once_and_its_answer_outlives_the_process(lasting: Opens) -> None:
    async def scenario() -> None:
        async with lasting() as store:
            keys = store.keyed_requests
            assert await keys.begin(KEYED, at=10.0, keep=100.0) is None
            again = await keys.begin(KEYED, at=20.0, keep=100.0)
            assert again == KeyedAnswer(digest=b"one", status=None, body=b"")
        async with lasting() as store:
            keys = store.keyed_requests
            assert await keys.begin(KEYED, at=20.0, keep=100.0) == again
            await keys.answer(KEYED, 202, b"{}")
        async with lasting() as store:
            found = await store.keyed_requests.begin(KEYED, at=30.0, keep=100.0)
            assert found == KeyedAnswer(digest=b"one", status=202, body=b"{}")

    run(scenario())


def test_a_key_belongs_to_its_token_and_is_forgotten_in_time_or_at_once(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            keys = store.keyed_requests
            others = (replace(KEYED, token="t2"), replace(KEYED, project="bank"))
            for request in (KEYED, *others, replace(KEYED, key="order-18")):
                assert await keys.begin(request, at=10.0, keep=100.0) is None
            await keys.forget(KEYED)
            assert await keys.begin(KEYED, at=11.0, keep=100.0) is None
            assert await keys.begin(others[0], at=110.0, keep=100.0) is not None
            assert await keys.begin(others[0], at=110.5, keep=100.0) is None

    run(scenario())


def test_of_two_requests_with_a_key_at_once_one_is_first(opened: Opens) -> None:
    async def scenario() -> None:
        async with opened() as store:
            begun = (store.keyed_requests.begin(KEYED, at=10.0, keep=9.0) for _ in range(8))
            found = await asyncio.gather(*begun)
            assert found.count(None) == 1

    run(scenario())
