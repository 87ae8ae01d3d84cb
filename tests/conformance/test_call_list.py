"""Every store finds calls by what a person knows of them, newest first, page by page, and says where it stopped."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CALLER, CallState, Direction, Leg, LegState
from switchhook.domain.cause import Outcome
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.target import Target, TargetKind
from switchhook.storage.call_search import EVERY_CALL, CallFilter, CallPlace, NumberPart, PartOf
from switchhook.storage.records import CallRecord
from switchhook.storage.sqlite.lists import calls as call_list
from tests.conformance.test_stores import HOUSE, opened, opens  # noqa: F401 (a fixture)
from tests.support.loop import run
from tests.support.promises import DOWN, OCCURRED, attempt, call, delivery, ended, record
from tests.support.snapshots import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from switchhook.domain.call import Call
    from switchhook.storage.call_search import CallPage
    from switchhook.storage.sqlite.store import SqliteStore
    from tests.conformance.test_stores import Opens


def made(
    name: str,
    *,
    at: float = 0.0,
    outcome: Outcome | None = Outcome.ANSWERED,
    caller: str = "+380441112233",
    callee: str = "380800111222",
    direction: Direction = Direction.INCOMING,
    scheme: int = 1,
    rang: Iterable[str] = (),
) -> Call:
    """Return a call that has ended; without an outcome it runs."""
    base = call(name, at=OCCURRED + at) if outcome is None else ended(name, at=OCCURRED + at)
    legs = tuple(
        Leg(
            id=f"b{number}",
            target=Target(kind=TargetKind.ACCOUNT, value=login),
            state=LegState.ENDED,
            started_at=OCCURRED,
        )
        for number, login in enumerate(rang, 1)
    )
    return replace(
        base,
        direction=direction,
        caller=replace(base.caller, number=caller),
        callee=callee,
        outcome=outcome,
        position=replace(base.position, scheme=scheme),
        legs=(*base.legs, *legs),
    )


def asked(of: Call, webhook: str, *, fails: bool = False) -> CallRecord:
    """Return the record of a step in which a webhook was asked."""
    entries = [JournalEntry(seq=1, at=OCCURRED, kind=EntryKind.ASKED, text=webhook)]
    if fails:
        facts = (("webhook", webhook), ("kind", "timeout"))
        entries.append(JournalEntry(seq=2, at=OCCURRED, kind=EntryKind.ASK_FAILED, facts=facts))
    return CallRecord(call=of, entries=tuple(entries))


async def found(store: SqliteStore, **wanted: object) -> list[str]:
    page = await store.find_calls(project="shop", wanted=CallFilter(**wanted))  # type: ignore[arg-type] # each test's own
    return [row.id for row in page.calls]


def part(digits: str, at: PartOf) -> NumberPart:
    return NumberPart(digits=digits, at=at)


def test_a_call_is_found_by_what_is_known_of_it(opened: Opens) -> None:  # noqa: F811
    async def scenario() -> None:
        async with opened() as store:
            for one in (
                made("old", at=1, outcome=Outcome.MISSED, rang=("101", "102")),
                made("out", at=2, direction=Direction.OUTGOING, caller="101", callee="0049301234"),
                made("bad", at=3, outcome=Outcome.BLOCKED, caller="00380501112233", scheme=7),
                made("hid", at=4, caller=""),
                made("now", at=5, outcome=None, caller="+380501112299", rang=("102",)),
            ):
                await store.commit(record(one))
            await store.commit(record(replace(ended("other"), snapshot=HOUSE)))

            assert await found(store) == ["now", "hid", "bad", "out", "old"]
            assert await found(store, since=OCCURRED + 2, until=OCCURRED + 4) == ["bad", "out"]
            assert await found(store, number=part("38050", PartOf.BEGIN)) == ["now", "bad"]
            assert await found(store, number=part("2233", PartOf.END)) == ["bad", "old"]
            assert await found(store, number=part("49301234", PartOf.WHOLE)) == ["out"]
            assert await found(store, number=part("4930123", PartOf.WHOLE)) == []
            assert await found(store, outcomes=(Outcome.MISSED,)) == ["old"]
            assert await found(store, outcomes=(Outcome.BLOCKED, Outcome.BUSY)) == ["bad"]
            assert await found(store, outcomes=(Outcome.BLOCKED, Outcome.MISSED)) == ["bad", "old"]
            assert await found(store, direction=Direction.OUTGOING) == ["out"]
            assert await found(store, scheme=7) == ["bad"]
            assert await found(store, dialled="49301234") == ["out"]
            assert await found(store, account="102") == ["now", "old"]
            assert await found(store, account="10") == []
            assert await found(store, is_running=True) == ["now"]
            assert await found(store, is_running=False, since=OCCURRED + 3) == ["hid", "bad"]
            everybody = await store.find_calls(limit=3)
            assert [row.id for row in everybody.calls] == ["now", "hid", "bad"]

    run(scenario())


@pytest.mark.parametrize("is_over", [False, True])
def test_a_call_is_found_by_the_endpoints_that_were_asked_or_told(
    opened: Opens,  # noqa: F811
    *,
    is_over: bool,
) -> None:
    async def scenario() -> None:
        outcome = Outcome.ANSWERED if is_over else None
        async with opened() as store:
            told = delivery("c1", webhook="crm")
            await store.commit(asked(made("c1", at=1, outcome=outcome), "route"))
            await store.commit(record(made("c1", at=1, outcome=outcome), told))
            await store.commit(asked(made("c2", at=2, outcome=outcome), "route", fails=True))
            await store.commit(record(made("c3", at=3, outcome=outcome), delivery("c3")))

            assert await found(store, webhook="route") == ["c2", "c1"]
            assert await found(store, webhook="crm") == ["c3", "c1"]
            assert await found(store, webhook="cr") == []
            assert await found(store, has_failures=True) == ["c2"]
            await store.record_attempt(attempt(told, failure=DOWN, is_last=False))
            assert await found(store, has_failures=True) == ["c2"]
            await store.record_attempt(attempt(told, number=2, failure=DOWN))
            assert await found(store, has_failures=True) == ["c2", "c1"]
            assert await found(store, has_failures=True, webhook="crm") == ["c1"]
            assert await found(store, has_failures=True, webhook="route") == ["c2"]
            await store.record_attempt(attempt(told, number=3))
            assert await found(store, has_failures=True) == ["c2"]

    run(scenario())


def test_a_call_that_ends_again_stands_in_the_list_once(opened: Opens) -> None:  # noqa: F811
    async def scenario() -> None:
        async with opened() as store:
            over = made("c1", at=0.123456789)
            await store.commit(record(replace(over, state=CallState.TALKING, outcome=None)))
            for _ in range(2):
                await store.commit(record(over, delivery("c1")))
            assert await found(store) == ["c1"]
            await store.record_attempt(attempt(delivery("c1"), failure=DOWN))
            assert await found(store, has_failures=True) == ["c1"]

    run(scenario())


def test_a_call_goes_from_the_list_with_its_time(opened: Opens) -> None:  # noqa: F811
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(made("c1", at=0.1)))
            await store.commit(record(made("c2", at=100.7)))
            assert await store.prune(before=OCCURRED + 50) == 1
            page = await store.find_calls(project="shop", count=True)
            assert [row.id for row in page.calls] == ["c2"]
            assert (page.count, page.has_more) == (1, False)

    run(scenario())


def test_pages_go_on_where_the_last_ended_whatever_comes_meanwhile(opened: Opens) -> None:  # noqa: F811
    async def scenario() -> None:
        async with opened() as store:
            for number in range(5):
                await store.commit(record(made(f"c{number}", at=number // 2)))
            first = await store.find_calls(project="shop", limit=2)
            await store.commit(record(made("new", at=9)))
            second = await store.find_calls(project="shop", limit=2, behind=first.next)
            third = await store.find_calls(project="shop", limit=2, behind=second.next)
            pages = [[row.id for row in page.calls] for page in (first, second, third)]
            assert pages == [["c4", "c3"], ["c2", "c1"], ["c0"]]
            assert third.next is None

    run(scenario())


def test_calls_are_counted_to_a_thousand(opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    async def scenario() -> None:
        async with opened() as store:
            for number in range(5):
                await store.commit(record(made(f"c{number}", at=number)))
            page = await store.find_calls(project="shop", limit=2, count=True)
            assert (len(page.calls), page.count, page.has_more) == (2, 5, False)
            monkeypatch.setattr(call_list, "COUNTED", 3)
            page = await store.find_calls(project="shop", limit=2, count=True)
            assert (len(page.calls), page.count, page.has_more) == (2, 3, True)
            page = await store.find_calls(limit=2, count=True)
            assert (len(page.calls), page.count, page.has_more) == (2, 3, True)

    run(scenario())


def some(numbers: random.Random, name: str) -> Call:
    """Return a call as chance has it; what is rare in life is rare here."""
    outcomes = [Outcome.ANSWERED] * 6 + [Outcome.MISSED] * 3 + [Outcome.BUSY, Outcome.FAILED, None]
    return made(
        name,
        at=numbers.randrange(40),
        outcome=numbers.choice(outcomes),
        caller=numbers.choice(["", "+4930111", "+4930112", "004989112", "+43111"]),
        callee=numbers.choice(["4930500", "+4930501"]),
        direction=numbers.choice([Direction.INCOMING] * 4 + [Direction.OUTGOING]),
        scheme=numbers.choice([1, 1, 1, 2]),
        rang=numbers.choice([(), ("101",), ("101", "102")]),
    )


def some_filter(numbers: random.Random) -> CallFilter:
    """Return one, two or no conditions."""
    choices = {
        "since": OCCURRED + 10,
        "until": OCCURRED + 30,
        "number": numbers.choice(
            [part("4930", PartOf.BEGIN), part("112", PartOf.END), part("43111", PartOf.WHOLE)]
        ),
        "outcomes": numbers.choice(
            [(Outcome.BUSY,), (Outcome.BUSY, Outcome.FAILED), (Outcome.MISSED,), (*Outcome,)]
        ),
        "direction": Direction.OUTGOING,
        "scheme": 2,
        "dialled": "4930501",
        "account": numbers.choice(["101", "102"]),
        "is_running": numbers.choice([True, False]),
    }
    names = numbers.sample(sorted(choices), numbers.randrange(3))
    return CallFilter(**{name: choices[name] for name in names})  # type: ignore[arg-type] # each has its type


def fits(one: Call, wanted: CallFilter) -> bool:
    """Say the same as a search, in the plainest way."""
    number = one.callee if one.direction is Direction.OUTGOING else one.caller.number
    digits = number.removeprefix("+").removeprefix("00")
    accounts = {leg.target.value for leg in one.legs if leg.id != CALLER and leg.target}
    return (
        (wanted.since is None or one.arrived_at >= wanted.since)
        and (wanted.until is None or one.arrived_at < wanted.until)
        and (wanted.number is None or wanted.number.fits(digits))
        and (not wanted.outcomes or one.outcome in wanted.outcomes)
        and wanted.direction in {None, one.direction}
        and wanted.scheme in {None, one.position.scheme}
        and wanted.dialled in {"", one.callee.removeprefix("+")}
        and (not wanted.account or wanted.account in accounts)
        and wanted.is_running in {None, one.outcome is None}
    )


async def whole(store: SqliteStore, wanted: CallFilter, project: str | None) -> list[str]:
    """Read page by page to the end."""
    listed: list[str] = []
    place: CallPlace | None = None
    while True:
        page: CallPage = await store.find_calls(
            project=project, wanted=wanted, limit=7, behind=place
        )
        listed += [row.id for row in page.calls]
        assert place is None or page.next is None or page.next < place
        place = page.next
        if place is None:
            return listed


@pytest.mark.parametrize("most", [5, 20_000])
def test_page_by_page_each_call_that_fits_is_found_once_in_order(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Also where a search stops again and again before it has found enough."""
    for bound in ("MOST_ALONG", "MOST_LOOKED_UP"):
        monkeypatch.setattr(call_list, bound, most)
    numbers = random.Random(17)

    async def scenario() -> None:
        async with opens(None)() as store:
            calls = [some(numbers, f"c{number}") for number in range(120)]
            for one in calls:
                await store.commit(record(one))
            newest = [
                *sorted(enumerate(calls), key=lambda one: (one[1].arrived_at, one[0]), reverse=True)
            ]
            for wanted in (EVERY_CALL, *(some_filter(numbers) for _ in range(40))):
                expected = [one.id for _, one in newest if fits(one, wanted)]
                for project in ("shop", None):
                    assert await whole(store, wanted, project) == expected, wanted

    run(scenario())


