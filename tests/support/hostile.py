"""Raw servers that do what a script says, byte by byte, and clients' means to reach them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.concurrency import Concurrency, OriginConcurrency
from switchhook.delivery.http.sender import Sender
from switchhook.webhooks.http import HttpRequest

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator, Sequence

    from switchhook.delivery.http.origin import Origin
    from switchhook.hostnames import AddressInfo
    from switchhook.webhooks.http import Exchange

LOOPBACK = AllowedNetworks.parse(["127.0.0.0/8", "::1/128"])

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class ManyAtOnce(Concurrency):
    """Knows that every server bears many connections."""

    def of(self, origin: Origin) -> OriginConcurrency:
        served = super().of(origin)
        served.shown = 999
        return served


class Peer:
    """One accepted connection, as a script sees it."""

    def __init__(
        self, server: Hostile, stream: asyncio.StreamReader, out: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self._stream = stream
        self._out = out
        self.number = 0
        """1 for the first connection of the server."""

    async def request(self) -> bytes:
        """Read one request whole, and note it. Raises IncompleteReadError when the client went."""
        head = await self._stream.readuntil(b"\r\n\r\n")
        _, found, rest = head.lower().partition(b"content-length:")
        body = await self._stream.readexactly(int(rest.partition(b"\r")[0]) if found else 0)
        self.server.requests.append(head + body)
        return head + body

    async def glance(self) -> None:
        """Wait for a first byte of a request."""
        await self._stream.readexactly(1)

    async def say(self, data: bytes) -> None:
        """Send `data`."""
        self._out.write(data)
        await self._out.drain()
        await asyncio.sleep(
            0
        )  # a server without end would else leave the client no turn of the loop

    async def answer(self, data: bytes = OK) -> None:
        """Read one request and send `data`."""
        await self.request()
        await self.say(data)

    async def drip(self, data: bytes, *, every: float) -> None:
        """Send `data` one byte at a time."""
        for byte in data:
            await self.say(bytes([byte]))
            await asyncio.sleep(every)

    async def hold(self) -> None:
        """Do nothing more until the client goes away."""
        while await self._stream.read(65536):
            pass

    async def freeze(self) -> None:
        """Do not even read."""
        await asyncio.Event().wait()

    def reset(self) -> None:
        """Cut the connection with a RST."""
        linger = struct.pack("ii", 1, 0)
        self._out.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._out.transport.abort()

    def finish(self) -> None:
        """End our half, and read on."""
        self._out.write_eof()


Script = Callable[[Peer], Awaitable[None]]


class Hostile:
    """A server on a free loopback port that plays `script` to every connection, then closes it."""

    def __init__(
        self, script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self._script = script
        self._tls = tls
        self._host = host
        self._playing: set[asyncio.Task[None]] = set()
        self._peers: set[asyncio.StreamWriter] = set()
        self.requests: list[bytes] = []
        """Every request that was read, byte for byte."""
        self.accepted = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        listening.bind((self._host, 0))
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(
            self._accept, sock=listening, ssl=self._tls, backlog=1024
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._playing):
            task.cancel()
        for out in tuple(self._peers):
            out.transport.abort()
        await asyncio.gather(*self._playing, return_exceptions=True)
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}"

    async def _accept(self, stream: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        self.accepted += 1
        peer = Peer(self, stream, out)
        peer.number = self.accepted
        task = asyncio.current_task()
        assert task is not None
        self._playing.add(task)
        self._peers.add(out)
        try:
            with contextlib.suppress(
                ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
            ):
                await self._script(peer)
        finally:
            self._playing.discard(task)
            self._peers.discard(out)
            out.close()


def saying(*answers: bytes) -> Script:
    """Return a script that gives these answers to the requests of a connection, then closes it."""

    async def script(peer: Peer) -> None:
        for answer in answers:
            await peer.answer(answer)

    return script


async def keep_answering(peer: Peer) -> None:
    """Answer every request, for ever."""
    while True:
        await peer.answer()


def get(url: str, *headers: tuple[str, str]) -> HttpRequest:
    """Build a GET."""
    return HttpRequest(method="GET", url=url, headers=(("Host", host_of(url)), *headers))


def post(url: str, body: bytes = b"{}", *headers: tuple[str, str]) -> HttpRequest:
    """Build a POST."""
    own = (("Host", host_of(url)), *headers, ("Content-Length", str(len(body))))
    return HttpRequest(method="POST", url=url, headers=own, body=body)


def host_of(url: str) -> str:
    """Return what Host says for `url`."""
    return url.partition("://")[2].partition("/")[0].partition("?")[0]


@contextlib.asynccontextmanager
async def sending(**options: Any) -> AsyncIterator[Sender]:
    """Open a sender, and see that it leaves nothing behind."""
    sender = Sender(**options)
    try:
        yield sender
    finally:
        await sender.close()
        assert sender.open == 0
        assert sender.idle == 0


async def send(sender: Sender, request: HttpRequest, **options: Any) -> Exchange:
    """Exchange with what loopback is granted."""
    return await sender.exchange(request, **{"deadline": 5.0, "networks": LOOPBACK, **options})


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the loop will bring about by itself."""
    while not condition():  # noqa: ASYNC110 - nobody sets an event for it
        await asyncio.sleep(0.005)


class Names:
    """A resolver with names of its own; each look-up takes a name's next addresses, the last for ever."""

    def __init__(self, **names: Sequence[str | Sequence[str]]) -> None:
        self._names = {name.replace("_", "."): list(turns) for name, turns in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[AddressInfo]:
        await asyncio.sleep(0)
        self.asked.append(host)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        turns = self._names[host]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return rows(port, *([addresses] if isinstance(addresses, str) else addresses))


def rows(port: int, *addresses: str) -> list[AddressInfo]:
    """Make what `getaddrinfo` would return."""
    return [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
        if ":" in address
        else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in addresses
    ]


@contextlib.contextmanager
def no_socket_leaked() -> Iterator[None]:
    """Fail where more sockets are open at the end than at the beginning."""
    before = _sockets()
    yield
    assert _sockets() <= before


def _sockets() -> set[str]:
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            target = str(descriptor.readlink())
            if target.startswith("socket:"):
                found.add(target)
    return found
