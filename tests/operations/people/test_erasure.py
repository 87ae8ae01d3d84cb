"""A person is erased by their number: calls, deliveries, events, visits, recordings; nothing else is, and no file keeps it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.cause import Outcome
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.tracking.caller_history import Caller, ShownNumber, Visit, VisitCall
from switchhook.operations.people import erasure
from switchhook.operations.people.erasure import Erased, ErasureError, erase_person
from switchhook.operations.projects import apply_project
from switchhook.operations.recordings import NO_RECORDINGS, recordings_in
from switchhook.storage.records import CallRecord
from switchhook.storage.sqlite.people import erasure as stored
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tracking.memory import Memory
from tests.conformance.test_call_list import made
from tests.operations.test_recordings import keep
from tests.support.loop import run
from tests.support.projects import MINIMAL
from tests.support.promises import attempt, delivery, record, stream_event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switchhook.domain.call import Call

THEIRS, OTHERS = "+380441112233", "+380445556677"
COUNTRY = MINIMAL.replace("[project]", '[project]\ncountry = "UA"')


async def commit(store: SqliteStore, of: Call, *, project: str = "acme", told: bool = True) -> None:
    """Store a call with a journal, an event, and a delivery that is settled, unless it was not told."""
    within = ProjectSnapshot(Project(id=project, name=project))
    body = f"caller={of.caller.number}".encode()
    promised = delivery(of.id, project=project, body=body)
    kept = replace(of, snapshot=within)
    await store.commit(
        replace(
            record(kept, promised, entries=1, events=(stream_event(of.id, project=project),)),
            entries=(
                JournalEntry(seq=1, at=1.0, kind=EntryKind.STEP, text=f"rang {of.caller.number}"),
            ),
        )
    )
    if told:
        await store.record_attempt(attempt(promised, answer=f"hello {of.caller.number}".encode()))


@asynccontextmanager
async def office(path: Path | None = None) -> AsyncIterator[SqliteStore]:
    """Open a store with calls of two persons."""
    store = await SqliteStore.open(path)
    try:
        await apply_project(store, COUNTRY)
        await commit(store, made("theirs-1", caller=THEIRS))
        await commit(store, made("others", caller=OTHERS))
        await commit(store, made("theirs-2", caller="0441112233"))
        yield store
    finally:
        await store.close()


async def erase(store: SqliteStore, telephone: str = THEIRS, **more: object) -> Erased:
    memory = more.pop("memory", None)
    recordings = more.pop("recordings", NO_RECORDINGS)
    return await erase_person(
        store, recordings, memory, project="acme", telephone=telephone, by="olga", **more  # type: ignore[arg-type] # a test's
    )  # fmt: skip


@pytest.mark.row("T-35")
@pytest.mark.parametrize("spelling", [THEIRS, "0441112233", "(044) 111-22-33", "00380441112233"])
def test_a_persons_calls_go_with_all_that_belongs_to_them(spelling: str) -> None:
    async def scenario() -> None:
        async with office() as store:
            await commit(store, made("not", caller=THEIRS), project="other")
            done = await erase(store, spelling)
            assert (done.calls, done.left, done.next) == (2, 0, None)
            assert {one.id for one in await store.calls()} == {"others", "not"}
            found = await store.find_calls(project="acme")
            assert [one.id for one in found.calls] == ["others"]
            assert {one.delivery.call for one in await store.deliveries()} == {"others", "not"}
            assert await store.journal("theirs-1") == ()
            assert await store.attempts("theirs-1.1.crm") == ()
            assert (await erase(store, spelling)).calls == 0

    run(scenario())


@pytest.mark.row("T-35")
def test_nothing_of_the_number_is_left_in_the_files(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(tmp_path / "x.sqlite") as store:
            await store.save_visit(_visit("v1", phone=THEIRS))
            await erase(store)

    run(scenario())
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"5556677" in kept
    assert b"1112233" not in kept


def _visit(name: str, **attributes: str) -> Visit:
    return Visit(project="acme", id=name, attributes=tuple(attributes.items()), seen_at=9.0)


def test_a_call_that_only_rang_the_number_is_found_and_a_longer_number_is_another() -> None:
    async def scenario() -> None:
        async with office() as store:
            within = ProjectSnapshot(Project(id="acme", name="acme"))
            for name, text in (("transferred", f"to {THEIRS}"), ("longer", f"to {THEIRS}9")):
                line = JournalEntry(seq=1, at=1.0, kind=EntryKind.STEP, text=text)
                one = replace(made(name, caller=OTHERS), snapshot=within)
                await store.commit(CallRecord(call=one, entries=(line,)))
            assert (await erase(store)).calls == 3
            assert {one.id for one in await store.calls()} == {"others", "longer"}

    run(scenario())


def test_what_still_runs_or_is_still_told_stays_and_is_counted() -> None:
    async def scenario() -> None:
        async with office() as store:
            await commit(store, made("running", caller=THEIRS, outcome=None))
            await commit(store, made("untold", caller=THEIRS), told=False)
            done = await erase(store)
            assert (done.calls, done.left) == (2, 2)
            assert {one.id for one in await store.calls()} == {"others", "running", "untold"}

    run(scenario())


def test_visits_and_the_caller_go_from_the_store_and_from_memory() -> None:
    async def scenario() -> None:
        async with office() as store:
            visits = (_visit("v1", city="Kyiv"), _visit("v2", phone=THEIRS), _visit("v3", x="y"))
            shown = ShownNumber(project="acme", number="380800333444", visit="v1", until=1e10)
            caller = Caller(project="acme", number="380441112233", calls=2, seen_at=1.0)
            memory = Memory(callers=[caller], visits=visits, shown=[shown])
            for one in visits:
                await store.save_visit(one)
            await store.attach(shown)
            attached = VisitCall(project="acme", call="theirs-1", visit="v1", told_at=1.0)
            await store.attach(attached)
            done = await erase(store, memory=memory)
            assert done.visits == 2
            assert [one.id for one in await store.visits(limit=9)] == ["v3"]
            assert await store.shown_numbers(limit=9) == ()
            assert [memory.visit("acme", one.id) is None for one in visits] == [True, True, False]

    run(scenario())


def test_the_stream_keeps_its_numbers_and_no_one_falls_behind() -> None:
    async def scenario() -> None:
        async with office() as store:
            await erase(store)
            page = await store.stream_events("acme", after=0, limit=9)
            assert [one.number for one in page.events] == [2, 3]
            assert page.deleted == 0
            assert b'"erased":true' in page.events[1].body
            await commit(store, made("later", caller=OTHERS))
            page = await store.stream_events("acme", after=3, limit=9)
            assert [(one.number, one.call) for one in page.events] == [(4, "later")]

    run(scenario())


def test_recordings_of_erased_calls_are_deleted(tmp_path: Path) -> None:
    async def scenario() -> None:
        kept = recordings_in(tmp_path, base="", keep_days=9)
        async with office() as store:
            for call in ("theirs-1", "others"):
                keep(tmp_path, f"acme/{call}/r1")
            assert (await erase(store, recordings=kept)).recordings == 1
            assert [one.name.call for one in kept.list()] == ["others"]

    run(scenario())


def test_a_long_history_is_erased_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "LOOKED_AT", 1)
    monkeypatch.setattr(erasure, "SECONDS", -1.0)

    async def scenario() -> None:
        async with office() as store:
            place, steps, calls = 0, 0, 0
            while True:
                done = await erase(store, after=place)
                calls, steps = calls + done.calls, steps + 1
                if done.next is None:
                    break
                place = done.next
            assert (calls, steps) == (2, 4)

    run(scenario())


@pytest.mark.parametrize(
    ("telephone", "words"),
    [
        ("", "write a telephone number"),
        ("101", "of 7 digits at least"),
        ("olga", "write a telephone number"),
        ("%", "write a telephone number"),
        ("380442223344", "a number of the project itself"),
    ],
)
def test_what_is_no_persons_number_erases_nothing(telephone: str, words: str) -> None:
    async def scenario() -> None:
        async with office() as store:
            with pytest.raises(ErasureError, match=words):
                await erase(store, telephone)
            assert len(await store.calls()) == 3
            assert (await store.calls())[0].outcome is Outcome.ANSWERED

    run(scenario())
