"""A call is taken or refused by what its project says, and nothing crosses between projects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.call import CALLER, Call, CallerId, CallState, Direction, LegState
from switchhook.domain.dialling import Dialling
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.project import (
    Account,
    Group,
    MayCall,
    Number,
    Project,
    ProjectSnapshot,
    Trunk,
)
from switchhook.domain.screening import SOS, Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.routing.admission import OfferedCall, Rejection, admit
from switchhook.webhooks.e164 import dialling_of

SHOP = ProjectSnapshot(
    Project(
        id="shop",
        name="Shop",
        numbers=(Number(number="380800111222", scheme=7),),
        accounts=(Account(login="mary", password="x"), Account(login="john", password="x")),
        trunks=(Trunk(name="carrier", host="192.0.2.9"),),
    )
)
BANK = ProjectSnapshot(
    Project(
        id="bank",
        name="Bank",
        numbers=(Number(number="380800999888", scheme=1),),
        accounts=(Account(login="banker", password="x"),),
    )
)
BOOK = ProjectDirectory([SHOP, BANK])
OUTSIDE = OfferedCall(
    caller="380441112233", caller_name="", callee="380800111222", trunk="carrier", project="shop"
)
JOHN = OfferedCall(caller="john", caller_name="John", callee="mary", account="john", project="shop")
BANKER = OfferedCall(caller="banker", caller_name="", callee="x", account="banker", project="bank")


def taken(offered: OfferedCall) -> Call:
    call = admit(offered, BOOK, call="c", now=5.0)
    assert not isinstance(call, Rejection)
    return call


def refused(offered: OfferedCall) -> tuple[int, str]:
    refusal = admit(offered, BOOK, call="c", now=5.0)
    assert isinstance(refusal, Rejection)
    assert refusal.retry_after == 0
    return refusal.cause.sip, refusal.cause.text


@pytest.mark.row("R5-23")
@pytest.mark.parametrize("dialled", ["380800111222", "+380800111222"])
def test_a_number_runs_its_scheme_with_or_without_a_plus(dialled: str) -> None:
    call = taken(replace(OUTSIDE, callee=dialled))
    assert (call.direction, call.position.scheme, call.position.direct) == (
        Direction.INCOMING,
        7,
        None,
    )
    assert call.callee == dialled


def test_a_call_begins_with_the_callers_leg_and_its_projects_version() -> None:
    call = taken(OUTSIDE)
    assert (call.id, call.snapshot, call.state, call.arrived_at) == (
        "c",
        SHOP,
        CallState.ARRIVED,
        5.0,
    )
    (leg,) = call.legs
    assert (leg.id, leg.target, leg.state, leg.started_at) == (CALLER, None, LegState.DIALLING, 5.0)
    assert (call.caller.number, call.caller.name, call.caller.account) == ("380441112233", "", "")


def test_a_number_of_the_own_project_runs_its_scheme_for_an_account_too() -> None:
    call = taken(replace(JOHN, callee="380800111222"))
    assert (call.direction, call.position.scheme, call.caller.account) == (
        Direction.INCOMING,
        7,
        "john",
    )


def test_an_account_may_dial_a_colleague() -> None:
    call = taken(JOHN)
    assert call.direction is Direction.INTERNAL
    assert call.position.direct == Target(kind=TargetKind.ACCOUNT, value="mary")
    assert call.position.scheme == 0


def test_an_account_may_dial_an_outside_number_over_the_trunk() -> None:
    call = taken(replace(JOHN, callee="+380(50)111-22-33"))
    assert call.direction is Direction.OUTGOING
    assert call.position.direct == Target(kind=TargetKind.NUMBER, value="+380501112233")


def test_a_number_of_another_project_is_an_outside_number() -> None:
    call = taken(replace(JOHN, callee="380800999888"))
    assert call.direction is Direction.OUTGOING


def test_a_trunk_reaches_numbers_only() -> None:
    assert refused(replace(OUTSIDE, callee="mary")) == (404, "mary is no number of project shop")
    dialled = "380501112233"
    assert refused(replace(OUTSIDE, callee=dialled))[0] == 404


@pytest.mark.row("FI-15")
def test_a_pbx_behind_a_trunk_dials_accounts_where_that_trunk_may() -> None:
    pbx = Trunk(name="pbx", host="pbx", may_call=MayCall.ACCOUNTS)
    carrier = Trunk(name="carrier", host="carrier")
    group = Group(name="sales", accounts=("mary",))
    project = replace(SHOP.project, trunks=(carrier, pbx), groups=(group,))
    directory = ProjectDirectory([ProjectSnapshot(project)])

    def dials(callee: str, trunk: str) -> Call | Rejection:
        extension = replace(OUTSIDE, caller="150", callee=callee, trunk=trunk)
        return admit(extension, directory, call="c", now=5.0)

    for name, kind in (("mary", TargetKind.ACCOUNT), ("sales", TargetKind.GROUP)):
        call = dials(name, "pbx")
        assert isinstance(call, Call)
        assert (call.direction, call.caller.number, call.caller.account) == (
            Direction.INTERNAL,
            "150",
            "",
        )
        assert call.position.direct == Target(kind=kind, value=name)
        assert isinstance(dials(name, "carrier"), Rejection)
    for callee in ("380501112233", "112", "nobody"):  # it gets no way out over another trunk
        assert isinstance(dials(callee, "pbx"), Rejection)


def test_a_trunk_of_one_project_does_not_reach_a_number_of_another() -> None:
    assert refused(replace(OUTSIDE, callee="380800999888"))[0] == 404


def test_an_account_of_another_project_is_nobody() -> None:
    assert refused(replace(JOHN, callee="banker"))[0] == 404


def test_who_belongs_to_no_project_is_refused() -> None:
    assert refused(replace(OUTSIDE, project=""))[0] == 403
    assert refused(replace(JOHN, project="closed"))[0] == 403


def test_what_is_neither_account_nor_number_is_refused() -> None:
    expected = (404, "no one is neither an account nor a group nor a number")
    assert expected == refused(replace(JOHN, callee="no one"))


def test_an_outside_number_needs_a_trunk() -> None:
    expected = (
        404,
        "380501112233 is no account, group or number of project bank, which has no trunk for outside numbers",
    )
    assert expected == refused(replace(BANKER, callee="380501112233"))


@pytest.mark.row("FJ-02")
def test_who_hides_is_known_to_us_and_to_those_who_help() -> None:
    hiding = replace(JOHN, callee="380501112233", hidden=True)

    assert taken(hiding).caller == CallerId(
        number="john", name="John", account="john", is_withheld=True
    )
    assert not taken(replace(hiding, callee="112")).caller.is_withheld


def test_an_emergency_number_goes_to_the_trunk_whatever_else_has_that_name() -> None:
    """No scheme runs, so no webhook is asked and no list is looked at."""
    project = replace(
        SHOP.project,
        numbers=(Number(number="112", scheme=7),),
        accounts=(*SHOP.project.accounts, Account(login="112", password="x")),
    )
    directory = ProjectDirectory([ProjectSnapshot(project)])
    call = admit(replace(JOHN, callee="112"), directory, call="c", now=5.0)
    assert isinstance(call, Call)
    assert call.position.direct == Target(kind=TargetKind.NUMBER, value="112")
    assert call.direction is Direction.OUTGOING
    incoming = admit(replace(OUTSIDE, callee="112"), directory, call="c", now=5.0)
    assert isinstance(incoming, Call)
    assert incoming.position.scheme == 7


def test_a_call_for_help_without_a_number_goes_to_the_first_one() -> None:
    asked = replace(JOHN, callee=SOS, hidden=True)
    call = taken(asked)

    assert (call.position.direct, call.callee) == (
        Target(kind=TargetKind.NUMBER, value="112"),
        "112",
    )
    assert not call.caller.is_withheld
    assert refused(replace(OUTSIDE, callee=SOS))[0] == 404
    without = Screening(emergency_numbers=())
    assert without.emergency(SOS) == ""
    assert not without.is_emergency(SOS)


def test_an_emergency_number_may_be_shorter_than_any_other() -> None:
    project = replace(SHOP.project, screening=Screening(emergency_numbers=("15",)))
    call = admit(
        replace(JOHN, callee="15"), ProjectDirectory([ProjectSnapshot(project)]), call="c", now=5.0
    )
    assert isinstance(call, Call)
    assert call.position.direct == Target(kind=TargetKind.NUMBER, value="15")


def test_without_a_trunk_not_even_an_emergency_number_can_be_reached() -> None:
    assert refused(replace(BANKER, callee="112")) == (
        404,
        "112 is no account, group or number of project bank, which has no trunk for outside numbers",
    )


UKRAINE = Dialling(country_code="380", exit_code="00", trunk_prefix="0", lengths=(9, 10))


@pytest.mark.parametrize("dialled", ["+112", "1 1 2", "0112", "+380112", "00112"])
def test_an_emergency_number_is_dialled_without_what_stood_before_it(dialled: str) -> None:
    """Neither the number of that name nor its webhook comes in between; the carrier gets `112`."""
    numbers = (*SHOP.project.numbers, Number(number="112", scheme=7))
    snapshot = ProjectSnapshot(replace(SHOP.project, numbers=numbers, dialling=UKRAINE))
    call = admit(replace(JOHN, callee=dialled), ProjectDirectory([snapshot]), call="c", now=5.0)
    assert isinstance(call, Call)
    assert call.position.direct == Target(kind=TargetKind.NUMBER, value="112")


def test_what_has_just_that_name_comes_before_an_emergency_number_with_a_prefix() -> None:
    accounts = (*SHOP.project.accounts, Account(login="0112", password="x"))
    accounts += (Account(login="1-12", password="x"),)
    directory = ProjectDirectory(
        [ProjectSnapshot(replace(SHOP.project, accounts=accounts, dialling=UKRAINE))]
    )
    for login in ("0112", "1-12"):
        call = admit(replace(JOHN, callee=login), directory, call="c", now=5.0)
        assert isinstance(call, Call)
        assert call.position.direct == Target(kind=TargetKind.ACCOUNT, value=login)


def test_an_account_may_dial_a_group() -> None:
    project = replace(SHOP.project, groups=(Group(name="200", accounts=("mary",)),))
    call = admit(
        replace(JOHN, callee="200"), ProjectDirectory([ProjectSnapshot(project)]), call="c", now=5.0
    )
    assert isinstance(call, Call)
    assert call.direction is Direction.INTERNAL
    assert call.position.direct == Target(kind=TargetKind.GROUP, value="200")


def test_a_trunk_does_not_reach_a_group() -> None:
    project = replace(SHOP.project, groups=(Group(name="200", accounts=("mary",)),))
    assert isinstance(
        admit(
            replace(OUTSIDE, callee="200"),
            ProjectDirectory([ProjectSnapshot(project)]),
            call="c",
            now=5.0,
        ),
        Rejection,
    )


def test_an_account_reaches_a_number_of_the_project_in_any_spelling() -> None:
    """It does not leave by the trunk to come back as another call."""
    project = replace(SHOP.project, country="UA", dialling=dialling_of("UA"))
    for dialled in ("0800111222", "00380800111222", "+380 (800) 111-222"):
        call = admit(
            replace(JOHN, callee=dialled),
            ProjectDirectory([ProjectSnapshot(project)]),
            call="c",
            now=5.0,
        )
        assert isinstance(call, Call)
        assert (call.direction, call.position.scheme, call.callee) == (
            Direction.INCOMING,
            7,
            "380800111222",
        )


@pytest.mark.row("FA-03")
@pytest.mark.parametrize(
    "dialled",
    ["0442223344", "00380442223344", "442223344", "+380-44-222-33-44", "+380 (0) 44 222 33 44"],
)
def test_a_trunk_reaches_a_number_in_any_spelling_and_the_call_knows_it_in_one(
    dialled: str,
) -> None:
    numbers = (Number(number="380442223344", scheme=7),)
    directory = ProjectDirectory(
        [ProjectSnapshot(replace(SHOP.project, country="UA", numbers=numbers))]
    )
    offered = replace(OUTSIDE, caller="+380-50-111-22-33", callee=dialled)
    call = admit(offered, directory, call="c", now=5.0)

    assert isinstance(call, Call)
    assert (call.position.scheme, call.callee, call.caller.number) == (
        7,
        "380442223344",
        "+380501112233",
    )
