"""Limits that uvicorn's HTTP/1.1 leaves open: how long a client may take, and how much it may send.

What clients hold open counts, since calls need sockets too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from switchhook.api.exchange.problems import PROBLEM_TYPE, problem_bytes

if TYPE_CHECKING:
    import asyncio

MAX_CONNECTIONS: Final = 200
"""At once. For one more, that makes room which waits longest without a request."""
TIMEOUT: Final = 30.0
"""Seconds for each part of an exchange: the request, the answer, the next request."""
MAX_HEAD: Final = 32_768
"""Bytes of a request's line and headers."""
MAX_BODY: Final = 1_048_576
"""Bytes of a request's body."""
MAX_REQUEST: Final = 2 * MAX_BODY
"""Bytes of a request as it is sent, in chunks perhaps, trailers included."""
WRITE_BUFFER: Final = 65_536
"""Bytes that wait for a client that does not read; TLS would hold 512 KiB of each."""

PROGRESS: Final = "switchhook.progress"
"""Where a request's scope has what gives an answer without end more time, once a part of it was taken."""

MAX_WAITING: Final = 8
"""The limit of pipelined requests on one connection. uvicorn has none."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection. It ends when nothing gets ahead in it, however slowly bytes trickle."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (uvicorn's own)
        super().__init__(*args, **kwargs)
        self._is_in_head = True
        self._received = 0
        self._head_is_too_large = False
        self._deadline: asyncio.TimerHandle | None = None
        self._since = 0.0

    raw: asyncio.Transport | None = None
    """The connection below TLS."""

    def abort(self) -> None:
        """End the connection at once. One of TLS that was closed twice ignores that, and waits for its peer."""
        (self.raw or self.transport).abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Close the idlest connection when there are too many; refuse this one when none is idle."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER)
        self._wait()
        if len(self.connections) > MAX_CONNECTIONS and not self._makes_room():
            self._refuse(503, "too many connections are open; try again later")

    def _makes_room(self) -> bool:
        """Close the connection that waits longest for a request, or the rest of its head; say whether one does.

        A silent connection does not keep other clients out, nor one that was closed and does not go. A request that
        is answered holds its place: without a good token that is a moment.
        """
        others = [
            one for one in self.connections if isinstance(one, LimitedProtocol) and one is not self
        ]
        free = [one for one in others if one._waits]  # noqa: SLF001 (our own class)
        free = free or [one for one in others if one.transport.is_closing()]
        if not free:
            return False
        min(free, key=lambda one: one._since).abort()  # noqa: SLF001
        return True

    @property
    def _waits(self) -> bool:
        cycle: Any = self.cycle  # None before the first request, whatever its type says
        is_free = cycle is None or cycle.response_complete
        return is_free and not self.transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuse what grows too large before it is kept."""
        if self.transport.is_closing():
            return
        self._received += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_in_head and self._received > MAX_HEAD:
            self._refuse_head()
        elif self._received > MAX_REQUEST:
            self.abort()

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._is_in_head, self._received = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Leave out trailers: a reader of headers does not look there."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Refuse a head that is too large, although it came at once, and one request too many."""
        if len(self.pipeline) >= MAX_WAITING:
            raise ValueError("too many requests wait")  # the parser stops, and asks for a 400
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD:
            self._head_is_too_large = True
            raise ValueError("the head is too large")  # the parser stops, and asks for a 400
        self._is_in_head = False
        self.scope[PROGRESS] = self._wait  # type: ignore[typeddict-unknown-key] # HTTP's have none of ours
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Give the answer a time of its own."""
        self._wait()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Give the client time to take it and to ask for more."""
        self._wait()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as everything else is answered."""
        del msg
        if self._head_is_too_large:
            self._refuse_head()
        else:
            self._refuse(400, "this is no HTTP request that can be understood")

    def _refuse_head(self) -> None:
        self._refuse(431, f"the request line and headers have more than {MAX_HEAD} bytes")

    def _refuse(self, status: int, detail: str) -> None:
        body = problem_bytes(status, detail)
        head = f"content-type: {PROBLEM_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(
            b"%s%sconnection: close\r\n\r\n%s" % (STATUS_LINE[status], head.encode(), body)
        )
        self.transport.close()

    def _wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._since = self.loop.time()
        self._deadline = self.loop.call_later(TIMEOUT, self.abort)
