"""A running call's plan is one version of one project, and its secrets do not show."""

from __future__ import annotations

from switchhook.domain.project import Account, Plan, Project, Trunk
from switchhook.domain.scheme import HangUp, Scheme
from switchhook.domain.webhook import EventKind, EventWebhook, ForwardingNumber


def project(version: int = 1, name: str = "Shop") -> Project:
    return Project(
        id="shop",
        name=name,
        version=version,
        accounts=(Account(login="mary", password="x"),),
        schemes=(Scheme(id=26076, name="Night", steps=(HangUp(),)),),
        forwarding_numbers=(ForwardingNumber(name="crm", url="http://crm.example/"),),
        event_webhooks=(
            EventWebhook(name="log", event=EventKind.INCOMING_AFTER, url="http://log.example/"),
        ),
    )


def test_plans_are_the_same_when_project_and_version_are() -> None:
    one, same, other = Plan(project()), Plan(project(name="Other")), Plan(project(version=2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "shop"
    assert one.key == ("shop", 1)
    assert repr(one) == "Plan('shop', version=1)"


def test_a_plan_finds_everything_by_its_name() -> None:
    plan = Plan(project())
    assert plan.schemes[26076].name == "Night"
    assert plan.accounts["mary"].login == "mary"
    assert plan.webhooks["crm"].url == "http://crm.example/"
    assert plan.events["log"].event is EventKind.INCOMING_AFTER


def test_passwords_do_not_show() -> None:
    shown = repr(Account(login="mary", password="hunter2"))
    shown += repr(Trunk(name="carrier", host="192.0.2.9", password="hunter2"))
    assert "hunter2" not in shown
