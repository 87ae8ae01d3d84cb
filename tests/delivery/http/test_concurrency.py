"""No connection of ours that waits holds up anybody at a server that serves one connection at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast
from urllib.request import urlopen

import pytest

from switchhook.delivery.http import concurrency as module
from switchhook.delivery.http.concurrency import Concurrency, OriginConcurrency
from switchhook.delivery.http.origin import Origin
from switchhook.delivery.limits import HttpLimits
from tests.support.hostile import Hostile, Peer, get, keep_answering, post, send, sending, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.delivery.http.connection import Connection
    from tests.delivery.conftest import Play

PROMPT = 1.5
"""Seconds on a busy machine, far below the 2.5 to 4.5 that a connection of ours once cost everybody else."""


class Worker(BaseHTTPRequestHandler):
    """Answers on a connection until it ends."""

    pause = 0.0

    def do_GET(self) -> None:
        time.sleep(self.pause)
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    do_POST = do_GET  # noqa: N815 (as http.server names it)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class KeepingWorker(Worker):
    protocol_version = "HTTP/1.1"


class SlowWorker(KeepingWorker):
    pause = 0.15


@contextmanager
def working(handler: type[Worker], server: type[HTTPServer] = HTTPServer) -> Iterator[str]:
    with server(("127.0.0.1", 0), handler) as one:
        thread = threading.Thread(target=partial(one.serve_forever, poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{one.server_port}"
        one.shutdown()
        thread.join()


def stranger(url: str) -> float:
    """Ask as `curl` does; return how many seconds that took."""
    began = time.monotonic()
    with urlopen(url, timeout=10) as answer:
        assert answer.read() == b"hi"
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.row("FC-02", "FE-03")
@pytest.mark.parametrize("handler", [Worker, KeepingWorker, SlowWorker])
def test_a_server_with_one_worker_lets_nobody_wait_for_us(
    play: Play, handler: type[Worker]
) -> None:
    async def scenario() -> None:
        shared = Concurrency()
        with working(handler) as url:
            async with (
                sending(concurrency=shared) as asking,
                sending(concurrency=shared) as telling,
            ):
                for turn in range(4):
                    took = []
                    for work in (
                        send(asking, get(url), prewarm=True),
                        send(telling, post(url)),
                        asyncio.to_thread(stranger, url),
                    ):
                        began = time.monotonic()
                        await work
                        took.append(time.monotonic() - began)
                    assert max(took) < PROMPT + 2 * handler.pause, (turn, took)
                    await asyncio.sleep(0.3 * turn)
                began = time.monotonic()
                both = send(asking, get(url), prewarm=True), send(telling, post(url))
                await asyncio.gather(*both)
                assert time.monotonic() - began < PROMPT + 2 * handler.pause
                await asyncio.sleep(0.7)  # long enough for a spare connection to be opened
                for _ in range(6):
                    assert await asyncio.to_thread(stranger, url) < PROMPT
                assert asking.prewarmed == 0

    play(scenario())


@pytest.mark.row("FC-02")
def test_a_server_that_serves_two_at_once_is_kept_warm_from_the_second_ask_on(play: Play) -> None:
    async def scenario() -> None:
        shared, limits = Concurrency(), HttpLimits(guest_seconds=0.01)
        with working(KeepingWorker, ThreadingHTTPServer) as url:
            async with sending(concurrency=shared, limits=limits) as asking:
                assert not (await send(asking, get(url), prewarm=True)).reused
                await until(lambda: asking.idle == 0)  # it was a guest
                assert not (await send(asking, get(url), prewarm=True)).reused
                await asyncio.sleep(0.05)
                assert (await send(asking, get(url), prewarm=True)).reused
                assert (asking.opened, asking.open, asking.idle) == (3, 1, 1)
                async with sending(concurrency=shared, limits=limits) as telling:
                    await send(telling, post(url))
                    await until(lambda: telling.idle == 0)
                    assert asking.idle == 1  # one was shown to be borne

    play(scenario())


@pytest.mark.row("FC-02")
def test_a_device_that_takes_one_connection_alone_answers_every_ask(play: Play) -> None:
    standing = 0

    async def one_alone(peer: Peer) -> None:
        nonlocal standing
        if standing:
            peer.reset()
            return
        standing += 1
        try:
            await keep_answering(peer)
        finally:
            standing -= 1

    async def scenario() -> None:
        limits = HttpLimits(guest_seconds=0.01)
        async with Hostile(one_alone) as server, sending(limits=limits) as sender:
            for _ in range(4):
                exchange = await send(sender, get(server.url), prewarm=True)
                assert exchange.failure is None
                await asyncio.sleep(0.05)

    play(scenario())


def test_an_origin_bears_as_many_as_it_served_one_beside(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            await asyncio.gather(*(send(sender, get(server.url)) for _ in range(5)))
            await asyncio.gather(*(send(sender, get(server.url)) for _ in range(5)))
            await asyncio.sleep(0.15)
            assert 1 <= sender.idle <= 4

    play(scenario())


class Standing:
    """Stands for a connection."""

    def __init__(self) -> None:
        self.is_lost = False

    def abort(self) -> None:
        self.is_lost = True


def connections(served: OriginConcurrency, number: int) -> list[Connection]:
    made = [cast("Connection", Standing()) for _ in range(number)]
    for one in made:
        served.opened(one)
    return made


def test_only_what_had_an_answer_before_counts_as_borne() -> None:
    """The server may take connections in another order than they were opened in."""
    served = OriginConcurrency()
    a, b, c = connections(served, 3)
    served.answered(b)
    assert served.shown == 0
    served.answered(a)
    served.answered(c)
    assert served.shown == 2


def test_what_may_hold_up_another_does_not_wait() -> None:
    served = OriginConcurrency()
    a, b = connections(served, 2)
    served.answered(a)
    assert served.give(a) is False
    assert a.is_lost
    served.lost(a, 0.0)
    served.answered(b)
    assert served.give(b) is False
    assert not b.is_lost
    connections(served, 1)
    assert b.is_lost


def test_what_was_shown_is_forgotten_where_another_server_may_have_come() -> None:
    served = OriginConcurrency()
    a, b = connections(served, 2)
    served.answered(a)
    served.answered(b)
    assert served.shown == 1
    assert served.give(a) is True
    assert served.give(b) is False
    served.lost(a, now=5.0)
    assert served.shown == 0
    assert not served.is_to_try(5.0)
    assert served.is_to_try(5.0 + module.TRY_PAUSE)


def test_where_no_answer_comes_those_that_wait_make_way() -> None:
    served = OriginConcurrency()
    a, b = connections(served, 2)
    served.answered(a)
    served.answered(b)
    served.give(a)
    (c,) = connections(served, 1)
    served.unanswered(c, 0.0)
    assert a.is_lost
    assert served.shown == 0


def test_a_server_that_bore_none_is_tried_again_later_and_later() -> None:
    served = OriginConcurrency()
    now, pauses = 0.0, []
    for _ in range(14):
        assert served.is_to_try(now)
        served.tried(now, is_borne=False)
        began = now
        while not served.is_to_try(now):
            now += 60.0
        pauses.append(now - began)
    assert pauses[:4] == [60.0, 120.0, 240.0, 480.0]
    assert max(pauses) == module.MAX_TRY_PAUSE


def test_origins_without_connections_are_forgotten_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ORIGINS_KEPT", 2)
    known = Concurrency()
    origins = [Origin(scheme="http", host="h", port=number) for number in range(3)]
    first = known.of(origins[0])
    connections(first, 1)
    second = known.of(origins[1])
    known.of(origins[2])
    assert known.of(origins[0]) is first
    assert known.of(origins[1]) is not second
