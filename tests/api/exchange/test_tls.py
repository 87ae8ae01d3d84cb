"""With a certificate the API is served over TLS alone; a renewed one is taken, and a handshake that never ends is ended."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import structlog.testing
import trustme

from switchhook.api import protocol, server
from switchhook.api.exchange import tls
from switchhook.api.exchange.tls import WebCertificate
from switchhook.api.listening import CannotListenError, listen
from switchhook.api.server import WebServer
from switchhook.tasks import spawn
from tests.support.loop import run
from tests.support.web import read_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.web import Answer

NAME = "pbx.example.com"


def write(ca: trustme.CA, directory: Path, name: str = NAME) -> WebCertificate:
    issued = ca.issue_cert(name)
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    (directory / "pbx.pem").write_bytes(chain)
    (directory / "pbx.key").write_bytes(issued.private_key_pem.bytes())
    return WebCertificate(directory / "pbx.pem", directory / "pbx.key")


async def echo(scope: object, receive: object, send: object) -> None:
    told = str(scope["scheme"]).encode()  # type: ignore[index] # ASGI
    head = [(b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": head})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": told})  # type: ignore[operator]
    del receive


@asynccontextmanager
async def served(certificate: WebCertificate, app: Any = echo) -> AsyncIterator[int]:
    async with AsyncExitStack() as stack:
        listening = listen("127.0.0.1", 0)
        await WebServer(app, certificate=certificate).serve(listening, stack)
        yield listening.getsockname()[1]


def trusting(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=ca.cert_pem.bytes().decode())
    return context


async def ask(port: int, context: ssl.SSLContext | None, name: str = NAME) -> Answer:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name if context else None
    )
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return await read_answer(reader)
    finally:
        writer.close()


def test_it_is_served_over_tls_and_the_application_knows(tmp_path: Path) -> None:
    async def scenario() -> None:
        ca = trustme.CA()
        async with served(write(ca, tmp_path)) as port:
            for _ in range(3):
                answer = await ask(port, trusting(ca))
                assert (answer.status, answer.body) == (200, b"https")
            with pytest.raises(ssl.SSLCertVerificationError):
                await ask(port, trusting(trustme.CA()))
            old = trusting(ca)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
            assert (await ask(port, old)).status == 200

    run(scenario())


def test_plain_http_gets_nothing_and_disturbs_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        ca = trustme.CA()
        async with served(write(ca, tmp_path)) as port:
            with (
                structlog.testing.capture_logs() as logged,
                pytest.raises((ConnectionError, asyncio.IncompleteReadError)),
            ):
                await ask(port, None)
            (line,) = [one for one in logged if one["event"] == "tls handshake failed"]
            assert (line["address"], line["why"]) == ("127.0.0.1", "it speaks plain HTTP")
            assert (await ask(port, trusting(ca))).status == 200

    run(scenario())


def test_a_handshake_that_never_ends_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_TIMEOUT", 1)

    async def scenario() -> None:
        ca = trustme.CA()
        async with served(write(ca, tmp_path)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1), 10)
            writer.close()
            assert (await ask(port, trusting(ca))).status == 200

    run(scenario())


def test_handshakes_that_never_end_are_few_and_keep_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "MAX_HANDSHAKES", 5)

    async def scenario() -> None:
        ca = trustme.CA()
        async with served(write(ca, tmp_path)) as port:
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            assert (await ask(port, trusting(ca))).status == 200
            ends = [spawn(reader.read(), name="silent") for reader, _ in silent]
            await asyncio.sleep(0.2)
            assert sum(one.done() for one in ends) >= 15
            for _, writer in silent:
                writer.close()
            await asyncio.gather(*ends, return_exceptions=True)

    run(scenario())


def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        ca = trustme.CA()
        async with served(write(ca, tmp_path)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = trusting(ca).wrap_bio(incoming, outgoing, server_hostname=NAME)
            with pytest.raises(ssl.SSLWantReadError):
                client.do_handshake()
            writer.write(outgoing.read())
            while True:
                incoming.write(await reader.read(65_536))
                try:
                    client.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                break
            client.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            writer.write(outgoing.read())  # what ends the handshake, and the request, in one
            answer = b""
            while not answer.endswith(b"https"):
                incoming.write(await reader.read(65_536))
                with suppress(ssl.SSLWantReadError):
                    while part := client.read(65_536):
                        answer += part
            writer.close()

    run(scenario())


def test_clients_that_do_not_take_leave_keep_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 3)

    async def scenario() -> None:
        ca = trustme.CA()
        async with served(write(ca, tmp_path)) as port:
            raw = [await _secure(port, trusting(ca)) for _ in range(3)]
            for sock in raw:  # refused, and closed by the server; none reads or takes leave
                sock.send(b"no HTTP at all\r\n\r\n")
            await asyncio.sleep(0.2)
            assert (await ask(port, trusting(ca))).status == 200
            for sock in raw:
                sock.close()

    run(scenario())


def test_a_client_that_never_reads_is_held_little_for_and_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "TIMEOUT", 1.0)
    sent = 0

    async def endless(_: object, receive: Any, send: Any) -> None:
        nonlocal sent
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        gone = spawn(receive(), name="gone")
        while not gone.done():
            await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
            sent += 65_536
            await asyncio.sleep(0)

    async def scenario() -> None:
        ca = trustme.CA()
        async with served(write(ca, tmp_path), endless) as port:
            plain = socket.socket()
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            plain.connect(("127.0.0.1", port))

            def hand_shake() -> ssl.SSLSocket:
                return trusting(ca).wrap_socket(plain, server_hostname=NAME)

            client = await asyncio.to_thread(hand_shake)
            client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(0.5)
            held = sent
            assert held < 8 << 20  # what the system's buffers take, and ours
            await asyncio.sleep(1.5)
            assert sent <= held + 65_536
            client.settimeout(5)
            with suppress(OSError):
                while client.recv(1 << 20):
                    pass
            client.close()
            assert sent < held + (2 << 20)

    run(scenario())


def test_the_server_ends_beside_clients_that_do_not_take_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GRACE", 0.1)

    async def scenario() -> list[ssl.SSLSocket]:
        ca = trustme.CA()
        async with served(write(ca, tmp_path)) as port:
            raw = [await _secure(port, trusting(ca)) for _ in range(4)]
            for sock in raw[:2]:  # closed by the server before it ends
                sock.send(b"no HTTP at all\r\n\r\n")
            raw[2].send(b"GET / HTTP/1.1\r\n")
            silent = socket.create_connection(("127.0.0.1", port))  # in its handshake
            await asyncio.sleep(0.1)
        silent.close()
        return raw

    began = time.monotonic()
    for sock in run(scenario()):
        sock.settimeout(1)
        with suppress(OSError):
            while sock.recv(65_536):
                pass
        sock.close()
    assert time.monotonic() - began < 3  # none was left open


async def _secure(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    def connect() -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", port))
        return context.wrap_socket(plain, server_hostname=NAME)

    return await asyncio.to_thread(connect)


def test_a_renewed_certificate_is_taken_and_half_of_one_is_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        before, after = trustme.CA(), trustme.CA()
        certificate = write(before, tmp_path)
        async with served(certificate) as port:
            assert (await ask(port, trusting(before))).status == 200
            whole = (tmp_path / "pbx.pem").read_bytes()
            issued = after.issue_cert(NAME)
            (tmp_path / "pbx.pem").write_bytes(b"".join(b.bytes() for b in issued.cert_chain_pems))
            with structlog.testing.capture_logs() as logged:
                certificate.look()
                certificate.look()
            assert [line["event"] for line in logged] == ["certificate not taken"]
            assert (await ask(port, trusting(before))).status == 200
            (tmp_path / "pbx.key").write_bytes(issued.private_key_pem.bytes())
            with structlog.testing.capture_logs() as logged:
                certificate.look()
            assert [line["event"] for line in logged] == ["certificate renewed"]
            assert (await ask(port, trusting(after))).status == 200
            assert whole != (tmp_path / "pbx.pem").read_bytes()

    run(scenario())


@pytest.mark.parametrize("spoils", ["pbx.pem", "pbx.key"])
def test_files_that_cannot_be_used_are_named(tmp_path: Path, spoils: str) -> None:
    write(trustme.CA(), tmp_path)
    (tmp_path / spoils).write_text("nothing")
    with pytest.raises(CannotListenError, match=r"over TLS with web_certificate .*pbx\.pem.* PEM"):
        WebCertificate(tmp_path / "pbx.pem", tmp_path / "pbx.key")


def test_the_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    write(trustme.CA(), tmp_path)
    other = trustme.CA().issue_cert(NAME).private_key_pem
    (tmp_path / "pbx.key").write_bytes(other.bytes())
    with pytest.raises(CannotListenError, match="the key is not that of the first certificate"):
        WebCertificate(tmp_path / "pbx.pem", tmp_path / "pbx.key")


@pytest.mark.parametrize(
    ("file", "setting"), [("pbx.pem", "web_certificate"), ("pbx.key", "web_key")]
)
def test_the_file_that_is_missing_is_named(tmp_path: Path, file: str, setting: str) -> None:
    write(trustme.CA(), tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(
        CannotListenError, match=rf"{setting} .*{file} cannot be read \(No such file"
    ):
        WebCertificate(tmp_path / "pbx.pem", tmp_path / "pbx.key")
