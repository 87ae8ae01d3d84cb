"""Endpoints, trunks and the mail server that cannot be reached are named, with whose fault it is; nothing is sent."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

from switchhook.delivery.http.tls import default_tls
from switchhook.domain.event import EventKind, EventWebhook, ProjectEvent
from switchhook.domain.project import Project, Trunk
from switchhook.settings import Settings
from switchhook.tryout.checkup import network
from switchhook.tryout.checkup.result import CheckResult, Grade
from switchhook.webhooks.mail import Security
from tests.support.hostile import Hostile, Peer, rows
from tests.support.loop import run
from tests.support.ports import free_port
from tests.support.post import PostOffice

if TYPE_CHECKING:
    from switchhook.hostnames import AddressInfo


def project(*urls: str) -> Project:
    webhooks = tuple(EventWebhook(name=f"w{n}", url=url) for n, url in enumerate(urls))
    event = ProjectEvent(name="told", event=EventKind.INCOMING_AFTER, webhooks=webhooks)
    return Project(id="acme", name="Acme", events=(event,), allowed_networks=("127.0.0.0/8",))


def reached(made: Project, tls: ssl.SSLContext | None = None) -> list[CheckResult]:
    return run(network.reach_endpoints(Settings(), [made], now=time.time(), tls=tls))


def test_an_endpoint_that_listens_is_good_and_is_sent_nothing() -> None:
    async def scenario() -> list[CheckResult]:
        async with Hostile(Peer.hold) as server:
            here = f"http://127.0.0.1:{server.port}"
            made = project(f"{here}/a", f"{here}/b/{{call_id}}")
            found = await network.reach_endpoints(Settings(), [made], now=0.0)
            assert server.requests == []
            return found

    (one,) = run(scenario())
    assert (one.check, one.grade) == ("endpoints", Grade.GOOD)


@pytest.mark.parametrize(
    ("url", "check", "said"),
    [
        ("http://127.0.0.1:{free}/", "endpoints", "refused the connection"),
        ("http://10.1.2.3/", "endpoints", "lies in 10.0.0.0/8 (private network)"),
    ],
)
def test_an_endpoint_that_cannot_be_reached_is_named(url: str, check: str, said: str) -> None:
    (one,) = reached(project(url.format(free=free_port())))

    assert (one.check, one.grade) == (check, Grade.WRONG)
    assert one.text.startswith("project acme, event webhook 'w0': ")
    assert said in one.text
    assert one.advice


@pytest.mark.parametrize(
    ("days", "trusted", "grade"),
    [(90, True, Grade.GOOD), (10, True, Grade.DOUBTFUL), (90, False, Grade.WRONG)],
)
def test_a_certificate_is_looked_at(days: int, trusted: bool, grade: Grade) -> None:  # noqa: FBT001 (a case)
    ca = trustme.CA()
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ends = datetime.now(UTC) + timedelta(days=days, hours=1)
    ca.issue_cert("127.0.0.1", not_after=ends).configure_cert(served)
    trust = default_tls()
    if trusted:
        ca.configure_trust(trust)

    async def scenario() -> list[CheckResult]:
        async with Hostile(Peer.hold, tls=served) as server:
            made = project(server.url.replace("http:", "https:"))
            return await network.reach_endpoints(Settings(), [made], now=time.time(), tls=trust)

    (one,) = run(scenario())
    assert (one.check, one.grade) == ("tls", grade)
    assert days != 10 or "its certificate expires in 10 days" in one.text


def test_a_trunk_without_an_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up(host: str, port: int) -> list[AddressInfo]:
        if host == "good.example":
            return rows(port, "192.0.2.1")
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(network, "look_up", look_up)
    trunks = (Trunk(name="a", host="good.example"), Trunk(name="b", host="bad.example"))
    first, second = run(network.resolve_trunks([replace(project(), trunks=trunks)]))

    assert (first.grade, first.text) == (
        Grade.GOOD,
        "project acme, trunk 'a': good.example is 192.0.2.1",
    )
    assert (second.grade, second.text) == (
        Grade.WRONG,
        "project acme, trunk 'b': bad.example has no address",
    )


def test_a_mail_server_is_greeted_and_handed_nothing() -> None:
    with PostOffice() as office:
        settings = Settings(
            smtp_host="127.0.0.1", smtp_port=office.port, smtp_security=Security.NONE
        )
        (one,) = run(network.greet_mail_server(settings, []))

    assert (one.check, one.grade) == ("mail", Grade.GOOD)
    assert office.mails == []


def test_a_mail_server_that_is_down_is_told() -> None:
    settings = Settings(smtp_host="127.0.0.1", smtp_port=free_port(), smtp_security=Security.NONE)
    (one,) = run(network.greet_mail_server(settings, []))

    assert one.grade is Grade.WRONG
    assert "refused the connection" in one.text
    assert "smtp_port" in one.advice


def test_without_a_mail_server_mail_has_to_go_nowhere() -> None:
    assert run(network.greet_mail_server(Settings(), [project()])) == []
