"""Cutting a TCP stream into messages (RFC 3261 §18.3, RFC 5626 §3.5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from switchhook.sip.wire.message import MAX_MESSAGE, Request, Response
from switchhook.sip.wire.parser import BETWEEN, Head, MessageError, end_of_head

_PING: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive:
    """The peer asked whether the connection lives; answer it with CRLF."""


Framed = Request | Response | KeepAlive | MessageError
"""The items of a stream; a MessageError is a value here, so that the messages around it count."""


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
        self._head: Head | MessageError | None = None

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
        """Return the next item, or None when more bytes are needed; raise when framing is lost."""
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
        if isinstance(head, MessageError):
            return head  # its body is not the next message
        try:
            return head.message(body)
        except MessageError as error:
            return error

    def _takes_ping(self) -> bool:
        """Take a double CRLF, which is a ping; drop all else that is no beginning of a message."""
        if not self._buffer or self._buffer[0] not in BETWEEN:
            return False
        rest = self._buffer.lstrip(BETWEEN)
        between = len(self._buffer) - len(rest)
        ping = self._buffer.find(_PING, 0, between)
        if ping >= 0:
            self._take(ping + len(_PING))
            return True
        # Without further bytes, this may be the begin of a ping.
        begun = 0 if rest else next(n for n in (3, 2, 1, 0) if self._buffer.endswith(_PING[:n]))
        if between > begun:
            self._take(between - begun)
        return False

    def _take_head(self) -> Head | MessageError | None:
        """Return a head from the buffer, or its error; raise when its body has no end."""
        place = end_of_head(self._buffer, self._searched)
        end = len(self._buffer) if place is None else place[0]
        if end > MAX_MESSAGE:
            raise MessageError(f"the headers have more than {MAX_MESSAGE} bytes", status=513)
        if place is None:
            # The blank line may begin in the last two bytes; what stands before is searched.
            self._searched = max(0, len(self._buffer) - 2)
            return None
        head: Head | MessageError
        try:
            head = Head.parse(self._take(place[1])[: place[0]].rstrip(b"\r\n"))
        except MessageError as error:
            if error.content_length is None:
                raise
            head = error
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
