"""The server ends in time, lets signals be, and finishes what it began."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog.testing

from switchhook.api import server
from switchhook.api.listening import listen
from switchhook.api.server import WebServer
from switchhook.operations import control_socket
from tests.support.loop import run
from tests.support.web import Answer, read_answer

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from litestar.types import ASGIApp, Receive, Scope, Send

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def answers_when(may_go_on: asyncio.Event, asked: asyncio.Event) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        asked.set()
        await may_go_on.wait()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok", "more_body": False})

    return app


def test_a_request_under_way_is_answered_before_the_end() -> None:
    async def scenario() -> Answer:
        may_go_on, asked = asyncio.Event(), asyncio.Event()
        async with AsyncExitStack() as stack:
            listening = listen("127.0.0.1", 0)
            port = listening.getsockname()[1]
            await WebServer(answers_when(may_go_on, asked)).serve(listening, stack)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            await asked.wait()
            asyncio.get_running_loop().call_later(0.05, may_go_on.set)
        answer = await read_answer(reader)
        writer.close()
        return answer

    assert run(scenario()).body == b"ok"


def test_one_that_never_ends_does_not_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GRACE", 0)

    async def scenario() -> bytes:
        asked = asyncio.Event()
        async with AsyncExitStack() as stack:
            listening = listen("127.0.0.1", 0)
            port = listening.getsockname()[1]
            await WebServer(answers_when(asyncio.Event(), asked)).serve(listening, stack)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            idle = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            await asked.wait()
        for one in (writer, idle[1]):
            one.close()
        return await reader.read()

    run(scenario())


def test_signals_are_left_to_others() -> None:
    async def scenario() -> None:
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        async with AsyncExitStack() as stack:
            app = answers_when(asyncio.Event(), asyncio.Event())
            await WebServer(app).serve(listen("127.0.0.1", 0), stack)
            now = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
            assert now == before

    run(scenario())


def test_a_unix_socket_with_a_long_path_opens_and_closes_in_silence(tmp_path: Path) -> None:
    """Its address goes over a descriptor that is something else by then; Python 3.13 looked there."""
    directory = tmp_path / ("d" * 120)
    directory.mkdir()

    async def scenario() -> bytes:
        app = answers_when(may_go_on := asyncio.Event(), asyncio.Event())
        may_go_on.set()
        with control_socket.listening(directory) as listening, (directory / "file").open("w"):
            async with AsyncExitStack() as stack:
                await WebServer(app).serve(listening, stack)
                made = control_socket.connect(directory, timeout=5.0)
                assert made is not None
                made.settimeout(0.0)
                reader, writer = await asyncio.open_unix_connection(sock=made)
                writer.write(GET)
                answer = await read_answer(reader)
                writer.close()
        return answer.body

    with structlog.testing.capture_logs() as logged:
        assert run(scenario()) == b"ok"
    assert [line for line in logged if line["log_level"] not in {"debug", "info"}] == []


def test_what_uvicorn_says_stands_in_our_log() -> None:
    WebServer(answers_when(asyncio.Event(), asyncio.Event()))
    logger = logging.getLogger("uvicorn.error")
    with structlog.testing.capture_logs() as logged:
        logger.warning("Invalid HTTP request received.")
        logger.error("Exception in ASGI application\n", exc_info=ValueError("x"))

    assert [(line["log_level"], line["event"]) for line in logged] == [
        ("debug", "http api"),
        ("error", "http api failed"),
    ]
    assert logging.getLogger("uvicorn").propagate is False
