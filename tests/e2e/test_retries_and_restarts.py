"""What waits for another try is tried again by the next process, as things are by then (S-71)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.app.application import open_application
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.event import Subscription
from switchhook.domain.failure import FailureKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.data_dir import DATABASE
from switchhook.settings import Settings
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.mail import Mail, Security
from tests.support.loop import run
from tests.support.post import PostOffice
from tests.support.promises import delivery, ended, mail, record
from tests.support.snapshots import snapshot
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from switchhook.app.application import Application
    from switchhook.storage.delivery import Attempt, Delivery

pytestmark = pytest.mark.slow

PROJECT = """
[project]
id = "shop"
name = "Shop"
allowed_networks = ["127.0.0.0/8"]

[[events]]
name = "crm"
event = "incoming.after"

[[events.webhooks]]
url = "http://crm.example/"
retries = 3
order_key = "crm"

[[events]]
name = "erp"
event = "incoming.after"

[[events.webhooks]]
url = "http://erp.example/"
retries = 3
order_key = "erp"

[[events]]
name = "missed"
event = "incoming.after"

[[events.mails]]
to = ["desk@example.com", "left@example.com"]
subject = "Missed call"
"""
CHANGED = (
    PROJECT.replace('name = "erp"', 'name = "renamed"')
    .replace(', "left@example.com"', "")
    .replace('"Shop"', '"Shop again"')
)
"""By the time of the restart, a webhook has another name, and a person is told no more."""
LATER, SOON = 3000.0, 0.2
"""Seconds until another try, in the first process and in the second."""
WAITING = frozenset({"crm", "erp", "subscription 1", "subscription 2", "missed"})


def pausing(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let every pause take so long."""
    monkeypatch.setattr(DeliveryPolicy, "pause", lambda _self, _tries: seconds)


def promised(endpoint: Endpoint) -> tuple[Delivery, ...]:
    """Return what is told of one call to everybody there is."""
    requests = [
        delivery("c1", 1, webhook=name, url=endpoint.url(f"/{name.replace(' ', '')}"))
        for name in sorted(WAITING - {"missed"})
    ]
    mails = [mail("c1", to=f"{who}@example.com") for who in ("desk", "left")]
    return (*requests, *mails)


KEEP_DAYS = 36_500
"""The calls of these tests ended long ago; retention must not delete them under the dispatcher."""


def settings(directory: Path, office: PostOffice | None) -> Settings:
    """Return the settings of a server that hands its mail over here, or nowhere."""
    bare = Settings(data_dir=directory, sip_port=0, web_host="", keep_days=KEEP_DAYS)
    if office is None:
        return bare
    return replace(bare, smtp_host="127.0.0.1", smtp_port=office.port, smtp_security=Security.NONE)


async def tried(app: Application, deliveries: Sequence[Delivery]) -> None:
    """Wait until each was tried once."""
    for one in deliveries:
        while not await app.store.attempts(one.id):  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(0.02)


async def first_process(
    directory: Path, office: PostOffice | None, made: Sequence[Delivery]
) -> None:
    """Promise everything, try it once in vain, and end."""
    store = await SqliteStore.open(directory / DATABASE)
    version = await store.save_project("shop", PROJECT)
    for _ in (1, 2):
        asked = Subscription(
            project="shop", user="u", target_url="http://a/", event="custom", created_at=1.0
        )
        await store.add_subscription(asked, most=9)
    await store.close()
    async with open_application(settings(directory, office)) as app:
        within = ProjectSnapshot(replace(snapshot().project, version=version))
        await app.store.commit(record(ended(within=within), *made))
        app.dispatcher.dispatch(*made)
        await tried(app, made)


async def meanwhile(directory: Path) -> None:
    """End a subscription, and change the project."""
    store = await SqliteStore.open(directory / DATABASE)
    await store.delete_subscription("shop", 2)
    await store.save_project("shop", CHANGED)
    await store.close()


async def second_process(
    directory: Path, office: PostOffice, made: Sequence[Delivery]
) -> dict[str, tuple[Attempt, ...]]:
    """Carry what is left, and return the tries of each delivery."""
    async with open_application(settings(directory, office)) as app:
        await app.dispatcher.drain()
        return {one.id: await app.store.attempts(one.id) for one in made}


@pytest.mark.parametrize("works", [True, False], ids=["mended", "still down"])
def test_what_waits_is_tried_again_by_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, works: bool
) -> None:
    is_mended = False

    def answer(_request: Received) -> bytes:
        return reply() if works and is_mended else reply(status="503 Busy")

    with (
        Endpoint(answer) as endpoint,
        PostOffice(rcpt=lambda _: "450 4.2.0 Come again") as grey,
        PostOffice(rcpt=lambda _: "250 OK" if works else "450 4.2.0 Come again") as open_,
    ):
        made = promised(endpoint)
        pausing(monkeypatch, LATER)
        run(first_process(tmp_path, grey, made))
        run(meanwhile(tmp_path))
        is_mended = True
        pausing(monkeypatch, SOON)
        tries = run(second_process(tmp_path, open_, made))

    of = {one.id.partition(".1.")[2]: tries[one.id] for one in made}
    ended = of.pop("subscription 2")
    assert [made.failure.kind for made in ended if made.failure] == [
        FailureKind.STATUS,
        FailureKind.UNSUBSCRIBED,
    ]
    assert len(endpoint.ledger.of("/subscription2")) == 1
    if works:
        assert {name: len(made) for name, made in of.items()} == dict.fromkeys(of, 2)
        assert all(made[-1].failure is None for made in of.values())
        assert {posted.recipients[0] for posted in open_.mails} == {
            "desk@example.com",
            "left@example.com",
        }
    else:
        assert {name: len(made) for name, made in of.items()} == {
            "crm": 4,
            "subscription 1": 4,
            "missed.desk@example.com": 11,
            # Who is in the project no longer is told once more at most.
            "erp": 2,
            "missed.left@example.com": 2,
        }
    assert all(made[-1].is_last for made in of.values())
    for path in ("/crm", "/erp", "/subscription1"):
        assert len({request.raw for request in endpoint.ledger.of(path)}) == 1


def test_a_mail_that_nobody_could_send_goes_when_a_server_is_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (mail("c1"),)
    with PostOffice() as office:
        pausing(monkeypatch, LATER)
        run(first_process(tmp_path, None, made))
        pausing(monkeypatch, SOON)
        tries = run(second_process(tmp_path, office, made))

    first, second = tries[made[0].id]
    assert first.failure is not None
    assert first.failure.kind is FailureKind.NOT_SET_UP
    (posted,) = office.mails
    assert second.failure is None
    assert isinstance(made[0].request, Mail)
    assert (posted.sender, posted.content) == (made[0].request.sender, made[0].request.message)
