"""S-47: what an endpoint did not take is listed, checked or sent again, on the command line as over the API."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from switchhook.app.application import open_application
from switchhook.domain.access.token import Scope
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.tokens import create_token
from switchhook.settings import Settings
from switchhook.storage.records import DeliveryFilter
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.promises import delivery, ended, record
from tests.support.snapshots import snapshot
from tests.support.web import read_answer
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switchhook.app.application import Application
    from switchhook.storage.records import DeliveryList

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
url = "{url}"
{policy}
"""
REFUSED = "http://127.0.0.1:9/crm"
"""Nothing listens there."""


class Door:
    """One way to act: the command line, or the API. Both answer the same JSON."""

    def __init__(self, app: Application, folder: Path, key: str) -> None:
        self.app = app
        self._folder = folder
        self._key = key

    async def cli(self, *words: str) -> Any:
        """Run a command beside the server, and return the JSON that it prints."""
        return await asyncio.to_thread(self._run, *words)

    def _run(self, *words: str) -> Any:
        import subprocess  # noqa: PLC0415 - a command is a process of its own here
        import sys  # noqa: PLC0415

        command = [sys.executable, "-m", "switchhook", *words, "--json"]
        done = subprocess.run(
            [*command, "--data-dir", str(self._folder)], capture_output=True, check=False
        )
        return json.loads(done.stdout) if done.stdout else done.stderr.decode()

    async def api(self, method: str, path: str, body: object = None) -> Any:
        """Send a request, and return the JSON that is answered."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.app.web_port)
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} /api/projects/shop/deliveries{path} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {self._key}\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        writer.write(head.encode() + data)
        answer = await read_answer(reader)
        writer.close()
        return answer.json


@asynccontextmanager
async def serving(folder: Path, document: str) -> AsyncIterator[Door]:
    """Run a server with this project, its API and a token."""
    store = await SqliteStore.open(folder / DATABASE)
    await store.save_project("shop", document)
    made = await create_token(
        store,
        store.tokens,
        project="shop",
        user="mary",
        scope=Scope.PROJECT,
        days=None,
        now=time.time(),
    )
    await store.close()
    settings = Settings(
        data_dir=folder, sip_port=0, web_host="127.0.0.1", web_port=0, keep_days=36_500
    )
    async with open_application(settings) as app:
        yield Door(app, folder, made.key)


async def promise(app: Application, call: str, *, url: str, codes: tuple[int, ...] = (200,)) -> str:
    """Let a call end, and its event be told; return the delivery's id."""
    version = app.directory.snapshots["shop"].project.version
    within = ProjectSnapshot(replace(snapshot().project, version=version))
    made = replace(
        delivery(call, url=url, success_codes=codes),
        occurred_at=time.time(),
        response_timeout=app.policies.policy_of(delivery(call)).response_timeout,
    )
    await app.store.commit(record(ended(call, within=within), made))
    app.dispatcher.dispatch(made)
    return made.id


async def until(app: Application, state: DeliveryList, count: int) -> None:
    """Wait until so many deliveries are on a list."""
    while len(await app.store.deliveries(DeliveryFilter(state=state), limit=10_000)) != count:  # noqa: ASYNC110 - a store tells nobody
        await asyncio.sleep(0.02)


async def marks(app: Application) -> dict[str, int]:
    """Return how many deliveries of each webhook need somebody."""
    found = await app.store.unchecked_by_webhook("shop")
    return {name: count.number for name, count in found.items()}


async def compare_lists(door: Door, first: str, endpoint: Endpoint) -> None:
    """See the one entry through both doors, in short and in full, and the mark of its webhook."""
    (entry,) = await door.cli("deliveries")
    page = await door.api("GET", "")
    assert page == {"deliveries": [entry], "next": None, "searched_to": None}
    assert (entry["id"], entry["call"], entry["event"]) == (first, "c1", "incoming.after")
    assert entry["url"] == endpoint.url("/crm?****")
    assert (entry["latest"]["status"], entry["latest"]["answer"]) == (503, "down")
    assert "answered 503" in entry["latest"]["detail"]
    story = await door.cli("deliveries", first)
    assert await door.api("GET", f"/{quote(first, safe='')}") == story
    assert (await door.api("GET", "?full=true"))["deliveries"] == [story]
    assert await door.cli("deliveries", "--full") == [story]
    assert story["body"] == '{"event":"after"}'
    facts = story["attempts"][0]["facts"]
    assert facts["address"] == f"127.0.0.1:{endpoint.port}"
    assert float(facts["seconds_total"]) >= float(facts["seconds_headers"]) > 0
    assert await door.api("GET", "/count") == await door.cli("deliveries", "--count")
    (row,) = [one for one in await door.cli("event", "list") if one["name"] == "crm"]
    assert (row["with_error"], row["actions"][0]["unchecked"]) == (True, 1)
    shown = await door.cli("event", "show", "crm")
    assert shown["notes"][0].startswith("crm is with error: 1 to check")


