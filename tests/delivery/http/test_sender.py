"""An exchange puts exactly the request on the wire, keeps connections well, and accounts for itself."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from switchhook.delivery.limits import HttpLimits
from switchhook.domain.failure import FailureKind
from switchhook.tasks import spawn
from switchhook.webhooks.http import HttpRequest
from tests.support.hostile import (
    OK,
    Hostile,
    ManyAtOnce,
    Peer,
    get,
    keep_answering,
    post,
    saying,
    send,
    sending,
    until,
)

if TYPE_CHECKING:
    from tests.delivery.conftest import Play


@pytest.mark.row("S-06", "R3-19", "R3-20", "R3-21", "R3-22", "R3-23", "R3-24", "R3-25")
def test_the_request_goes_out_byte_for_byte_in_its_order_and_case(play: Play) -> None:
    body = b'{"call_id":"3333333333.3333333","step_forward":"webhookNumber:120"}'

    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            request = HttpRequest(
                method="POST",
                url=f"{server.url}/api/addnumber/",
                headers=(
                    ("Host", "api.asterisk"),
                    ("Origin", "api.asterisk"),
                    ("User-Agent", "ringostat HTTP Client v1.1"),
                    ("content-TYPE", "application/json"),
                    ("Content-Length", "67"),
                    ("Connection", "close"),
                ),
                body=body,
            )
            exchange = await send(sender, request, keep_alive=False)
            assert exchange.failure is None
            assert exchange.request is request
            assert server.requests == [
                b"POST /api/addnumber/ HTTP/1.1\r\n"
                b"Host: api.asterisk\r\n"
                b"Origin: api.asterisk\r\n"
                b"User-Agent: ringostat HTTP Client v1.1\r\n"
                b"content-TYPE: application/json\r\n"
                b"Content-Length: 67\r\n"
                b"Connection: close\r\n"
                b"\r\n" + body
            ]

    play(scenario())


@pytest.mark.row("R1-07", "R1-08", "R1-09", "R1-12")
@pytest.mark.parametrize(
    ("rest", "target"),
    [
        ("", "/"),
        ("?key=abc&x=%2F", "/?key=abc&x=%2F"),
        ("/a/../b//c/?q=1?2#part", "/a/../b//c/?q=1?2"),
        ("/calls/3333333333.3333333?caller=%2B380", "/calls/3333333333.3333333?caller=%2B380"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_path_and_query_go_out_as_they_are_and_no_body_with_them(
    play: Play, rest: str, target: str, method: str
) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            request = HttpRequest(method=method, url=server.url + rest, headers=(("Host", "h"),))
            assert (await send(sender, request)).failure is None
            assert server.requests == [f"{method} {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode()]

    play(scenario())


def test_one_connection_carries_many_exchanges(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            exchanges = [await send(sender, post(server.url)) for _ in range(5)]
            assert [exchange.reused for exchange in exchanges] == [False, True, True, True, True]
            assert {exchange.address for exchange in exchanges} == {f"127.0.0.1:{server.port}"}
            assert (sender.exchanges, sender.opened, sender.reused, sender.failed) == (5, 1, 4, 0)
            assert (sender.open, sender.idle, server.accepted) == (1, 1, 1)

    play(scenario())


def test_phases_are_told_in_order_and_add_up(play: Play) -> None:
    async def slow(peer: Peer) -> None:
        while True:
            await peer.request()
            await asyncio.sleep(0.05)
            await peer.say(OK[:-1])
            await asyncio.sleep(0.03)
            await peer.say(OK[-1:])

    async def scenario() -> None:
        async with Hostile(slow) as server, sending() as sender:
            first = dict((await send(sender, get(server.url))).seconds)
            again = dict((await send(sender, get(server.url))).seconds)
            assert list(first) == ["dns", "connect", "write", "headers", "body", "total"]
            assert list(again) == ["write", "headers", "body", "total"]
            for seconds in (first, again):
                assert 0.04 < seconds["headers"] < 0.5
                assert 0.02 < seconds["body"] < 0.5
                total = seconds.pop("total")
                assert sum(seconds.values()) == pytest.approx(total, abs=0.05)

    play(scenario())


@pytest.mark.row("R3-25")
def test_without_keep_alive_the_connection_is_made_for_one_exchange(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            await send(sender, get(server.url))
            alone = await send(sender, get(server.url), keep_alive=False)
            assert not alone.reused
            assert (server.accepted, sender.idle) == (2, 1)

    play(scenario())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", id="close"
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", id="HTTP/1.0"),
        pytest.param(OK + b"\r\nmore", id="bytes beyond Content-Length"),
        pytest.param(OK + OK, id="a second response"),
        pytest.param(OK + b"H", id="a second response begun"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nhi",
            id="promise too short",
        ),
    ],
)
def test_a_connection_that_cannot_go_on_is_not_used_again(play: Play, answer: bytes) -> None:
    async def scenario() -> None:
        async def script(peer: Peer) -> None:
            while True:
                await peer.answer(answer)

        async with Hostile(script) as server, sending() as sender:
            for _ in range(2):
                exchange = await send(sender, get(server.url))
                assert exchange.response is not None
                assert exchange.response.body == b"hi"
            assert (server.accepted, sender.reused, sender.idle) == (2, 0, 0)

    play(scenario())


def test_bytes_that_nobody_asked_for_end_an_idle_connection(play: Play) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer()
        await peer.say(OK)
        await peer.hold()

    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            await send(sender, get(server.url))
            await until(lambda: sender.open == 0)
            again = await send(sender, get(server.url))
            assert not again.reused
            assert again.failure is None

    play(scenario())


class Clock:
    """A monotonic clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def test_an_idle_connection_is_left_before_the_server_leaves_it(play: Play) -> None:
    async def scenario() -> None:
        clock = Clock()
        async with Hostile(keep_answering) as server, sending(clock=clock) as sender:
            await send(sender, get(server.url))
            clock.ahead = 4.1
            assert not (await send(sender, get(server.url))).reused
            assert server.accepted == 2

    play(scenario())


