"""Every kind of secret does its work in real calls, and stands nowhere that anybody looks: a canary for each."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from standardwebhooks import Webhook

from switchhook.app.application import open_application
from switchhook.cli.main import run as switchhook
from switchhook.domain.access.token import Scope, Token
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.tokens import digest_of
from switchhook.settings import Settings
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import PhoneBehaviour, Softphone
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.signatures import symmetric_key
from tests.support.loop import run
from tests.support.web import read_answer
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

LOCAL = "127.0.0.1"
KEY = "0123456789abcdef"
WHSEC = symmetric_key(b"canary-signing-secret-of-32-byte")
CANARIES = {
    name: f"canary-{name}-s3cret"
    for name in (
        *("password", "token", "header", "url", "hmac", "client", "refresh", "ask", "askurl"),
        *("access", "rotated"),
    )
}
PROJECT = """
[project]
id = "acme"
name = "Acme"
country = "UA"
allowed_networks = ["127.0.0.0/8"]

[[numbers]]
number = "380442223344"
scheme = 1

[[accounts]]
login = "101"
password = "reception-101"

[[trunks]]
name = "carrier"
host = "127.0.0.1"
port = {carrier}
sources = ["127.0.0.1/32"]

[[forwarding_numbers]]
name = "router"
url = "{base}/ask/{{secret}}?key={{secret}}"
username = "us"
password = "{ask}"
url_secret = "{askurl}"
signing_secrets = ["{whsec}"]

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ask = "router"

[[schemes.steps]]
ring = ["101"]

