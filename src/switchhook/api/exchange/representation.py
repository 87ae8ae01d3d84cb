"""The form of a whole answer to GET: its ETag, 304 for who has it (RFC 9110 §13), gzip for who takes it (§12.5.3).

Streams and recordings go out as they are: the one has no end, the other has its own ETag and little to compress.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send
    from litestar.types.asgi_types import HTTPResponseStartEvent

LEAST: Final = 1024
"""Bytes below which compressing saves nothing worth its time."""
LONG: Final = 32_768
"""Bytes from which a thread compresses: the loop has calls to serve."""
LEVEL: Final = 5
_TEXTS: Final = ("application/json", "application/toml", "application/openmetrics-text", "text/")
_ABOUT_BODY: Final = frozenset({b"content-length", b"content-type", b"content-encoding"})

HeaderBytes = list[tuple[bytes, bytes]]


def with_representation(app: ASGIApp) -> ASGIApp:
    """Finish whole answers 200 to GET and HEAD."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_read = scope.get("method") in {"GET", "HEAD"}
        await app(scope, receive, _Finish(scope, send) if is_read else send)

    return answer


class _Finish:
    """Holds the head of an answer until its first bytes show whether it is whole."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._asked = scope["headers"]
        self._send = send
        self._start: HTTPResponseStartEvent | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None and message["type"] == "http.response.body":
            body = message["body"]
            headers = [(name.lower(), value) for name, value in start["headers"]]
            length = _value(headers, b"content-length")
            is_whole = not message.get("more_body") and length == b"%d" % len(body)
            if is_whole and start["status"] == 200:
                status, headers, body = await self._finished(headers, body)
                start = {**start, "status": status, "headers": headers}
                message["body"] = body
        if start is not None:
            await self._send(start)
        await self._send(message)

    async def _finished(self, headers: HeaderBytes, body: bytes) -> tuple[int, HeaderBytes, bytes]:
        tag = _value(headers, b"etag")
        if tag is None:
            tag = b'W/"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
            headers = [*headers, (b"etag", tag)]
        if may_compress(_value(headers, b"content-type") or b"", len(body)):
            headers = [*headers, (b"vary", b"Accept-Encoding")]
            if takes_gzip(_joined(self._asked, b"accept-encoding")):
                long = len(body) >= LONG
                body = await asyncio.to_thread(_compress, body) if long else _compress(body)
                replaced = {b"content-length", b"etag"}
                headers = [
                    *(one for one in headers if one[0] not in replaced),
                    (b"etag", tag if tag.startswith(b"W/") else b"W/" + tag),  # other bytes
                    (b"content-encoding", b"gzip"),
                    (b"content-length", b"%d" % len(body)),
                ]
        if _knows(_joined(self._asked, b"if-none-match"), tag):
            return 304, [one for one in headers if one[0] not in _ABOUT_BODY], b""
        return 200, headers, body


def may_compress(media_type: bytes, size: int) -> bool:
    """Say whether a body of a type is a text long enough to be compressed."""
    plain = media_type.partition(b";")[0].strip().lower().decode("latin-1")
    is_text = plain.startswith(_TEXTS) or plain.endswith("+json")
    return size >= LEAST and is_text and plain != "text/event-stream"


def takes_gzip(header: str) -> bool:
    """Say whether Accept-Encoding names gzip, or everything, and does not rule it out (RFC 9110 §12.5.3)."""
    weights: dict[str, bool] = {}
    for part in header.lower().split(","):
        coding, *parameters = (one.strip() for one in part.split(";"))
        zero = any(one.startswith("q=") and not one[2:].strip("0.") for one in parameters)
        weights[coding] = not zero
    return weights.get("gzip", weights.get("*", False))


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)


def _knows(header: str, tag: bytes) -> bool:
    """Say whether If-None-Match names a tag, by the weak comparison (RFC 9110 §13.1.2)."""
    known = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in known or tag.decode("latin-1").removeprefix("W/") in known


def _value(headers: HeaderBytes, name: bytes) -> bytes | None:
    return next((value for known, value in headers if known == name), None)


def _joined(headers: object, name: bytes) -> str:
    assert isinstance(headers, list | tuple)  # noqa: S101 (as uvicorn has them)
    return ", ".join(value.decode("latin-1") for known, value in headers if known == name)
