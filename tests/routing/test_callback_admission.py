"""A callback is made where an account of its project might call, and rejected with a reason everywhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.hours import WorkingHours, parse_spans
from switchhook.domain.outside import OutsideCalls
from switchhook.domain.project import Account, Project, ProjectSnapshot
from switchhook.domain.screening import Screening
from switchhook.routing.admission import Rejection
from switchhook.routing.callback_admission import WantedCallback, admit_callback
from switchhook.webhooks.e164 import dialling_of
from tests.support.snapshots import (
    ASK,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    OFFICE,
    OLGA,
    SALES,
    calls_back,
    number,
    ring,
    snapshot,
)

BANK = ProjectSnapshot(
    Project(id="bank", name="Bank", accounts=(Account(login="banker", password="x"),))
)


def rejected(
    caller: str,
    callee: str,
    within: ProjectSnapshot | None = None,
    *,
    project: str = "shop",
    shown: str = "",
) -> tuple[int, str]:
    wanted = WantedCallback(project=project, caller=caller, callee=callee, by="crm", shown=shown)
    directory = ProjectDirectory([within or snapshot(ring(JOHN)), BANK])
    refusal = admit_callback(wanted, directory, call="c", now=0.0)
    assert isinstance(refusal, Rejection)
    return refusal.cause.sip, refusal.cause.text


def turns(caller: str, callee: str = OFFICE.value, within: ProjectSnapshot | None = None) -> object:
    callback = calls_back(caller, callee, within=within).callback
    assert callback is not None
    return callback.turns


def test_an_account_an_outside_number_a_group_and_a_number_of_the_project_may_be_the_caller() -> (
    None
):
    assert turns("mary") == ((MARY,),)
    assert turns(MOBILE.value) == ((MOBILE,),)
    assert turns("200") == ((MARY, OLGA),)
    assert turns(DIALLED, within=snapshot(ring(MOBILE, SALES, OFFICE))) == (
        (MARY, OLGA),
        (MOBILE,),
    )


def test_an_account_is_known_from_the_start_and_of_several_who_answers() -> None:
    assert calls_back("mary").caller.account == "mary"
    assert calls_back("mary").caller.name == "Mary"
    assert calls_back("200").caller.account == ""


def test_the_callee_of_a_group_is_left_out_of_it() -> None:
    assert turns("200", "olga") == ((MARY,),)


def test_who_calls_themselves_is_rejected() -> None:
    assert rejected("mary", "mary") == (400, "mary cannot call mary: they are the same")


@pytest.mark.parametrize(
    ("caller", "callee", "status", "why"),
    [
        ("nobody", MOBILE.value, 404, "nobody is neither an account nor a group nor a number"),
        ("mary", "nobody", 404, "nobody is neither an account nor a group nor a number"),
        ("banker", MOBILE.value, 404, "banker is neither an account nor a group nor a number"),
        ("mary", "banker", 404, "banker is neither an account nor a group nor a number"),
    ],
)
def test_unknown_ones_and_those_of_another_project_are_rejected(
    caller: str, callee: str, status: int, why: str
) -> None:
    assert rejected(caller, callee) == (status, why)


def test_a_project_that_is_not_there_is_rejected() -> None:
    assert rejected("mary", "john", project="shoe")[0] == 404


def test_prefixes_hold_for_both_sides() -> None:
    within = snapshot(screening=Screening(denied_prefixes=("38050",)))
    assert rejected("mary", MOBILE.value, within)[0] == 403
    assert rejected(MOBILE.value, "mary", within)[0] == 403


def test_the_hours_of_outside_calls_hold() -> None:
    office = WorkingHours(name="office", monday=parse_spans("09:00-18:00"))
    project = replace(snapshot().project, hours=(office,), outside=OutsideCalls(hours="office"))
    status, why = rejected("mary", MOBILE.value, ProjectSnapshot(project))
    assert (status, why[-22:]) == (403, "outside the hours office"[-22:])


def test_emergency_numbers_are_dialled_by_people() -> None:
    project = replace(snapshot().project, country="UA", dialling=dialling_of("UA"))
    within = ProjectSnapshot(project)
    assert rejected("mary", "112", within) == (
        403,
        "112 is an emergency number, which people dial themselves",
    )
    assert rejected("112", "mary", within)[0] == 403


@pytest.mark.parametrize("spelling", ["112/", "1/12", "0/112", "11/2", "+/112", "38/0112"])
def test_a_slash_among_the_digits_hides_no_emergency_number(spelling: str) -> None:
    project = replace(snapshot().project, country="UA", dialling=dialling_of("UA"))
    within = ProjectSnapshot(project)
    assert rejected("mary", spelling, within)[0] == 403
    assert rejected(spelling, "mary", within)[0] == 403


def test_a_scheme_that_rings_an_emergency_number_is_no_caller() -> None:
    assert rejected(DIALLED, "mary", snapshot(ring(number("112"))))[0] == 403


def test_only_a_number_of_the_project_is_shown() -> None:
    assert rejected("mary", MOBILE.value, shown="380671112233") == (
        403,
        "380671112233 is no number of project shop",
    )


def test_without_a_trunk_no_outside_number_is_called() -> None:
    within = snapshot(trunks=())
    assert rejected("mary", MOBILE.value, within)[0] == 404
    assert rejected(MOBILE.value, "mary", within)[0] == 404


def test_a_number_whose_scheme_asks_a_webhook_first_is_rejected() -> None:
    assert rejected(DIALLED, MOBILE.value, snapshot(ASK)) == (
        404,
        f"number {DIALLED}: webhook crm is asked who rings; name an account",
    )


def test_a_number_whose_scheme_rings_nobody_is_rejected() -> None:
    assert rejected(DIALLED, MOBILE.value, snapshot())[0] == 404