def test_a_search_that_stops_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with opens(None)() as store:
            for number in range(25):
                await store.commit(record(made(f"c{number}", at=number, scheme=1 + (number < 2))))
            monkeypatch.setattr(call_list, "MOST_ALONG", 9)
            wanted = CallFilter(scheme=2)
            first = await store.find_calls(project="shop", wanted=wanted, count=True)
            assert (first.calls, first.searched_to) == ((), OCCURRED + 15)
            assert (first.count, first.has_more) == (0, True)
            second = await store.find_calls(project="shop", wanted=wanted, behind=first.next)
            assert (second.calls, second.searched_to) == ((), OCCURRED + 5)
            third = await store.find_calls(project="shop", wanted=wanted, behind=second.next)
            assert [row.id for row in third.calls] == ["c1", "c0"]
            assert (third.next, third.searched_to) == (None, None)

    run(scenario())


def test_a_damaged_call_hides_no_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opens(tmp_path / "switchhook.sqlite3")() as store:
            for number in range(3):
                await store.commit(record(made(f"c{number}", at=number)))

            await store._change(
                lambda connection: connection.execute(
                    "UPDATE calls SET value = '{' WHERE call = 'c1'"
                )
            )
            assert await found(store) == ["c2", "c0"]
            assert await store.prune(before=OCCURRED + 50) == 3
            assert await found(store) == []

    run(scenario())


def test_a_call_of_another_project_is_never_found(opened: Opens) -> None:  # noqa: F811
    async def scenario() -> None:
        async with opened() as store:
            await store.commit(record(replace(made("c1"), snapshot=HOUSE)))
            await store.commit(record(replace(made("c2", outcome=None), snapshot=HOUSE)))
            for wanted in (EVERY_CALL, CallFilter(number=part("33", PartOf.END))):
                page = await store.find_calls(project=snapshot().project.id, wanted=wanted)
                assert page.calls == ()

    run(scenario())
