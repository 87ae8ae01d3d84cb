"""A server rehearses beside its calls: one of a project at a time, with progress, and it can be stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchhook.app import rehearsals as module
from switchhook.app.rehearsals import Rehearsals
from switchhook.operations.rehearsal.jobs import (
    MOST_KEPT,
    NoSuchRehearsalError,
    OtherProjectError,
    RehearsalRunsError,
    RehearsalWanted,
)
from switchhook.operations.rehearsal.run import RehearsalState
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.storage.trails import TrailPage
from tests.support.loop import run
from tests.support.rehearsed import BEGAN, LESS_FILE, store_calls
from tests.support.snapshots import JOHN, MARY, ring, snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from switchhook.domain.journal import JournalEntry
    from switchhook.operations.rehearsal.jobs import Rehearsal
    from switchhook.storage.trails import ExchangePage

HOUSE = snapshot(ring(MARY), ring(JOHN))
DRAFT = LESS_FILE


def wanted(document: str = DRAFT, project: str = "shop") -> RehearsalWanted:
    return RehearsalWanted(
        project=project, document=document, name="draft a", since=None, until=None, by="anna"
    )


class Held:
    """A store that answers when it is let, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def page(self, *_: object, **__: object) -> TrailPage:
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()
        raise AssertionError

    async def exchanges(self, *_: object, **__: object) -> ExchangePage:
        raise AssertionError

    async def journals(
        self, project: str, calls: Collection[str]
    ) -> Mapping[str, tuple[JournalEntry, ...]]:
        raise AssertionError((project, calls))


async def over(one: Rehearsal) -> None:
    while one.state is RehearsalState.RUNNING:  # noqa: ASYNC110 (it says nothing)
        await asyncio.sleep(0.005)


def test_it_goes_on_by_itself_to_the_end() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        try:
            await store_calls(store, HOUSE)
            jobs = Rehearsals(store.trails, clock=lambda: BEGAN, own_host="pbx.example")
            begun = await jobs.start(wanted())
            assert not isinstance(begun, Mistakes)
            await over(begun)
            assert (begun.state, begun.ended_at) == (RehearsalState.DONE, BEGAN)
            assert (begun.count.rehearsed, begun.count.elsewhere) == (7, 3)
            for _ in range(MOST_KEPT):
                again = await jobs.start(wanted())
                assert not isinstance(again, Mistakes)
                await over(again)
            assert begun not in jobs.all("shop")
            assert len(jobs.all("shop")) == MOST_KEPT
            with pytest.raises(NoSuchRehearsalError, match="project shop has no rehearsal 1 here"):
                jobs.show("shop", begun.number)
            await jobs.close()
        finally:
            await store.close()

    run(scenario())


def test_one_of_a_project_runs_at_a_time_until_it_is_stopped() -> None:
    async def scenario() -> None:
        jobs = Rehearsals(Held(), clock=lambda: BEGAN, own_host="pbx.example")
        begun = await jobs.start(wanted())
        assert not isinstance(begun, Mistakes)
        with pytest.raises(RehearsalRunsError, match="rehearsal 1 of project shop runs"):
            await jobs.start(wanted())
        assert jobs.stop("shop", begun.number).state is RehearsalState.STOPPED
        again = await jobs.start(wanted())
        assert not isinstance(again, Mistakes)
        with pytest.raises(NoSuchRehearsalError):
            jobs.stop("other", again.number)
        await jobs.close()

    run(scenario())


def test_those_of_several_projects_take_turns_and_work_half_of_the_time() -> None:
    class Slow(Held):
        busy = most = pages = 0

        async def page(self, *_: object, **__: object) -> TrailPage:
            self.busy += 1
            self.most = max(self.most, self.busy)
            await asyncio.sleep(0.02)
            self.busy -= 1
            self.pages += 1
            return TrailPage(trails=(), next=None)

    async def scenario() -> None:
        store = Slow()
        jobs = Rehearsals(store, clock=lambda: BEGAN, own_host="h")
        began = asyncio.get_running_loop().time()
        drafts = [DRAFT.replace('id = "shop"', f'id = "shop{n}"') for n in range(4)]
        all_of = [await jobs.start(wanted(d, f"shop{n}")) for n, d in enumerate(drafts)]
        for one in all_of:
            assert not isinstance(one, Mistakes)
            await over(one)
        assert (store.most, store.pages) == (1, 4)
        assert asyncio.get_running_loop().time() - began >= 0.15

    run(scenario())


def test_of_all_projects_together_so_many_are_kept_without_their_drafts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT_OF_ALL", 3)

    async def scenario() -> None:
        jobs = Rehearsals(Held(StoreError("x")), clock=lambda: BEGAN, own_host="h")
        for n in range(6):
            begun = await jobs.start(wanted(DRAFT.replace('id = "shop"', f'id = "s{n}"'), f"s{n}"))
            assert not isinstance(begun, Mistakes)
            assert begun.wanted.document == ""
            await over(begun)
        assert [len(jobs.all(f"s{n}")) for n in range(6)] == [0, 0, 0, 1, 1, 1]

    run(scenario())


def test_a_store_that_fails_is_named() -> None:
    async def scenario() -> None:
        jobs = Rehearsals(Held(StoreError("disk full")), clock=lambda: BEGAN, own_host="h")
        begun = await jobs.start(wanted())
        assert not isinstance(begun, Mistakes)
        await over(begun)
        assert (begun.state, begun.trouble) == (RehearsalState.FAILED, "disk full")

    run(scenario())


def test_a_mistake_of_ours_ends_the_rehearsal_and_another_may_begin() -> None:
    async def scenario() -> None:
        jobs = Rehearsals(Held(ZeroDivisionError("oops")), clock=lambda: BEGAN, own_host="h")
        for number in (1, 2):
            begun = await jobs.start(wanted())
            assert not isinstance(begun, Mistakes)
            await over(begun)
            assert (begun.number, begun.state) == (number, RehearsalState.FAILED)
            assert "mistake in Switchhook" in begun.trouble

    run(scenario())


def test_a_draft_with_mistakes_or_of_another_project_is_refused() -> None:
    async def scenario() -> None:
        jobs = Rehearsals(Held(), clock=lambda: BEGAN, own_host="h")
        assert isinstance(await jobs.start(wanted("[project]")), Mistakes)
        with pytest.raises(OtherProjectError, match="of project shop, and the calls"):
            await jobs.start(wanted(project="acme"))
        assert jobs.all("shop") == ()

    run(scenario())
