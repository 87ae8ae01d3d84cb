"""HTTP sinks that keep every whole request, and whose manners can be changed while they run."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from tests.faults.ledger import Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER: Final = "HTTP/1.1 {} Whatever\r\nContent-Length: 2\r\n\r\n"
DRIP: Final = 0.05
"""Seconds between two bytes of a dripping answer."""
RST: Final = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""SO_LINGER with 0 seconds: closing resets the connection."""

Manners = Callable[[str, int], str]
"""Says by a delivery's id, and how often it came up to now, how it is answered: a status, `hang`, `drip` or `reset`."""


def polite(_name: str, _times: int) -> str:
    """Answer 200."""
    return "200"


@dataclass(kw_only=True)
class Sink:
    """What arrived at an origin, in order."""

    name: str
    keep: Callable[[Receipt], None]
    """Takes a receipt, before it is answered."""
    manners: Manners = polite
    port: int = 0
    connections: int = 0
    let_go: int = 0
    """How often those were let go that hung or dripped."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    times: dict[str, int] = field(default_factory=dict)
    """How often each id came."""

    def url(self, path: str) -> str:
        """Return the address of a path here."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def behave(self, manners: Manners) -> None:
        """Change the manners, and let go of whoever hangs or drips."""
        self.manners = manners
        self.release()

    def release(self) -> None:
        """Let go of whoever hangs or drips, without an answer."""
        with self.changed:
            self.let_go += 1
            self.changed.notify_all()

    def count(self, change: int) -> None:
        """Count a connection that was accepted, or one that was served to its end."""
        with self.changed:
            self.connections += change
            self.changed.notify_all()

    def wait_until_quiet(self) -> None:
        """Wait until all that a killed process had sent is read; who hangs or drips is let go.

        Connections are accepted in order: once ours was, so were all of that process.
        """
        with socket.create_connection(("127.0.0.1", self.port)) as ours:
            ours.sendall(b"OPTIONS / HTTP/1.0\r\n\r\n")
            assert ours.recv(100)
        end = time.monotonic() + 60.0
        while not self._is_quiet():
            assert time.monotonic() < end, f"{self.connections} connections are open"
            self.release()

    def _is_quiet(self) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.connections == 0, 0.1)

    def answer(self, name: str, connection: Any) -> None:
        """Answer as the manners of the moment say."""
        times = self.times[name] = self.times.get(name, 0) + 1
        manner, then = self.manners(name, times), self.let_go
        match manner:
            case "hang":
                with self.changed:
                    self.changed.wait_for(lambda: self.let_go > then)
            case "drip":
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while self.let_go == then:
                    time.sleep(DRIP)
                    connection.sendall(b"X")
            case "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
            case _:
                connection.sendall(ANSWER.format(manner).encode())
                time.sleep(0.0005)  # so that head and body are read apart
                connection.sendall(b"OK")
                return
        raise ConnectionError(manner)


@contextmanager
def listening(name: str, keep: Callable[[Receipt], None]) -> Iterator[Sink]:
    """Run a sink on a free port."""
    sink, lock = Sink(name=name, keep=keep), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"] or 0)
            body = self.rfile.read(length)
            if not length or len(body) < length:  # the rest will not come
                raise ConnectionError("half a request")
            identity = self.headers["webhook-id"]
            content = f"{self.requestline}\n{self.headers}".encode() + body
            manner = sink.manners(identity, sink.times.get(identity, 0) + 1)
            status = int(manner) if manner.isdigit() else 0
            with lock:
                keep(
                    Receipt(
                        sink=name,
                        id=identity,
                        content=content,
                        status=status,
                    )
                )
            sink.answer(identity, self.connection)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                with suppress(ConnectionError):  # the process was killed, or reset
                    super().handle()
            finally:
                sink.count(-1)

    class Server(ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

        def process_request(self, request: Any, client_address: Any) -> None:
            sink.count(1)
            super().process_request(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    sink.port = server.server_address[1]
    serving = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    serving.start()
    try:
        yield sink
    finally:
        sink.behave(polite)
        server.shutdown()
        server.server_close()
        serving.join()
