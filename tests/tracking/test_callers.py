"""What calls leave behind of a caller is what the next call is told: counts, manager, number shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from switchhook.domain.call import CALLER, Call, CallerId, Direction, Leg, LegState, SchemePosition
from switchhook.domain.cause import Outcome
from switchhook.domain.project import Account, Project, ProjectSnapshot, Trunk
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.tracking.caller_history import Caller
from switchhook.tracking.callers import (
    after_arrival,
    after_end,
    facts_at_arrival,
    facts_of_end,
    is_proper,
    number_shown,
    outside_number,
)

PLAN = ProjectSnapshot(
    Project(
        id="shop",
        name="Shop",
        country="UA",
        accounts=(
            Account(login="101", password="x" * 8, name="Иван Иванов", department="Отдел продаж"),
        ),
        trunks=(Trunk(name="carrier", host="sip.example", from_user="380671234567"),),
    )
)
NOBODY = Caller(project="shop", number="380441112233")


def call(number: str = "380441112233", account: str = "", **changes: Any) -> Call:
    caller = Leg(id=CALLER, target=None, state=LegState.DIALLING, started_at=0.0)
    made = Call(
        id="c",
        snapshot=PLAN,
        direction=Direction.INCOMING,
        caller=CallerId(number=number, account=account),
        callee="380442223344",
        arrived_at=1000.0,
        position=SchemePosition(scheme=1),
        legs=(caller,),
    )
    return replace(made, **changes)


def answered(seconds: float, **changes: Any) -> Call:
    target = Target(kind=TargetKind.ACCOUNT, value="101")
    leg = Leg(id="b1", target=target, state=LegState.ENDED, started_at=0.0)
    made = call(
        outcome=Outcome.ANSWERED,
        answered_at=1010.0,
        ended_at=1010.0 + seconds,
        talking_to="b1",
        **changes,
    )
    return replace(made, legs=(*made.legs, leg))


OUTGOING: dict[str, Any] = {
    "direction": Direction.OUTGOING,
    "account": "101",
    "number": "101",
    "callee": "0441112233",
}


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, "380441112233"),
        ({"number": "+380 44 111-22-33"}, "380441112233"),
        ({"number": "0441112233"}, "380441112233"),
        ({"number": "102"}, "102"),
        ({"number": ""}, ""),
        ({"number": "anonymous"}, ""),
        ({"account": "101", "number": "101"}, ""),
        (OUTGOING, "380441112233"),
        ({"direction": Direction.INTERNAL, "callee": "102"}, ""),
    ],
)
def test_a_caller_is_one_however_the_number_is_written(
    changes: dict[str, Any], number: str
) -> None:
    assert outside_number(call(**changes)) == number


@pytest.mark.row("R1-50", "R1-64", "A-15")
def test_the_count_includes_this_call_and_only_the_first_is_unique() -> None:
    first = after_arrival(NOBODY, call())
    second = after_arrival(first, call())
    told = [dict(facts_at_arrival(caller, call())) for caller in (first, second)]

    assert [(facts["call_count"], facts["unique_call"]) for facts in told] == [
        ("1", "1"),
        ("2", "0"),
    ]
    assert not {"proper", "repeated"} & set(told[1]), "nobody knows before the call"


@pytest.mark.row("R1-76", "R1-81", "R1-111", "A-16")
def test_the_next_call_is_told_who_talked_last() -> None:
    after = after_end(after_arrival(NOBODY, call()), answered(5.0))
    facts = dict(facts_at_arrival(after_arrival(after, call()), call()))

    assert (facts["manager_id"], facts["responsible_manager"]) == ("101", "Иван Иванов")
    assert facts["department"] == "Отдел продаж"
    missed = call(outcome=Outcome.MISSED, ended_at=1020.0)
    assert after_end(after, missed).manager == "101", "a missed call changes no manager"


def test_a_manager_who_left_is_told_of_no_more() -> None:
    gone = replace(NOBODY, manager="999", calls=1)

    assert "manager_id" not in dict(facts_at_arrival(gone, call()))


@pytest.mark.row("R1-77", "A-18")
def test_an_outgoing_call_leaves_the_number_that_was_seen_and_counts_nothing() -> None:
    outgoing = call(**OUTGOING)
    after = after_arrival(NOBODY, outgoing)

    assert (after.outbound_number, after.calls) == ("380671234567", 0)
    assert dict(facts_at_arrival(after, outgoing)) == {"outbound_number": "380671234567"}
    assert after_end(after, replace(outgoing, outcome=Outcome.ANSWERED)).manager == "101"
    assert dict(facts_at_arrival(after_arrival(after, call()), call()))["outbound_number"] == (
        "380671234567"
    )
    bare = ProjectSnapshot(replace(PLAN.project, trunks=()))
    assert number_shown(replace(outgoing, snapshot=bare)) == "101"


@pytest.mark.row("R1-51", "R1-52", "R1-65", "R1-66")
@pytest.mark.parametrize(
    ("before", "seconds", "flags"),
    [
        ((0, 0), 60.0, "1011"),
        ((0, 0), 59.9, "0000"),
        ((3, 0), 60.0, "1101"),
        ((3, 1), 60.0, "1100"),
    ],
)
def test_the_end_tells_whether_the_call_was_proper_repeated_and_first(
    before: tuple[int, int], seconds: float, flags: str
) -> None:
    caller = replace(NOBODY, calls=before[0] + 1, proper_calls=before[1])
    over = answered(seconds, facts=facts_at_arrival(caller, call()))
    facts = facts_of_end(over)
    names = ("proper", "repeated", "unique_target_call", "first_target_call")

    assert "".join(facts[name] for name in names) == flags
    assert is_proper(over) == (flags[0] == "1")
    assert after_end(caller, over).proper_calls == before[1] + int(flags[0])


def test_a_call_that_runs_or_goes_out_has_no_flags() -> None:
    assert facts_of_end(call()) == {}
    assert facts_of_end(call(**OUTGOING, outcome=Outcome.ANSWERED)) == {}
    assert facts_of_end(call(outcome=Outcome.MISSED)) == {"proper": "0"}, "a withheld caller"


def test_only_an_account_is_a_manager() -> None:
    target = Target(kind=TargetKind.NUMBER, value="380503334455")
    leg = Leg(id="b1", target=target, state=LegState.TALKING, started_at=0.0)

    assert call(talking_to="b1", legs=(*call().legs, leg)).manager == ""
    assert call().manager == ""
