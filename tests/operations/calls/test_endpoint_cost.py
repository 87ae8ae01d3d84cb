"""What endpoints cost is read from stored exchanges: delays, failures, and callers who hung up meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.cause import Cause
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.calls import endpoint_cost
from switchhook.operations.calls.endpoint_cost import CostReport, endpoint_costs, percentile
from switchhook.routing.engine import step
from switchhook.routing.events import AskFailed, CallArrived, DirectionGiven, LegAnswered, LegEnded
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.switchboard.outbox import OutboxContext, call_record
from switchhook.views.endpoints import cost_as_json, cost_rows
from tests.support.loop import run
from tests.support.rehearsed import BEGAN
from tests.support.snapshots import ASK, MARY, ask_crm, incoming, ring, snapshot

if TYPE_CHECKING:
    from switchhook.domain.scheme import Step
    from switchhook.routing.events import Event

GIVES_UP = LegEnded(leg="caller", cause=Cause(sip=487))
SLOW = Failure(kind=FailureKind.HEADERS_TIMEOUT, detail="nothing came")


def ask(name: str, number: int = 1) -> str:
    return f"{name}-{number}"


async def keep(
    store: SqliteStore,
    name: str,
    at: float,
    steps: tuple[Step, ...],
    *heard: tuple[float, Event],
    project: str = "shop",
) -> None:
    """Store a call that heard these events, so many seconds after it arrived."""
    within = ProjectSnapshot(replace(snapshot(*steps).project, id=project))
    call = replace(incoming(*steps), snapshot=within, id=name, arrived_at=at)
    for after, event in ((0.0, CallArrived()), *heard):
        call, commands = step(call, event, at + after)
        await store.commit(call_record(call, commands, OutboxContext(product="UA")))


async def filled(store: SqliteStore, project: str = "shop") -> None:
    """Store five calls: answered after 0.1, 0.2 and 0.3 s, one failure, one caller who hung up after 1.5 s."""
    hangs_up = LegEnded(leg="b1", cause=Cause(sip=200))
    for number in (1, 2, 3):
        name = f"c{number}"
        given = DirectionGiven(ask=ask(name), targets=(MARY,))
        await keep(
            store,
            name,
            BEGAN + number,
            (ASK,),
            (number / 10, given),
            (1.0, LegAnswered(leg="b1")),
            (5.0, hangs_up),
            project=project,
        )
    await keep(
        store,
        "c4",
        BEGAN + 4,
        (ASK, ring(MARY)),
        (2.0, AskFailed(ask=ask("c4"), failure=SLOW)),
        (3.0, GIVES_UP),
        project=project,
    )
    await keep(store, "c5", BEGAN + 5, (ask_crm(),), (1.5, GIVES_UP), project=project)
    await keep(store, "c6", BEGAN + 6, (ring(MARY),), (1.5, GIVES_UP), project=project)


def report(*, since: float | None = None, most: int = 100) -> CostReport:
    async def scenario() -> CostReport:
        store = await SqliteStore.open(None)
        try:
            await filled(store)
            return await endpoint_costs(store.trails, "shop", since=since, most=most)
        finally:
            await store.close()

    return run(scenario())


def test_each_webhook_has_its_delays_and_its_callers_who_hung_up() -> None:
    found = report()

    crm, names = found.costs
    assert (crm.webhook, crm.asks, crm.failed, crm.hung_up) == ("crm", 4, 1, 0)
    assert (crm.p50, crm.p99, crm.longest) == pytest.approx((0.2, 2.0, 2.0))
    assert crm.total == pytest.approx(2.6)
    assert (names.webhook, names.asks, names.hung_up) == ("names", 0, 1)
    assert names.waited == pytest.approx(1.5, abs=0.001)
    assert (found.calls, found.reached, found.is_cut) == (6, BEGAN + 1, False)


def test_only_the_newest_calls_of_the_time_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_cost, "BATCH", 2)
    assert [one.webhook for one in report(most=2).costs] == ["names"]
    cut = report(most=3)
    assert (cut.calls, cut.is_cut, cut.reached) == (3, True, BEGAN + 4)
    assert [(one.webhook, one.asks) for one in report(since=BEGAN + 3).costs] == [
        ("crm", 2),
        ("names", 0),
    ]


def test_percentiles_are_values_that_were_measured() -> None:
    hundred = [float(n) for n in range(1, 101)]
    assert (percentile(hundred, 50), percentile(hundred, 99)) == (50.0, 99.0)
    assert (percentile([3.0], 99), percentile([], 50)) == (3.0, 0.0)


def test_it_is_told_to_people_and_programs() -> None:
    found = report()

    assert cost_rows(found)[0] == ("crm", "4", "1", "200 ms", "2.0 s", "2.0 s", "0")
    assert cost_rows(found)[1][-1] == "1, after 1.5 s"
    told = cost_as_json(found)["webhooks"]
    assert (told[0]["p50"], told[0]["hung_up_after"], told[1]["hung_up_after"]) == (0.2, None, 1.5)
