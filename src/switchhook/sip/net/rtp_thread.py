"""The sockets and the clock of all sound, in a thread of its own: the shell around `rtp/media.py`.

Commands go in and events come out through queues; neither side waits for the other.

Why a thread: measured with `benchmarks/media.py`, on two cores that were busy with other work too, the
gap between two packets of 50 prompts while 50 calls a second were set up in the main loop was

    in the main loop                      20 ms, p99 23.7 to 27.8
    in a thread                           20 ms, p99 21.4 to 23.9
    in the main loop, which something blocks for 30 ms five times a second
                                          p99 48 to 51, 15 to 20 % outside 20 ± 5 ms
    in a thread, the same                 p99 33 to 42, 12 to 20 % outside
    in a thread, the same, SWITCH 0.5 ms  p99 23.9, 0.8 % outside

The garbage collector holds both threads. On a quiet machine a full collection cost one or two whole frames
of everybody (most 40 ms); with `app.settle`, three runs gave p1 16.7 to 17.9, p99 21.6 to 23.1, most 25.2.
"""

from __future__ import annotations

import asyncio
import secrets
import selectors
import socket
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.sip.rtp import g711
from switchhook.sip.rtp.commands import CloseStream
from switchhook.sip.rtp.media import MediaStreams
from switchhook.sip.rtp.recording_writer import RecordingWriter
from switchhook.sip.rtp.sender import InitialNumbers

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack

    from switchhook.sip.rtp.commands import MediaStreamCommand, MediaStreamEvent
    from switchhook.sip.rtp.symmetric_rtp import RtpAddress

log = structlog.get_logger(__name__)

BATCH: Final = 16
"""Datagrams that are read from one socket before others get their turn."""
LARGEST: Final = 2048
"""Bytes of a datagram that are read; no frame of telephone sound is longer."""
SWITCH: Final = 0.0005
"""The thread switch interval in seconds. Python's own 5 ms are a quarter of a frame, and each packet may wait
that long."""
TRIES: Final = 1_000
"""Ports that are tried at most: some milliseconds."""
ANY_PORTS: Final = range(0)
BUFFER: Final = 1 << 18
"""Bytes of receive buffer of a socket: some seconds of sound."""


class NoPortError(Exception):
    """No port for sound is free. The text says where was looked."""


@dataclass(frozen=True, slots=True)
class _Opened:
    stream: str
    call: str
    socket: socket.socket


