"""Reads one response after another off one connection; no I/O, no clock.

`httptools` (llhttp, strict) parses; this holds the limits, decides where a response ends and whether another
may follow on the same connection. Two framings, two lengths or bytes after the end have one result: the
response fails, or the connection is not used again. A head that the parser refuses is read once more without
its unreadable ornaments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httptools

from switchhook.delivery.http.content import WIRE_SLACK, decode, is_compressed, too_large
from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.response_head import UnreadableHeadError, cut, may_be_http, repair
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.http import HttpResponse

if TYPE_CHECKING:
    from switchhook.delivery.limits import HttpLimits

_names: dict[bytes, tuple[str, bool]] = {}
"""Header names as servers spell them, in lower case, and whether they are noted. Bounded: servers choose them."""
_NAMES_KEPT = 1024
_NAME_LENGTH_KEPT = 64

_WIRE_FACTOR = 8
"""Chunk sizes, chunk extensions and trailers may make a body this many times as long on the wire:
enough for one byte to a chunk, and an end for a server that sends extensions for ever."""

_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""Alert and handshake (RFC 8446 §5.1)."""
_STATUS_LINE = b"HTTP/1.1 "
_SHOWN = 40
"""Bytes of what is no HTTP that a failure repeats."""

_LAST_CHUNK = re.compile(rb"\n0+[ \t]*(?:;[^\r\n]*)?\r?\n\Z")
_TAIL = 64
"""Bytes in which a last chunk shows."""

_NOTED = frozenset({"transfer-encoding", "content-encoding", "keep-alive"})


