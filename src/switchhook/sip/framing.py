"""Cutting a TCP stream into messages (RFC 3261 §18.3, RFC 5626 §3.5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from switchhook.sip.message import MAX_MESSAGE, Head, MessageError, Request, Response

_END_OF_HEAD: Final = b"\r\n\r\n"
_PING: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive:
    """The peer asked whether the connection lives; answer it with CRLF."""


Framed = Request | Response | KeepAlive | MessageError
"""What comes out of a stream; a MessageError here is a value, for the messages around it count too."""


class StreamFramer:
    """The receiving side of one connection. Holds at most one message and one read of bytes.

    `feed` never raises. A MessageError among its results is a message that was cut out well but is
    wrong: answer its `partial` and read on. Where the end of a message cannot be found any more, a
    last MessageError comes and `broken` is set: answer it, then close the connection.
    """

    def __init__(self) -> None:
        self.broken = False
        self._buffer = bytearray()
        self._searched = 0
        self._head: Head | None = None

    def feed(self, data: bytes) -> list[Framed]:
        """Return what `data` completes, in the order of the stream."""
        framed: list[Framed] = []
        if self.broken:
            return framed
        self._buffer += data
        try:
            while (item := self._next()) is not None:
                framed.append(item)
        except MessageError as error:
            self.broken = True
            self._buffer.clear()
            framed.append(error)
        return framed

    def _next(self) -> Framed | None:
        """Cut out the next item, None where more bytes are needed; raise where cutting is over."""
        if self._head is None:
            if self._takes_ping():
                return KeepAlive()
            self._head = self._take_head()
        if self._head is None:
            return None
        head, length = self._head, self._head.content_length
        if length is None:
            raise MessageError("on a stream Content-Length is required", partial=head.partial)
        if len(self._buffer) < length:
            return None
        body = self._take(length)
        self._head = None
        try:
            return head.message(body)
        except MessageError as error:
            return error

    def _takes_ping(self) -> bool:
        """Take a double CRLF, which is a ping; drop the single one that may precede a start line."""
        if self._buffer.startswith(_PING):
            self._take(len(_PING))
            return True
        if self._buffer.startswith(b"\r\n") and not _PING.startswith(bytes(self._buffer[:5])):
            self._take(2)
        return False

    def _take_head(self) -> Head | None:
        end = self._buffer.find(_END_OF_HEAD, self._searched)
        if end > MAX_MESSAGE or (end < 0 and len(self._buffer) > MAX_MESSAGE):
            raise MessageError(f"the headers have more than {MAX_MESSAGE} bytes", status=513)
        if end < 0:
            # The blank line may begin in the last three bytes; what stands before is searched.
            self._searched = max(0, len(self._buffer) - len(_END_OF_HEAD) + 1)
            return None
        head = Head.parse(self._take(end + len(_END_OF_HEAD))[: -len(_END_OF_HEAD)])
        if (head.content_length or 0) + end > MAX_MESSAGE:
            raise MessageError(
                f"the message has more than {MAX_MESSAGE} bytes", status=513, partial=head.partial
            )
        return head

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._searched = 0
        return taken