class MediaThread:
    """All sound of one address.

    `ports` are the allowed ports, of which the even ones are used (RFC 3550 §11); `ANY_PORTS` leaves it to the
    system. `tell` gets events in the loop that `start` ran in. All methods return at once; commands that come
    before `start` wait for it.
    """

    def __init__(
        self,
        tell: Callable[[MediaStreamEvent], None],
        *,
        host: str = "127.0.0.1",
        ports: range = ANY_PORTS,
        silence: float = 60.0,
    ) -> None:
        self._tell = tell
        self._host = host
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._ports = ports
        self._media = MediaStreams(silence=silence, now=time.monotonic())
        self._inbox: deque[_Opened | MediaStreamCommand] = deque()
        self._sockets: dict[str, socket.socket] = {}
        self._writer = RecordingWriter(self._report)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._selector: selectors.BaseSelector
        self._wake_socket: socket.socket | None = None
        self._woken_socket: socket.socket
        self._loop: asyncio.AbstractEventLoop

    async def start(self, stack: AsyncExitStack) -> None:
        """Begin; closing the stack ends every stream and closes every recording."""
        self._loop = asyncio.get_running_loop()
        g711.prepare()
        self._selector = selectors.DefaultSelector()
        waking, self._woken_socket = socket.socketpair()
        for end in (waking, self._woken_socket):
            end.settimeout(0.0)
        self._wake_socket = waking
        self._selector.register(self._woken_socket, selectors.EVENT_READ, None)
        self._writer.start()
        self._thread.start()
        self._wake()
        stack.push_async_callback(self._close)

    def open(self, stream: str, call: str, *, port: int = 0) -> int:
        """Open a stream of a call, and return the port to which its telephone is to send.

        `port` is the one that a telephone knows already. Raises NoPortError.
        """
        bound = self._bind(range(port, port + 1) if port else self._ports)
        sys.setswitchinterval(min(SWITCH, sys.getswitchinterval()))
        self._give(_Opened(stream, call, bound))
        return int(bound.getsockname()[1])

    def perform(self, command: MediaStreamCommand) -> None:
        """Hand a command over."""
        self._give(command)

    # In the thread of the loop

    def _bind(self, ports: range) -> socket.socket:
        try:
            bound = socket.socket(self._family, socket.SOCK_DGRAM)
        except OSError as error:
            raise NoPortError(
                f"no socket for sound can be opened: {error.strerror}; raise the limit of open files"
                " (ulimit -n, or LimitNOFILE= of systemd)"
            ) from error
        try:
            bound.settimeout(0.0)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            self._bind_one_of(_candidates(ports), bound)
        except NoPortError:
            bound.close()
            raise
        return bound

    def _bind_one_of(self, ports: list[int], bound: socket.socket) -> None:
        why = ""
        for port in ports:
            try:
                bound.bind((self._host, port))
            except OSError as error:
                why = error.strerror or str(error)
            else:
                return
        where = f"{min(ports)} to {max(ports)}" if any(ports) else "any"
        raise NoPortError(
            f"no port for sound is free at {self._host} ({where}, {len(ports)} tried): {why};"
            " widen rtp_ports, or allow fewer calls with max_calls"
        )

    def _give(self, command: _Opened | MediaStreamCommand) -> None:
        self._inbox.append(command)
        self._wake()

    def _wake(self) -> None:
        if self._wake_socket is not None:
            with suppress(OSError):  # so many rings wait that it will look anyway; or it is over
                self._wake_socket.send(b"\0")

    async def _close(self) -> None:
        self._stopping = True
        self._wake()
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        self._thread.join()
        self._writer.close()
        if self._wake_socket is not None:
            self._wake_socket.close()
        self._woken_socket.close()

    # In the thread of the sound

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 -- one stream's trouble is not everybody's
                _log_failure(error)
        self._shut()

    def _turn(self) -> None:
        wake_at = self._media.wake_at
        wait = None if wake_at is None else max(0.0, wake_at - time.monotonic())
        ready = self._selector.select(wait)
        self._tick()
        for key, _ in ready:
            if key.data is None:
                self._take_commands()
            else:
                self._read(key.data)
            self._tick()  # what is due goes out between whatever else there is to do
        self._hand_over()

    def _tick(self) -> None:
        self._media.tick(time.monotonic())
        for stream, data, address in self._media.take_packets():
            self._send(stream, data, address)

    def _send(self, stream: str, data: bytes, address: RtpAddress) -> None:
        bound = self._sockets.get(stream)
        if bound is None:
            return
        with suppress(OSError, OverflowError, ValueError):  # as good as lost on the way
            bound.sendto(data, address)

    def _hand_over(self) -> None:
        for stored in self._media.take_recorded():
            self._writer.store(stored)
        for event in self._media.take_events():
            self._report(event)

    def _report(self, event: MediaStreamEvent) -> None:
        """Tell of an event in the loop; this is called by two threads."""
        try:
            self._loop.call_soon_threadsafe(self._tell, event)
        except RuntimeError:
            log.debug("media event after the end", event=type(event).__name__)

    def _take_commands(self) -> None:
        with suppress(BlockingIOError):
            self._woken_socket.recv(4096)
        while self._inbox:
            command = self._inbox.popleft()
            if isinstance(command, _Opened):
                self._open(command)
            else:
                self._perform(command)

    def _open(self, opened: _Opened) -> None:
        start = InitialNumbers(
            source=secrets.randbits(32), number=secrets.randbits(16), timestamp=secrets.randbits(32)
        )
        self._close_socket(opened.stream)
        self._sockets[opened.stream] = opened.socket
        self._selector.register(opened.socket, selectors.EVENT_READ, opened.stream)
        self._media.open(opened.stream, opened.call, start, time.monotonic())

    def _perform(self, command: MediaStreamCommand) -> None:
        """Carry a command out; where it ends a recording, what lies in the sockets still belongs to that."""
        for stream in self._media.ended_by(command):
            self._read(stream)
        self._media.perform(command, time.monotonic())
        if isinstance(command, CloseStream):
            self._close_socket(command.stream)

    def _close_socket(self, stream: str) -> None:
        bound = self._sockets.pop(stream, None)
        if bound is not None:
            self._selector.unregister(bound)
            bound.close()

    def _read(self, stream: str) -> None:
        bound = self._sockets.get(stream)
        if bound is None:
            return
        for _ in range(BATCH):
            try:
                data, address = bound.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about something that we sent
            self._media.receive(stream, data, (str(address[0]), address[1]), time.monotonic())

    def _shut(self) -> None:
        """End every stream, so that recordings are whole."""
        for stream in tuple(self._sockets):
            self._perform(CloseStream(stream=stream))
        while self._inbox:
            command = self._inbox.popleft()
            if isinstance(command, _Opened):
                command.socket.close()
        self._hand_over()
        self._selector.close()


def _candidates(ports: range) -> list[int]:
    """Return the ports to try: the even ones of a range, from a place by chance on; 0 for any."""
    if len(ports) < 2:
        return list(ports) or [0]
    even = range(ports.start + ports.start % 2, ports.stop, 2)
    first = secrets.randbelow(len(even))
    return [even[(first + place) % len(even)] for place in range(min(TRIES, len(even)))]


def _log_failure(error: Exception) -> None:
    """Log an error of ours as one line that says where to look."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = "" if frame is None else f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
    log.error("media event failed", error=repr(error)[:300], at=where)
