"""The parser of SIP messages: a head, a datagram, and what is wrong with them (RFC 3261 §7, §25)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from switchhook.quick_init import quick_init
from switchhook.sip.wire.errors import ParseError, SipError, excerpt
from switchhook.sip.wire.headers import KNOWN_NAMES, Headers, received_name
from switchhook.sip.wire.lenient import (
    ENDING,
    SDP,
    looks_like_sdp,
    media_type,
    repair_headers,
    repair_request_line,
    whole_body,
)
from switchhook.sip.wire.message import MAX_MESSAGE, SIP_VERSION, Request, Response
from switchhook.sip.wire.multipart import OFFERED_IN, is_multipart, session_part
from switchhook.sip.wire.syntax import WHITE, is_one_line, is_token, read_number
from switchhook.sip.wire.uri import Uri

MAX_HEADERS: Final = 256
MOST_REASONS: Final = 3
"""Parts that were left out and that a refusal names."""
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
BLANK: Final = b" \t\r\n\0"
BETWEEN: Final = b"\r\n\0"
"""Bytes that may stand between messages, in any number: line ends and what keeps a NAT open."""


class MessageError(ParseError):
    """Bytes that are no SIP message.

    `partial` is the request as far as it could be read. It is set only when a response can be routed: the
    method and the top Via are readable. Its other properties may raise. It is None for a response, which gets
    no answer. `content_length` is that of a head that is wrong elsewhere, so that its body is not taken for the
    next message; else None. `is_silence` says that there was nothing but what keeps a NAT open.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int = 400,
        partial: Request | None = None,
        content_length: int | None = None,
        is_silence: bool = False,
    ) -> None:
        super().__init__(reason, status=status)
        self.partial = partial
        self.content_length = content_length
        self.is_silence = is_silence


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A message without its body: start line, headers, and how long the body is to be."""

    start: Request | Response
    content_length: int | None
    notes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, head: bytes, *, datagram: bool = False) -> Head:
        """Read what stands before the blank line; raise MessageError.

        A `datagram` has an end of its own: there a Content-Length that cannot be read is none.
        """
        lines, notes = _unfolded(head.decode("utf-8", "surrogateescape"))
        pairs = _read_fields(lines[1:], notes)
        lengths = {value for name, value in pairs if name == "Content-Length"}
        headers = Headers([p for p in pairs if p[0] != "Content-Length"], verbatim=True)
        length, trouble = _read_content_length(lengths)
        if datagram and trouble is not None and trouble.status == 400:
            notes.append(str(trouble))
            length = trouble = None
        try:
            start = _read_start_line(lines[0], headers, notes)
            _check_head(len(lines) - 1, trouble)
        except ParseError as error:
            raise MessageError(
                str(error),
                status=error.status,
                partial=_partial(lines[0], headers),
                content_length=None if trouble else length,
            ) from None
        return cls(start=start, content_length=length, notes=tuple(notes))

    @property
    def partial(self) -> Request | None:
        """The response to an error in this message."""
        return _answerable(self.start) if isinstance(self.start, Request) else None

    @property
    def is_typed(self) -> bool:
        """Whether a Content-Type says that there is a body."""
        return bool(self.start.headers.get("Content-Type"))

    @property
    def ends_a_call(self) -> bool:
        """Whether the body of this request is never read."""
        return isinstance(self.start, Request) and self.start.method in ENDING

    def message(self, body: bytes, *notes: str) -> Request | Response:
        """Return the whole message, checked, and repaired where that can be; raise MessageError."""
        message, dropped = self.start, (*self.notes, *notes)
        if body or dropped:
            message = message.with_body(body, dropped)
        if body and not self.is_typed and looks_like_sdp(body):
            headers = message.headers.put("Content-Type", SDP)
            dropped = (*message.dropped, "no Content-Type: what has sound in it is SDP")
            message = replace(message, headers=headers, dropped=dropped)
        try:
            return _described(_checked(message))
        except ParseError as error:
            why = "; ".join((str(error), *message.dropped[:MOST_REASONS]))
            raise MessageError(why, status=error.status, partial=self.partial) from None


def _described(message: Request | Response) -> Request | Response:
    """Return a message that offers or answers with its description alone, whatever came beside it."""
    kind = message.headers.get("Content-Type") or ""
    if not message.body or message.cseq.method not in OFFERED_IN:
        return message
    if media_type(kind) in {"", SDP} and not message.body.strip(BLANK):
        dropped = (*message.dropped, "a description of nothing but blanks")
        return replace(message, body=b"", dropped=dropped)
    if not is_multipart(kind):
        return message
    described = session_part(kind, message.body)
    if described is None and isinstance(message, Request) and message.method == "INVITE":
        return message  # to be refused
    headers = message.headers.without("Content-Type", "Content-Disposition")
    if described is not None:
        headers = headers.put("Content-Type", SDP)
    dropped = (*message.dropped, "the other parts of the body: the session description counts")
    return replace(message, headers=headers, body=described or b"", dropped=dropped)


def _checked(message: Request | Response) -> Request | Response:
    """Return the message, repaired if need be, with readable deciding parts; raise ParseError."""
    try:
        message.check()
    except ParseError:
        method = message.method if isinstance(message, Request) else None
        headers, notes = repair_headers(message.headers, method)
        message = replace(message, headers=headers, dropped=(*message.dropped, *notes))
        message.check()
    if message.via.unread:
        note = f"Via: the host and port of {excerpt(message.via.unread)}"
        message = replace(message, dropped=(*message.dropped, note))
    return message


def _unfolded(text: str) -> tuple[list[str], list[str]]:
    """Return the lines of a head, folded ones joined (RFC 3261 §7.3.1), and the list of repairs."""
    notes: list[str] = []
    ends = text.count("\r\n")
    if text.count("\n") != ends or text.count("\r") != ends:
        # A lone LF ends a line. A lone CR is a blank: a value with one must not become two headers.
        notes.append("a header line does not end in CRLF")
        text = text.replace("\r\n", "\n").replace("\r", " ").replace("\n", "\r\n")
    start_line, _, rest = text.partition("\r\n")
    rest = rest.replace("\r\n ", " ").replace("\r\n\t", " ")
    return [start_line, *(rest.split("\r\n") if rest else ())], notes


def _read_fields(lines: list[str], notes: list[str]) -> list[tuple[str, str]]:
    """Return the header fields that can be read; what is none is noted."""
    pairs: list[tuple[str, str]] = []
    for line in lines[:MAX_HEADERS]:
        name, colon, value = line.partition(":")
        if colon and (canonical := KNOWN_NAMES.get(name) or received_name(name)):
            pairs.append((canonical, value.strip(WHITE)))
        else:
            notes.append(f"this is no header: {excerpt(line)}")
    return pairs


def _check_head(count: int, trouble: ParseError | None) -> None:
    if count > MAX_HEADERS:
        raise ParseError(f"there are {count} headers, more than {MAX_HEADERS}")
    if trouble is not None:
        raise trouble


def _read_start_line(line: str, headers: Headers, notes: list[str]) -> Request | Response:
    if not is_one_line(line):
        raise ParseError("the start line holds a line break or a NUL")
    if line[:4].upper() == "SIP/":
        return _read_status_line(line, headers)
    try:
        return _read_request_line(line, headers)
    except ParseError as error:
        if error.status != 400:
            raise
        repaired = repair_request_line(line)
        if repaired == line:
            raise
        notes.append(f"the request line is read as {excerpt(repaired)}: {error}")
        return _read_request_line(repaired, headers)


def _read_request_line(line: str, headers: Headers) -> Request:
    words = line.split(" ")
    if len(words) != 3 or not is_token(words[0]):
        raise ParseError(f"this is no request line: {excerpt(line)}")
    if words[2].upper() != SIP_VERSION:
        status = 505 if words[2].upper().startswith("SIP/") else 400
        raise ParseError(f"this is not {SIP_VERSION}: {excerpt(words[2])}", status=status)
    uri = Uri.parse(words[1])
    if uri.headers:
        # They would become headers of a request to a third party (RFC 3261 §19.1.5).
        raise ParseError(f"headers stand in the Request-URI: {excerpt(words[1])}")
    return Request(method=words[0], uri=uri, headers=headers)


def _read_status_line(line: str, headers: Headers) -> Response:
    version, _, rest = line.partition(" ")
    status, _, reason = rest.lstrip(WHITE).partition(" ")
    if version.upper() != SIP_VERSION:
        raise ParseError(f"this is not {SIP_VERSION}: {excerpt(version)}", status=505)
    if len(status) != 3 or read_number(status, 699, "the status") < 100:
        raise ParseError(f"this is no status: {excerpt(status)}")
    return Response(status=int(status), reason=reason, headers=headers)


def _read_content_length(lengths: set[str]) -> tuple[int | None, ParseError | None]:
    """Return the number, and what is wrong with it."""
    if not lengths:
        return None, None
    if len(lengths) > 1:
        return None, ParseError("Content-Length stands there twice and differs")
    (length,) = lengths
    if length.isascii() and length.isdigit() and int(length[:6]) > MAX_MESSAGE:
        return None, ParseError(f"the body has more than {MAX_MESSAGE} bytes", status=513)
    try:
        return read_number(length, MAX_MESSAGE, "Content-Length"), None
    except ParseError as error:
        return None, error


def _partial(start_line: str, headers: Headers) -> Request | None:
    """Make what an error answer needs out of a request whose start line may be unreadable."""
    method, _, rest = start_line.partition(" ")
    if not is_token(method):
        return None
    try:
        uri = Uri.parse(rest.strip(WHITE).partition(" ")[0])
    except ValueError:
        uri = Uri(scheme="unreadable", opaque="uri")
    return _answerable(Request(method=method, uri=uri, headers=headers))


def _answerable(request: Request) -> Request | None:
    try:
        _ = request.via
    except SipError:
        return None
    return request


def parse_message(data: bytes) -> Request | Response:
    """Read the message of one datagram; raise MessageError.

    Its body goes to Content-Length, unless that is missing or counted wrong (`lenient.whole_body`).
    The body is never decoded.
    """
    if len(data) > MAX_MESSAGE:
        raise MessageError(f"the message has more than {MAX_MESSAGE} bytes", status=513)
    data = data.lstrip(BETWEEN)
    end = end_of_head(data)
    if end is None:
        if not data.endswith(b"\n"):
            raise MessageError("no blank line ends the headers", is_silence=not data)
        end = len(data), len(data)
    head = Head.parse(data[: end[0]].rstrip(b"\r\n"), datagram=True)
    body, note = data[end[1] :], ""
    if head.content_length is not None and head.content_length != len(body):
        try:
            body, note = whole_body(body, head.content_length, typed=head.is_typed)
        except ParseError as error:
            if not head.ends_a_call:
                raise MessageError(str(error), partial=head.partial) from None
            note = str(error)
    return head.message(body, *((note,) if note else ()))


def end_of_head(data: bytes | bytearray, begin: int = 0) -> tuple[int, int] | None:
    """Return the positions of the head's end and the body's begin; None before the blank line."""
    found = _BLANK_LINE.search(data, begin)
    return None if found is None else found.span()
