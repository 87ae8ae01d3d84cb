"""Telephones are heard and answered over TCP on every event loop that we run on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
import uvloop

from switchhook.sip.endpoint import Binding, Endpoint
from switchhook.sip.headers import NameAddress
from switchhook.sip.orders import Invite
from switchhook.sip.transport import Peer
from switchhook.sip.uri import Uri

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


@pytest.mark.parametrize("new_loop", LOOPS)
@pytest.mark.parametrize(
    ("host", "leaves_from"),
    [("127.0.0.2", "127.0.0.2"), ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")],
)
@pytest.mark.row("FI-04")
def test_a_connection_that_is_dialled_leaves_from_our_address(
    new_loop: Callable[[], asyncio.AbstractEventLoop], host: str, leaves_from: str
) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(10), AsyncExitStack() as stack:
            seen: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

            async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                peer = writer.get_extra_info("peername")[0]
                via = (await reader.readuntil(b"\r\n\r\n")).decode().partition("Via: ")[2]
                seen.put_nowait((peer, via.partition("\r\n")[0]))
                writer.close()

            server = await asyncio.start_server(accept, "127.0.0.1", 0)
            stack.callback(server.close)
            endpoint = Endpoint(Binding(host=host, port=0), lambda _: None)
            await endpoint.start(stack)
            uri = Uri(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
            address = NameAddress(uri=uri)
            peer = Peer("TCP", "127.0.0.1", uri.port or 0)
            endpoint.perform(Invite(leg="1", uri=uri, from_=address, to=address, peer=peer))
            came_from, via = await seen.get()
            assert came_from == leaves_from
            assert via.startswith(f"SIP/2.0/TCP {leaves_from}:{endpoint.port};")

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(scenario())
