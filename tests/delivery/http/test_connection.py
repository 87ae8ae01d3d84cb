"""A connection carries one exchange at a time, and keeps each one's deadline with one timer."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, cast

import pytest

from switchhook.delivery.http.connection import Connection
from switchhook.delivery.http.deadline import LAST_LOOK_SECONDS, MOST_GIVEN_BACK_SECONDS
from switchhook.delivery.http.reader import ResponseReader
from switchhook.delivery.limits import HttpLimits
from switchhook.domain.failure import FailureKind
from tests.support.hostile import OK
from tests.support.virtual_time import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Transport(asyncio.Transport):
    """Notes what is written. Of its socket the other end is `far`."""

    def __init__(self) -> None:
        self._near, self.far = socket.socketpair()
        super().__init__({"socket": self._near})
        self.written: list[bytes] = []
        self.unsent = 0
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.is_aborted = True

    def __del__(self) -> None:
        self._near.close()
        self.far.close()


class Line:
    """A connection on a transport that is played by hand."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.lost: list[Connection] = []
        self.transport = Transport()
        self.connection = Connection(
            ResponseReader(HttpLimits(), "h:80"),
            where="h:80",
            address="192.0.2.1:80",
            clock=loop.time,
            on_lost=self.lost.append,
        )
        self.connection.connection_made(self.transport)

    def send(self, *, seconds: float) -> asyncio.Future[None]:
        now = asyncio.get_running_loop().time()
        return self.connection.send(b"GET", "GET", 100, now=now, until=now + seconds)

    @property
    def kind(self) -> FailureKind | None:
        failure = self.connection.reader.failure
        return None if failure is None else failure.failure.kind


