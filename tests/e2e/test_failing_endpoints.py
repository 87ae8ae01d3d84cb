"""Real endpoints that fail, take one request at a time, or see the server killed: what becomes of deliveries."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from switchhook.app.application import open_application
from switchhook.domain.call import CallState
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.data_dir import DATABASE
from switchhook.settings import Settings
from switchhook.storage.records import DeliveryFilter
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tasks import spawn
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import Security, read_mail
from tests.support.loop import run
from tests.support.post import PostOffice
from tests.support.promises import delivery, ended, record
from tests.support.snapshots import snapshot
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from switchhook.app.application import Application
    from switchhook.storage.delivery import Delivery

pytestmark = pytest.mark.slow

PROJECT = """
[project]
id = "shop"
name = "Shop"
allowed_networks = ["127.0.0.0/8"]

[warnings]
to = ["it@acme.example"]
webhook = "{alerts}"

[[events]]
name = "crm"
event = "incoming.after"

[[events.webhooks]]
url = "{crm}"
{policy}
"""


@asynccontextmanager
async def serving(
    directory: Path, document: str, office: PostOffice | None = None
) -> AsyncIterator[Application]:
    """Run a server with this project."""
    store = await SqliteStore.open(directory / DATABASE)
    await store.save_project("shop", document)
    await store.close()
    settings = Settings(data_dir=directory, sip_port=0, web_host="", keep_days=36_500)
    if office is not None:
        settings = replace(
            settings,
            smtp_host="127.0.0.1",
            smtp_port=office.port,
            smtp_security=Security.NONE,
            mail_from="pbx@acme.example",
        )
    async with open_application(settings) as app:
        yield app


async def promise(app: Application, *calls: str, url: str, seqs: tuple[int, ...] = (1,)) -> None:
    """Let calls end, and their events be told."""
    version = app.directory.snapshots["shop"].project.version
    within = ProjectSnapshot(replace(snapshot().project, version=version))
    for call in calls:
        made = tuple(delivery(call, seq, url=url) for seq in seqs)
        made = tuple(replace(one, occurred_at=time.time()) for one in made)
        await app.store.commit(record(ended(call, within=within), *made))
        app.dispatcher.dispatch(*made)


async def until_listed(app: Application, state: Any, count: int) -> tuple[Delivery, ...]:
    """Wait until so many deliveries are in a state."""
    while True:
        rows = await app.store.deliveries(DeliveryFilter(state=state))
        if len(rows) == count:
            return tuple(row.delivery for row in rows)
        await asyncio.sleep(0.02)


@pytest.mark.row("T-20")
def test_a_failing_endpoint_is_parked_over_a_restart_and_its_owner_is_told_once_of_each(
    tmp_path: Path,
) -> None:
    is_down = threading.Event()
    is_down.set()

    def crm(_request: Received) -> bytes:
        return reply(b"down for maintenance", status="503 Busy") if is_down.is_set() else reply()

    with Endpoint(crm) as down, Endpoint(lambda _: reply()) as alerts, PostOffice() as office:
        policy = "pauses = [1, 1, 1]\nbreaker_pause = 2"
        urls = {"crm": down.url("/crm?key=secret"), "alerts": alerts.url("/alerts")}
        document = PROJECT.format(**urls, policy=policy)

        async def first() -> None:
            async with serving(tmp_path, document, office) as app:
                await promise(app, *(f"c{number}" for number in range(8)), url=urls["crm"])
                await until_listed(app, "parked", 8)
                while not (office.mails and alerts.ledger.requests):  # noqa: ASYNC110 - they tell nobody
                    await asyncio.sleep(0.02)

        async def second() -> None:
            async with serving(tmp_path, document, office) as app:
                await until_listed(app, "parked", 8)
                assert [one.webhook for one in app.dispatcher.failing] == ["crm"]
                is_down.clear()
                await app.dispatcher.drain()
                assert len(await app.store.deliveries(DeliveryFilter(state="delivered"))) == 8 + 4
                assert await app.store.incidents() == ()

        run(first())
        run(second())

    told = [json.loads(request.body) for request in alerts.ledger.requests]
    assert [one["type"] for one in told] == ["endpoint.parked", "endpoint.recovered"]
    assert told[0]["data"]["answer"] == "down for maintenance"
    assert told[0]["data"]["url"] == down.url("/crm?****")
    assert told[0]["data"]["call_id"] in {f"c{number}" for number in range(8)}
    subjects = [dict(read_mail(posted.content)[0])["Subject"] for posted in office.mails]
    assert subjects == [
        "Switchhook: crm fails again and again; its events wait",
        "Switchhook: crm takes events again",
    ]


def test_nobody_has_to_know_of_an_endpoint_that_was_removed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, document) as app:
            await promise(app, *(f"c{number}" for number in range(5)), url=endpoint.url("/crm"))
            await until_listed(app, "failed", 5)
            while not await app.store.incidents():  # noqa: ASYNC110 - a store tells nobody
                await asyncio.sleep(0.02)
        async with serving(tmp_path, document) as app:
            assert [one.webhook for one in app.dispatcher.failing] == ["crm"]
        async with serving(tmp_path, document.replace('name = "crm"', 'name = "erp"')) as app:
            while await app.store.incidents():  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
            assert app.dispatcher.failing == ()

    with Endpoint(lambda _: reply(status="503 Busy")) as endpoint:
        document = PROJECT.format(crm=endpoint.url("/crm"), alerts="", policy="")
        run(scenario())


@pytest.mark.row("T-19")
def test_six_posts_to_a_receiver_that_takes_one_at_a_time_all_arrive(tmp_path: Path) -> None:
    under_way = 0
    most = 0
    lock = threading.Lock()

    def slowly(_request: Received) -> bytes:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.5)
        with lock:
            under_way -= 1
        return reply()

    async def scenario() -> None:
        async with serving(tmp_path, document) as app:
            await promise(app, *(f"c{number}" for number in range(6)), url=endpoint.url("/crm"))
            await app.dispatcher.drain()
            assert len(await app.store.deliveries(DeliveryFilter(state="delivered"))) == 6

    with Endpoint(slowly) as endpoint:
        policy = "max_concurrent = 1\nresponse_timeout = 1"
        document = PROJECT.format(crm=endpoint.url("/crm"), alerts="", policy=policy)
        run(scenario())
    assert most == 1
    assert len(endpoint.ledger.requests) == 6


def test_what_is_too_old_after_an_outage_is_not_sent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, document) as app:
            await promise(app, "c1", url=endpoint.url("/crm"))
            (made,) = await until_listed(app, "expired", 1)
            assert made.call == "c1"
            assert len(await app.store.attempts(made.id)) == 2

    with Endpoint(lambda _: reply(status="503 Busy")) as endpoint:
        policy = "pauses = [30]\nmax_age = 5"
        document = PROJECT.format(crm=endpoint.url("/crm"), alerts="", policy=policy)
        run(scenario())
    assert len(endpoint.ledger.requests) == 1


@pytest.mark.parametrize("run_on", [run, uvloop.run], ids=["asyncio", "uvloop"])
def test_what_was_too_old_when_the_server_came_back_is_not_sent(
    tmp_path: Path, run_on: Callable[[Any], None]
) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, document) as app:
            version = app.directory.snapshots["shop"].project.version
            within = ProjectSnapshot(replace(snapshot().project, version=version))
            old = replace(delivery(url=endpoint.url("/crm")), occurred_at=time.time() - 3600)
            await app.store.commit(record(ended(within=within), old))
        async with serving(tmp_path, document) as app:
            await app.dispatcher.drain()
            assert len(await app.store.deliveries(DeliveryFilter(state="expired"))) == 1

    with Endpoint(lambda _: reply()) as endpoint:
        document = PROJECT.format(crm=endpoint.url("/crm"), alerts="", policy="max_age = 60")
        run_on(scenario())
    assert endpoint.ledger.requests == []


@pytest.mark.row("S-70", "T-19")
def test_an_ask_is_answered_while_fifty_posts_hang(tmp_path: Path) -> None:
    let_go = threading.Event()

    def hang(_request: Received) -> bytes:
        let_go.wait(60)
        return reply()

    async def scenario() -> None:
        async with serving(tmp_path, document) as app:
            calls = [f"c{number}" for number in range(50)]
            await promise(app, *calls, url=hanging.url("/crm"))
            while len(hanging.ledger.requests) < app.dispatcher.in_flight:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
            within = app.directory.snapshots["shop"]
            asked = replace(ended("asks"), snapshot=within, state=CallState.RINGING)
            for _ in range(20):
                request = HttpRequest(
                    method="GET",
                    url=answering.url("/ask"),
                    headers=(("Host", "127.0.0.1"),),
                    body=b"",
                )
                exchange = await app.asks.ask(asked, request, deadline=30.0)
                assert exchange.response is not None
            assert app.dispatcher.delivered == 0
            let_go.set()
            await app.dispatcher.drain()
            assert app.dispatcher.delivered == 50

    with Endpoint(hang) as hanging, Endpoint(lambda _: reply()) as answering:
        document = PROJECT.format(
            crm=hanging.url("/crm"), alerts="", policy="response_timeout = 60"
        )
        run(scenario())


@pytest.mark.row("T-19")
def test_deliveries_give_way_to_an_ask_at_a_receiver_of_one_request_at_a_time(
    tmp_path: Path,
) -> None:
    let_go = threading.Event()
    paths: list[str] = []

    def answer(request: Received) -> bytes:
        path = request.raw.split(b" ")[1].decode()
        paths.append(path)
        if path == "/ask":
            let_go.wait(60)
        return reply()

    async def scenario() -> None:
        async with serving(tmp_path, document) as app:
            within = app.directory.snapshots["shop"]
            asked = replace(ended("asks"), snapshot=within, state=CallState.RINGING)
            request = HttpRequest(
                method="GET", url=endpoint.url("/ask"), headers=(("Host", "127.0.0.1"),), body=b""
            )
            asking = spawn(app.asks.ask(asked, request, deadline=60.0), name="ask")
            while not paths:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
            await promise(app, "c1", "c2", url=endpoint.url("/crm"))
            await asyncio.sleep(0.3)
            assert (paths, app.dispatcher.waiting) == (["/ask"], 2)
            let_go.set()
            assert (await asking).response is not None
            await app.dispatcher.drain()
            assert paths == ["/ask", "/crm", "/crm"]

    with Endpoint(answer) as endpoint:
        document = PROJECT.format(crm=endpoint.url("/crm"), alerts="", policy="max_concurrent = 1")
        run(scenario())