def test_a_busy_connection_is_not_kept_for_ever(play: Play) -> None:
    """A host that moved to another address is found there, and not only when the old one dies."""

    async def scenario() -> None:
        clock = Clock()
        many = ManyAtOnce()
        async with (
            Hostile(keep_answering) as server,
            sending(clock=clock, concurrency=many) as sender,
        ):
            for _ in range(101):
                await send(sender, get(server.url))
                clock.ahead += 3.0
            assert server.accepted == 1
            await send(sender, get(server.url))
            assert server.accepted == 2

    play(scenario())


async def dies_after_one_answer(peer: Peer) -> None:
    """Answer the first request of the first connection; take the next one, and cut."""
    if peer.number > 1:
        await keep_answering(peer)
    await peer.answer()
    await peer.request()
    peer.reset()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_kept_connection_that_dies_silently_is_replaced_once(play: Play, method: str) -> None:
    async def scenario() -> None:
        async with Hostile(dies_after_one_answer) as server, sending() as sender:
            await send(sender, get(server.url))
            request = HttpRequest(method=method, url=server.url, headers=(("Host", "h"),))
            again = await send(sender, request)
            assert again.failure is None
            assert not again.reused
            assert (sender.retried, server.accepted, sender.failed) == (1, 2, 0)

    play(scenario())