async def check_and_undo(door: Door, first: str) -> None:
    """Check the one entry and put it back, through both doors."""
    # Checked: it leaves the list, and the mark clears.
    assert await door.cli("deliveries", "check", first) == [
        {"id": first, "done": True, "note": None}
    ]
    assert await door.cli("deliveries") == []
    assert await marks(door.app) == {}
    (kept,) = (await door.api("GET", "?state=checked"))["deliveries"]
    assert kept["checked"]["by"] == "an operator"
    assert await door.api("POST", "/uncheck", {"ids": [first]}) == [
        {"id": first, "done": True, "note": None}
    ]
    await door.api("POST", "/check", {"ids": [first]})
    (kept,) = await door.cli("deliveries", "--checked")
    assert kept["checked"]["by"] == "mary over the API"
    assert (await door.cli("deliveries", "uncheck", first))[0]["done"]
    assert await marks(door.app) == {"crm": 1}


@pytest.mark.row("R2-05", "R2-06", "R2-07", "N-11", "T-09", "S-47")
def test_not_200_is_listed_checked_and_sent_again_by_both_doors(tmp_path: Path) -> None:
    is_down = threading.Event()
    is_down.set()

    def crm(_request: Received) -> bytes:
        return reply(b"down", status="503 Busy") if is_down.is_set() else reply(b"thanks")

    async def scenario() -> None:
        async with serving(tmp_path, document) as door:
            app = door.app
            first = await promise(app, "c1", url=endpoint.url("/crm?key=secret"))
            await until(app, "unchecked", 1)
            await app.dispatcher.drain()
            assert len(endpoint.ledger.requests) == 1

            await compare_lists(door, first, endpoint)
            await check_and_undo(door, first)

            # Send: one identical request; while it fails, it comes back to the list.
            (sent,) = await door.cli("deliveries", "send", first)
            assert sent == {"id": first, "done": True, "note": None}
            await until(app, "unchecked", 1)
            is_down.clear()
            (sent,) = await door.api("POST", "/send", {"ids": [first]})
            assert sent["done"]
            await until(app, "delivered", 1)
            assert await marks(app) == {}
            assert await door.cli("deliveries") == []
            story = await door.cli("deliveries", first)
            assert [(one["number"], one["status"]) for one in story["attempts"]] == [
                (1, 503),
                (2, 503),
                (3, 200),
            ]
            one, two, three = (request.raw for request in endpoint.ledger.requests)
            assert one == two == three

            # The next call is told as usual, and what was delivered may be sent once more.
            await promise(app, "c2", url=endpoint.url("/crm"))
            await until(app, "delivered", 2)
            assert (await door.cli("deliveries", "send", first))[0]["done"]
            await app.dispatcher.drain()
            assert len(endpoint.ledger.requests) == 5
            assert endpoint.ledger.requests[-1].raw == one

    with Endpoint(crm) as endpoint:
        document = PROJECT.format(url=endpoint.url("/crm"), policy="")
        run(scenario(), deadline=90)


@pytest.mark.row("R2-03", "R2-05", "S-47")
@pytest.mark.parametrize(
    "status", ["201 Created", "204 No Content", "302 Found", "refused", "late"]
)
@pytest.mark.parametrize("codes", [(200,), tuple(range(200, 300))], ids=["strict", "any 2xx"])
def test_whatever_is_not_200_is_listed_and_any_2xx_where_that_counts_is_not(
    tmp_path: Path, status: str, codes: tuple[int, ...]
) -> None:
    let_go = threading.Event()

    def crm(_request: Received) -> bytes:
        if status == "late":
            let_go.wait(30)
        return reply(status="200 OK" if status == "late" else status)

    async def scenario() -> None:
        async with serving(tmp_path, document) as door:
            url = REFUSED if status == "refused" else endpoint.url("/crm")
            made = await promise(door.app, "c1", url=url, codes=codes)
            await door.app.dispatcher.drain()
            listed = (await door.api("GET", ""))["deliveries"]
            is_good = status.startswith("20") and len(codes) > 1
            assert [one["id"] for one in listed] == ([] if is_good else [made])
            assert await marks(door.app) == ({} if is_good else {"crm": 1})
            let_go.set()

    with Endpoint(crm) as endpoint:
        document = PROJECT.format(url=endpoint.url("/crm"), policy="response_timeout = 1")
        run(scenario())


