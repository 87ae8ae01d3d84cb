"""A program that subscribes is told of each real call until it unsubscribes, and of nothing after (S-31)."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.app.application import Application, open_application
from switchhook.domain.access.token import Scope, Token
from switchhook.domain.event import Subscription
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.tokens import digest_of
from switchhook.projectfile.file import read_project
from switchhook.settings import Settings
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import PhoneBehaviour, Softphone
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from switchhook.webhooks.http import HttpRequest
from tests.support.loop import run
from tests.support.web import Answer, read_answer
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow

Json = dict[str, Any]

LOCAL = "127.0.0.1"
NUMBER, MOBILE = "31508009000", "0612345678"
CUSTOMER: Json = {
    "number": "+31508009008",
    "name": None,
    "account_number": None,
    "user_numbers": [],
    "user_emails": [],
}
ALICE: Json = {
    "number": "201",
    "name": "Alice",
    "account_number": 201,
    "user_numbers": ["201"],
    "user_emails": [],
}
BOB: Json = {
    "number": "bob",
    "name": None,
    "account_number": "bob",
    "user_numbers": ["bob"],
    "user_emails": [],
}
OUTSIDE: Json = {
    "number": "+31612345678",
    "name": None,
    "account_number": None,
    "user_numbers": [],
    "user_emails": [],
}
KEY = "0123456789abcdef"
SUBSCRIBE = """\
POST /api/callnotification/callnotification/ HTTP/1.1
Host: pbx.example.com
Content-Type: application/json
Authorization: Token user@example.com:{key}
Content-Length: {length}

{{"target_url":"{url}","event":"{event}"}}"""
"""What a REST-hook client sends, byte for byte; line ends aside."""
UNSUBSCRIBE = """\
DELETE /api/callnotification/callnotification/{id} HTTP/1.1
Host: pbx.example.com
Authorization: Token user@example.com:{key}

"""
MEMBERS = [
    "call_id",
    "timestamp",
    "status",
    "version",
    "direction",
    "caller",
    "destination",
    "reason",
]
PROJECT = """
[project]
id = "voys"
name = "Voys"
country = "NL"
allowed_networks = ["127.0.0.0/8"]

[[numbers]]
number = "31508009000"
scheme = 1

[[accounts]]
login = "201"
password = "password-of-alice"
name = "Alice"

[[accounts]]
login = "bob"
password = "password-of-bob"

[[groups]]
name = "300"
accounts = ["201", "bob"]

[[trunks]]
name = "carrier"
host = "127.0.0.1"
port = {carrier}
sources = ["127.0.0.1/32"]

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ring = ["300"]
timeout = 20
"""


TOKEN = Token(
    project="voys",
    id="a",
    user="user@example.com",
    scope=Scope.SUBSCRIPTIONS,
    created_at=0.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running parts: Switchhook, the telephones, the carrier."""

    app: Application
    alice: Softphone
    carrier: Softphone

    async def call_in(self) -> None:
        """Call the project's number; Alice answers, and the caller hangs up."""
        made = await self.carrier.call(f"sip:{NUMBER}@{LOCAL}:{self.app.sip_port}")
        await made.answered()
        made.end()
        await self.over()

    async def call_from_alice(self, dialled: str) -> None:
        """Let Alice call somebody who answers, and hang up."""
        made = await self.alice.call(f"sip:{dialled}@{LOCAL}:{self.app.sip_port}")
        await made.answered()
        made.end()
        await self.over()

    async def over(self) -> None:
        """Wait until nothing is left of the call, nor to be told of it."""
        await self.app.switchboard.idle()
        await self.app.dispatcher.drain()

    async def subscribe(self, url: str, event: str = "custom", *, key: str = KEY) -> Answer:
        """Subscribe as a REST-hook client does."""
        length = length_of(url, event)
        return await self.ask(SUBSCRIBE.format(key=key, length=length, url=url, event=event))

    async def unsubscribe(self, answer: Answer, *, key: str = KEY) -> Answer:
        """End the subscription that an answer told the id of."""
        return await self.ask(UNSUBSCRIBE.format(id=answer.json["id"], key=key))

    async def ask(self, text: str) -> Answer:
        """Send a request over the network, and return what came back."""
        reader, writer = await asyncio.open_connection(LOCAL, self.app.web_port)
        head, _, body = text.partition("\n\n")
        writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body.encode())
        try:
            return await read_answer(reader)
        finally:
            writer.close()


def length_of(url: str, event: str) -> int:
    """Return how long the body of a subscription is."""
    return len(json.dumps({"target_url": url, "event": event}, separators=(",", ":")))


@asynccontextmanager
async def stage(directory: Path) -> AsyncIterator[Stage]:
    """Start everything; Alice answers at once, Bob lets it ring."""
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Softphone("0508009008"))
        store = await SqliteStore.open(directory / DATABASE)
        await store.save_project("voys", PROJECT.replace("{carrier}", str(carrier.port)))
        await store.tokens.save(TOKEN, digest_of(KEY))
        await store.close()
        settings = Settings(data_dir=directory, sip_port=0, web_port=0)
        app = await stack.enter_async_context(open_application(settings))
        server = Peer(UDP, LOCAL, app.sip_port)
        alice = Softphone("201", "password-of-alice", server=server)
        bob = Softphone(
            "bob", "password-of-bob", server=server, behaviour=PhoneBehaviour(answer_after=None)
        )
        for phone in (alice, bob):
            await stack.enter_async_context(phone)
            await phone.register()
        yield Stage(app=app, alice=alice, carrier=carrier)