def test_a_post_is_sent_again_only_where_the_caller_says_that_it_may_be(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(dies_after_one_answer) as server, sending() as sender:
            await send(sender, get(server.url))
            once = await send(sender, post(server.url))
            assert once.failure is not None
            assert once.failure.kind is FailureKind.RESET
            assert once.reused
            assert server.accepted == 1
        async with Hostile(dies_after_one_answer) as server, sending() as sender:
            await send(sender, get(server.url))
            twice = await send(sender, post(server.url), idempotent=True)
            assert twice.failure is None
            assert server.accepted == 2

    play(scenario())


def test_a_post_survives_a_connection_that_ended_before_it_was_written(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(saying(OK)) as server, sending() as sender:
            await send(sender, get(server.url))
            time.sleep(0.6)  # noqa: ASYNC251 - the loop must not see the end before the post goes out
            exchange = await send(sender, post(server.url))
            assert exchange.failure is None
            assert not exchange.reused
            assert sender.retried == 0

    play(scenario())


def test_a_second_death_is_not_tried_a_third_time(play: Play) -> None:
    async def script(peer: Peer) -> None:
        if peer.number == 1:
            await peer.answer()
        await peer.request()
        peer.reset()

    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            await send(sender, get(server.url))
            exchange = await send(sender, get(server.url))
            assert exchange.failure is not None
            assert exchange.failure.kind is FailureKind.RESET
            assert server.accepted == 2

    play(scenario())


def test_idle_connections_are_bounded_per_origin_and_in_all(play: Play) -> None:
    async def scenario() -> None:
        limits = HttpLimits(idle_per_origin=3, idle_total=5)
        async with (
            Hostile(keep_answering) as one,
            Hostile(keep_answering) as other,
            sending(limits=limits, concurrency=ManyAtOnce()) as sender,
        ):
            await asyncio.gather(*(send(sender, get(one.url)) for _ in range(10)))
            assert sender.idle == 3
            await asyncio.gather(*(send(sender, get(other.url)) for _ in range(10)))
            assert sender.idle == 5
            await until(lambda: sender.open == 5)

    play(scenario())


def test_many_requests_at_once_each_get_their_own_answer(play: Play) -> None:
    async def echo(peer: Peer) -> None:
        while True:
            request = await peer.request()
            number = request.partition(b" /")[2].partition(b" ")[0]
            await asyncio.sleep(0.01)
            await peer.say(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(number), number)
            )

    async def scenario() -> None:
        options = {"limits": HttpLimits(idle_per_origin=150), "concurrency": ManyAtOnce()}
        async with Hostile(echo) as server, sending(**options) as sender:

            async def ask(number: int) -> None:
                exchange = await send(sender, get(f"{server.url}/{number}"))
                assert exchange.response is not None
                assert exchange.response.body == str(number).encode()

            for _ in range(3):
                await asyncio.gather(*(ask(number) for number in range(150)))
            assert (sender.opened, server.accepted) == (150, 150)

    play(scenario())


@pytest.mark.row("R3-26")
def test_cookies_are_neither_kept_nor_sent_back(play: Play) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: PHPSESSID=olhduanaf; path=/\r\nContent-Length: 0\r\n\r\n"
    )

    async def scenario() -> None:
        async with Hostile(saying(answer, answer)) as server, sending() as sender:
            await send(sender, get(server.url))
            await send(sender, get(server.url))
            assert len(server.requests) == 2
            assert not any(b"ookie" in request for request in server.requests)

    play(scenario())


@pytest.mark.row("S-73")
def test_a_value_never_becomes_a_header(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            evil = get(server.url, ("X-Name", '"; X: y\r\nEvil: 1'))
            exchange = await send(sender, evil)
            assert exchange.failure is not None
            assert exchange.failure.kind is FailureKind.BAD_URL
            assert "Evil" not in exchange.failure.detail
            assert server.accepted == 0

    play(scenario())


def test_connections_are_not_shared_between_networks(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            await send(sender, get(server.url))
            refused = await sender.exchange(get(server.url), deadline=5.0)
            assert refused.failure is not None
            assert refused.failure.kind is FailureKind.ADDRESS_REFUSED
            assert refused.address == ""

    play(scenario())


def test_a_cancelled_exchange_gives_its_connection_up(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(Peer.hold) as server, sending() as sender:
            task = spawn(send(sender, get(server.url)), name="ask")
            await until(lambda: sender.open == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: sender.open == 0)

    play(scenario())


def test_closing_ends_what_is_under_way_as_interrupted(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(Peer.hold) as server, sending() as sender:
            waiting = [spawn(send(sender, get(server.url)), name="ask") for _ in range(3)]
            await until(lambda: sender.open == 3)
            await sender.close()
            late = await send(sender, get(server.url))
            for exchange in (*await asyncio.gather(*waiting), late):
                assert exchange.failure is not None
                assert exchange.failure.kind is FailureKind.INTERRUPTED

    play(scenario())


def test_a_bad_url_is_a_failure_like_any_other(play: Play) -> None:
    async def scenario() -> None:
        async with sending() as sender:
            exchange = await send(sender, HttpRequest(method="GET", url="ftp://h/", headers=()))
            assert exchange.failure is not None
            assert exchange.failure.kind is FailureKind.BAD_URL
            assert [phase for phase, _ in exchange.seconds] == ["total"]
            assert sender.failed == 1

    play(scenario())