[[events]]
name = "told"
event = "incoming.after"
{actions}
"""
KINDS = {
    "basic": 'username = "us"\npassword = "{password}"',
    "bearer": 'token = "{token}"',
    "header": 'secret_headers = [{{ name = "X-Api-Key", value = "{header}" }}]',
    "url": 'url_secret = "{url}"',
    "signed": 'signing_secrets = ["{whsec}"]',
    "hmac": 'hmac = {{ header = "X-Sign", secret = "{hmac}" }}',
    "oauth": 'oauth = {{ token_url = "{base}/token", client_id = "us", client_secret = "{client}",'
    ' refresh_token = "{refresh}" }}',
}

KNOWN = {
    "basic": [CANARIES["password"]],
    "bearer": [CANARIES["token"]],
    "header": [CANARIES["header"]],
    "url": [CANARIES["url"]],
    "signed": [WHSEC],
    "hmac": [CANARIES["hmac"]],
    "oauth": [CANARIES[name] for name in ("client", "refresh", "access")],
}
"""What the endpoint of each kind knows, and repeats."""


def project(base: str, carrier: int) -> str:
    """Write the project: an action for each kind to an endpoint that agrees, and one that does not."""
    words = CANARIES | {"base": base, "whsec": WHSEC}
    actions = []
    for name, keys in KINDS.items():
        for path in ("good", "bad"):
            secret = "/{secret}" if name == "url" else ""
            lines = [
                "\n[[events.webhooks]]",
                f'name = "{name} {path}"',
                f'url = "{base}/{path}/{name}{secret}"',
                keys.format(**words),
                'parameters = [{ name = "status", value = "status" }]',
            ]
            actions.append("\n".join(lines))
    return PROJECT.format(**words, carrier=carrier, actions="\n".join(actions))


def answer(request: Received) -> bytes:
    """Answer as each place does; what came is repeated, as endpoints do in their errors."""
    if request.path == "/token":
        said = {"access_token": CANARIES["access"], "refresh_token": CANARIES["rotated"]}
        return reply(json.dumps(said))
    if request.path.startswith("/ask"):
        return reply(json.dumps({"dst_phone": "101", "you": request.raw.decode("latin-1")}))
    kind = request.path.split("/")[2]
    known = " ".join(KNOWN[kind])
    return reply(
        request.raw + f" {known}".encode(),
        status="500 No" if "/bad/" in request.path else "200 OK",
    )


async def get(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(LOCAL, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
    try:
        return (await read_answer(reader)).body
    finally:
        writer.close()


async def call_once(directory: Path, base: str) -> list[bytes]:
    """Run a call through everything; return what the API shows of it."""
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Softphone("0508009008"))
        store = await SqliteStore.open(directory / DATABASE)
        await store.save_project("acme", project(base, carrier.port))
        token = Token(project="acme", id="a", user="me", scope=Scope.PROJECT, created_at=0.0)
        await store.tokens.save(token, digest_of(KEY))
        await store.close()
        settings = Settings(data_dir=directory, sip_port=0, web_port=0)
        app = await stack.enter_async_context(open_application(settings))
        phone = Softphone(
            "101",
            "reception-101",
            server=Peer(UDP, LOCAL, app.sip_port),
            behaviour=PhoneBehaviour(answer_after=0.0),
        )
        await stack.enter_async_context(phone)
        await phone.register()
        made = await carrier.call(f"sip:380442223344@{LOCAL}:{app.sip_port}")
        await made.answered()
        made.end()
        await app.switchboard.idle()
        await app.dispatcher.drain()
        return [await get(app.web_port, path) for path in ("/api/projects/acme", "/openapi.json")]


@pytest.mark.row("T-13", "T-14")
def test_each_secret_works_and_stands_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with Endpoint(answer) as endpoint:
        base = endpoint.url("")
        shown = run(call_once(tmp_path, base))
        _each_was_proved(endpoint)
    said = [*shown, capfd.readouterr().err.encode(), caplog.text.encode()]
    store = ["--data-dir", str(tmp_path)]
    for command in (
        ["calls"],
        ["deliveries", "--all"],
        ["calls", "--json"],
        ["deliveries", "--all", "--json"],
    ):
        assert switchhook([*command, *store]) == 0
    calls = json.loads(_output(capfd, ["calls", "--json", *store]))
    assert switchhook(["calls", calls[0]["id"], *store]) == 0
    deliveries = json.loads(_output(capfd, ["deliveries", "--all", "--json", *store]))
    assert len(deliveries) == 2 * len(KINDS)
    for delivery in deliveries:
        for json_ in ([], ["--json"]):
            assert switchhook(["deliveries", delivery["id"], *json_, *store]) == 0
    out, err = capfd.readouterr()
    said += [out.encode(), err.encode()]
    said += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    basic = b64encode(f"us:{CANARIES['password']}".encode()).decode()
    for canary in (*CANARIES.values(), WHSEC, basic):
        assert [text for text in said if canary.encode() in text] == [], canary
    assert b"****" in out.encode()


def _output(capfd: pytest.CaptureFixture[str], command: list[str]) -> str:
    capfd.readouterr()
    assert switchhook(command) == 0
    return capfd.readouterr().out


def _each_was_proved(endpoint: Endpoint) -> None:
    """Check that the endpoint got what each kind is for."""
    (ask,) = [one for one in endpoint.ledger.requests if one.path.startswith("/ask/")]
    assert ask.target == f"/ask/{CANARIES['askurl']}?key={CANARIES['askurl']}"
    assert (
        ask.header("Authorization")
        == "Basic " + b64encode(f"us:{CANARIES['ask']}".encode()).decode()
    )
    assert ask.header("webhook-signature").startswith("v1,")
    for path in ("good", "bad"):
        (basic,) = endpoint.ledger.of(f"/{path}/basic")
        assert basic.header("Authorization").startswith("Basic ")
        (bearer,) = endpoint.ledger.of(f"/{path}/bearer")
        assert bearer.header("Authorization") == f"Bearer {CANARIES['token']}"
        (header,) = endpoint.ledger.of(f"/{path}/header")
        assert header.header("X-Api-Key") == CANARIES["header"]
        assert len(endpoint.ledger.of(f"/{path}/url/{CANARIES['url']}")) == 1
        (signed,) = endpoint.ledger.of(f"/{path}/signed")
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        Webhook(WHSEC).verify(signed.body, {name: signed.header(name) for name in names})
        (oauth,) = endpoint.ledger.of(f"/{path}/oauth")
        assert oauth.header("Authorization") == f"Bearer {CANARIES['access']}"
    (token,) = endpoint.ledger.of("/token")
    assert dict(parse_qsl(token.body.decode()))["refresh_token"] == CANARIES["refresh"]
