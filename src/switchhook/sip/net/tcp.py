"""TCP connections as flows: accepted and dialled, reused both ways, bounded in number, size and time."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol, cast

import structlog

from switchhook.sip.net.log_limit import LogLimit
from switchhook.sip.net.untrusted_connections import UntrustedConnections
from switchhook.sip.transaction.trust import address_block
from switchhook.sip.wire.framing import KeepAlive, StreamFramer
from switchhook.sip.wire.parser import MessageError
from switchhook.sip.wire.transport import TCP, Packet, Peer
from switchhook.tasks import spawn

if TYPE_CHECKING:
    import socket

    from switchhook.sip.wire.message import Request, Response

log = structlog.get_logger(__name__)

ANY_HOST: Final = "0.0.0.0"
EVERY_HOST: Final = frozenset({ANY_HOST, "::"})
PONG: Final = b"\r\n"
MOST_WAITING: Final = 200
"""Packets that wait for a connection that is being dialled."""
BACKLOG: Final = 1_024
"""Connections that may wait to be accepted."""
MOST_FILES: Final = 1 << 20
"""Where the system sets no bound."""
LONGEST_PAUSE: Final = 5.0
"""Seconds after which a throttled connection is read again."""
MOST_UNSENT: Final = 1 << 20
"""Bytes that a peer may leave unread before its connection is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpLimits:
    """Bounds on what untrusted sources can hold open; times in seconds."""

    connections: int = 2_000
    """At most half of the files that the process may open. When they are all taken, the idlest unauthenticated
    connection makes room, of the source that has most of them."""
    connections_per_source: int = 100
    """Unauthenticated connections for one address, IPv6 for one /64."""
    idle: float = 4_000.0
    """Longer than an hour, the usual time between two registrations."""
    silent: float = 30.0
    """As before, for an unauthenticated connection."""
    dial: float = 5.0


class MessageReceiver(Protocol):
    """The receiver of incoming messages."""

    def message_received(self, message: Request | Response, source: Peer) -> None:
        """Take a message."""

    def malformed_received(self, error: MessageError, source: Peer) -> None:
        """Take what is no message."""

    def is_trusted(self, peer: Peer) -> bool:
        """Say whether a password was proved on this connection, or its network is a trunk's."""

    def wait(self, peer: Peer) -> float:
        """Return for how many seconds nothing more is to be read of it."""

    def flow_closed(self, peer: Peer) -> None:
        """Learn that a connection is gone."""

    def send_failed(self, packet: Packet) -> None:
        """Learn that a packet did not go out."""


