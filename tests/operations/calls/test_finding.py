"""What a person writes to find calls is read in one way by the command and the API, and mistakes are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import Direction
from switchhook.domain.cause import Outcome
from switchhook.operations.calls.finding import (
    FILTER_KEYS,
    WrongFilterError,
    export_calls,
    find_calls,
    read_call_filter,
    read_place,
)
from switchhook.storage.call_search import CallFilter, CallPlace, NumberPart, PartOf
from switchhook.storage.sqlite.lists import calls as call_list
from tests.conformance.test_call_list import made
from tests.conformance.test_stores import opens
from tests.support.loop import run
from tests.support.promises import record

if TYPE_CHECKING:
    from switchhook.storage.sqlite.store import SqliteStore

NOW = 1_760_000_000.0


def read(**given: str) -> CallFilter:
    return read_call_filter(given, now=NOW)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("4930*", NumberPart(digits="4930", at=PartOf.BEGIN)),
        ("+49 30*", NumberPart(digits="4930", at=PartOf.BEGIN)),
        ("*1234", NumberPart(digits="1234", at=PartOf.END)),
        ("*0012", NumberPart(digits="0012", at=PartOf.END)),
        ("12-34", NumberPart(digits="1234", at=PartOf.END)),
        ("030 1234567", NumberPart(digits="301234567", at=PartOf.END)),
        ("+49 30 1234567", NumberPart(digits="49301234567", at=PartOf.WHOLE)),
        ("0049 30 1234567", NumberPart(digits="49301234567", at=PartOf.WHOLE)),
    ],
)
def test_part_of_a_number_is_its_begin_or_its_end(text: str, part: NumberPart) -> None:
    assert read(number=text).number == part


def test_all_else_is_read() -> None:
    wanted = read(
        since="2h",
        until="2026-12-01T09:30:00+01:00",
        outcome="missed, busy,missed",
        direction="incoming",
        scheme="7",
        dialled="+49 30 500",
        account="102",
        webhook=" crm ",
        failed="true",
        running="false",
    )
    assert wanted == CallFilter(
        since=NOW - 7_200,
        until=1_796_113_800.0,
        outcomes=(Outcome.MISSED, Outcome.BUSY),
        direction=Direction.INCOMING,
        scheme=7,
        dialled="4930500",
        account="102",
        webhook="crm",
        has_failures=True,
        is_running=False,
    )
    assert read(**dict.fromkeys(FILTER_KEYS, " ")) == CallFilter()
    assert read(since="2026-12-01T09:30:00 01:00") == read(since="2026-12-01T09:30:00+01:00")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("since", "soon", "write a date or time"),
        ("until", "9999-99-99", "write a date or time"),
        ("number", "*", "with one star"),
        ("number", "*12*", "with one star"),
        ("number", "abc", "with one star"),
        ("outcome", "lost", "choose of answered"),
        ("direction", "sideways", "choose of incoming"),
        ("scheme", "-1", "number of a scheme"),
        ("running", "perhaps", "true or false"),
        ("colour", "red", "there is no such filter"),
    ],
)
def test_a_mistake_is_named(name: str, text: str, words: str) -> None:
    with pytest.raises(WrongFilterError, match=words) as raised:
        read(**{name: text})
    assert raised.value.field == name


def test_a_place_is_read_as_it_was_written() -> None:
    place = CallPlace(1_760_000_000.123457, 42)
    assert read_place(str(place)) == place
    assert read_place("") is None
    for wrong in ("x", "1-2-3", "1e9-3", "-1-3", f"1-{'9' * 30}"):
        with pytest.raises(WrongFilterError, match="no place in the list"):
            read_place(wrong)


@pytest.mark.parametrize("most", [5, 20_000])
def test_a_list_and_an_export_search_until_they_are_done(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for bound in ("MOST_ALONG", "MOST_LOOKED_UP"):
        monkeypatch.setattr(call_list, bound, most)
    monkeypatch.setattr("switchhook.operations.calls.finding.EXPORTED_AT_ONCE", 3)

    async def scenario() -> None:
        async with opens(None)() as store:
            for number in range(40):
                scheme = 2 if number % 10 == 0 else 1
                await store.commit(record(made(f"c{number}", at=number, scheme=scheme)))
            await look(store)

    run(scenario())


async def look(store: SqliteStore) -> None:
    wanted = CallFilter(scheme=2)
    found, place = await find_calls(store, project="shop", wanted=wanted, limit=3)
    assert [row.id for row in found] == ["c30", "c20", "c10"]
    assert place is not None
    rest, end = await find_calls(store, project="shop", wanted=wanted, limit=3, behind=place)
    assert ([row.id for row in rest], end) == (["c0"], None)
    exported = [row.id async for some in export_calls(store, wanted=wanted) for row in some]
    assert exported == ["c30", "c20", "c10", "c0"]
