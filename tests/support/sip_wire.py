"""Raw sockets that speak to an endpoint under test."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Self

from switchhook.sip.net.endpoint import ListenAddress, SipEndpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from switchhook.sip.ua.events import UserAgentEvent

GIVE_UP = 20.0
"""Seconds that are waited for what has to come, however much the machine has to do."""


@asynccontextmanager
async def listening(
    handler: Callable[[UserAgentEvent], None] = lambda _event: None,
    binding: ListenAddress | None = None,
) -> AsyncIterator[SipEndpoint]:
    """Run an endpoint on a free port of the loopback."""
    endpoint = SipEndpoint(binding or ListenAddress(port=0), handler)
    async with AsyncExitStack() as stack:
        await endpoint.start(stack)
        yield endpoint


class Udp:
    """A UDP socket of a telephone at `host`, which speaks to a port of `server`."""

    def __init__(
        self,
        port: int,
        host: str = "127.0.0.1",
        server: str = "",
        shares: socket.socket | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = shares or socket.socket(family, socket.SOCK_DGRAM)
        if shares is None:
            self._socket.bind((host, 0))
            self._socket.settimeout(0.0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._target = (server or host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    def aim(self, port: int) -> None:
        """Send to another port from now on."""
        self._target = (self._target[0], port)

    def send(self, data: bytes) -> None:
        self._socket.sendto(data, self._target)

    async def receive(self, within: float = GIVE_UP) -> bytes:
        """Return the next datagram; raise TimeoutError when none comes."""
        async with asyncio.timeout(within):
            return await asyncio.get_running_loop().sock_recv(self._socket, 65535)

    async def ask(self, data: bytes, within: float = GIVE_UP) -> bytes:
        self.send(data)
        return await self.receive(within)

    async def silent(self, seconds: float = 0.05) -> bool:
        """Say whether nothing comes for a moment."""
        try:
            await self.receive(seconds)
        except TimeoutError:
            return True
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


class Tcp:
    """A TCP connection of a telephone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.port: int = writer.get_extra_info("sockname")[1]

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int, host: str = "127.0.0.1") -> AsyncIterator[Tcp]:
        """Connect to a port of this machine, from `host`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
        try:
            yield cls(reader, writer)
        finally:
            writer.transport.abort()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self, within: float = GIVE_UP) -> bytes:
        """Return the next message; b"" when the connection was closed."""
        async with asyncio.timeout(within):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return b""
            length = int(head.lower().rpartition(b"content-length:")[2].split()[0])
            return head + await self.reader.readexactly(length)


def options(transport: str, port: int, host: str = "127.0.0.1", *, branch: str = "1") -> bytes:
    """Ask what the endpoint can; every server answers this."""
    return (
        f"OPTIONS sip:{host} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} {host}:{port};branch=z9hG4bK{branch};rport\r\n"
        f"From: <sip:t@{host}>;tag=t\r\nTo: <sip:{host}>\r\nCall-ID: {branch}\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()