class Tcp:
    """All TCP connections of one endpoint. They leave from `host`, unless that is every address."""

    def __init__(self, receiver: MessageReceiver, limits: TcpLimits, host: str = ANY_HOST) -> None:
        self._receiver = receiver
        self._limits = limits
        self._from = None if host in EVERY_HOST else (host, 0)
        self._numbers = count(1)
        self._flows: dict[int, _Connection] = {}
        self._by_address: dict[tuple[str, int], _Connection] = {}
        self._most = min(limits.connections, _most_files() // 2)
        self._untrusted = UntrustedConnections()
        self._refusals = LogLimit()
        self._dialling: dict[tuple[str, int], list[Packet]] = {}
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        """How many connections stand."""
        return len(self._flows)

    async def listen(self, listener: socket.socket) -> None:
        """Accept connections on a bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), sock=listener, backlog=BACKLOG
        )
        self._sweep()

    async def close(self) -> None:
        """Cut everything."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self._flows.values()):
            connection.cut()
        await asyncio.sleep(0)  # asyncio releases a connection one turn of the loop after the abort
        if self._server is not None:
            await self._server.wait_closed()

    def send(self, packet: Packet) -> None:
        """Send over the flow that the peer names, else over any to its address, else dial."""
        peer = packet.peer
        address = peer.host, peer.port
        connection = self._flows.get(peer.flow) or self._by_address.get(address)
        if connection is not None:
            connection.send(packet.data)
        elif address in self._dialling:
            self._queue(packet, self._dialling[address])
        elif len(self._dialling) + len(self._flows) >= self._most and not self._make_room():
            self._receiver.send_failed(packet)
        else:
            self._dialling[address] = [packet]
            spawn(self._dial(address), name=f"dial {peer}")

    def _queue(self, packet: Packet, waiting: list[Packet]) -> None:
        if len(waiting) < MOST_WAITING:
            waiting.append(packet)
        else:
            self._receiver.send_failed(packet)

    async def _dial(self, address: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.dial):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self, address), *address, local_addr=self._from
                )
            if connection.is_to_itself:
                raise ConnectionRefusedError("nobody listens there")
        except (OSError, OverflowError, ValueError) as error:
            for packet in self._dialling.pop(address):
                self._receiver.send_failed(packet)
            log.info("sip connection failed", host=address[0], port=address[1], error=str(error))
            return
        for packet in self._dialling.pop(address):
            self.send(packet)

    # What connections report

    def opened(self, connection: _Connection) -> bool:
        """Take a new connection in, unless there are too many and none makes room for it."""
        host, port = connection.address
        peer = Peer(TCP, host, port, next(self._numbers))
        source = address_block(host)
        connection.useful = not connection.accepted or self._receiver.is_trusted(peer)
        if not connection.useful:
            alone = self._untrusted.count(source) < self._limits.connections_per_source
            if not (alone or self._make_room(source)):
                return False
        if connection.accepted and len(self._flows) >= self._most and not self._make_room():
            self._note_refusal(source)
            return False
        connection.peer = peer
        self._flows[peer.flow] = connection
        self._by_address[connection.address] = connection
        if not connection.useful:
            self._untrusted.enter(peer.flow, source)
        return True

    def _make_room(self, source: str | None = None) -> bool:
        """Close the idlest untrusted connection: of `source`, or of the source that has most."""
        number = self._untrusted.idlest(source)
        connection = None if number is None else self._flows.get(number)
        if connection is None:
            return False
        self._note_refusal(address_block(connection.address[0]))
        connection.cut()
        self.closed(connection)  # now, and not when its transport tells
        return True

    def _note_refusal(self, source: str) -> None:
        told = self._refusals.count(source, asyncio.get_running_loop().time())
        if told is not None:
            log.warning(
                "sip connections rejected",
                reason="too many",
                address=told[0],
                rejected=told[1],
                connections=len(self._flows),
            )

    def closed(self, connection: _Connection) -> None:
        """Forget a connection."""
        peer = connection.peer
        if peer is None or self._flows.pop(peer.flow, None) is None:
            return
        if self._by_address.get(connection.address) is connection:
            del self._by_address[connection.address]
        self._untrusted.leave(peer.flow)
        self._receiver.flow_closed(peer)

    def received(
        self, item: Request | Response | MessageError, connection: _Connection, peer: Peer
    ) -> None:
        """Hand on what came in, and see whether its sender is known now."""
        self._untrusted.touch(peer.flow)
        if isinstance(item, MessageError):
            self._receiver.malformed_received(item, peer)
            return
        self._receiver.message_received(item, peer)
        if not connection.useful and self._receiver.is_trusted(peer):
            connection.useful = True
            self._untrusted.leave(peer.flow)

    def wait(self, peer: Peer) -> float:
        """Return for how many seconds nothing more is to be read of a connection."""
        return self._receiver.wait(peer)

    def _sweep(self) -> None:
        """Cut the connections over which nothing has come for too long."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._flows.values()):
            patience = self._limits.idle if connection.useful else self._limits.silent
            if now - connection.heard_at > patience:
                connection.cut()
        self._sweeper = loop.call_later(self._limits.silent / 6, self._sweep)


class _Connection(asyncio.Protocol):
    """One connection. `dialled` is the address that it was dialled to, None when it was accepted."""

    def __init__(self, tcp: Tcp, dialled: tuple[str, int] | None = None) -> None:
        self.accepted = dialled is None
        self.address = dialled or ("", 0)
        self.peer: Peer | None = None
        self.useful = False
        self.is_to_itself = False
        """Whether it leads back to us: the system picked the port to dial from, and it is the one that was dialled,
        where nobody listens."""
        self.heard_at = asyncio.get_running_loop().time()
        self._tcp = tcp
        self._framer = StreamFramer()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked with isinstance: uvloop's transports are of no class of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        own, other = (transport.get_extra_info(name) for name in ("sockname", "peername"))
        if self.accepted:
            self.address = other[:2]
        self.is_to_itself = own == other
        if self.is_to_itself or not self._tcp.opened(self):
            self.cut()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._tcp.closed(self)

    def data_received(self, data: bytes) -> None:
        if self.peer is None:
            return
        for item in self._framer.feed(data):
            if isinstance(item, KeepAlive):
                self.send(PONG)
            else:
                self._tcp.received(item, self, self.peer)
            if self.useful or not isinstance(item, KeepAlive):
                self.heard_at = asyncio.get_running_loop().time()
        if self._framer.broken and self._transport is not None:
            self._transport.close()  # after the written response
        else:
            self._read_later()

    def _read_later(self) -> None:
        """Read nothing more until the peer has a turn; what it sends meanwhile waits at its side."""
        transport, peer = self._transport, self.peer
        if transport is None or peer is None or transport.is_closing():
            return
        seconds = self._tcp.wait(peer)
        if seconds > 0:
            transport.pause_reading()
            asyncio.get_running_loop().call_later(min(seconds, LONGEST_PAUSE), self._read_later)
        else:
            transport.resume_reading()

    def send(self, data: bytes) -> None:
        """Send, or cut the connection when its peer does not read."""
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size() > MOST_UNSENT:
            log.warning(
                "sip connection closed", reason="the peer does not read", host=self.address[0]
            )
            self.cut()
        else:
            self._transport.write(data)

    def cut(self) -> None:
        """End the connection without waiting for its peer."""
        if self._transport is not None:
            self._transport.abort()


def _most_files() -> int:
    """Return how many files and connections this process may have open."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_FILES if most == resource.RLIM_INFINITY else most
