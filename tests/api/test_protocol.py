"""What is too large, too slow, too much or no HTTP is turned away, and everybody else is served meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

from switchhook.api import protocol
from switchhook.api.protocol import MAX_BODY, MAX_HEAD, MAX_WAITING
from tests.support.loop import run
from tests.support.web import HOOKS, PROBLEM, Web, read_answer, serving

PROJECT = "/api/projects/acme"
BEARER = b"Authorization: Bearer acme-key\r\n"


async def pour(writer: asyncio.StreamWriter, drop: bytes, *, pause: float) -> None:
    """Send the same again and again, until the other side has enough."""
    while True:
        writer.write(drop)
        await writer.drain()
        await asyncio.sleep(pause)


async def is_well(web: Web) -> bool:
    return (await web.ask("GET", "/healthz", key="")).status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * MAX_HEAD + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 400_000,
        b"GET /" + b"a" * MAX_HEAD + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
    ],
)
def test_a_head_that_is_too_large_is_431(raw: bytes) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.send(raw)
            assert answer.status == 431
            assert str(MAX_HEAD) in answer.json["detail"]
            assert answer.headers["connection"] == "close"
            assert await is_well(web)

    run(scenario())


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\x00b: c\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    ],
)
def test_what_is_no_http_is_400(raw: bytes) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.send(raw)
            assert (answer.status, set(answer.json)) == (400, PROBLEM)
            assert await is_well(web)

    run(scenario())


TOO_LARGE = "the body has more than 1048576 bytes"


def test_a_body_that_is_too_large_is_413_before_it_is_sent() -> None:
    async def scenario() -> None:
        async with serving() as web:
            head = f"PUT {PROJECT} HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY + 1}\r\n"
            answer = await web.send(head.encode() + BEARER + b"\r\n")
            assert (answer.status, answer.json["detail"]) == (413, TOO_LARGE)
            assert await is_well(web)

    run(scenario())


def test_a_body_in_chunks_that_is_too_large_is_413() -> None:
    async def scenario() -> None:
        async with serving() as web:
            head = f"PUT {PROJECT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            chunk = b"%x\r\n%s\r\n" % (1 << 16, b"a" * (1 << 16))
            answer = await web.send(head.encode() + BEARER + b"\r\n" + chunk * 17 + b"0\r\n\r\n")
            assert (answer.status, answer.json["detail"]) == (413, TOO_LARGE)
            assert await is_well(web)

    run(scenario())


def test_a_request_that_never_ends_is_cut() -> None:
    async def scenario() -> None:
        async with serving() as web:
            _, writer = await asyncio.open_connection("127.0.0.1", web.port)
            head = f"PUT {PROJECT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            writer.write(head.encode() + BEARER + b"\r\n0\r\n")
            with pytest.raises(ConnectionError):
                await pour(writer, b"Trailer: " + b"x" * 30_000 + b"\r\n", pause=0.0)
            writer.close()
            assert await is_well(web)

    run(scenario())


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: ",
        b"PUT /api/projects/acme HTTP/1.1\r\nHost: x\r\n" + BEARER + b"Content-Length: 9\r\n\r\nab",
    ],
)
def test_who_is_too_slow_is_cut_off(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "TIMEOUT", 0.1)

    async def scenario() -> None:
        async with serving() as web:
            reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
            writer.write(sent)
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            assert await is_well(web)

    run(scenario())


def test_bytes_that_trickle_win_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "TIMEOUT", 0.2)

    async def scenario() -> None:
        async with serving() as web:
            _, writer = await asyncio.open_connection("127.0.0.1", web.port)
            writer.write(b"GET / HTTP/1.1\r\n")
            with pytest.raises(ConnectionError):
                await pour(writer, b"A: b\r\n", pause=0.01)
            writer.close()

    run(scenario())


def test_whoever_waits_longest_makes_room_for_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 3)

    async def scenario() -> None:
        async with serving() as web:
            held = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(3)]
            held[1][1].write(b"GET /livez HTTP/1.1\r\nA: ")  # the head never ends
            later = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(3)]
            for reader, _ in held:
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            assert await is_well(web)
            for _, writer in (*held, *later):
                writer.close()

    run(scenario())


def test_a_connection_too_many_is_503_where_all_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n" % HOOKS.encode()

    async def scenario() -> None:
        async with serving() as web:
            held = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(2)]
            for reader, writer in held:
                writer.write(head + BEARER + b"Expect: 100-continue\r\n\r\n")
                assert b"100" in await reader.readline()
            reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
            answer = await read_answer(reader)
            assert answer.status == 503
            assert await reader.read() == b""
            writer.close()
            for _, one in held:
                one.close()
                await one.wait_closed()
            while not await is_well(web):  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)

    run(scenario())


def test_a_connection_serves_one_request_after_another() -> None:
    async def scenario() -> None:
        async with serving() as web:
            reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
            body = json.dumps({"target_url": "https://a.example/", "event": "custom"}).encode()
            post = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n%s" % (
                *(HOOKS.encode(), len(body), BEARER),
                body,
            )
            writer.write(post * 3)
            told = [await read_answer(reader) for _ in range(3)]
            assert [answer.json["id"] for answer in told] == [1, 2, 3]
            writer.close()

    run(scenario())


def test_who_waits_to_be_told_to_go_on_is_told() -> None:
    async def scenario() -> None:
        async with serving() as web:
            reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
            head = f"POST {HOOKS} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n".encode()
            writer.write(head + BEARER + b"Expect: 100-continue\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            writer.write(b"{}")
            assert (await read_answer(reader)).status == 400
            writer.close()

    run(scenario())


def test_what_stands_behind_a_body_lets_nobody_in() -> None:
    """A trailer is no header (RFC 9110 6.5.1): a proxy in front may have looked at those alone."""

    async def scenario() -> None:
        async with serving() as web:
            head = f"POST {HOOKS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            answer = await web.send(head.encode() + b"2\r\n{}\r\n0\r\n" + BEARER + b"\r\n")
            assert answer.status == 401

    run(scenario())


def test_few_requests_may_wait_for_the_answer_to_one_before() -> None:
    async def scenario() -> None:
        async with serving() as web:
            reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
            one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            writer.write(one * (MAX_WAITING + 1))
            for _ in range(MAX_WAITING + 1):
                assert (await read_answer(reader)).status == 200
            writer.write(one * 5_000)
            answer = await read_answer(reader)
            assert (answer.status, answer.headers["connection"]) == (400, "close")
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
            assert await is_well(web)

    run(scenario())


@pytest.mark.row("FC-06")
def test_no_uvicorn_comes_that_was_not_tried() -> None:
    """Its protocol is subclassed, and a release of 0.x may change what that builds on."""
    root = Path(__file__).parents[2]
    wanted = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    (uvicorn,) = (one for one in wanted if one.startswith("uvicorn"))
    locked = re.search(
        r"^uvicorn==0\.(\d+)\.", (root / "requirements/run.txt").read_text(), re.MULTILINE
    )
    bound = re.search(r",<0\.(\d+)$", uvicorn)
    assert locked is not None
    assert bound is not None, uvicorn
    assert int(bound[1]) == int(locked[1]) + 1
