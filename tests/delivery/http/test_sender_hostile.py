"""Whatever an endpoint does, the exchange ends in time, within its limits, with the right reason."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from typing import TYPE_CHECKING

import pytest

from switchhook.delivery.limits import HttpLimits
from switchhook.domain.failure import FailureKind
from tests.support.hostile import (
    OK,
    Hostile,
    Peer,
    get,
    keep_answering,
    post,
    saying,
    send,
    sending,
)
from tests.support.pace import ends_after

if TYPE_CHECKING:
    from tests.delivery.conftest import Play
    from tests.support.hostile import Script

DEADLINE = 0.3

HEAD = b"HTTP/1.1 200 OK\r\n"


async def is_silent(peer: Peer) -> None:
    await peer.request()
    await peer.hold()


async def drips_headers(peer: Peer) -> None:
    await peer.request()
    await peer.drip(HEAD + b"X-Slow: 1\r\n" * 100, every=0.02)


async def drips_its_body(peer: Peer) -> None:
    await peer.request()
    await peer.say(HEAD + b"Content-Length: 1000\r\n\r\n")
    await peer.drip(b"x" * 1000, every=0.02)


async def never_ends_its_body(peer: Peer) -> None:
    """Close-delimited, and never closed."""
    await peer.request()
    await peer.say(HEAD + b"\r\nhi")
    await peer.hold()


async def stops_between_chunks(peer: Peer) -> None:
    await peer.answer(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
    await peer.hold()


async def stops_in_an_interim_answer(peer: Peer) -> None:
    await peer.answer(b"HTTP/1.1 100 Continue\r\n\r\n")
    await peer.hold()


@pytest.mark.row("S-12", "R3-17")
@pytest.mark.parametrize(
    ("script", "kind", "phases"),
    [
        (is_silent, FailureKind.HEADERS_TIMEOUT, ["write", "headers"]),
        (drips_headers, FailureKind.HEADERS_TIMEOUT, ["write", "headers"]),
        (stops_in_an_interim_answer, FailureKind.HEADERS_TIMEOUT, ["write", "headers"]),
        (drips_its_body, FailureKind.BODY_TIMEOUT, ["write", "headers", "body"]),
        (never_ends_its_body, FailureKind.BODY_TIMEOUT, ["write", "headers", "body"]),
        (stops_between_chunks, FailureKind.BODY_TIMEOUT, ["write", "headers", "body"]),
    ],
)
def test_the_deadline_holds_for_everything_together(
    play: Play, script: Script, kind: FailureKind, phases: list[str]
) -> None:
    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            async with ends_after(DEADLINE):
                exchange = await send(sender, get(server.url), deadline=DEADLINE)
            assert exchange.response is None
            assert exchange.failure is not None
            assert exchange.failure.kind is kind
            assert exchange.failure.detail.startswith(f"127.0.0.1:{server.port}: ")
            assert [phase for phase, _ in exchange.seconds] == ["dns", "connect", *phases, "total"]

    play(scenario())


def test_an_endpoint_that_does_not_read_is_a_write_that_timed_out(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(Peer.freeze) as server, sending() as sender:
            request = post(server.url, b"x" * 32_000_000)
            async with ends_after(4 * DEADLINE):  # so much is copied before it is written
                exchange = await send(sender, request, deadline=4 * DEADLINE)
            assert exchange.failure is not None
            assert exchange.failure.kind is FailureKind.WRITE_TIMEOUT
            assert [phase for phase, _ in exchange.seconds][-2:] == ["write", "total"]

    play(scenario())


def test_a_host_that_takes_no_connection_is_a_connect_that_timed_out(play: Play) -> None:
    async def scenario() -> None:
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            first.connect(full.getsockname())
            second.settimeout(0)
            second.connect_ex(full.getsockname())
            async with sending() as sender:
                async with ends_after(DEADLINE):
                    url = f"http://127.0.0.1:{full.getsockname()[1]}/"
                    exchange = await send(sender, get(url), deadline=DEADLINE)
                assert exchange.failure is not None
                assert exchange.failure.kind is FailureKind.CONNECT_TIMEOUT
                assert exchange.address == ""

    play(scenario())


@pytest.mark.parametrize("first", [5.0, 0.2])
def test_a_deadline_holds_on_a_kept_connection_whatever_the_one_before_it_was(
    play: Play, first: float
) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer()
        await is_silent(peer)

    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            await send(sender, get(server.url), deadline=first)
            async with ends_after(DEADLINE):
                exchange = await send(sender, get(server.url), deadline=DEADLINE)
            assert exchange.reused
            assert exchange.failure is not None
            assert exchange.failure.kind is FailureKind.HEADERS_TIMEOUT

    play(scenario())


async def resets_at_once(peer: Peer) -> None:
    peer.reset()
    await asyncio.sleep(0)


async def resets_before_answering(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def resets_in_its_body(peer: Peer) -> None:
    await peer.answer(HEAD + b"Content-Length: 10\r\n\r\nhi")
    await asyncio.sleep(0.02)
    peer.reset()


async def resets_in_a_close_delimited_body(peer: Peer) -> None:
    await peer.answer(HEAD + b"\r\nhi")
    await asyncio.sleep(0.02)
    peer.reset()


async def closes_its_half_unanswered(peer: Peer) -> None:
    await peer.request()
    peer.finish()
    await peer.hold()


async def sends_headers_without_end(peer: Peer) -> None:
    await peer.request()
    await peer.say(HEAD)
    while True:
        await peer.say(b"X-More: " + b"y" * 1000 + b"\r\n")


async def sends_one_header_without_end(peer: Peer) -> None:
    await peer.request()
    await peer.say(HEAD + b"X-More: ")
    while True:
        await peer.say(b"y" * 1000)


async def sends_interim_answers_without_end(peer: Peer) -> None:
    await peer.request()
    while True:
        await peer.say(b"HTTP/1.1 102 Processing\r\n\r\n" * 40)


async def sends_a_body_without_end(peer: Peer) -> None:
    await peer.request()
    await peer.say(HEAD + b"\r\n")
    while True:
        await peer.say(b"y" * 10000)


async def sends_trailers_without_end(peer: Peer) -> None:
    await peer.request()
    await peer.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n")
    while True:
        await peer.say(b"X-More: " + b"y" * 1000 + b"\r\n")


async def sends_a_chunk_extension_without_end(peer: Peer) -> None:
    await peer.request()
    await peer.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;x=")
    while True:
        await peer.say(b"y" * 1000)


def zipped(data: bytes) -> bytes:
    """Compress without a date: a test's name is made of its values."""
    return gzip.compress(data, mtime=0)


