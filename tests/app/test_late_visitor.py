"""A call whose visitor becomes known late is told to Google Analytics then, once; where nothing waits for it, nothing is."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.app.amendments import Amendments
from switchhook.app.application import Application, open_application
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import Applied, apply_project
from switchhook.routing.events import LateFacts
from switchhook.settings import Settings
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.http import HttpRequest
from tests.app.test_amendments import DOCUMENT, OFFERED
from tests.support.loop import run
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CLIENT = "1479099944.1534841744"
SOURCE = LateFacts(facts=(("source", "google"),))


def visitor(session: int) -> LateFacts:
    return LateFacts(
        facts=(("google_analytics_id", CLIENT), ("google_analytics_session_id", str(session)))
    )


@asynccontextmanager
async def an_ended_call(
    tmp_path: Path, url: str, *, delay: float = 0.0
) -> AsyncIterator[tuple[Application, str, Amendments]]:
    """Run a server with Google Analytics set up, whose only call has ended; nobody knows who called."""
    store = await SqliteStore.open(tmp_path / DATABASE)
    analytics = f'measurement_id = "G-TEST"\napi_secret = "sesame"\nurl = "{url}"\ndelay = {delay}'
    document = DOCUMENT.replace('"Acme"', '"Acme"\nallowed_networks = ["127.0.0.0/8"]')
    document += f"\n[google_analytics]\n{analytics}\n"
    applied = await apply_project(store, document)
    assert isinstance(applied, Applied), str(applied)
    await store.close()
    async with open_application(Settings(data_dir=tmp_path, sip_port=0, web_host="")) as app:
        call = app.switchboard.arrived(OFFERED)
        assert isinstance(call, str)
        await app.switchboard.idle()
        yield app, call, Amendments(app.ended_calls, app.switchboard)


def told(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in endpoint.ledger.requests]


@pytest.mark.row("N-18", "N-12")
@pytest.mark.parametrize("delay", [0.0, 1.0])
def test_the_event_goes_when_the_visitor_is_known_and_its_delay_is_over(
    tmp_path: Path, delay: float
) -> None:
    session = int(time.time()) - 3600

    async def scenario() -> None:
        async with an_ended_call(tmp_path, endpoint.url("/mp"), delay=delay) as (app, call, late):
            ended = time.time()
            assert await late.amend("acme", call, SOURCE)
            await app.dispatcher.drain()
            assert told(endpoint) == []
            assert await late.amend("acme", call, visitor(session))
            await app.dispatcher.drain()
            assert len(told(endpoint)) == 1
            assert time.time() >= ended + delay - 0.5
            assert await late.amend("acme", call, visitor(session + 1))  # a session more: told once
            assert await late.amend("acme", call, LateFacts(facts=(("source", "bing"),)))
            await app.dispatcher.drain()

    with Endpoint(lambda _: reply(status="204 No Content")) as endpoint:
        run(scenario())
        (event,) = told(endpoint)

    assert event["client_id"] == CLIENT
    assert event["events"][0]["params"]["session_id"] == str(session)
    assert event["timestamp_micros"] == session * 1_000_000  # its last activity that is known


@pytest.mark.row("N-18", "N-12")
def test_what_is_known_when_the_delay_is_over_goes_out(tmp_path: Path) -> None:
    """The client is known at once, the session and the source only while the event waits by choice."""
    session = int(time.time()) - 3600

    async def scenario() -> None:
        async with an_ended_call(tmp_path, endpoint.url("/mp"), delay=1.0) as (app, call, late):
            known = LateFacts(facts=(("google_analytics_id", CLIENT),))
            assert await late.amend("acme", call, known)
            (promised,) = await app.store.pending_deliveries()
            assert promised.is_draft
            assert await late.amend("acme", call, visitor(session))
            assert await late.amend("acme", call, SOURCE)
            await app.dispatcher.drain()
            (row,) = await app.store.deliveries_of_call(call)
            assert not row.delivery.is_draft
            assert isinstance(row.delivery.request, HttpRequest)
            assert row.delivery.request.body == endpoint.ledger.requests[0].body

    with Endpoint(lambda _: reply(status="204 No Content")) as endpoint:
        run(scenario())
        (event,) = told(endpoint)

    params = event["events"][0]["params"]
    assert params["session_id"] == str(session)


@pytest.mark.row("N-12")
def test_what_is_no_client_id_sends_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with an_ended_call(tmp_path, endpoint.url("/mp")) as (app, call, late):
            assert await late.amend("acme", call, LateFacts(facts=(("google_analytics_id", "x"),)))
            await app.dispatcher.drain()
            await asyncio.sleep(0.1)

    with Endpoint(lambda _: reply(status="204 No Content")) as endpoint:
        run(scenario())
        assert told(endpoint) == []
