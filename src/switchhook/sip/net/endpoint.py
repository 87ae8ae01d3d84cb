"""A user agent on real sockets: UDP and TCP on one port, and one timer. No packet stops it.

The shell around `ua/user_agent.py`: it feeds packets, hands events to one handler, sends packets, and re-arms
its timer from `wake_at`. With `tcp.py` and `resolver.py` it is all of SIP that knows asyncio.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from switchhook.sip.net.icmp import ask_for_errors, take_errors, transaction_of
from switchhook.sip.net.log_limit import LogLimit
from switchhook.sip.net.resolver import SipResolver
from switchhook.sip.net.tcp import Tcp, TcpLimits
from switchhook.sip.transaction.overload import Lag, LoadLimits
from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.transaction.trust import TrustLevel, address_block
from switchhook.sip.ua.commands import EndSession, Respond, UserAgentCommand
from switchhook.sip.ua.events import (
    InDialogRequestReceived,
    InviteReceived,
    OutOfDialogRequestReceived,
    SessionEnded,
    UserAgentEvent,
)
from switchhook.sip.ua.user_agent import UserAgent
from switchhook.sip.wire.parser import MessageError, parse_message
from switchhook.sip.wire.transport import UDP, Packet, Peer, bracketed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AsyncExitStack

    from switchhook.sip.transaction.admission import Admission
    from switchhook.sip.transaction.events import Diagnostic
    from switchhook.sip.wire.message import Request, Response

log = structlog.get_logger(__name__)

BATCH: Final = 64
"""Datagrams that are read before others on the loop get their turn."""
READS: Final = 256
"""Datagrams read from the socket in one turn, dropped ones included."""
BEHIND: Final = 4
"""Full batches in a row after which we are overloaded until the queue is empty: an early refusal costs a tenth
of a call that its caller has given up."""
FAR_BEHIND: Final = 12
BUFFER: Final = 4 << 20
"""Bytes of receive buffer asked for: what arrives while the loop is busy elsewhere."""
PORT_TRIES: Final = 20
TOKENS: Final = 64
"""Random tokens that are taken from the system at a time."""
KEPT_ROUTES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """Where an endpoint listens, and how others reach it."""

    host: str = "127.0.0.1"
    """A numeric address; `0.0.0.0` or `::` is every address of this machine."""
    port: int = 5060
    """0 is a free one."""
    advertised: str = ""
    """The address that telephones are told; empty: that which the packet leaves from."""
    timing: Timing = field(default_factory=Timing)
    limits: LoadLimits = field(default_factory=LoadLimits)
    tcp: TcpLimits = field(default_factory=TcpLimits)
    most_sessions: int = 10_000


class Watch(Protocol):
    """Gets each message that came from a peer, and each that goes to one. Raises nothing."""

    def __call__(self, data: bytes, peer: Peer, *, is_sent: bool) -> None:
        """Take a message."""


class SipEndpoint:
    """One address of ours. `handler` gets every event; it must not block.

    An error that it raises is logged as one line, and the request that it could not handle gets 500.
    """

    def __init__(
        self,
        binding: ListenAddress,
        handler: Callable[[UserAgentEvent], None],
        admission: Admission | None = None,
    ) -> None:
        self.agent = UserAgent(
            local=self.local,
            token=_tokens().__next__,
            chance=random.random,
            timing=binding.timing,
            limits=binding.limits,
            most_sessions=binding.most_sessions,
            admission=admission,
        )
        self.port = binding.port
        self.watch: Watch | None = None
        self._binding = binding
        self._handler = handler
        self._family = socket.AF_INET6 if ":" in binding.host else socket.AF_INET
        self._resolver = SipResolver(family=self._family)
        self._tcp = Tcp(self, binding.tcp, binding.host)
        self._routes: dict[str, str] = {}
        self._sheds = LogLimit()
        self._unread = LogLimit()
        self._full_batches = 0
        self._pumping = False
        self._is_shut = False
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        """When the timer rings; kept here because uvloop's handle cannot say it of a time gone by."""
        self._udp: socket.socket
        self._loop: asyncio.AbstractEventLoop

    async def start(self, stack: AsyncExitStack) -> None:
        """Bind both sockets and begin to receive; raise OSError when the address cannot be had."""
        self._loop = asyncio.get_running_loop()
        self._udp, listener = self._bind()
        self.port = self._udp.getsockname()[1]
        stack.callback(self._resolver.close)
        stack.callback(self._udp.close)
        stack.callback(self._shut)
        self._loop.add_reader(self._udp, self._read)
        stack.callback(self._loop.remove_reader, self._udp)
        await self._tcp.listen(listener)
        stack.push_async_callback(self._tcp.close)
        self._arm()  # legs of an earlier process are looked after already

    @property
    def connections(self) -> int:
        """How many TCP connections stand."""
        return self._tcp.connections

    def perform(self, command: UserAgentCommand) -> None:
        """Carry a command out now; raise ValueError for a header that could not stand in a message."""
        self.agent.perform(command, self._loop.time())
        self._pump()

    async def peers(
        self, host: str, port: int, transport: str, *, srv: bool = False
    ) -> tuple[Peer, ...]:
        """Return where a configured or dialled name leads, the best first; raise UnknownHostError.

        With `srv`, SRV records come before the addresses of the name itself (RFC 3263 §4.2, §4.3).
        """
        transport = transport.upper()
        found = await self._resolver.find(host, port, transport if srv else "")
        return tuple(Peer(transport, address, at) for address, at in found)

    def local(self, peer: Peer) -> tuple[str, int]:
        """Say under which address `peer` reaches us."""
        host = self._binding.advertised or self._binding.host
        if host in {"0.0.0.0", "::"}:
            host = self._routes.get(peer.host) or self._route(peer.host)
        return bracketed(host), self.port

    # Binding

    def _bind(self) -> tuple[socket.socket, socket.socket]:
        """Bind UDP and TCP to the same port; a free one of UDP may be taken for TCP, so try again."""
        tries = 1 if self._binding.port else PORT_TRIES
        while True:
            udp = self._socket(socket.SOCK_DGRAM, self._binding.port)
            try:
                return udp, self._socket(socket.SOCK_STREAM, udp.getsockname()[1])
            except OSError as error:
                udp.close()
                tries -= 1
                if not tries or error.errno != errno.EADDRINUSE:
                    raise

    def _socket(self, kind: socket.SocketKind, port: int) -> socket.socket:
        bound = socket.socket(self._family, kind)
        try:
            bound.settimeout(0.0)
            if self._family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            else:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                ask_for_errors(bound)
            bound.bind((self._binding.host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def _route(self, host: str) -> str:
        """Ask the kernel from which address packets to `host` leave; nothing is sent."""
        with socket.socket(self._family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((host, 9))
                local = str(probe.getsockname()[0])
            except OSError:
                return self._binding.host
        if len(self._routes) >= KEPT_ROUTES:
            self._routes.clear()
        self._routes[host] = local
        return local

    # What comes in

    def _read(self) -> None:
        """Hear a batch. What is turned away costs little and counts little, so a flood fills none."""
        received = 0
        for _ in range(READS):
            try:
                data, address = self._udp.recvfrom(65535)
            except BlockingIOError:
                self._full_batches = 0
                break
            except OSError:
                self._read_icmp_errors()
                continue
            shed = self.agent.shed
            source = Peer(UDP, address[0], address[1])
            self._receive_datagram(data, source)
            if self.agent.shed != shed:
                self._note_shed(address[0])
                continue
            if self.watch is not None:
                self.watch(data, source, is_sent=False)
            received += 1
            if received == BATCH:
                self._full_batches += 1
                break
        self.agent.set_lag(_lag(self._full_batches))
        self._pump()

    def _read_icmp_errors(self) -> bool:
        """Read ICMP errors of earlier packets from the socket (RFC 3261 §18.4); False without any."""
        undelivered = list(take_errors(self._udp))
        if undelivered:
            self._loop.call_soon(self._fail_undelivered, undelivered)
        return bool(undelivered)

    def _fail_undelivered(self, packets: list[bytes]) -> None:
        """Fail the requests that ICMP reported as undeliverable (RFC 3261 §18.4).

        uvloop stops watching a socket that had an error.
        """
        if self._udp.fileno() < 0:
            return  # closed meanwhile
        self._loop.remove_reader(self._udp)
        self._loop.add_reader(self._udp, self._read)
        for data in packets:
            self.agent.unreachable(transaction_of(data), self._loop.time())
        self._pump()

    def _receive_datagram(self, data: bytes, source: Peer) -> None:
        try:
            self.agent.receive(data, source, self._loop.time())
        except Exception as error:  # noqa: BLE001 -- no packet may stop the endpoint
            self._report("sip message failed", error, source)
            self._answer_failure(lambda: parse_message(data), source)

    def _note(self, diagnostic: Diagnostic) -> None:
        """Say in the log what a message has not, but not as often as its sender likes."""
        if not diagnostic.unread:
            log.debug(
                "sip message read in part", left_out=diagnostic.texts, peer=str(diagnostic.source)
            )
            return
        told = self._unread.count(address_block(diagnostic.source.host), self._loop.time())
        if told is not None:
            peer, error = str(diagnostic.source), diagnostic.texts[0]
            log.info(
                "sip message not read", error=error, peer=peer, address=told[0], messages=told[1]
            )

    def _note_shed(self, host: str) -> None:
        told = self._sheds.count(address_block(host), self._loop.time())
        if told is not None:
            log.warning("sip messages dropped", reason="rate", address=told[0], messages=told[1])

    def message_received(self, message: Request | Response, source: Peer) -> None:
        """Take a message from a connection."""
        if self.watch is not None:
            self.watch(bytes(message), source, is_sent=False)
        try:
            self.agent.receive_message(message, source, self._loop.time())
        except Exception as error:  # noqa: BLE001 -- no packet may stop the endpoint
            self._report("sip message failed", error, source)
            self._answer_failure(lambda: message, source)
        self._pump()

    def malformed_received(self, error: MessageError, source: Peer) -> None:
        """Take from a connection what is no message."""
        try:
            self.agent.reject_malformed(error, source)
        except Exception as internal:  # noqa: BLE001 -- the same
            self._report("sip error response failed", internal, source)
        self._pump()

    def _answer_failure(self, read: Callable[[], Request | Response], source: Peer) -> None:
        try:
            self.agent.internal_error(read(), source, self._loop.time())
        except Exception as error:  # noqa: BLE001 -- no packet may stop the endpoint
            self._report("sip error response failed", error, source)

    def is_trusted(self, peer: Peer) -> bool:
        """Say whether a password was proved on this connection, or its network is a trunk's."""
        level = self.agent.trusted_peers.level(peer, self._loop.time())
        return level >= TrustLevel.AUTHENTICATED

    def wait(self, peer: Peer) -> float:
        """Return for how many seconds nothing more is to be read of it."""
        return self.agent.wait(peer, self._loop.time())

    def flow_closed(self, peer: Peer) -> None:
        """Learn that a connection is gone."""
        self.agent.flow_closed(peer, self._loop.time())
        self._pump()

    def send_failed(self, packet: Packet) -> None:
        """Learn that a packet did not go out."""
        self.agent.send_failed(packet, self._loop.time())
        self._pump()

    # What goes out

    def _pump(self) -> None:
        """Hand out events and send packets until there are none, then set the timer."""
        if self._pumping or self._is_shut:
            return
        self._pumping = True
        try:
            while True:
                packets = self.agent.take_packets()
                events = self.agent.take_events()
                for packet in packets:
                    self._send(packet)
                for event in events:
                    self._hand_on(event)
                if not packets and not events:
                    break
        finally:
            self._pumping = False
        for diagnostic in self.agent.take_diagnostics():
            self._note(diagnostic)
        self._arm()

    def _hand_on(self, event: UserAgentEvent) -> None:
        try:
            self._handler(event)
        except Exception as error:  # noqa: BLE001 -- no packet may stop the endpoint
            self._report("sip event failed", error, None, about=type(event).__name__)
            now = self._loop.time()
            if isinstance(event, InviteReceived):
                self.agent.perform(EndSession(leg=event.leg, status=500), now)
            elif isinstance(
                event, InDialogRequestReceived | OutOfDialogRequestReceived | SessionEnded
            ):
                self.agent.perform(Respond(ref=event.ref, status=500), now)

    def _send(self, packet: Packet) -> None:
        if self.watch is not None:
            self.watch(packet.data, packet.peer, is_sent=True)
        match packet.peer.transport:
            case "TCP":
                self._tcp.send(packet)
            case "UDP":
                self._send_datagram(packet)
            case _:
                self.send_failed(packet)

    def _send_datagram(self, packet: Packet) -> None:
        # Straight to the socket: asyncio's transport closes itself for good when an untrusted address
        # makes sendto raise anything but OSError, as port 99999 does.
        peer = packet.peer
        if (":" in peer.host) != (self._family == socket.AF_INET6):
            self.send_failed(packet)
            return
        address = peer.host, peer.port
        try:
            try:
                self._udp.sendto(packet.data, address)
            except OSError:
                if not self._read_icmp_errors():
                    raise
                self._udp.sendto(packet.data, address)  # the error was of an earlier packet
        except BlockingIOError:
            pass  # the same as packet loss; SIP retransmits what matters
        except (OSError, OverflowError, ValueError) as error:
            log.info("sip packet not sent", peer=str(peer), error=str(error))
            self.send_failed(packet)

    # Time

    def _arm(self) -> None:
        """Set the timer to `wake_at`. One that rings too early costs less than moving it each time."""
        wake_at = None if self._is_shut else self.agent.wake_at
        if wake_at is None or (self._timer is not None and self._rings_at <= wake_at):
            return
        self._stop_timer()
        self._rings_at = wake_at
        self._timer = self._loop.call_at(wake_at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        try:
            self.agent.handle_timer(self._loop.time())
        except Exception as error:  # noqa: BLE001 -- no packet may stop the endpoint
            self._report("sip timer failed", error, None)
        self._pump()

    def _shut(self) -> None:
        """Say nothing more: calls that still end could not be told any way."""
        self._is_shut = True
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _report(self, what: str, error: Exception, source: Peer | None, **facts: str) -> None:
        """Log an error of ours as one line that says where to look."""
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        where = "" if frame is None else f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
        peer = "" if source is None else str(source)
        log.error(what, error=repr(error)[:300], at=where, peer=peer, **facts)


def _tokens() -> Iterator[str]:
    """Yield 64 random bits at a time. Many are asked for at once: meanwhile another thread has the GIL."""
    while True:
        bits = os.urandom(TOKENS * 8).hex()
        yield from (bits[at : at + 16] for at in range(0, len(bits), 16))


def _lag(full_batches: int) -> Lag:
    if full_batches >= FAR_BEHIND:
        return Lag.FAR_BEHIND
    return Lag.BEHIND if full_batches >= BEHIND else Lag.NONE