class ResponseReader:
    """Call `expect`, then `feed` until `is_over`; then `response` or `failure` is set.

    The `on_…` methods are for the parser alone.
    """

    __slots__ = (
        "_body",
        "_body_size",
        "_cap",
        "_encoding",
        "_head_size",
        "_headers",
        "_in_trailers",
        "_interim",
        "_is_extra",
        "_is_head_request",
        "_is_whole",
        "_left_out",
        "_limits",
        "_may_go_on",
        "_most",
        "_parser",
        "_pieces",
        "_reason",
        "_status",
        "_tail",
        "_where",
        "_wire_size",
        "_wrong",
        "failure",
        "has_begun",
        "has_head",
        "is_over",
        "is_reusable",
        "keep_alive",
    )

    def __init__(self, limits: HttpLimits, where: str) -> None:
        self._limits = limits
        self._where = where
        self._parser = self._new_parser()
        self.expect("GET", limits.body)

    def expect(self, method: str, cap: int) -> None:
        """Make ready for the response to `method`, with a body of at most `cap` decoded bytes."""
        self._is_head_request = method == "HEAD"
        self._cap = self._most = cap
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._reason = b""
        self._encoding = self.keep_alive = ""
        self._head_size = self._wire_size = self._body_size = self._interim = 0
        self._pieces: list[bytes] = []
        self._wrong: httptools.HttpParserError | None = None
        self._left_out: tuple[str, ...] = ()
        self._tail = b""
        self._is_extra = self._is_whole = self._may_go_on = self._in_trailers = False
        self.has_begun = self.has_head = self.is_over = self.is_reusable = False
        self.failure: ExchangeError | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes in. Nothing is taken once `is_over`."""
        self.has_begun = True
        if self.has_head:
            self._measure_wire(len(data))
        else:
            self._head_size += len(data)
        try:
            if self.has_head:
                self._parser.feed_data(data)
            else:
                self._feed_head(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # After the end it is only rubbish that follows, and costs no more than the connection.
            self._is_extra = True
            if self._in_trailers:
                self._is_whole = True
            if not self._is_whole:
                self._fail(FailureKind.BAD_RESPONSE, self._unreadable(data, error))
        if self._head_size > self._limits.head_bytes:
            self._measure_head()
        if self._is_whole or self.failure is not None:
            self.is_over = True
            is_clean = self.failure is None and self._wrong is None and not self._is_extra
            self.is_reusable = self._may_go_on and is_clean
        else:
            self._tail = self._tail[-_TAIL:] + data[-_TAIL:]

    def end(self, error: Exception | None) -> None:
        """The connection is gone: whole if only its end was missing, failed otherwise."""
        if self.is_over:
            return
        self.is_over = True
        if not self.has_begun:
            self._fail(FailureKind.RESET, "closed the connection without an answer")
        elif not self.has_head:
            self._fail(FailureKind.RESET, "closed the connection in the middle of its headers")
        elif self._in_trailers and _LAST_CHUNK.search(self._tail):
            return  # whole (RFC 9112 §8): only the empty line behind it did not come
        elif error is not None:
            self._fail(FailureKind.RESET, "cut the connection in the middle of its answer")
        elif length := self._header("content-length"):
            self._fail(
                FailureKind.BAD_RESPONSE,
                f"its answer is cut short: Content-Length promised {length} bytes, "
                f"{self._body_size} came. The endpoint or a proxy before it broke off",
            )
        elif self._header("transfer-encoding"):
            self._fail(
                FailureKind.BAD_RESPONSE, "its answer is cut short: the last chunk is missing"
            )

    @property
    def was_dropped(self) -> bool:
        """Whether the connection ended before a first byte of the answer."""
        failure = self.failure
        return (
            failure is not None and failure.failure.kind is FailureKind.RESET and not self.has_begun
        )

    def close(self) -> None:
        """Let go of the parser, which holds on to this reader; nothing is fed any more."""
        del self._parser

    def response(self) -> HttpResponse:
        """Return what was read. Raises ExchangeError where it failed, or cannot be decoded."""
        if self.failure is not None:
            raise self.failure
        body = b"".join(self._body)
        if self._encoding or is_compressed(body):
            body = decode(body, self._encoding, self._cap, self._where)
            if len(body) > self._cap:
                raise too_large(self._where, self._cap)
        return HttpResponse(
            status=self._status,
            reason=self._reason.decode("latin-1"),
            headers=tuple(self._headers),
            body=body,
            left_out=self._left_out,
            is_cut=self._is_extra and bool(body) and bool(self._header("content-length")),
        )

    def begun(self) -> HttpResponse | None:
        """Return a response whose body failed, as far as it came; None without a whole head."""
        if not self.has_head:
            return None
        return HttpResponse(
            status=self._status,
            reason=self._reason.decode("latin-1"),
            headers=tuple(self._headers),
            body=b"".join(self._body),
            left_out=self._left_out,
        )

    def on_message_begin(self) -> None:
        """A first byte after the end shows that more follows than was announced."""
        if self._is_whole:
            self._is_extra = True

    def on_status(self, reason: bytes) -> None:
        """Called with each piece of the reason phrase."""
        if not self.has_head:
            self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called once for each header, and for each trailer, which is ignored."""
        if self.has_head:
            return
        known, is_noted = _names.get(name) or _known(name)
        text = value.decode("latin-1").rstrip()
        self._headers.append((known, text))
        if is_noted:
            self._note(known, text)

    def on_headers_complete(self) -> None:
        """Called at the empty line, of interim answers too."""
        if self._is_whole:
            return
        self._status = status = self._parser.get_status_code()
        if status < 200:
            return
        self.has_head = True
        if len(self._headers) > self._limits.headers:
            self._fail(
                FailureKind.TOO_LARGE,
                f"its answer has more than {self._limits.headers} headers",
            )
        if self._is_head_request:
            # The parser cannot be told that no body follows, so the connection ends with this.
            self._is_whole = self._is_extra = True

    def on_chunk_header(self) -> None:
        """Called behind each chunk's size; where no byte of the chunk follows, trailers do."""
        self._in_trailers = True

    def on_body(self, data: bytes) -> None:
        """Called with each piece of the body."""
        self._in_trailers = False
        if self._is_whole:
            return
        size, room = len(data), self._most - self._body_size
        self._body_size += size
        if room >= size:
            self._body.append(data)
        else:
            self._body.append(data[: max(0, room)])
            self.failure = self.failure or too_large(self._where, self._cap)

    def on_message_complete(self) -> None:
        """Called at the end of each answer, interim ones included."""
        if self.has_head:
            self._is_whole = True
            self._may_go_on = self._parser.should_keep_alive()  # known here alone
            return
        self._interim += 1
        self._begin_head()
        if self._status == 101:
            self._fail(FailureKind.BAD_RESPONSE, "it switched to another protocol unasked")
        elif self._status < 100:
            self._fail(FailureKind.BAD_RESPONSE, f"it answered with status {self._status:03}")
        elif self._interim > self._limits.interim:
            self._fail(FailureKind.BAD_RESPONSE, "it sends interim answers (1xx) without end")

    def _new_parser(self) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(self)
        # A client forwards nothing, so a bare LF (RFC 9112 §2.2) or blanks confuse no later reader,
        # after a chunk's size, and small devices send both.
        parser.set_dangerous_leniencies(
            lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        return parser

    def _begin_head(self) -> None:
        self._headers.clear()
        self._reason = b""
        self._encoding = self.keep_alive = ""

    def _feed_head(self, data: bytes) -> None:
        """Parse what came of the head. What the parser refuses is gathered, mended and parsed anew."""
        if self._wrong is None:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserError as error:
                self._pieces.append(data)
                if self.has_head or self.failure is not None:
                    raise
                self._wrong = error
                self._parser = self._new_parser()
                self._begin_head()
                self._interim = 0
            else:
                if not self.has_head:
                    self._pieces.append(data)
                return
        else:
            self._pieces.append(data)
        self._repair(self._wrong)

    def _repair(self, wrong: httptools.HttpParserError) -> None:
        """Parse each head that is whole by now, interim ones too, and what follows the last."""
        data = b"".join(self._pieces)
        while not self.has_head and self.failure is None:
            if not may_be_http(data):
                raise wrong
            head, data = cut(data)
            if not head:
                break
            try:
                mended = repair(head)
            except UnreadableHeadError:
                raise wrong from None
            self._left_out += mended.left_out
            self._parser.feed_data(mended.data)
        self._pieces = [data]
        if self.has_head and data:
            self._parser.feed_data(data)

    def _unreadable(self, data: bytes, error: Exception) -> str:
        """Say what it is that the parser refused."""
        if self.has_head:
            return f"what it sent is not HTTP ({error})"
        if isinstance(error, httptools.HttpParserCallbackError):
            return "its answer has an unexpected Transfer-Encoding"
        began = b"".join(self._pieces) or data
        if began.startswith(_TLS_RECORDS):
            return "what it sent is not HTTP, but TLS: the webhook's URL has to begin with https"
        if may_be_http(began) and len(began) >= len(_STATUS_LINE):
            return (
                f"its head is not HTTP that can be read without a doubt ({error}): {_begun(began)}"
            )
        return f"what it sent is not HTTP, but {_begun(began)}"

    def _header(self, wanted: str) -> str:
        return next((value for name, value in self._headers if name == wanted), "")

    def _note(self, name: str, value: str) -> None:
        match name:
            case "keep-alive":
                self.keep_alive = value
            case "transfer-encoding":
                if value.lower() != "chunked":
                    raise UnreadableHeadError  # and mended, where it means nothing else
            case _:
                self._encoding = f"{self._encoding},{value}" if self._encoding else value
                self._most = self._cap + WIRE_SLACK

    def _measure_wire(self, size: int) -> None:
        self._wire_size += size
        if self._wire_size > self._most * _WIRE_FACTOR + self._limits.head_bytes:
            self.failure = self.failure or too_large(self._where, self._cap)

    def _measure_head(self) -> None:
        """Find out whether the head itself is too long, or the body came in the same piece."""
        size = self._head_size
        if self.has_head:
            size = len(self._reason)
            size += sum(len(name) + len(value) + 4 for name, value in self._headers)
        if size > self._limits.head_bytes:
            self._fail(
                FailureKind.TOO_LARGE,
                f"the headers of its answer are longer than {self._limits.head_bytes} bytes",
            )

    def _fail(self, kind: FailureKind, what: str) -> None:
        if self.failure is None:
            self.failure = ExchangeError(kind, f"{self._where}: {what}.")


def _begun(data: bytes) -> str:
    """Show how a piece begins that could not be read: a greeting often says which service it is."""
    return ascii(data[:_SHOWN].decode("latin-1")) + ("…" if len(data) > _SHOWN else "")


def _known(name: bytes) -> tuple[str, bool]:
    text = name.decode("latin-1").lower()
    known = text, text in _NOTED
    if len(_names) < _NAMES_KEPT and len(name) <= _NAME_LENGTH_KEPT:
        _names[name] = known
    return known