@pytest.mark.row("R2-04", "R2-05", "S-47")
def test_with_three_retries_it_is_listed_after_four_requests_and_sent_once_more_alone(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, document) as door:
            made = await promise(door.app, "c1", url=endpoint.url("/crm"))
            await until(door.app, "unchecked", 1)
            assert len(endpoint.ledger.requests) == 4
            assert (await door.api("POST", "/send", {"ids": [made]}))[0]["done"]
            await until(door.app, "unchecked", 1)
            await door.app.dispatcher.drain()
            assert len(endpoint.ledger.requests) == 5

    with Endpoint(lambda _: reply(status="503 Busy")) as endpoint:
        policy = "pauses = [1, 1, 1]\nbreaker_failures = 0"
        document = PROJECT.format(url=endpoint.url("/crm"), policy=policy)
        run(scenario())


@pytest.mark.row("N-11")
def test_what_is_parked_says_until_when_and_goes_ahead_as_the_probe(tmp_path: Path) -> None:
    is_down = threading.Event()
    is_down.set()

    def crm(_request: Received) -> bytes:
        return reply(status="503 Busy" if is_down.is_set() else "200 OK")

    async def scenario() -> None:
        async with serving(tmp_path, document) as door:
            made = [await promise(door.app, f"c{n}", url=endpoint.url("/crm")) for n in range(3)]
            await until(door.app, "parked", 3)
            (one, *_) = (await door.api("GET", "?state=parked"))["deliveries"]
            assert one["parked"]["failures"] >= 2
            assert one["parked"]["next_probe_at"] > one["parked"]["failing_since"]
            is_down.clear()
            (sent,) = await door.cli("deliveries", "send", made[1])
            assert sent["note"] == "its endpoint is parked: it goes ahead as the probe"
            await until(door.app, "delivered", 2)
            (sent,) = await door.api("POST", "/send", {"ids": [made[0]]})  # its pause is not over
            assert sent == {"id": made[0], "done": True, "note": None}
            await until(door.app, "delivered", 3)

    with Endpoint(crm) as endpoint:
        policy = "pauses = [600]\nbreaker_failures = 2\nbreaker_pause = 600"
        document = PROJECT.format(url=endpoint.url("/crm"), policy=policy)
        run(scenario(), deadline=60)


@pytest.mark.row("T-09")
def test_all_of_a_filter_are_sent_by_a_job_that_goes_on_after_a_restart(tmp_path: Path) -> None:
    is_down = threading.Event()
    is_down.set()

    def crm(_request: Received) -> bytes:
        return reply(status="503 Busy" if is_down.is_set() else "200 OK")

    async def scenario() -> None:
        async with serving(tmp_path, document) as door:
            for number in range(250):
                await promise(door.app, f"c{number}", url=endpoint.url("/crm"))
            await until(door.app, "unchecked", 250)
            is_down.clear()
            endpoint.ledger.requests.clear()
            wanted = {"act": "send", "filter": {"text": "503"}}
            started = await door.api("POST", "/jobs", wanted)
            assert (started["state"], started["act"]) == ("running", "send")
        async with serving(tmp_path, document) as door:
            await until(door.app, "delivered", 250)
            number = started["number"]
            while (job := await door.api("GET", f"/jobs/{number}"))["state"] == "running":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
            assert (job["state"], job["done"], job["left_out"]) == ("done", 250, 0)
            assert await door.cli("deliveries", "jobs", str(number)) == job
            assert await marks(door.app) == {}
            bulk = await door.cli("deliveries", "check", "--bulk", "--all")
            assert (bulk["state"], bulk["done"], bulk["left_out"]) == ("done", 0, 250)
        keys = [request.raw for request in endpoint.ledger.requests]
        assert len(keys) >= 250

    with Endpoint(crm) as endpoint:
        document = PROJECT.format(url=endpoint.url("/crm"), policy="breaker_failures = 0")
        run(scenario(), deadline=60)


@pytest.mark.row("R2-05")
def test_a_webhook_that_was_removed_or_leads_elsewhere_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, document) as door:
            made = await promise(door.app, "c1", url=endpoint.url("/crm"))
            await until(door.app, "unchecked", 1)
        async with serving(tmp_path, document.replace("/crm", "/erp")) as door:
            assert (await door.api("POST", "/send", {"ids": [made]}))[0]["note"] is None
            await until(door.app, "unchecked", 1)
        elsewhere = PROJECT.format(url="https://crm.example/in", policy="")
        async with serving(tmp_path, elsewhere) as door:
            (sent,) = await door.cli("deliveries", "send", made)
            assert sent["done"]
            assert sent["note"].startswith(
                "crm leads to https://crm.example:443 now; this goes to http"
            )
            await until(door.app, "unchecked", 1)
        async with serving(tmp_path, document.replace('name = "crm"', 'name = "erp"')) as door:
            (sent,) = await door.cli("deliveries", "send", made)
            assert not sent["done"]
            assert sent["note"] == "crm is no longer in project shop: nothing is sent to it"
            assert len(await door.app.store.attempts(made)) == 3

    with Endpoint(lambda _: reply(status="503 Busy")) as endpoint:
        document = PROJECT.format(url=endpoint.url("/crm"), policy="")
        run(scenario())