def play(scenario: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(scenario)


def test_what_is_sent_is_written_at_once_and_in_one_piece() -> None:
    async def scenario() -> None:
        line = Line()
        waiting = line.send(seconds=5)
        assert line.transport.written == [b"GET"]
        assert not waiting.done()
        line.connection.data_received(OK[:10])
        assert not waiting.done()
        line.connection.data_received(OK[10:])
        await waiting
        assert line.connection.reader.response().body == b"hi"
        assert line.connection.can_be_kept

    play(scenario())


@pytest.mark.parametrize("before", [0.5, 2.0, 60.0])
def test_each_exchange_has_its_own_deadline_whatever_was_before(before: float) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        line = Line()
        first = line.send(seconds=before)
        line.connection.data_received(OK)
        await first
        await asyncio.sleep(0.25)
        began = loop.time()
        await line.send(seconds=2.0)
        assert loop.time() - began == pytest.approx(2.0)
        assert line.kind is FailureKind.HEADERS_TIMEOUT
        assert line.transport.is_aborted

    play(scenario())


def test_a_timer_that_fires_between_exchanges_does_nothing() -> None:
    async def scenario() -> None:
        line = Line()
        first = line.send(seconds=1.0)
        line.connection.data_received(OK)
        await first
        await asyncio.sleep(2.0)
        assert not line.transport.is_aborted
        second = line.send(seconds=1.0)
        line.connection.data_received(OK)
        await second
        assert line.kind is None

    play(scenario())


@pytest.mark.parametrize(
    ("received", "unsent", "kind"),
    [
        (b"", 7, FailureKind.WRITE_TIMEOUT),
        (b"", 0, FailureKind.HEADERS_TIMEOUT),
        (OK[:20], 0, FailureKind.HEADERS_TIMEOUT),
        (OK[:-1], 0, FailureKind.BODY_TIMEOUT),
    ],
)
def test_the_phase_that_took_too_long_is_named(
    received: bytes, unsent: int, kind: FailureKind
) -> None:
    async def scenario() -> None:
        line = Line()
        waiting = line.send(seconds=1.0)
        line.transport.unsent = unsent
        if received:
            line.connection.data_received(received)
        await waiting
        assert line.kind is kind
        phases = dict(line.connection.seconds(1.0))
        assert sum(phases.values()) == pytest.approx(2.0)  # the phases, and their total
        assert list(phases)[-2] == {"w": "write", "h": "headers", "b": "body"}[kind[0]]

    play(scenario())


def test_an_answer_that_is_read_late_counts_where_it_had_come_by_the_deadline() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        line = Line()
        waiting = line.send(seconds=1.0)
        line.transport.far.send(OK)  # while this process stood still
        loop.call_at(loop.time() + 1.0 + LAST_LOOK_SECONDS / 2, line.connection.data_received, OK)
        await waiting
        assert line.kind is None
        assert line.connection.can_be_kept

    play(scenario())


def test_an_answer_that_trickles_has_one_last_look_and_no_more() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(2):
            line = Line()
            began = loop.time()
            waiting = line.send(seconds=1.0)
            line.connection.data_received(OK[:-1])
            line.transport.far.send(b"h")
            await waiting
            assert loop.time() - began == pytest.approx(1.0 + LAST_LOOK_SECONDS)
            assert line.kind is FailureKind.BODY_TIMEOUT

    play(scenario())


@pytest.mark.parametrize("answered_after", [0.3, None])
def test_a_process_that_stood_still_gives_the_endpoint_that_time_back_once(
    answered_after: float | None,
) -> None:
    """It stopped between its look at the clock and the write: the request goes out after its deadline."""

    async def scenario() -> None:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        line = Line()
        waiting = line.send(seconds=1.0)
        loop.stand_still(6.0)
        went_on = loop.time()
        if answered_after is not None:
            loop.call_at(went_on + answered_after, line.connection.data_received, OK)
        await waiting
        waited = MOST_GIVEN_BACK_SECONDS if answered_after is None else answered_after
        assert loop.time() - went_on == pytest.approx(waited)
        assert line.kind is (FailureKind.HEADERS_TIMEOUT if answered_after is None else None)

    play(scenario())


def test_a_deadline_that_has_passed_already_ends_at_once() -> None:
    async def scenario() -> None:
        line = Line()
        await line.send(seconds=-1.0)
        assert line.kind is FailureKind.HEADERS_TIMEOUT

    play(scenario())


def test_bytes_after_the_answer_end_it_and_an_end_ends_it() -> None:
    async def scenario() -> None:
        for happening in ("bytes", "end", "loss"):
            line = Line()
            waiting = line.send(seconds=1.0)
            line.connection.data_received(OK)
            await waiting
            if happening == "bytes":
                line.connection.data_received(OK)
                assert line.transport.is_aborted
            elif happening == "end":
                line.connection.eof_received()
            else:
                line.connection.connection_lost(None)
                assert line.lost == [line.connection]
            assert line.connection.is_lost
            assert not line.connection.can_be_kept
            assert line.connection.reader.response().body == b"hi"

    play(scenario())


def test_a_request_that_is_not_through_keeps_its_connection_from_another() -> None:
    async def scenario() -> None:
        line = Line()
        waiting = line.send(seconds=1.0)
        line.transport.unsent = 1
        line.connection.data_received(OK)
        await waiting
        assert not line.connection.can_be_kept

    play(scenario())


def test_a_long_request_tells_how_long_it_took_to_write() -> None:
    async def scenario() -> None:
        line = Line()
        waiting = line.send(seconds=5.0)
        await asyncio.sleep(1.0)
        line.connection.resume_writing()
        await asyncio.sleep(2.0)
        line.connection.data_received(OK)
        await waiting
        assert line.connection.seconds(3.0) == (("write", 1.0), ("headers", 2.0), ("body", 0.0), ("total", 3.0))  # fmt: skip

    play(scenario())


def test_an_interruption_is_no_fault_of_the_endpoint() -> None:
    async def scenario() -> None:
        line = Line()
        waiting = line.send(seconds=5.0)
        line.connection.interrupt()
        await waiting
        assert line.kind is FailureKind.INTERRUPTED
        line.connection.connection_lost(None)
        assert line.kind is FailureKind.INTERRUPTED

    play(scenario())


def test_whoever_stopped_waiting_is_not_woken() -> None:
    async def scenario() -> None:
        line = Line()
        waiting = line.send(seconds=5.0)
        waiting.cancel()
        line.connection.data_received(OK)
        assert waiting.cancelled()
        assert time.monotonic() > 0

    play(scenario())
