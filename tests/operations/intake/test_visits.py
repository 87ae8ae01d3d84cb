"""What is told of a visit is checked, stored and at hand for the next call; what cannot be is refused in words."""

from __future__ import annotations

import pytest

from switchhook.domain.numbering import dialling_of
from switchhook.domain.tracking.caller_history import ShownNumber, Visit, VisitCall
from switchhook.operations.intake.visits import (
    MAX_VALUE_LENGTH,
    BadVisitError,
    NoSuchVisitError,
    attach_call,
    attach_number,
    put_visit,
)
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tracking.memory import Memory
from tests.support.loop import run


async def stored(store: SqliteStore) -> tuple[tuple[Visit, ...], tuple[ShownNumber, ...]]:
    return await store.visits(limit=9), await store.shown_numbers(limit=9)


@pytest.mark.row("FA-03")
def test_a_shown_number_may_be_written_as_people_of_the_country_do() -> None:
    async def scenario() -> None:
        store, memory = await SqliteStore.open(None), Memory()
        await put_visit(store, memory, "shop", "v1", {}, now=900.0)
        for written in ("044 222 33 44", "00380442223344", "+380 (44) 222-33-44", "380442223344"):
            shown = await attach_number(
                store, memory, "shop", "v1", written, now=901.0, dialling=dialling_of("UA")
            )
            assert shown.number == "380442223344"
        await store.close()

    run(scenario())


@pytest.mark.row("R1-38", "A-12")
def test_a_visit_and_whose_it_is_are_stored_and_at_hand() -> None:
    async def scenario() -> None:
        store, memory = await SqliteStore.open(None), Memory()
        told = {"Source": "ringostat", "custom:city": "Київ", "last_page": "x" * 9999}
        visit = await put_visit(store, memory, "shop", "v1", told, now=900.0)
        shown = await attach_number(store, memory, "shop", "v1", "+380 44 222-33-44", now=901.0)
        attached = await attach_call(store, memory, "shop", "v1", "c", now=902.0)

        assert dict(visit.attributes)["source"] == "ringostat"
        assert len(dict(visit.attributes)["last_page"]) == MAX_VALUE_LENGTH
        assert (shown.number, shown.until) == ("380442223344", 2701.0)
        assert attached == VisitCall(project="shop", call="c", visit="v1", told_at=902.0)
        assert memory.visit("shop", "v1") == visit
        assert await stored(store) == ((visit,), (shown,))
        again = await put_visit(store, memory, "shop", "v1", {}, now=910.0)
        assert (await stored(store))[0] == (again,)
        await store.close()

    run(scenario())


@pytest.mark.parametrize(
    ("visit", "attributes", "words"),
    [
        ("", {}, "one line of 1 to 200 characters"),
        ("a\nb", {}, "one line of 1 to 200 characters"),
        ("v", {"caller_id": "x"}, "'caller_id' is no attribute of a visit: choose one of"),
        ("v", {"source:x": "x"}, "no attribute of a visit"),
        ("v", {"custom:": "x"}, "no attribute of a visit"),
        ("v", {f"custom:{'x' * 201}": "x"}, "a custom parameter's name is one line"),
        ("v", {"custom:a\nb": "x"}, "a custom parameter's name is one line"),
        ("v", {f"custom:{n}": "x" for n in range(101)}, "at most 100 attributes"),
    ],
)
def test_what_cannot_be_kept_is_refused(visit: str, attributes: dict[str, str], words: str) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        with pytest.raises(BadVisitError, match=words):
            await put_visit(store, Memory(), "shop", visit, attributes, now=0.0)
        assert await stored(store) == ((), ())
        await store.close()

    run(scenario())


def test_nothing_is_attached_to_what_nobody_told_of() -> None:
    async def scenario() -> None:
        store, memory = await SqliteStore.open(None), Memory()
        with pytest.raises(NoSuchVisitError, match="there is no visit 'v1' in project shop"):
            await attach_number(store, memory, "shop", "v1", "380442223344", now=0.0)
        with pytest.raises(NoSuchVisitError):
            await attach_call(store, memory, "shop", "v1", "c", now=0.0)
        for call in ("", "a\nb", "x" * 201):
            with pytest.raises(BadVisitError, match="a call's id is one line"):
                await attach_call(store, memory, "shop", "v1", call, now=0.0)
        with pytest.raises(BadVisitError, match="to a telephone number"):
            await attach_number(store, memory, "shop", "v1", "nobody", now=0.0)
        await put_visit(store, memory, "shop", "v1", {}, now=0.0)
        for seconds in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(BadVisitError, match="at most a year"):
                await attach_number(store, memory, "shop", "v1", "112", now=0.0, seconds=seconds)
        await store.close()

    run(scenario())
