"""A call keeps what was known when it came; visits reach those calls that belong to them, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.project import Number, Project, ProjectSnapshot
from switchhook.domain.tracking.caller_history import (
    Attributes,
    Caller,
    ShownNumber,
    Visit,
    VisitCall,
)
from switchhook.tracking import memory as module
from switchhook.tracking.memory import Memory
from switchhook.webhooks.parameters import CallFacts, resolve
from tests.tracking.test_callers import OUTGOING, answered, call

VISIT = Visit(
    project="shop",
    id="v1",
    attributes=(("source", "ringostat"), ("custom:city", "Київ"), ("insertion_type", "dynamic")),
    seen_at=900.0,
)
SHOWN = ShownNumber(project="shop", number="380442223344", visit="v1", until=1800.0)


@pytest.mark.row("R1-50")
def test_a_call_keeps_its_count_while_others_come() -> None:
    memory = Memory()
    first, stored = memory.admit(call())
    memory.admit(call(id="d"))

    assert memory.facts_of(first)["call_count"] == "1"
    assert [caller.calls for caller in stored] == [1]


def test_what_has_to_be_stored_is_said_at_both_ends() -> None:
    memory = Memory(callers=[Caller(project="shop", number="380441112233", calls=4)])
    _, at_arrival = memory.admit(call())
    at_end = memory.ended(answered(70.0))

    assert [(c.calls, c.manager) for c in at_arrival] == [(1, "")]
    assert [(c.calls, c.proper_calls, c.manager) for c in at_end] == [(0, 1, "101")]
    assert memory.ended(call(id="e")) == (), "nothing new"


def test_projects_share_no_callers() -> None:
    memory = Memory(callers=[Caller(project="other", number="380441112233", calls=4)])
    admitted, _ = memory.admit(call())

    assert memory.facts_of(admitted)["call_count"] == "1"


def test_a_withheld_caller_is_nobody() -> None:
    memory = Memory()
    admitted, stored = memory.admit(call(number=""))

    assert (admitted.facts, stored) == ((), ())
    assert memory.ended(answered(70.0, number="")) == ()


def test_who_talks_now_goes_before_who_talked_last() -> None:
    memory = Memory(callers=[Caller(project="shop", number="380441112233", manager="999")])
    admitted, _ = memory.admit(call())
    talking = replace(answered(5.0), facts=admitted.facts)

    assert "manager_id" not in memory.facts_of(admitted)
    assert memory.facts_of(talking)["manager_id"] == "101"


@pytest.mark.row("R1-38", "R1-53", "A-12")
def test_whoever_calls_a_shown_number_is_the_visitor_who_sees_it() -> None:
    memory = Memory(visits=[VISIT], shown=[SHOWN])
    visitor, _ = memory.admit(call(callee="+380442223344"))
    late, _ = memory.admit(call(arrived_at=1801.0))
    elsewhere, _ = memory.admit(call(callee="380442223355"))

    assert memory.facts_of(visitor)["custom:city"] == "Київ"
    assert "source" not in memory.facts_of(late)
    assert "source" not in memory.facts_of(elsewhere)


@pytest.mark.row("R1-71")
@pytest.mark.parametrize(
    ("configured", "told", "expected"),
    [
        ("", (), "dynamic"),
        ("static", (), "static"),
        ("", (("insertion_type", "callback"),), "callback"),
        ("static", (("insertion_type", "callback"),), "callback"),
    ],
)
def test_a_number_that_one_visitor_sees_is_dynamic_unless_somebody_says_otherwise(
    configured: str, told: Attributes, expected: str
) -> None:
    numbers = (Number(number="380442223344", scheme=1, insertion_type=configured),)
    snapshot = ProjectSnapshot(Project(id="shop", name="Shop", numbers=numbers))
    memory = Memory(visits=[replace(VISIT, attributes=told)], shown=[SHOWN])
    admitted, _ = memory.admit(call(snapshot=snapshot))
    facts = CallFacts(call=admitted, now=0.0, extra=memory.facts_of(admitted))

    assert resolve("insertion_type", "", facts) == expected


def test_a_running_call_may_be_given_a_visit_and_gets_its_news() -> None:
    memory = Memory()
    memory.put_visit(VISIT)
    admitted, _ = memory.admit(call())
    memory.attach_call(VisitCall(project="shop", call="c", visit="v1", told_at=1001.0))
    memory.put_visit(replace(VISIT, attributes=(("source", "news"),)))

    assert memory.facts_of(admitted)["source"] == "news"
    memory.ended(admitted)
    assert memory.facts_of(admitted)["source"] == "news", "the event after the call knows it"
    kept = memory.let_go(admitted)
    assert "source" not in memory.facts_of(admitted)
    assert memory.facts_of(kept)["source"] == "news", "and so does what is told later"
    assert memory.let_go(kept) is kept


def test_an_outgoing_call_counts_for_nobody() -> None:
    memory = Memory()
    outgoing, (stored,) = memory.admit(call(**OUTGOING))

    assert (stored.calls, stored.outbound_number) == (0, "380671234567")
    assert "call_count" not in memory.facts_of(outgoing)


def test_the_oldest_visits_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VISITS", 2)
    memory = Memory(visits=[VISIT])
    for name in ("v2", "v1", "v3"):
        memory.put_visit(replace(VISIT, id=name))

    assert [memory.visit("shop", name) is None for name in ("v1", "v2", "v3")] == [
        False,
        True,
        False,
    ]


def test_the_oldest_attached_calls_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VISITS", 2)
    memory = Memory(visits=[VISIT])
    attached = VisitCall(project="shop", call="1", visit="v1", told_at=900.0)
    for name in ("1", "2", "1", "3"):
        memory.attach_call(replace(attached, call=name))

    told = [memory.facts_of(call(id=name)).get("source") for name in ("1", "2", "3")]
    assert told == ["ringostat", None, "ringostat"]


def test_what_is_too_old_is_forgotten() -> None:
    old = Caller(project="shop", number="380441112233", calls=4, seen_at=10.0)
    memory = Memory(callers=[old], visits=[VISIT], shown=[SHOWN])
    memory.forget(before=900.0)
    assert memory.visit("shop", "v1") == VISIT
    assert memory.facts_of(memory.admit(call(arrived_at=1000.0))[0])["call_count"] == "1"
    memory.forget(before=2000.0)

    assert memory.visit("shop", "v1") is None


def test_what_was_told_of_a_call_that_never_ended_here_is_forgotten_too() -> None:
    memory = Memory(visits=[replace(VISIT, seen_at=5000.0)])
    memory.attach_call(VisitCall(project="shop", call="c", visit="v1", told_at=1001.0))
    memory.forget(before=1001.0)
    assert memory.facts_of(call())["source"] == "ringostat"
    memory.forget(before=1002.0)
    assert "source" not in memory.facts_of(call())
