"""Real calls are told to a handler in PHP: every kind of event in order, every method and format, forty actions an event."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from switchhook.domain.event import EventFormat, EventKind, ProjectEvent
from switchhook.domain.project import Account
from switchhook.domain.scheme import RateStep
from switchhook.domain.webhook import Array, Field, HashAlgorithm, Method, Object
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import Softphone
from tests.support.events import make_webhook, web_event
from tests.support.house import NEXT, Callee, House, Line, open_house, ring
from tests.support.php import php_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchhook.domain.project import Project

pytestmark = pytest.mark.slow

RATED, PLAIN, ASLEEP = "380950000001", "380950000002", "380950000003"
SLEEPY, CALLER, PASSWORD = "380500000012", "380671234567", "a-long-password"
HANDLER = """<?php
// Takes down what came, as PHP understands it, and answers slowly enough for disorder to show.
$body = file_get_contents('php://input');
$seen = ['uri' => substr($_SERVER['REQUEST_URI'], strlen('/index.php')), 'method' => $_SERVER['REQUEST_METHOD'],
         'type' => $_SERVER['CONTENT_TYPE'] ?? null, 'get' => $_GET, 'post' => $_POST,
         'json' => json_decode($body, true), 'body' => base64_encode($body)];
usleep(30000);
file_put_contents(getenv('TOLD'), json_encode($seen) . "\\n", FILE_APPEND);
echo 'ok';
"""
TREE = (
    Field(name="call_id", parameter="call_id"),
    Array(
        name="numbers",
        items=(Field(name="", parameter="caller_id"), Field(name="", parameter="destination_id")),
    ),
    Object(
        name="call",
        members=(
            Field(name="status", parameter="status"),
            Object(name="times", members=(Field(name="talk", parameter="conversation"),)),
        ),
    ),
    Field(name="h_md5", parameter="caller_id", hash=HashAlgorithm.MD5),
    Field(name="h_crc", parameter="caller_id", hash=HashAlgorithm.CRC32),
    Field(name="h_sha256", parameter="caller_id", hash=HashAlgorithm.SHA256),
    Field(name="{{Имя менеджера}}", parameter="constant", argument="Иван Иванов"),
)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
ACTIONS: dict[str, dict[str, Any]] = {
    "json": {"url": "/json?key=1", "fields": TREE},
    "form": {"url": "/form?key=1", "format": EventFormat.FORM, "fields": TREE},
    "get": {"url": "/get?key=1", "method": Method.GET, "fields": TREE},
    "put": {"url": "/calls/{call_id}?key=1", "method": Method.PUT, "fields": TREE},
    "rpc": {
        "url": "/rpc?key=1",
        "format": EventFormat.JSON_RPC,
        "rpc_method": "call.finished",
        "fields": TREE[:1],
    },
    "text": {
        "url": "/text?key=1",
        "format": EventFormat.RAW,
        "body": "Call {{Caller ID}} -> {{Destination ID}}: {{Status}}",
        "headers": (("Content-Type", "text/plain"),),
    },
    "image": {
        "url": "/image?key=1",
        "format": EventFormat.RAW,
        "binary": PNG,
        "headers": (("Content-Type", "image/png"),),
    },
}
MANY = 40
INCOMING = (
    EventKind.INCOMING_BEFORE,
    EventKind.INCOMING_FORWARDING,
    EventKind.INCOMING_PICKUP,
    EventKind.INCOMING_RATED,
    EventKind.INCOMING_AFTER,
)
OUTGOING = (EventKind.OUTGOING_BEFORE, EventKind.OUTGOING_AFTER)


def body_of(request: dict[str, Any]) -> bytes:
    return base64.b64decode(request["body"])


class Parts(NamedTuple):
    house: House
    told: Path

    def seen(self, *, count: int, path: str = "/", of: str = "") -> list[dict[str, Any]]:
        """Wait until PHP took down so many requests to paths that begin so, and that hold a text; return all of them."""
        end = time.monotonic() + 20
        while True:
            lines = self.told.read_text().splitlines() if self.told.exists() else []
            found = [
                one
                for one in map(json.loads, lines)
                if one["uri"].startswith(path) and of in one["uri"] + body_of(one).decode("latin-1")
            ]
            if len(found) >= count:
                return found
            assert time.monotonic() < end, f"{len(found)} of {count}"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("events")
    told = directory / "told.jsonl"
    root = directory / "php"
    root.mkdir()
    (root / "index.php").write_text(HANDLER.replace("getenv('TOLD')", json.dumps(str(told))))
    lines = (
        Line(
            number=RATED,
            steps=(RateStep(sounds=("choose",)), ring(SLEEPY, timeout=5.0), ring(NEXT)),
        ),
        Line(number=PLAIN, steps=(ring(NEXT),)),
        Line(number=ASLEEP, steps=(ring(SLEEPY),)),
    )
    with php_server(root, directory / "php.log") as port:

        def refine(project: Project) -> Project:
            base = f"http://127.0.0.1:{port}/index.php"
            return replace(project, events=(*project.events, *events_to(base)))

        with open_house(
            directory,
            lines,
            callee=Callee(hold=700),
            accounts=(Account(login="ann", password=PASSWORD),),
            sounds={"choose": bytes(16_000)},
            refine=refine,
        ) as house:
            yield Parts(house, told)


def events_to(base: str) -> Iterator[ProjectEvent]:
    """Yield an event for each kind, one with an action in every format, and one with forty."""
    known = tuple(Field(name=name, parameter=name) for name in ("call_id", "caller_id", "rating"))
    for kind in (*INCOMING, *OUTGOING):
        yield web_event(name=f"php {kind}", event=kind, url=f"{base}/kind/{kind}", fields=known)
    webhooks = tuple(
        make_webhook(**settings | {"name": name, "url": base + settings["url"]})
        for name, settings in ACTIONS.items()
    )
    yield ProjectEvent(name="formats", event=EventKind.INCOMING_AFTER, webhooks=webhooks)
    many = tuple(
        make_webhook(name=f"many {place}", url=f"{base}/many/{place}", fields=known[:1])
        for place in range(MANY)
    )
    yield ProjectEvent(name="many", event=EventKind.INCOMING_AFTER, webhooks=many)


def of_call(requests: list[dict[str, Any]], call: str) -> list[str]:
    return [one["uri"].removeprefix("/kind/") for one in requests if one["json"]["call_id"] == call]


async def rate_it(house: House) -> None:
    """Call, talk until the other hangs up, and press 5 in the menu."""
    server = Peer(UDP, "127.0.0.1", house.server.port)
    async with Softphone(CALLER, server=server) as phone:
        call = await phone.call(RATED)
        await call.answered()
        house_side = asyncio.create_task(call.ended())  # noqa: TID251 (a test of its own loop)
        await asyncio.sleep(2.0)
        call.press("5")
        await asyncio.wait_for(house_side, 20)


@pytest.mark.row("S-45", "R2-01", "R2-09", "R2-10", "R2-11", "R2-12", "R2-13")
def test_every_event_of_an_incoming_call_comes_in_order(parts: Parts) -> None:
    before = len(parts.seen(count=0, path="/kind/"))
    asyncio.run(rate_it(parts.house))
    requests = parts.seen(count=before + 6, path="/kind/")[before:]
    call = requests[0]["json"]["call_id"]

    assert of_call(requests, call) == [
        "incoming.before",
        "incoming.forwarding",
        "incoming.forwarding",
        "incoming.pickup",
        "incoming.rated",
        "incoming.after",
    ]
    assert {one["json"]["caller_id"] for one in requests} == {CALLER}
    assert [one["json"]["rating"] for one in requests] == ["", "", "", "", "5", "5"]


@pytest.mark.row("S-45", "R2-09", "R2-10", "R2-13")
def test_a_call_that_is_given_up_has_no_pick_up(parts: Parts) -> None:
    before = len(parts.seen(count=0, path="/kind/"))

    async def give_up() -> None:
        server = Peer(UDP, "127.0.0.1", parts.house.server.port)
        async with Softphone(CALLER, server=server) as phone:
            call = await phone.call(ASLEEP)
            await asyncio.to_thread(parts.seen, count=before + 2, path="/kind/")
            call.end()
            await asyncio.wait_for(call.ended(), 20)

    asyncio.run(give_up())
    requests = parts.seen(count=before + 3, path="/kind/")[before:]
    assert of_call(requests, requests[0]["json"]["call_id"]) == [
        "incoming.before",
        "incoming.forwarding",
        "incoming.after",
    ]


@pytest.mark.row("S-45", "R2-14", "R2-15")
def test_an_outgoing_call_is_told_before_and_after(parts: Parts) -> None:
    before = len(parts.seen(count=0, path="/kind/"))

    async def dial() -> None:
        server = Peer(UDP, "127.0.0.1", parts.house.server.port)
        async with Softphone("ann", PASSWORD, server=server, host="127.0.0.2") as phone:
            call = await phone.call(NEXT)
            await call.answered()
            call.end()
            await asyncio.wait_for(call.ended(), 20)

    asyncio.run(dial())
    requests = parts.seen(count=before + 2, path="/kind/")[before:]
    assert of_call(requests, requests[0]["json"]["call_id"]) == [
        "outgoing.before",
        "outgoing.after",
    ]


@pytest.fixture(scope="module")
def formats(parts: Parts) -> tuple[dict[str, dict[str, Any]], str, str]:
    """Make one call; return what PHP saw of each action, the caller and the call."""
    story = parts.house.call(PLAIN)
    parts.seen(count=1, path=f"/many/{MANY - 1}", of=story.id)  # a call's come one after another
    requests = [
        *parts.seen(count=1, path="/image"),
        *parts.seen(count=1, path="/text", of=story.who),
        *parts.seen(count=5, of=story.id),
    ]
    first = {one["uri"].split("/")[1].partition("?")[0]: one for one in requests}
    return first, story.who, story.id


def tree(who: str, call: str, talk: str) -> dict[str, Any]:
    return {
        "call_id": call,
        "numbers": [who, PLAIN],
        "call": {"status": "ANSWERED", "times": {"talk": talk}},
        "h_md5": hashlib.md5(who.encode()).hexdigest(),
        "h_crc": f"{zlib.crc32(who.encode()):08x}",
        "h_sha256": hashlib.sha256(who.encode()).hexdigest(),
        "Имя менеджера": "Иван Иванов",
    }


Formats = tuple[dict[str, dict[str, Any]], str, str]


@pytest.mark.row(
    "S-40", "S-41", "S-42", "N-05", "R2-24", "R2-25", "R2-26", "R2-27", "R2-30", "R2-32"
)
@pytest.mark.row("R2-33", "R2-34", "R2-35", "R2-36", "R2-38", "R2-44")
def test_php_reads_every_type_of_value_by_every_method(formats: Formats) -> None:
    seen, who, call = formats
    talk = seen["json"]["json"]["call"]["times"]["talk"]
    expected = tree(who, call, talk)
    assert talk.isdigit()
    assert seen["json"]["json"] == expected
    assert (seen["json"]["method"], seen["json"]["type"]) == ("POST", "application/json")
    assert seen["calls"]["json"] == expected
    assert (seen["calls"]["method"], seen["calls"]["uri"]) == ("PUT", f"/calls/{call}?key=1")
    in_form = {name.replace(" ", "_"): value for name, value in expected.items()}  # as PHP has it
    assert seen["form"]["post"] == in_form
    assert seen["form"]["type"] == "application/x-www-form-urlencoded"
    assert seen["get"]["get"] == {"key": "1"} | in_form
    assert (seen["get"]["method"], seen["get"]["type"], seen["get"]["body"]) == ("GET", None, "")


@pytest.mark.row("N-05")
def test_the_address_s_own_query_is_kept_with_every_method(formats: Formats) -> None:
    seen, _, _ = formats
    asked = [seen[name] for name in ("json", "form", "get", "calls", "rpc", "text", "image")]

    assert [one["get"]["key"] for one in asked] == ["1"] * 7


@pytest.mark.row("S-43", "S-44", "S-46", "R2-28", "R2-29")
def test_php_gets_raw_bodies_as_they_are_and_calls_with_an_id(formats: Formats) -> None:
    seen, who, call = formats
    text, image = (body_of(seen[name]) for name in ("text", "image"))

    assert text.decode() == f"Call {who} -> {PLAIN}: ANSWERED"
    assert seen["text"]["type"] == "text/plain"
    assert hashlib.sha256(image).digest() == hashlib.sha256(PNG).digest()
    assert seen["image"]["type"] == "image/png"
    assert seen["rpc"]["json"] == {
        "jsonrpc": "2.0",
        "method": "call.finished",
        "params": {"call_id": call},
        "id": f"{call}.4.rpc",
    }


@pytest.mark.row("N-08", "A-26")
def test_an_event_has_forty_actions_in_their_order(formats: Formats, parts: Parts) -> None:
    _, _, call = formats
    requests = parts.seen(count=MANY, path="/many/", of=call)

    assert [one["uri"] for one in requests] == [f"/many/{place}" for place in range(MANY)]
