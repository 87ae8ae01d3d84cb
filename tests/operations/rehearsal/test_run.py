"""A rehearsal goes through all stored calls, counts them, and lists those that go elsewhere with both paths."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.operations.rehearsal import run as run_module
from switchhook.operations.rehearsal.draft import Draft, Missing
from switchhook.operations.rehearsal.run import RehearsalRun, with_stored_paths
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.path import path_of
from tests.support.loop import run
from tests.support.rehearsed import BEGAN, store_calls
from tests.support.snapshots import ASK, JOHN, MARY, ring, snapshot

if TYPE_CHECKING:
    import pytest

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.operations.rehearsal.run import RehearsalCount

HOUSE = snapshot(ring(MARY), ring(JOHN))


def rehearse(
    draft: ProjectSnapshot,
    *,
    since: float | None = None,
    until: float | None = None,
    batch: int = 3,
) -> RehearsalCount:
    async def scenario() -> RehearsalCount:
        store = await SqliteStore.open(None)
        try:
            await store_calls(store, HOUSE)
            work = RehearsalRun(
                store.trails, Draft(draft), since=since, until=until, path_of=path_of, batch=batch
            )
            while await work.next_batch():
                pass
            listed = await with_stored_paths(store.trails, "shop", work.count.diversions, path_of)
            work.count.diversions[:] = listed
            return work.count
        finally:
            await store.close()

    return run(scenario())


def test_nothing_goes_elsewhere_under_the_same_project() -> None:
    found = rehearse(HOUSE)

    assert (found.rehearsed, found.same, found.elsewhere) == (7, 7, 0)
    assert found.reached == BEGAN


def test_those_that_go_elsewhere_are_listed_with_both_paths_newest_first() -> None:
    found = rehearse(snapshot(ring(MARY)))

    assert (found.rehearsed, found.elsewhere, found.same) == (7, 3, 4)
    assert [one.call for one in found.diversions] == ["call-6", "call-3", "call-0"]
    one = found.diversions[0]
    assert one.stored.path == "phone:30 → mary (busy) → phone:30 → john"
    assert one.rehearsed.path == "phone:30 → mary (busy)"
    assert one.rehearsed.route.ending == ("busy", "486")


def test_calls_that_cannot_be_rehearsed_are_counted_by_reason() -> None:
    found = rehearse(snapshot(ASK))

    assert (found.same, found.elsewhere) == (0, 0)
    assert found.unknown == {Missing.NOT_ASKED: 7}


def test_only_calls_of_the_time_are_rehearsed() -> None:
    assert rehearse(HOUSE, since=BEGAN + 60).rehearsed == 6
    assert rehearse(HOUSE, until=BEGAN + 60).rehearsed == 1
    assert rehearse(HOUSE, since=BEGAN + 60, until=BEGAN + 180, batch=1).rehearsed == 2


def test_more_than_are_listed_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "MOST_LISTED", 2)
    found = rehearse(snapshot(ring(MARY)))

    assert (found.elsewhere, len(found.diversions)) == (3, 2)


def test_a_call_that_cannot_be_read_keeps_no_other_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no such kind")

    monkeypatch.setattr(run_module, "replay", broken)
    found = rehearse(HOUSE)

    assert found.unknown == {Missing.UNREADABLE: 7}


def test_other_projects_are_not_looked_at() -> None:
    other = replace(HOUSE.project, id="other")

    assert rehearse(HOUSE.__class__(other)).rehearsed == 0
