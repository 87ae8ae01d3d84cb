"""Outside calls are counted to the account and the project, by their day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from switchhook.domain.call import (
    CALLER,
    Call,
    Callback,
    CallerId,
    Direction,
    Leg,
    LegState,
    SchemePosition,
)
from switchhook.domain.outside import OutsideCalls, OutsideUse
from switchhook.domain.project import Account, Number, Project, ProjectSnapshot
from switchhook.domain.target import Target, TargetKind
from switchhook.tracking.outside_limiter import OutsideCallLimiter

FRIEND = Target(kind=TargetKind.NUMBER, value="380501112233")
NOON = 1_772_452_800.0
"""2 March 2026, 12:00 UTC."""
HOUR = 3_600.0


def snapshot(**rules: Any) -> ProjectSnapshot:
    return ProjectSnapshot(
        Project(
            id="shop",
            name="Shop",
            numbers=(Number(number="380442223344", scheme=1),),
            accounts=(Account(login="101", password="x"),),
            outside=OutsideCalls(**rules),
        )
    )


def call(
    within: ProjectSnapshot, *, answered_at: float | None = None, ended_at: float | None = None
) -> Call:
    state = LegState.ENDED if ended_at else LegState.TALKING if answered_at else LegState.DIALLING
    leg = Leg(
        id="b1",
        target=FRIEND,
        state=state,
        started_at=NOON,
        answered_at=answered_at,
        ended_at=ended_at,
    )
    return Call(
        id="c1",
        snapshot=within,
        direction=Direction.OUTGOING,
        caller=CallerId(number="101", account="101"),
        callee=FRIEND.value,
        arrived_at=NOON,
        position=SchemePosition(direct=FRIEND),
        legs=(leg,),
    )


@pytest.mark.row("FD-10")
def test_what_was_used_is_told_for_account_and_project() -> None:
    limiter = OutsideCallLimiter()
    assert limiter.begin(call(snapshot()), "b1", FRIEND, NOON) is None
    used = limiter.noticed(call(snapshot(), answered_at=NOON, ended_at=NOON + 90), NOON + 90)

    assert set(used) == {
        OutsideUse(project="shop", account=account, day="2026-03-02", calls=1, seconds=90.0)
        for account in ("101", "")
    }
    assert limiter.noticed(call(snapshot()), NOON + 91) == ()


MANAGER = Target(kind=TargetKind.NUMBER, value="380931112233")
OTHER = Target(kind=TargetKind.NUMBER, value="380671112233")


def callback(
    within: ProjectSnapshot, *, answered_at: float | None = None, ended_at: float | None = None
) -> Call:
    """Return a callback whose caller has an outside number."""
    state = LegState.ENDED if ended_at else LegState.TALKING if answered_at else LegState.DIALLING
    caller = Leg(
        id=CALLER,
        target=None,
        state=state,
        started_at=NOON,
        answered_at=answered_at,
        ended_at=ended_at,
    )
    answered = MANAGER if answered_at else None
    return call(within).changed(
        caller=CallerId(number=MANAGER.value),
        callback=Callback(by="crm", turns=((MANAGER,), (OTHER,)), turn=1, answered=answered),
        legs=(caller,),
    )


@pytest.mark.row("FD-10")
def test_an_outside_number_as_a_callbacks_caller_is_counted_to_the_project() -> None:
    limiter = OutsideCallLimiter()
    within = snapshot(concurrent_calls=1)
    assert limiter.begin(callback(within), CALLER, MANAGER, NOON) is None
    assert limiter.begin(call(within), "b1", FRIEND, NOON) is not None
    limiter.noticed(callback(within, answered_at=NOON), NOON)
    used = limiter.noticed(callback(within, answered_at=NOON, ended_at=NOON + 90), NOON + 90)

    assert sum(use.seconds for use in used) == 90.0
    assert {use.account for use in used} == {""}
    assert limiter.begin(call(within), "b1", FRIEND, NOON + 91) is None


@pytest.mark.row("FD-10")
def test_each_number_that_is_rung_as_a_callbacks_caller_counts_one_at_a_time() -> None:
    limiter = OutsideCallLimiter()
    within = snapshot(concurrent_calls=1, calls_per_day=2)
    assert limiter.begin(callback(within), CALLER, MANAGER, NOON) is None
    assert limiter.begin(callback(within), CALLER, MANAGER, NOON) is None
    assert limiter.begin(callback(within), CALLER, OTHER, NOON + 30) is None
    used = limiter.noticed(callback(within), NOON + 30)
    assert [use.calls for use in used] == [2]
    limiter.noticed(callback(within, ended_at=NOON + 60), NOON + 60)
    assert limiter.begin(callback(within), CALLER, MANAGER, NOON + 61) is not None


@pytest.mark.row("FD-10")
def test_the_minutes_of_a_callbacks_caller_go_on_after_a_restart() -> None:
    limiter = OutsideCallLimiter()
    within = snapshot(minutes_per_day=1)
    limiter.resume([callback(within, answered_at=NOON)])
    assert limiter.over_at(NOON) == NOON + 60
    assert [found for found, _ in limiter.overdrawn(NOON + 60)] == ["c1"]


@pytest.mark.row("FD-10")
@pytest.mark.parametrize(
    "target",
    [
        Target(kind=TargetKind.NUMBER, value="112"),
        Target(kind=TargetKind.NUMBER, value="380442223344"),
        Target(kind=TargetKind.ACCOUNT, value="101"),
        Target(kind=TargetKind.ADDRESS, value="sip:201@pbx.example"),
    ],
)
def test_what_costs_nothing_is_not_counted(target: Target) -> None:
    limiter = OutsideCallLimiter()
    within = snapshot(account_concurrent_calls=1)
    limiter.begin(call(within), "b1", FRIEND, NOON)

    assert limiter.begin(call(within), "b2", target, NOON) is None
    assert limiter.begin(call(within), "b3", FRIEND, NOON) is not None


@pytest.mark.row("FD-10")
def test_a_number_at_a_sip_host_is_an_outside_number() -> None:
    limiter = OutsideCallLimiter()
    within = snapshot(account_concurrent_calls=1)
    address = Target(kind=TargetKind.ADDRESS, value="sip:380900123456@carrier.example")
    limiter.begin(call(within), "b1", FRIEND, NOON)

    assert limiter.begin(call(within), "b2", address, NOON) is not None


@pytest.mark.row("FD-10")
@pytest.mark.parametrize(
    ("minutes", "over_at"), [(60, HOUR), (780, 12 * HOUR + 780 * 60), (1440, None), (0, None)]
)
def test_minutes_begin_anew_at_midnight_also_for_who_talks_on(
    minutes: int, over_at: float | None
) -> None:
    limiter = OutsideCallLimiter()
    talking = call(snapshot(account_minutes_per_day=minutes), answered_at=NOON)
    limiter.begin(talking, "b1", FRIEND, NOON)
    limiter.noticed(talking, NOON)

    assert limiter.over_at(NOON) == (None if over_at is None else NOON + over_at)
    assert list(limiter.overdrawn(NOON + 30 * 60)) == []
    if over_at is not None:
        ((cut, why),) = limiter.overdrawn(NOON + over_at)
        assert cut == "c1"
        assert why == f"the limit of {minutes} outside minutes a day of account 101"
        assert list(limiter.overdrawn(NOON + over_at)) == []
        assert limiter.over_at(NOON + over_at) is None


def test_a_leg_that_is_rung_again_after_a_restart_counts_once() -> None:
    within = snapshot(account_concurrent_calls=1)
    limiter = OutsideCallLimiter()
    limiter.resume([call(within)])

    assert limiter.begin(call(within), "b1", FRIEND, NOON) is None
    assert limiter.noticed(call(within), NOON) == ()
    assert limiter.begin(call(within), "b2", FRIEND, NOON) is not None


@pytest.mark.row("FI-02")
def test_a_transfer_counts_for_the_account_that_made_it() -> None:
    given = call(snapshot(account_calls_per_day=1))
    legs = (replace(given.legs[0], account="101"),)
    moved = replace(given, caller=CallerId(number="101"), legs=legs)
    limiter = OutsideCallLimiter()
    assert limiter.begin(moved, "b1", FRIEND, NOON) is None
    forbidden = limiter.begin(replace(moved, id="c2"), "b1", FRIEND, NOON)
    assert forbidden is not None
    assert forbidden.why == "account 101 has made 1 outside calls today, which is the limit"


@pytest.mark.row("FD-10")
def test_when_minutes_are_over_is_found_anew_only_when_a_talk_begins_or_ends() -> None:
    """So a step of a call costs nothing for all the others that talk."""
    limiter, rules = OutsideCallLimiter(), snapshot(account_minutes_per_day=60)
    talking = call(rules, answered_at=NOON)
    limiter.begin(talking, "b1", FRIEND, NOON)
    limiter.noticed(call(rules), NOON)
    assert not limiter.has_changed, "it rings"
    limiter.noticed(talking, NOON)
    assert limiter.has_changed
    assert limiter.over_at(NOON) == NOON + HOUR
    limiter.noticed(talking, NOON + 5)
    assert not limiter.has_changed
    assert limiter.over_at(NOON + 5) == NOON + HOUR
    limiter.noticed(call(rules, answered_at=NOON, ended_at=NOON + 10), NOON + 10)
    assert limiter.has_changed
    assert limiter.over_at(NOON + 10) is None


@pytest.mark.row("FD-10")
def test_minutes_are_over_the_sooner_the_more_talk_also_after_a_restart() -> None:
    rules, minute = snapshot(account_minutes_per_day=60), 60.0
    talks = [
        replace(call(rules, answered_at=NOON + later * minute), id=f"c{later}")
        for later in (0, 10, 20)
    ]
    limiter, again = OutsideCallLimiter(), OutsideCallLimiter()
    for talking in talks:
        limiter.begin(talking, "b1", FRIEND, NOON)
        limiter.noticed(talking, NOON + 20 * minute)
    again.resume(talks)

    for one in (limiter, again):
        assert one.over_at(NOON + 20 * minute) == NOON + 30 * minute
    ended = replace(
        call(rules, answered_at=NOON + 10 * minute, ended_at=NOON + 25 * minute), id="c10"
    )
    for one in (limiter, again):
        one.noticed(ended, NOON + 25 * minute)
        assert one.over_at(NOON + 25 * minute) == NOON + 32.5 * minute
        assert one.over_at(NOON + 26 * minute) == NOON + 32.5 * minute
        assert list(one.overdrawn(NOON + 32 * minute)) == []
        assert {cut for cut, _ in one.overdrawn(NOON + 32.5 * minute)} == {"c0", "c20"}
