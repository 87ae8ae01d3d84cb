"""Telephones are heard and answered over TCP on every event loop that we run on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
import uvloop

from switchhook.sip.endpoint import Binding, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPS = (asyncio.new_event_loop, uvloop.new_event_loop)
OPTIONS = (
    "OPTIONS sip:{host}:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKtcp\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:ann@127.0.0.1>;tag=1\r\n"
    "To: <sip:{host}>\r\n"
    "Call-ID: tcp\r\n"
    "CSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize("new_loop", LOOPS)
def test_a_request_over_tcp_is_answered_and_the_end_is_clean(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(10), AsyncExitStack() as stack:
            endpoint = Endpoint(Binding(host="127.0.0.1", port=0), lambda _: None)
            await endpoint.start(stack)
            reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
            writer.write(OPTIONS.format(host="127.0.0.1", port=endpoint.port).encode())
            assert await reader.readline() == b"SIP/2.0 200 OK\r\n"
            await stack.aclose()
            assert (await reader.read()).endswith(b"\r\n\r\n")
            writer.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(scenario())
