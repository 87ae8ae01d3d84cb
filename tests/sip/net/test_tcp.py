"""Telephones are heard and answered over TCP on every event loop that we run on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import uvloop
from structlog.testing import capture_logs

from switchhook.sip.net.endpoint import ListenAddress, SipEndpoint
from switchhook.sip.net.tcp import TcpLimits
from switchhook.sip.transaction.admission import AdmitAll, Admitted
from switchhook.sip.transaction.overload import LoadLimits, MessageRate
from switchhook.sip.transaction.trust import TrustedPeers
from switchhook.sip.ua.commands import Invite
from switchhook.sip.ua.events import InviteFailed
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri
from tests.support.loop import run
from tests.support.sip import read_response
from tests.support.sip_wire import Tcp, Udp, options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from switchhook.sip.transaction.admission import Refusal
    from switchhook.sip.wire.message import Request

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
            endpoint = SipEndpoint(ListenAddress(host="127.0.0.1", port=0), lambda _: None)
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
            endpoint = SipEndpoint(ListenAddress(host=host, port=0), lambda _: None)
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


@pytest.mark.parametrize("new_loop", LOOPS)
def test_a_connection_that_leads_back_to_us_is_one_that_nobody_took(
    new_loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(10), AsyncExitStack() as stack:
            told: asyncio.Queue[object] = asyncio.Queue()
            endpoint = SipEndpoint(ListenAddress(host="127.0.0.1", port=0), told.put_nowait)
            await endpoint.start(stack)
            with Udp(0) as nobody:  # a port that is free over TCP, and stays so
                here = "127.0.0.1", nobody.port
                # The system picks this port by itself once in some ten thousand times.
                monkeypatch.setattr(endpoint._tcp, "_from", here)
                uri = Uri(host=here[0], port=here[1])
                address, peer = NameAddress(uri=uri), Peer("TCP", *here)
                endpoint.perform(Invite(leg="1", uri=uri, from_=address, to=address, peer=peer))
                failed = await told.get()
            assert isinstance(failed, InviteFailed)
            assert failed.status == 503
            assert endpoint.connections == 0

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(scenario())


class Registrar(AdmitAll):
    """Takes every REGISTER for a proof."""

    def __init__(self) -> None:
        super().__init__()
        self.trusted_peers = TrustedPeers()

    def admit(self, request: Request, _source: Peer, _now: float) -> Admitted | Refusal:
        return Admitted(name=request.call_id)


@asynccontextmanager
async def guarded(**limits: float) -> AsyncIterator[SipEndpoint]:
    """Run an endpoint to which everybody is untrusted who has not registered."""
    binding = ListenAddress(port=0, tcp=TcpLimits(**limits))  # type: ignore[arg-type]
    async with AsyncExitStack() as stack:
        endpoint = SipEndpoint(binding, lambda _event: None, Registrar())
        await endpoint.start(stack)
        yield endpoint


@asynccontextmanager
async def connected(endpoint: SipEndpoint, *hosts: str) -> AsyncIterator[list[Tcp]]:
    """Connect from each of these addresses, in turn, and speak once."""
    async with AsyncExitStack() as stack:
        connections = []
        for number, host in enumerate(hosts):
            tcp = await stack.enter_async_context(Tcp.to(endpoint.port, host))
            await tcp.send(options("TCP", 9, branch=f"{host}-{number}"))
            await tcp.receive()
            connections.append(tcp)
        yield connections


async def register(tcp: Tcp) -> None:
    """Prove something; this endpoint does not answer it."""
    await tcp.send(options("TCP", 9, branch=f"r{tcp.port}").replace(b"OPTIONS", b"REGISTER"))
    await tcp.send(options("TCP", 9, branch=f"after{tcp.port}"))
    assert read_response(await tcp.receive()).status == 200


async def open_ones(*connections: Tcp) -> list[bool]:
    """Say which connections still stand."""
    await asyncio.sleep(0.05)
    return [not tcp.reader.at_eof() and tcp.reader.exception() is None for tcp in connections]


@pytest.mark.row("FD-07")
def test_of_one_source_the_idlest_untrusted_connection_makes_room() -> None:
    async def scenario() -> None:
        async with (
            guarded(connections_per_source=2) as endpoint,
            connected(endpoint, "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.1") as them,
        ):
            assert await open_ones(*them) == [False, True, True, True]
            await register(them[1])
            async with connected(endpoint, "127.0.0.1", "127.0.0.1") as more:
                assert await open_ones(*them, *more) == [False, True, True, False, True, True]

    run(scenario())


@pytest.mark.row("FD-07")
def test_of_all_whoever_has_most_makes_room_and_trusted_ones_stay() -> None:
    async def scenario() -> None:
        async with (
            guarded(connections=5) as endpoint,
            connected(endpoint, "127.0.0.1", "127.0.0.2", "127.0.0.3", *["127.0.0.66"] * 2) as them,
        ):
            await register(them[0])
            with capture_logs() as logs:
                async with connected(endpoint, "127.0.0.4") as late:
                    assert await open_ones(*them, *late) == [True] * 3 + [False, True, True]
                    await register(late[0])
                    async with connected(endpoint, "127.0.0.5") as last:
                        assert await open_ones(them[0], *late, *last) == [True] * 3
            assert endpoint.connections <= 5
            lines = [(line["event"], line["address"]) for line in logs]
            assert lines[0] == ("sip connections rejected", "127.0.0.66")

    run(scenario())


@pytest.mark.row("FD-07")
def test_where_all_are_trusted_nobody_makes_room() -> None:
    async def scenario() -> None:
        async with (
            guarded(connections=2) as endpoint,
            connected(endpoint, "127.0.0.1", "127.0.0.2") as them,
        ):
            for tcp in them:
                await register(tcp)
            with capture_logs() as logs:
                for _ in range(5):
                    async with Tcp.to(endpoint.port) as refused:
                        assert await refused.receive() == b""
            assert [line["event"] for line in logs] == ["sip connections rejected"]
            assert await open_ones(*them) == [True, True]

    run(scenario())


@pytest.mark.row("FD-07")
def test_a_connection_without_proof_is_closed_soon_however_much_it_said() -> None:
    async def scenario() -> None:
        async with (
            guarded(silent=0.3) as endpoint,
            connected(endpoint, "127.0.0.1", "127.0.0.2") as (trusted, untrusted),
        ):
            await register(trusted)
            await asyncio.sleep(0.6)
            assert await open_ones(trusted, untrusted) == [True, False]
            assert endpoint.connections == 1

    run(scenario())


@pytest.mark.row("FD-09")
@pytest.mark.parametrize("new_loop", LOOPS)
def test_a_flood_over_tcp_is_read_slowly_and_nothing_of_it_lost(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def scenario() -> None:
        small = MessageRate(rate=50, burst=10)
        binding = ListenAddress(port=0, limits=LoadLimits(untrusted=small))
        async with asyncio.timeout(10), AsyncExitStack() as stack:
            endpoint = SipEndpoint(binding, lambda _event: None, Registrar())
            await endpoint.start(stack)
            flood = await stack.enter_async_context(Tcp.to(endpoint.port))
            began = asyncio.get_running_loop().time()
            for batch in range(2):
                many = [options("TCP", 9, branch=f"{batch}-{n}") for n in range(30)]
                await flood.send(b"".join(many))
                for _ in range(30):
                    assert read_response(await flood.receive(5.0)).status == 200
            assert asyncio.get_running_loop().time() - began > 0.3

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(scenario())
