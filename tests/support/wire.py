"""HTTP endpoints and relays that keep every byte of what came, exactly as it came."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, kw_only=True)
class Received:
    """One HTTP request, as it came."""

    at: float
    """Unix seconds when its last byte was here."""
    raw: bytes
    connection: int
    """1 for the first connection that was made, and so on."""

    @cached_property
    def lines(self) -> list[str]:
        """Return the head, line by line."""
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")

    @property
    def method(self) -> str:
        """Return the request's method."""
        return self.lines[0].split(" ")[0]

    @property
    def target(self) -> str:
        """Return the path and query."""
        return self.lines[0].split(" ")[1]

    @property
    def path(self) -> str:
        """Return the path alone."""
        return self.target.partition("?")[0]

    @property
    def body(self) -> bytes:
        """Return what follows the head."""
        return self.raw.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str:
        """Return a header's value, or "" where there is none."""
        for line in self.lines[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return ""


def reply(
    body: bytes | str = b"", *headers: str, status: str = "200 OK", content_type: str = ""
) -> bytes:
    """Write a response with a Content-Length; further header lines come before it."""
    content = body.encode() if isinstance(body, str) else body
    kind = [f"Content-Type: {content_type}"] if content_type else []
    lines = [f"HTTP/1.1 {status}", *kind, *headers, f"Content-Length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content


@dataclass(kw_only=True)
class Ledger:
    """What came, in order; may be waited on."""

    requests: list[Received] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def add(self, request: Received) -> None:
        """Write down one request."""
        with self._news:
            self.requests.append(request)
            self._news.notify_all()

    def of(self, path: str) -> list[Received]:
        """Return the requests to a path."""
        return [request for request in list(self.requests) if request.path == path]

    def wait_for(
        self, wanted: Callable[[Received], bool], count: int = 1, timeout: float = 10.0
    ) -> list[Received]:
        """Wait until so many requests of the wanted kind are here, and return them."""

        def found() -> list[Received]:
            return [request for request in self.requests if wanted(request)]

        with self._news:
            if not self._news.wait_for(lambda: len(found()) >= count, timeout):
                seen = [request.lines[0] for request in self.requests][-20:]
                raise AssertionError(f"{len(found())} of {count} requests came; last seen: {seen}")
            return found()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Listening:
    """A TCP server in threads of its own, at a free port of 127.0.0.1 unless told otherwise; a context manager."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        outer = self
        self._host = host
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._connections = 0

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer._handle(self.request)

        self._server = _Server((host, port), Handler)
        self.port: int = self._server.server_address[1]
        self.ledger = Ledger()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            left = tuple(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    @property
    def connections(self) -> int:
        """Return how many connections were made up to now."""
        with self._lock:
            return self._connections

    @property
    def authority(self) -> str:
        """Return host and port, as they stand in a Host line."""
        return f"{self._host}:{self.port}"

    def url(self, target: str = "/") -> str:
        """Return the address of a path and query here."""
        return f"http://{self.authority}{target}"

    def _handle(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections += 1
            number = self._connections
            self._open.add(connection)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serve(connection, number)
        except OSError:
            pass  # the peer went away: a killed server does
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _serve(self, connection: socket.socket, number: int) -> None:
        raise NotImplementedError


class Endpoint(_Listening):
    """Answers each request with the bytes that `answer` makes of it, and keeps what came.

    `answer` may sleep, also between the pieces that it yields: each connection has its own thread. An
    answer of None, or one in pieces, is the connection's last.
    """

    def __init__(
        self,
        answer: Callable[[Received], bytes | Iterable[bytes] | None],
        tls: ssl.SSLContext | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(host, port)
        self.answer = answer
        self._tls = tls

    def _serve(self, connection: socket.socket, number: int) -> None:
        if self._tls is None:
            self._converse(connection, number)
        else:
            with self._tls.wrap_socket(connection, server_side=True) as secure:
                self._converse(secure, number)

    def _converse(self, connection: socket.socket, number: int) -> None:
        held = b""
        while True:
            raw, held = _read_request(connection, held)
            if not raw:
                return
            request = Received(at=time.time(), raw=raw, connection=number)
            self.ledger.add(request)
            answer = self.answer(request)
            if answer is None:
                return
            if not isinstance(answer, bytes):
                for piece in answer:
                    connection.sendall(piece)
                return
            connection.sendall(answer)
            head = answer.partition(b"\r\n\r\n")[0].lower()
            if b"\r\nconnection: close" in head or request.header("connection") == "close":
                return


def by_path(answers: dict[str, bytes]) -> Callable[[Received], bytes]:
    """Answer each path with the bytes that stand for it, and any other with 404."""
    return lambda request: answers.get(request.path, reply("no such page", status="404 Not Found"))


class Relay(_Listening):
    """Passes connections on to another port, and keeps the requests that went through."""

    def __init__(self, upstream: int) -> None:
        super().__init__()
        self._upstream = upstream

    def _serve(self, connection: socket.socket, number: int) -> None:
        with socket.create_connection(("127.0.0.1", self._upstream), 5) as upstream:
            back = threading.Thread(target=_pump, args=(upstream, connection), daemon=True)
            back.start()
            held = b""
            while True:
                raw, held = _read_request(connection, held)
                if not raw:
                    break
                self.ledger.add(Received(at=time.time(), raw=raw, connection=number))
                upstream.sendall(raw)
            with contextlib.suppress(OSError):
                upstream.shutdown(socket.SHUT_WR)
            back.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)


def _read_request(connection: socket.socket, held: bytes) -> tuple[bytes, bytes]:
    """Read one request and what came after it; b"" when the peer closed before a whole one."""
    while b"\r\n\r\n" not in held:
        data = connection.recv(65_536)
        if not data:
            return b"", b""
        held += data
    head, _, _ = held.partition(b"\r\n\r\n")
    whole = len(head) + 4 + _content_length(head.split(b"\r\n")[1:])
    while len(held) < whole:
        data = connection.recv(65_536)
        if not data:
            return b"", b""
        held += data
    return held[:whole], held[whole:]


def _content_length(lines: Iterable[bytes]) -> int:
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