def sized(body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.row("S-12", "A-36", "FT-09")
@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (resets_at_once, FailureKind.RESET, "without an answer"),
        (resets_before_answering, FailureKind.RESET, "without an answer"),
        (closes_its_half_unanswered, FailureKind.RESET, "without an answer"),
        (saying(HEAD + b"X: "), FailureKind.RESET, "in the middle of its headers"),
        (resets_in_its_body, FailureKind.RESET, "in the middle of its answer"),
        (resets_in_a_close_delimited_body, FailureKind.RESET, "in the middle of its answer"),
        (saying(HEAD + b"Content-Length: 29\r\n\r\nonly 25 bytes of the rest.."), FailureKind.BAD_RESPONSE, "promised 29 bytes, 27 came"),
        (saying(CHUNKED + b"2\r\nhi\r\n"), FailureKind.BAD_RESPONSE, "last chunk is missing"),
        (saying(CHUNKED + b"zz\r\nhi\r\n0\r\n\r\n"), FailureKind.BAD_RESPONSE, "not HTTP"),
        (saying(CHUNKED + b"ffffffffffffffffff\r\nhi"), FailureKind.BAD_RESPONSE, "not HTTP"),
        (saying(HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi"), FailureKind.BAD_RESPONSE, "not HTTP"),
        (saying(CHUNKED + b"2\r\nhi\r\n0"), FailureKind.BAD_RESPONSE, "last chunk is missing"),
        (saying(CHUNKED + b"2\r\nhi\r\n2\r\n"), FailureKind.BAD_RESPONSE, "last chunk is missing"),
        (saying(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!"), FailureKind.BAD_RESPONSE, "not HTTP"),
        (saying(HEAD + b"Content-Length:\r\n 2\r\n\r\nhi"), FailureKind.BAD_RESPONSE, "not HTTP"),
        (saying(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), FailureKind.BAD_RESPONSE, "Transfer-Encoding"),
        (saying(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), FailureKind.BAD_RESPONSE, "another protocol"),
        (saying(b"HTTP/1.1 000 What\r\nContent-Length: 0\r\n\r\n"), FailureKind.BAD_RESPONSE, "status 000"),
        (saying(b"220 mail.example ESMTP\r\n"), FailureKind.BAD_RESPONSE, "not HTTP"),
        (saying(b"\x15\x03\x01\x00\x02\x02\x46"), FailureKind.BAD_RESPONSE, "not HTTP"),
        (sends_interim_answers_without_end, FailureKind.BAD_RESPONSE, "interim"),
        (sends_headers_without_end, FailureKind.TOO_LARGE, "32768 bytes"),
        (sends_one_header_without_end, FailureKind.TOO_LARGE, "32768 bytes"),
        (saying(HEAD + b"A: b\r\n" * 1001 + b"Content-Length: 0\r\n\r\n"), FailureKind.TOO_LARGE, "more than 1000 headers"),
        (sends_a_body_without_end, FailureKind.TOO_LARGE, "65536 bytes"),
        (sends_trailers_without_end, FailureKind.TOO_LARGE, "65536 bytes"),
        (sends_a_chunk_extension_without_end, FailureKind.TOO_LARGE, "65536 bytes"),
        (saying(sized(b"x" * 10_000_000)), FailureKind.TOO_LARGE, "65536 bytes"),
        (saying(sized(b"x" * 65537)), FailureKind.TOO_LARGE, "65536 bytes"),
        (saying(sized(zipped(b"\0" * 64_000_000), b"Content-Encoding: gzip")), FailureKind.TOO_LARGE, "65536 bytes"),
        (saying(sized(zlib.compress(b"\0" * 64_000_000), b"Content-Encoding: deflate")), FailureKind.TOO_LARGE, "65536 bytes"),
        (saying(sized(zipped(b"hi")[:-1], b"Content-Encoding: gzip")), FailureKind.BAD_RESPONSE, "too early"),
    ],
)  # fmt: skip
def test_a_fault_is_told_apart_and_ends_the_connection(
    play: Play, script: Script, kind: FailureKind, words: str
) -> None:
    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            exchange = await send(sender, get(server.url + "/path?key=secret"))
            assert exchange.response is None
            assert exchange.failure is not None
            assert (exchange.failure.kind, words in exchange.failure.detail) == (kind, True), (
                exchange.failure
            )
            assert "secret" not in exchange.failure.detail
            assert "path" not in exchange.failure.detail
            assert exchange.failure.detail.endswith(".")
            assert (sender.failed, sender.opened) == (1, 1)

    play(scenario())


async def drips_behind_its_head(peer: Peer) -> None:
    await peer.answer(HEAD + b"Content-Length: 99\r\n\r\n")
    await peer.drip(b"x" * 99, every=0.05)


@pytest.mark.row("R2-03", "FB-10")
@pytest.mark.parametrize(
    ("script", "body"),
    [
        (resets_in_its_body, b"hi"),
        (saying(HEAD + b"Content-Length: 99\r\n\r\nhi"), b"hi"),
        (saying(CHUNKED + b"2\r\nhi\r\n"), b"hi"),
        (saying(CHUNKED + b"2\r\nhi\r\nrubbish"), b"hi"),
        (saying(sized(b"x" * 100_000)), b"x"),
        (drips_behind_its_head, b"x"),
    ],
)
def test_a_status_that_came_is_told_whatever_becomes_of_the_body(
    play: Play, script: Script, body: bytes
) -> None:
    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            exchange = await send(sender, get(server.url), deadline=0.5)
            assert exchange.failure is not None
            assert exchange.response is None
            assert exchange.begun is not None
            assert exchange.begun.status == 200
            assert exchange.begun.body.startswith(body)

    play(scenario())


def test_no_status_is_told_of_a_head_that_was_cut(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(saying(HEAD + b"X: ")) as server, sending() as sender:
            assert (await send(sender, get(server.url))).begun is None

    play(scenario())


PHP = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 9\r\n"
    b"Connection: close\r\nExpires: Thu, 19 Nov 1981 08:52:00 GMT\r\nExpires: 0\r\n"
    b"Cache-Control: no-store, no-cache, must-revalidate, post-check=0, pre-check=0\r\n"
    b"X-Powered-By: PHP/5.5.29\r\n\r\n380123456"
)


@pytest.mark.row("R3-26", "R3-27", "R3-28", "R3-29", "S-07")
@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (HEAD + b"Content-Length: 25\r\n\r\n" + b'{"number_01":"3 80123456789"}', 200, b'{"number_01":"3 801234567'),
        (PHP, 200, b"380123456"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi"),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, b"hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b""),
        (b"HTTP/1.1 401 No\r\nContent-Length: 10\r\n\r\nstatus=NAK", 401, b"status=NAK"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", 302, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK, 200, b"hi"),
        (CHUNKED + b"2;ext=1\r\nhi\r\n1  \r\n!\r\n0\r\nTrailer: x\r\n\r\n", 200, b"hi!"),
        (CHUNKED + b"2\r\nhi\r\n0\r\n", 200, b"hi"),
        (CHUNKED + b"2\r\nhi\r\n000;x\r\n", 200, b"hi"),
        (HEAD + b"A: b\r\n" * 500 + b"Content-Length: 2\r\n\r\nhi", 200, b"hi"),
        (sized(zipped(b"hi")), 200, b"hi"),
        (sized(b"hi", b"Content-Encoding: gzip"), 200, b"hi"),
        (sized(b"x" * 65536), 200, b"x" * 65536),
        (sized(zipped(b"y" * 65536), b"Content-Encoding: gzip"), 200, b"y" * 65536),
        (sized(b"\x1b\x00opaque", b"Content-Encoding: br"), 200, b"\x1b\x00opaque"),
        (HEAD + b"Upgrade: h2,h2c\r\nConnection: Upgrade, Keep-Alive\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi"),
    ],
)  # fmt: skip
def test_odd_but_honest_answers_are_read(
    play: Play, answer: bytes, status: int, body: bytes
) -> None:
    async def scenario() -> None:
        async with Hostile(saying(answer)) as server, sending() as sender:
            exchange = await send(sender, get(server.url))
            assert exchange.failure is None
            assert exchange.response is not None
            assert (exchange.response.status, exchange.response.body) == (status, body)

    play(scenario())


def test_head_has_no_body_whatever_its_headers_say(play: Play) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(HEAD + b"Content-Length: 100\r\nContent-Encoding: gzip\r\n\r\n")
        await peer.hold()

    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            request = get(server.url)
            exchange = await send(
                sender, type(request)(method="HEAD", url=request.url, headers=request.headers)
            )
            assert exchange.response is not None
            assert exchange.response.body == b""
            assert sender.idle == 0

    play(scenario())


def test_an_answer_that_comes_before_the_request_is_through_counts(play: Play) -> None:
    async def script(peer: Peer) -> None:
        await peer.glance()
        await peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await peer.freeze()

    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            exchange = await send(sender, post(server.url, b"x" * 32_000_000))
            assert exchange.response is not None
            assert exchange.response.status == 413
            assert sender.idle == 0

    play(scenario())


def test_a_caller_may_allow_another_size(play: Play) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.answer(sized(b"x" * 100_000))

    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            more = await send(sender, get(server.url), max_body=100_000)
            less = await send(sender, get(server.url), max_body=99_999)
            assert more.response is not None
            assert less.failure is not None
            assert less.failure.kind is FailureKind.TOO_LARGE

    play(scenario())


def test_nobody_listening_is_refused(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server:
            url = server.url
        async with sending() as sender:
            exchange = await send(sender, get(url))
            assert exchange.failure is not None
            assert exchange.failure.kind is FailureKind.REFUSED

    play(scenario())


def test_one_hanging_endpoint_holds_up_nobody_else(play: Play) -> None:
    async def scenario() -> None:
        enough = asyncio.Event()

        async def hangs(peer: Peer) -> None:
            await peer.request()
            await enough.wait()

        async with (
            Hostile(hangs) as hanging,
            Hostile(keep_answering) as healthy,
            sending(limits=HttpLimits(idle_per_origin=8)) as sender,
        ):
            asking = (send(sender, get(hanging.url), deadline=30.0) for _ in range(50))
            hung = asyncio.gather(*asking)
            for _ in range(20):
                assert (await send(sender, get(healthy.url))).failure is None
            assert not hung.done()
            enough.set()
            kinds = {exchange.failure.kind for exchange in await hung if exchange.failure}
            assert kinds == {FailureKind.RESET}

    play(scenario())


@pytest.mark.row("R3-17", "A-08")
def test_the_answer_may_have_a_limit_of_its_own_within_the_deadline(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(is_silent) as server, sending() as sender:
            async with ends_after(DEADLINE):
                exchange = await send(sender, get(server.url), deadline=5.0, response=DEADLINE)
            assert exchange.failure is not None
            assert exchange.failure.kind is FailureKind.HEADERS_TIMEOUT

    play(scenario())
