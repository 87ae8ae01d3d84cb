"""A waiting delivery has the secrets of today, and takes them nowhere but where its webhook leads today."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.delivery.current_credentials import credentials_of
from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.event import SUBSCRIPTION_PREFIX, EventKind, Subscription
from switchhook.domain.event_stream import StreamWebhook
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import Project, ProjectSnapshot
from tests.support.events import mail_event, web_event
from tests.support.promises import delivery, mail

NEW = Credentials(token="new")
AFTER = EventKind.INCOMING_AFTER


def snapshot(
    url: str = "https://crm.example/new", credentials: Credentials = NEW
) -> ProjectSnapshot:
    told = web_event(name="crm", event=AFTER, url=url, credentials=credentials)
    stream = StreamWebhook(name="stream", url=url, credentials=credentials)
    return ProjectSnapshot(
        project=Project(id="shop", name="Shop", events=(told,), stream_webhooks=(stream,))
    )


@pytest.mark.row("T-14")
@pytest.mark.parametrize("webhook", ["crm", "stream"])
def test_it_has_the_secrets_of_today(webhook: str) -> None:
    assert credentials_of(delivery(webhook=webhook), snapshot(), None) is NEW


@pytest.mark.parametrize(
    "there",
    ["https://crm.example:443/x", "https://CRM.example/{secret}"],
)
def test_another_path_of_the_same_origin_gets_them(there: str) -> None:
    assert credentials_of(delivery(), snapshot(there), None) is NEW


@pytest.mark.parametrize(
    "there",
    ["https://new.example/calls", "http://crm.example/calls", "https://crm.example:8443/calls"],
)
def test_they_are_not_taken_to_where_the_webhook_led_before(there: str) -> None:
    refused = credentials_of(delivery(), snapshot(there), None)
    assert isinstance(refused, Failure)
    assert refused.kind is FailureKind.NOT_SET_UP
    assert "https://crm.example:443, where this was to go" in refused.detail


def test_nothing_is_the_one_value_for_none() -> None:
    bare = snapshot("https://elsewhere.example/", Credentials())
    assert credentials_of(delivery(), bare, None) is NO_CREDENTIALS
    assert credentials_of(delivery(webhook="gone"), snapshot(), None) is NO_CREDENTIALS
    assert credentials_of(delivery(), None, None) is NO_CREDENTIALS
    mails = mail_event(name="crm", event=AFTER, to=("a@b.example",), subject="s", text="t")
    people = ProjectSnapshot(project=Project(id="shop", name="Shop", events=(mails,)))
    assert credentials_of(delivery(), people, None) is NO_CREDENTIALS
    assert credentials_of(mail(), snapshot(), None) is NO_CREDENTIALS


def test_a_subscriber_has_its_own() -> None:
    asked = Subscription(
        project="shop",
        number=7,
        user="zapier",
        target_url="https://hooks.example/",
        event="custom",
        created_at=0.0,
        credentials=NEW,
    )
    told = delivery(webhook=f"{SUBSCRIPTION_PREFIX}7")
    assert credentials_of(told, snapshot(), asked) is NEW
    assert credentials_of(told, snapshot(), replace(asked, credentials=Credentials())) is NO_CREDENTIALS  # fmt: skip
    assert credentials_of(told, snapshot(), None) is NO_CREDENTIALS
