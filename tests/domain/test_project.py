"""A running call's plan is one version of one project, and its secrets do not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.event import EventKind
from switchhook.domain.project import Account, Group, Number, Project, ProjectSnapshot, Trunk
from switchhook.domain.scheme import HangUpStep, Scheme
from switchhook.domain.screening import Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import ForwardingNumber
from switchhook.webhooks.e164 import dialling_of
from tests.support.events import web_event


def project(version: int = 1, name: str = "Shop") -> Project:
    return Project(
        id="shop",
        name=name,
        version=version,
        accounts=(Account(login="mary", password="x"),),
        schemes=(Scheme(id=26076, name="Night", steps=(HangUpStep(),)),),
        forwarding_numbers=(ForwardingNumber(name="crm", url="http://crm.example/"),),
        events=(web_event(name="log", event=EventKind.INCOMING_AFTER, url="http://log.example/"),),
    )


def test_plans_are_the_same_when_project_and_version_are() -> None:
    one, same, other = (
        ProjectSnapshot(project()),
        ProjectSnapshot(project(name="Other")),
        ProjectSnapshot(project(version=2)),
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "shop"
    assert one.key == ("shop", 1)
    assert repr(one) == "ProjectSnapshot('shop', version=1)"


def test_a_plan_finds_everything_by_its_name() -> None:
    snapshot = ProjectSnapshot(project())
    assert snapshot.schemes[26076].name == "Night"
    assert snapshot.accounts["mary"].login == "mary"
    assert snapshot.actions["log"].name == "log"
    assert snapshot.webhooks["crm"].url == "http://crm.example/"
    assert snapshot.event_of["log"].event is EventKind.INCOMING_AFTER


def test_a_number_is_found_with_and_without_its_plus() -> None:
    number = Number(number="380441112233", scheme=26076)
    snapshot = ProjectSnapshot(replace(project(), numbers=(number,)))
    assert snapshot.number("380441112233") == snapshot.number("+380441112233") == number
    assert snapshot.number("380441112234") is None


def test_passwords_do_not_show() -> None:
    shown = repr(Account(login="mary", password="hunter2"))
    shown += repr(Trunk(name="carrier", host="192.0.2.9", password="hunter2"))
    assert "hunter2" not in shown


def test_a_group_stands_for_its_accounts() -> None:
    accounts = (Account(login="mary", password="x"), Account(login="john", password="x"))
    groups = (Group(name="200", accounts=("john", "mary")),)
    snapshot = ProjectSnapshot(Project(id="shop", name="Shop", accounts=accounts, groups=groups))
    group = Target(kind=TargetKind.GROUP, value="200")
    mary = Target(kind=TargetKind.ACCOUNT, value="mary")

    assert (
        snapshot.internal_target("200"),
        snapshot.internal_target("mary"),
        snapshot.internal_target("300"),
    ) == (
        group,
        mary,
        None,
    )
    assert [member.value for member in snapshot.members(group)] == ["john", "mary"]
    assert snapshot.members(mary) == (mary,)
    assert snapshot.members(replace(group, value="300")) == ()


@pytest.mark.parametrize(
    ("country", "written", "found"),
    [
        ("", "380442223344", True),
        ("", "+380442223344", True),
        ("", "0442223344", False),
        ("UA", "0442223344", True),
        ("UA", "00380442223344", True),
        ("UA", "380442223345", False),
        ("UA", "sip:+380442223344@gateway.example", True),
        ("UA", "sip:0442223344@gateway.example", True),
        ("UA", "sip:215@partner.example", False),
        ("UA", "215", True),
        ("UA", "112", False),
    ],
)
def test_a_number_of_the_project_is_known_in_every_spelling(
    country: str,
    written: str,
    found: bool,  # noqa: FBT001 (a case)
) -> None:
    """But for emergency numbers, and for extensions of somebody else."""
    numbers = tuple(Number(number=n, scheme=1) for n in ("380442223344", "215", "112"))
    snapshot = ProjectSnapshot(
        Project(id="x", name="X", numbers=numbers, country=country, dialling=dialling_of(country))
    )
    kind = TargetKind.ADDRESS if written.startswith("sip:") else TargetKind.NUMBER

    assert (snapshot.project_number(Target(kind=kind, value=written)) is not None) is found


def test_the_prefixes_are_nothing_to_a_number_of_the_project() -> None:
    screening = Screening(allowed_prefixes=("38050",))
    numbers = (Number(number="380442223344", scheme=1),)
    snapshot = ProjectSnapshot(Project(id="x", name="X", numbers=numbers, screening=screening))

    assert snapshot.permits(Target(kind=TargetKind.NUMBER, value="380442223344"))
    assert not snapshot.permits(Target(kind=TargetKind.NUMBER, value="380442223355"))
