"""A real call of a visitor is an event of Google Analytics, with client and session, at once or later; others are not."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.event import GoogleAnalytics
from switchhook.domain.tracking.caller_history import ShownNumber, Visit
from switchhook.operations.data_dir import DATABASE
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.house import NEXT, Callee, Line, open_house, ring
from tests.support.server import Server
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.domain.project import Project

pytestmark = pytest.mark.slow

SHOWN, PRINTED = "380940000001", "380940000002"
"""A number that a visitor of the website sees, and one on paper."""
LINES = tuple(Line(number=number, steps=(ring(NEXT),)) for number in (SHOWN, PRINTED))
CLIENT, SECRET = "1479099944.1534841744", "sesame-open"


async def visit(data_dir: Path, project: str, started_at: int) -> None:
    store = await SqliteStore.open(data_dir / DATABASE)
    now = time.time()
    attributes = (
        ("google_analytics_id", f"GA1.1.{CLIENT}"),
        ("google_analytics_session_id", str(started_at)),
        ("source", "newsletter"),
    )
    await store.save_visit(Visit(project=project, id="v", attributes=attributes, seen_at=now))
    await store.attach(ShownNumber(project=project, number=SHOWN, visit="v", until=now + 600))
    await store.close()


def collected(web: Endpoint) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in web.ledger.requests]


@pytest.mark.row("R2-17", "S-48", "A-24", "N-12")
def test_calls_of_a_visitor_go_there_in_one_session_and_others_do_not(tmp_path: Path) -> None:
    started_at = int(time.time()) - 60
    with Endpoint(lambda _: reply(status="204 No Content")) as web:
        server = Server(tmp_path)

        def refine(project: Project) -> Project:
            asyncio.run(visit(server.data_dir, project.id, started_at))
            analytics = GoogleAnalytics(
                measurement_id="G-TEST", api_secret=SECRET, url=web.url("/mp/collect")
            )
            return replace(project, google_analytics=analytics)

        with open_house(tmp_path, LINES, callee=Callee(), refine=refine, server=server) as house:
            stranger = house.call(PRINTED)
            calls = [house.call(SHOWN), house.call(SHOWN)]
            web.ledger.wait_for(lambda _: True, count=2)
            server.wait_for_log(lambda entry: entry.get("event") == "event not sent")
            listed = server.json("deliveries", "--all", "--webhook", "Google Analytics")
            log = "\n".join(server.log)
            journal = server.json("calls", stranger.id)["journal"]

    (why,) = [entry["facts"]["not_told_0"] for entry in journal if "not_told_0" in entry["facts"]]
    assert why.startswith("Google Analytics: ")
    assert len(web.ledger.requests) == 2
    for request, told, call in zip(web.ledger.requests, collected(web), calls, strict=True):
        assert_event(request, told, call.id, started_at)
    assert {one["state"] for one in listed} == {"delivered"}
    assert {one["call"] for one in listed} == {call.id for call in calls}
    assert stranger.id not in {one["call"] for one in listed}
    assert SECRET not in log
    assert SECRET not in json.dumps(listed)
    assert SECRET.encode() not in (server.data_dir / DATABASE).read_bytes()


def assert_event(request: Received, told: dict[str, Any], call: str, started_at: int) -> None:
    assert request.method == "POST"
    assert request.target == f"/mp/collect?measurement_id=G-TEST&api_secret={SECRET}"
    assert request.header("content-type") == "application/json"
    assert told["client_id"] == CLIENT
    assert started_at <= told["timestamp_micros"] / 1e6 <= request.at
    (event,) = told["events"]
    assert event["name"] == "phone_call"
    assert event["params"]["session_id"] == str(started_at)
    assert event["params"]["engagement_time_msec"] > 1
    assert event["params"]["call_id"] == call
    assert event["params"]["call_status"] == "ANSWERED"


@pytest.mark.row("N-18")
def test_a_delayed_event_outlives_a_kill_and_goes_once(tmp_path: Path) -> None:
    delay = 6.0
    with Endpoint(lambda _: reply(status="204 No Content")) as web:
        server = Server(tmp_path)

        def refine(project: Project) -> Project:
            asyncio.run(visit(server.data_dir, project.id, int(time.time()) - 60))
            analytics = GoogleAnalytics(
                measurement_id="G-TEST", api_secret=SECRET, url=web.url("/mp/collect"), delay=delay
            )
            return replace(project, google_analytics=analytics)

        with open_house(tmp_path, LINES, callee=Callee(), refine=refine, server=server) as house:
            call = house.call(SHOWN)
            (promised,) = server.json("deliveries", "--pending", "--webhook", "Google Analytics")
            assert promised["state"] == "pending"
            assert web.ledger.requests == []
            server.kill()
            server.start()
            web.ledger.wait_for(lambda _: True, count=1, timeout=30)
            (row,) = server.query("SELECT ended_at FROM calls WHERE call = ?", call.id)

    (request,) = web.ledger.requests
    assert request.at >= row[0] + delay
