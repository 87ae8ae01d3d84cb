"""Killed under load, the stream has no gap and nothing twice, by whichever of its three doors one follows it."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from standardwebhooks import Webhook

from switchhook.domain.access.token import Scope, Token
from switchhook.domain.credentials import Credentials
from switchhook.domain.event_stream import EventStream, StreamWebhook
from switchhook.domain.project import Project
from switchhook.domain.scheme import HangUpStep
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.tokens import digest_of
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.dialects.event_stream import schema
from switchhook.webhooks.signatures import symmetric_key
from tests.support.bare import BareCaller
from tests.support.house import NEXT, Callee, Line, open_house, ring
from tests.support.loop import run
from tests.support.sip import SDP
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import Server

pytestmark = pytest.mark.slow

NUMBER = "380890000002"
KILLS, CALLS, RATE = 4, 60, 12
SECRET = symmetric_key(b"thirty-two bytes that sign events")
VALIDATOR = jsonschema.Draft202012Validator(schema())
KEYS = {"house": "a-key-of-the-house", "neighbour": "a-key-of-the-neighbour"}
NEIGHBOUR = Project(id="neighbour", name="Neighbour", event_stream=EventStream(keep=True))


class Follower(threading.Thread):
    """Follows a stream as server-sent events, over every end of the connection, from the place that it has."""

    def __init__(self, server: Server, project: str) -> None:
        super().__init__(daemon=True)
        self.events: list[dict[str, Any]] = []
        self.places: list[int] = []
        self.connections = 0
        self._server = server
        self._project = project
        self._is_over = False

    def run(self) -> None:
        """Connect, again and again."""
        while not self._is_over:
            try:
                self._follow()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    def stop(self) -> None:
        """Connect no more."""
        self._is_over = True
        self.join(30)

    def _follow(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.web_port, timeout=20)
        with closing(connection):
            last = {"Last-Event-ID": str(self.places[-1])} if self.places else {}
            path = "/api/events/stream?after=oldest"
            connection.request("GET", path, headers=last | header(self._project))
            with connection.getresponse() as response:
                assert response.status == 200, response.read()
                self.connections += 1
                self._read(response)

    def _read(self, response: http.client.HTTPResponse) -> None:
        fields: dict[str, str] = {}
        while not self._is_over and (line := response.readline()):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                self.places.append(int(fields["id"]))
                self.events.append(json.loads(fields["data"]))
                fields = {}


def header(project: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[project]}"}


def listed(server: Server, project: str) -> list[dict[str, Any]]:
    """Read the whole list, a few at a time."""
    found: list[dict[str, Any]] = []
    place, more = "oldest", True
    while more:
        connection = http.client.HTTPConnection("127.0.0.1", server.web_port, timeout=10)
        path = f"/api/events?limit=7&after={place}"
        connection.request("GET", path, headers=header(project))
        page = json.loads(connection.getresponse().read())
        connection.close()
        found += page["events"]
        place, more = page["next"], page["is_more"]
    return found


async def make_tokens(path: Path) -> None:
    store = await SqliteStore.open(path)
    try:
        for project, key in KEYS.items():
            token = Token(project=project, id=project, user="u", scope=Scope.EVENTS, created_at=1.0)
            await store.tokens.save(token, digest_of(key))
    finally:
        await store.close()


@pytest.mark.timeout(400)
def test_kills_under_load_leave_no_gap_and_make_no_second_event(tmp_path: Path) -> None:
    moments = random.Random(7)
    with Endpoint(lambda _: reply("ok")) as hook:

        def refine(project: Project) -> Project:
            signed = Credentials(signing_secrets=(SECRET,))
            webhook = StreamWebhook(name="erp", url=hook.url("/events"), credentials=signed)
            stream = EventStream(keep=True)
            return replace(project, event_stream=stream, stream_webhooks=(webhook,))

        lines = (Line(number=NUMBER, steps=(ring(NEXT),)),)
        callee = Callee(hold=3_000)
        with open_house(
            tmp_path, lines, callee=callee, refine=refine, neighbour=NEIGHBOUR
        ) as house:
            house.server.stop()
            run(make_tokens(house.server.data_dir / DATABASE))
            house.server.start()
            mine, theirs = (Follower(house.server, name) for name in KEYS)
            for follower in (mine, theirs):
                follower.start()
            pairs = [(NUMBER, house.stranger()) for _ in range(CALLS)]
            with house.callers(*pairs, rate=RATE, talk=300) as callers:
                for _ in range(KILLS):
                    time.sleep(moments.uniform(0.3, 1.2))
                    house.server.kill()
                    house.server.start()
                callers.finish()
            house.assert_nothing_runs(timeout=150.0)
            whole = listed(house.server, "house")
            end = time.monotonic() + 30
            while len(mine.events) < len(whole) or _told(hook) < {one["id"] for one in whole}:
                assert time.monotonic() < end, (len(mine.events), len(whole))
                time.sleep(0.1)
            for follower in (mine, theirs):
                follower.stop()
            assert listed(house.server, "neighbour") == []
        check(whole, mine, hook)
        assert theirs.events == []


def _told(hook: Endpoint) -> set[str]:
    return {request.header("webhook-id") for request in hook.ledger.requests}


def check(whole: list[dict[str, Any]], mine: Follower, hook: Endpoint) -> None:
    """The three doors say the same: each call from its begin to its one end, without a gap."""
    ids = [one["id"] for one in whole]
    assert len(ids) == len(set(ids))
    assert mine.places == list(range(1, len(whole) + 1))
    assert mine.events == whole
    assert mine.connections > 1
    assert _told(hook) == set(ids)
    bodies = {request.header("webhook-id"): request.body for request in hook.ledger.requests}
    assert [json.loads(bodies[one]) for one in ids] == whole
    for request in hook.ledger.requests:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        Webhook(SECRET).verify(request.body, {name: request.header(name) for name in names})
    calls: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in whole:
        VALIDATOR.validate(event)
        calls[event["call"]["id"]].append(event)
    assert len(calls) > KILLS
    for events in calls.values():
        assert [one["sequence"] for one in events] == list(range(1, len(events) + 1))
        types = [one["type"] for one in events]
        assert (types[0], types[-1], types.count("call.ended")) == ("call.created", "call.ended", 1)


@pytest.mark.timeout(200)
def test_the_example_follows_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def refine(project: Project) -> Project:
        return replace(project, event_stream=EventStream(keep=True))

    lines = (Line(number=NUMBER, steps=(HangUpStep(),)),)
    with open_house(tmp_path, lines, callee=Callee(), refine=refine) as house:
        house.server.stop()
        run(make_tokens(house.server.data_dir / DATABASE))
        house.server.start()
        first, second, third = (house.stranger() for _ in range(3))
        run(turned_away(house.server.port, first))
        with example(house.server, tmp_path) as lines_:
            assert next(lines_) == f"call.created +{first} -> {NUMBER}\n"
            assert next(lines_) == f"call.ended +{first} -> {NUMBER}\n"
            run(turned_away(house.server.port, second))
            assert next(lines_) == f"call.created +{second} -> {NUMBER}\n"
            assert next(lines_) == f"call.ended +{second} -> {NUMBER}\n"
            while (tmp_path / "place.txt").read_text() != "4":
                time.sleep(0.05)
        run(turned_away(house.server.port, third))
        with example(house.server, tmp_path) as lines_:
            assert next(lines_) == f"call.created +{third} -> {NUMBER}\n"


async def turned_away(port: int, who: str) -> None:
    """Call a number that hangs up."""
    with BareCaller(port, NUMBER, who) as caller:
        caller.send_request("INVITE", body=SDP)
        assert (await caller.answer_to("INVITE")).status >= 400
        caller.send_request("ACK")


@contextmanager
def example(server: Server, folder: Path) -> Iterator[Iterator[str]]:
    """Run the example that the docs tell of; give its lines."""
    program = Path(__file__).parents[2] / "examples" / "follow_events.py"
    url = f"http://127.0.0.1:{server.web_port}"
    command = [sys.executable, str(program), url, KEYS["house"], str(folder / "place.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.kill()