def told(requests: Sequence[Received | HttpRequest]) -> list[Json]:
    """Return the notifications of one call, without what no two calls have alike."""
    read = [json.loads(request.body) for request in requests]
    assert len({one.pop("call_id") for one in map(dict, read)}) == 1
    for one in read:
        assert list(one) == MEMBERS
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", one["timestamp"])
        assert one["version"] == "v2"
    return [{name: one[name] for name in MEMBERS[4:]} | {"status": one["status"]} for one in read]


def notification(
    status: str,
    *targets: Json,
    direction: str = "inbound",
    reason: str = "",
) -> Json:
    number, caller = f"+{NUMBER}", CUSTOMER
    if direction == "outbound":
        number, caller = OUTSIDE["number"], ALICE
    alone = {"target": targets[0]} if status == "in-progress" else {}
    return {
        "status": status,
        "direction": direction,
        "caller": caller,
        "destination": {"number": number, "targets": list(targets), **alone},
        "reason": reason,
    }


@pytest.mark.row("S-31")
def test_a_client_subscribes_and_unsubscribes_in_these_bytes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with stage(tmp_path) as here:
            url = "https://hooks.target/h/1"
            assert length_of(url, "custom") == 58
            made = await here.subscribe(url)
            assert made.status == 201
            assert made.json["id"] == 1
            for key in ("0123456789abcdee", ""):
                assert (await here.subscribe(url, key=key)).status == 403
                assert (await here.unsubscribe(made, key=key)).status == 403
            assert [one.number for one in here.app.subscribers.of("voys")] == [1]
            assert (await here.unsubscribe(made)).status == 200
            assert (await here.unsubscribe(made)).status == 404
            assert here.app.subscribers.of("voys") == ()

    run(scenario())


@pytest.mark.row("S-31", "T-31")
def test_each_call_is_told_until_the_subscription_ends(tmp_path: Path) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        async with stage(tmp_path) as here:
            refused = await here.subscribe(endpoint.url("/h/1"), key="0123456789abcdee")
            assert refused.status == 403
            await here.call_in()
            assert endpoint.ledger.requests == []

            one = await here.subscribe(endpoint.url("/h/1"))
            assert (await here.subscribe(endpoint.url("/h/2"), event="ended")).status == 201
            await here.call_in()
            incoming = endpoint.ledger.of("/h/1")
            assert told(incoming) == [
                notification("created"),
                notification("ringing", ALICE, BOB),
                notification("in-progress", ALICE),
                notification("ended", ALICE, reason="completed"),
            ]
            ids = [request.header("webhook-id") for request in incoming]
            assert len(set(ids)) == 4
            assert all(name.endswith(".subscription%201") for name in ids)
            assert incoming[0].method == "POST"
            assert incoming[0].header("Content-Type") == "application/json"
            assert told(endpoint.ledger.of("/h/2")) == [
                notification("ended", ALICE, reason="completed")
            ]

            await here.call_from_alice(MOBILE)
            assert told(endpoint.ledger.of("/h/1")[4:]) == [
                notification("ringing", OUTSIDE, direction="outbound"),
                notification("in-progress", OUTSIDE, direction="outbound"),
                notification("ended", OUTSIDE, direction="outbound", reason="completed"),
            ]

            ended = await here.unsubscribe(one)
            assert (ended.status, ended.json) == (200, one.json)
            await here.call_in()
            assert len(endpoint.ledger.of("/h/1")) == 7
            assert len(endpoint.ledger.of("/h/2")) == 3

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))


@pytest.mark.row("S-31")
def test_the_simulator_tells_the_same() -> None:
    project = read_project(PROJECT.format(carrier=5060))
    assert isinstance(project, Project), project

    def simulated(caller: str, callee: str) -> list[Json]:
        script = Script(caller=caller, callee=callee, phones={"bob": "rings"})
        subscribed = Subscription(
            project="voys",
            number=1,
            user="user@example.com",
            target_url="https://hooks.target/h/1",
            event="custom",
            created_at=0.0,
        )
        made = run(
            simulate_call(
                ProjectSnapshot(project), script, now=0.0, product="UA", subscriptions=(subscribed,)
            )
        )
        return told(
            [one.request for one in made.deliveries if isinstance(one.request, HttpRequest)]
        )

    assert simulated(CUSTOMER["number"], NUMBER) == [
        notification("created"),
        notification("ringing", ALICE, BOB),
        notification("in-progress", ALICE),
        notification("ended", ALICE, reason="completed"),
    ]
    assert simulated("201", MOBILE) == [
        notification("ringing", OUTSIDE, direction="outbound"),
        notification("in-progress", OUTSIDE, direction="outbound"),
        notification("ended", OUTSIDE, direction="outbound", reason="completed"),
    ]


def test_what_waits_when_the_subscription_ends_is_not_sent(tmp_path: Path) -> None:
    may_answer = threading.Event()

    def slowly(_request: Received) -> bytes:
        may_answer.wait(10)
        return reply()

    async def scenario(endpoint: Endpoint) -> None:
        async with stage(tmp_path) as here:
            one = await here.subscribe(endpoint.url("/h/1"))
            made = await here.carrier.call(f"sip:{NUMBER}@{LOCAL}:{here.app.sip_port}")
            await made.answered()
            made.end()
            await here.app.switchboard.idle()
            await asyncio.to_thread(endpoint.ledger.wait_for, lambda _: True)
            assert (await here.unsubscribe(one)).status == 200
            may_answer.set()
            await here.over()
            assert [request.path for request in endpoint.ledger.requests] == ["/h/1"]
            rows = await here.app.store.deliveries()
            assert [row.state.value for row in rows] == ["unsubscribed"] * 3 + ["delivered"]

    with Endpoint(slowly) as endpoint:
        run(scenario(endpoint))
    may_answer.set()
