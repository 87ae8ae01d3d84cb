"""What is worked out once for a project's version is that of the present one, and no other's."""

from __future__ import annotations

from dataclasses import replace

from switchhook.app.policies import Policies
from switchhook.delivery.policy import NO_RETRIES
from switchhook.delivery.subscribers import Subscribers
from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.event import EventKind
from switchhook.domain.project import Project, ProjectSnapshot
from tests.support.events import web_event
from tests.support.promises import delivery, mail

TOKEN = Credentials(token="t")
TWICE, THRICE = DeliveryPolicy(retries=1), DeliveryPolicy(retries=2)


def version(
    policy: DeliveryPolicy, credentials: Credentials = NO_CREDENTIALS, network: str = "10.0.0.0/8"
) -> ProjectSnapshot:
    told = web_event(
        name="crm",
        event=EventKind.INCOMING_AFTER,
        url="https://crm.example/",
        policy=policy,
        credentials=credentials,
    )
    return ProjectSnapshot(
        project=Project(id="shop", name="Shop", events=(told,), allowed_networks=(network,))
    )


class House:
    """Policies of a directory that changes."""

    def __init__(self, *snapshots: ProjectSnapshot) -> None:
        self.directory = ProjectDirectory(snapshots)
        self.policies = Policies(lambda: self.directory, Subscribers())


def test_a_new_version_says_at_once_how_waiting_deliveries_are_made() -> None:
    house, waiting = House(version(TWICE)), delivery()
    for _ in range(2):
        assert house.policies.policy_of(waiting) == TWICE
        assert house.policies.credentials_of(waiting) is NO_CREDENTIALS
    before = house.policies.networks_of("shop")

    house.directory = ProjectDirectory((version(THRICE, TOKEN, "192.168.0.0/16"),))
    for _ in range(2):
        assert house.policies.policy_of(waiting) == THRICE
        assert house.policies.credentials_of(waiting) is TOKEN
    assert house.policies.networks_of("shop") != before


def test_what_is_gone_has_no_retries() -> None:
    house = House(version(TWICE))
    assert house.policies.policy_of(delivery()) == TWICE
    assert house.policies.policy_of(delivery(webhook="gone")) is NO_RETRIES

    house.directory = ProjectDirectory()
    assert house.policies.policy_of(delivery()) != TWICE
    assert house.policies.credentials_of(delivery()) is NO_CREDENTIALS


def test_a_mail_of_a_webhooks_former_kind_takes_nothing_from_its_requests() -> None:
    house = House(version(TWICE, TOKEN))
    assert house.policies.policy_of(delivery()) == TWICE
    former = replace(delivery(), request=mail().request)
    assert house.policies.policy_of(former) is NO_RETRIES
    assert house.policies.credentials_of(former) is NO_CREDENTIALS

    assert house.policies.credentials_of(delivery()) is TOKEN
