"""SIP requests and responses as values, and how they stand on the wire (RFC 3261 §7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from switchhook.sip.errors import ParseError, SipError, excerpt
from switchhook.sip.fields import Headers, received_name
from switchhook.sip.headers import CSeq, NameAddress, Via
from switchhook.sip.reasons import REASONS
from switchhook.sip.syntax import WHITE, is_one_line, is_token, read_number
from switchhook.sip.uri import Uri

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MAX_HEADERS",
    "MAX_LIST",
    "MAX_MESSAGE",
    "REASONS",
    "Head",
    "Headers",
    "Request",
    "Response",
    "parse_message",
]

MAX_MESSAGE: Final = 65535
"""Bytes of a message, head and body; what a UDP datagram can hold."""
MAX_HEADERS: Final = 256
MAX_LIST: Final = 100
"""Values of one list header, such as Via: more hops than Max-Forwards allows."""
MAX_MAX_FORWARDS: Final = 255

_ONCE: Final = frozenset({"from", "to", "call-id", "cseq", "max-forwards", "content-type"})
FORGIVEN: Final = frozenset({"ACK", "BYE", "CANCEL"})
"""Requests on which the end of a call hangs: none is refused for what nobody needs of it."""
_UNNEEDED: Final = ("Max-Forwards", "Contact", "Route", "Record-Route", "Content-Type")
_VERSION: Final = "SIP/2.0"
_NO_HEADERS: Final = Headers()


# No slots: cached_property keeps its values in the instance's __dict__.
@dataclass(frozen=True, kw_only=True)
class _Message:
    """What requests and responses share. The properties are parsed once, when first asked for.

    All of them are readable in a message that `parse_message` returned. In one built by hand a
    property whose header is missing or malformed raises ParseError. Content-Length belongs to the
    framing and is never among `headers`.
    """

    headers: Headers = _NO_HEADERS
    body: bytes = b""

    def __post_init__(self) -> None:
        if "Content-Length" in self.headers:
            object.__setattr__(self, "headers", self.headers.without("Content-Length"))

    @cached_property
    def via(self) -> Via:
        """The top Via: the hop that the message came from."""
        values = self._list("Via")
        if not values:
            raise ParseError("there is no Via")
        return Via.parse(values[0])

    @cached_property
    def vias(self) -> tuple[Via, ...]:
        """The hops, the latest first."""
        return (self.via, *(Via.parse(value) for value in self._list("Via")[1:]))

    @cached_property
    def from_(self) -> NameAddress:
        """Who sends the request, in both directions of the transaction."""
        return NameAddress.parse(self._one("From"))

    @cached_property
    def to(self) -> NameAddress:
        """Whom the request is meant for."""
        return NameAddress.parse(self._one("To"))

    @cached_property
    def call_id(self) -> str:
        """The Call-ID, compared as it stands."""
        call_id = self._one("Call-ID")
        if not call_id or len(call_id.split(None, 1)) != 1:
            raise ParseError(f"this is no Call-ID: {excerpt(call_id)}")
        return call_id

    @cached_property
    def cseq(self) -> CSeq:
        """The number and method of the request."""
        return CSeq.parse(self._one("CSeq"))

    @cached_property
    def contacts(self) -> tuple[NameAddress, ...]:
        """Where the sender can be reached; `Contact: *` is none (see `is_wildcard_contact`)."""
        return self._addresses("Contact")

    @cached_property
    def is_wildcard_contact(self) -> bool:
        """Whether a Contact is `*`, which stands for all of a registration (RFC 3261 §10.2.2)."""
        return "*" in self._list("Contact")

    @cached_property
    def routes(self) -> tuple[NameAddress, ...]:
        """The Route set still to be visited."""
        return self._addresses("Route")

    @cached_property
    def record_routes(self) -> tuple[NameAddress, ...]:
        """The proxies that want to stay in the dialog."""
        return self._addresses("Record-Route")

    @cached_property
    def max_forwards(self) -> int | None:
        """How many hops the request may still make."""
        value = self.headers.get("Max-Forwards")
        return None if value is None else read_number(value, MAX_MAX_FORWARDS, "Max-Forwards")

    def _one(self, name: str) -> str:
        value = self.headers.get(name)
        if value is None:
            raise ParseError(f"there is no {name}")
        return value

    def _list(self, name: str) -> tuple[str, ...]:
        values = self.headers.values(name)
        if len(values) > MAX_LIST:
            raise ParseError(f"there are {len(values)} values of {name}, more than {MAX_LIST}")
        return values

    def _addresses(self, name: str) -> tuple[NameAddress, ...]:
        if name not in self.headers:
            return ()
        return tuple(NameAddress.parse(value) for value in self._list(name) if value != "*")

    def check(self) -> None:
        """Raise ParseError for what every element must refuse (RFC 3261 §8.1.1, §8.2.2)."""
        if repeated := self.headers.repeated & _ONCE:
            raise ParseError(f"{min(repeated)} stands there more than once")
        for name, read in _READERS:
            try:
                getattr(self, read)
            except SipError as error:
                raise ParseError(f"{name}: {error}", status=error.status) from None

    def _write(self, start_line: str) -> bytes:
        lines = [start_line, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


_READERS: Final = (
    ("Via", "vias"),
    ("From", "from_"),
    ("To", "to"),
    ("Call-ID", "call_id"),
    ("CSeq", "cseq"),
    ("Max-Forwards", "max_forwards"),
    ("Contact", "contacts"),
    ("Route", "routes"),
    ("Record-Route", "record_routes"),
)


@dataclass(frozen=True, kw_only=True)
class Request(_Message):
    """A SIP request. `bytes(request)` is exact and always carries Content-Length."""

    method: str
    uri: Uri

    def __post_init__(self) -> None:
        _Message.__post_init__(self)
        if not is_token(self.method):
            raise ValueError(f"this is no method: {excerpt(self.method)}")

    def response(
        self,
        status: int,
        reason: str | None = None,
        *,
        to_tag: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Response:
        """Build the answer to this request (RFC 3261 §8.2.6.2, §12.1.1).

        Via, From, Call-ID and CSeq are copied as they came, and so is To, which gets `to_tag` if it
        has no tag and `status` is above 100. Record-Route goes into what can open a dialog,
        Timestamp into a 100. Works on a `MessageError.partial` too.
        """
        copied = {"Via", "From", "To", "Call-ID", "CSeq"}
        if 100 < status < 300:
            copied.add("Record-Route")
        if status == 100:
            copied.add("Timestamp")
        pairs = [pair for pair in self.headers if pair[0] in copied]
        if to_tag is not None and status > 100:
            pairs = [(n, _tagged(v, to_tag)) if n == "To" else (n, v) for n, v in pairs]
        return Response(
            status=status,
            reason=REASONS.get(status, "Unknown") if reason is None else reason,
            headers=Headers((*pairs, *Headers(headers)), verbatim=True),
            body=body,
        )

    def check(self) -> None:
        """Raise ParseError for what every element must refuse (RFC 3261 §8.1.1, §8.2.2)."""
        super().check()
        if self.cseq.method != self.method:
            raise ParseError(f"CSeq names {self.cseq.method}, the start line {self.method}")

    def __bytes__(self) -> bytes:
        return self._write(f"{self.method} {self.uri} {_VERSION}")


@dataclass(frozen=True, kw_only=True)
class Response(_Message):
    """A SIP response. `bytes(response)` is exact and always carries Content-Length."""

    status: int
    reason: str = ""

    def __post_init__(self) -> None:
        _Message.__post_init__(self)
        if not 100 <= self.status <= 699:
            raise ValueError(f"a status goes from 100 to 699, not {self.status}")
        if not is_one_line(self.reason):
            raise ValueError(f"a reason phrase holds a line break: {excerpt(self.reason)}")

    def __bytes__(self) -> bytes:
        return self._write(f"{_VERSION} {self.status} {self.reason}")


def _tagged(to: str, tag: str) -> str:
    try:
        address = NameAddress.parse(to)
    except SipError:
        return to
    return to if address.tag is not None else f"{to};tag={tag}"


class MessageError(ParseError):
    """Bytes that are no SIP message.

    `partial` is the request as far as it could be read. It is given only where an answer can find
    its way back, that is, where the method and the top Via are readable; its other properties may
    raise. It is None for a response, which nobody answers.
    """

    def __init__(self, reason: str, *, status: int = 400, partial: Request | None = None) -> None:
        super().__init__(reason, status=status)
        self.partial = partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A message without its body: start line, headers, and how long the body is to be."""

    start: Request | Response
    content_length: int | None

    @classmethod
    def parse(cls, head: bytes) -> Head:
        """Read what stands before the blank line; raise MessageError."""
        text = head.decode("utf-8", "surrogateescape")
        start_line, _, rest = text.partition("\r\n")
        pairs, garbage, trouble = _read_fields(rest)
        lengths = {value for name, value in pairs if name == "Content-Length"}
        headers = Headers((p for p in pairs if p[0] != "Content-Length"), verbatim=True)
        try:
            start = _read_start_line(start_line, headers, garbage, trouble)
            return cls(start=start, content_length=_read_content_length(lengths))
        except ParseError as error:
            partial = _partial(start_line, headers)
            raise MessageError(str(error), status=error.status, partial=partial) from None

    @property
    def is_forgiven(self) -> bool:
        """Whether nobody asks for the body of this request."""
        return isinstance(self.start, Request) and self.start.method in {"BYE", "CANCEL"}

    @property
    def partial(self) -> Request | None:
        """What an error about this message can be answered by."""
        return _answerable(self.start) if isinstance(self.start, Request) else None

    def message(self, body: bytes) -> Request | Response:
        """Return the whole message, checked; raise MessageError."""
        start = self.start
        message: Request | Response
        if isinstance(start, Request):
            message = _forgiven(
                Request(method=start.method, uri=start.uri, headers=start.headers, body=body)
            )
        else:
            message = Response(
                status=start.status, reason=start.reason, headers=start.headers, body=body
            )
        try:
            message.check()
        except ParseError as error:
            raise MessageError(str(error), status=error.status, partial=self.partial) from None
        return message


def _forgiven(request: Request) -> Request:
    """Leave out of a request that ends or confirms a call what cannot be read and nobody needs."""
    if request.method not in FORGIVEN:
        return request
    bad = {name for name, read in _READERS if name in _UNNEEDED and not _reads(request, read)}
    bad |= {name for name in _UNNEEDED if name.lower() in request.headers.repeated & _ONCE}
    headers = request.headers.without(*bad)
    if request.method == "BYE" and not (
        _reads(request, "cseq") and request.cseq.method == request.method
    ):
        number = request.cseq.number if _reads(request, "cseq") else 0
        headers = headers.put("CSeq", f"{number} {request.method}")
    return request if headers is request.headers else replace(request, headers=headers)


def _reads(request: Request, read: str) -> bool:
    try:
        getattr(request, read)
    except SipError:
        return False
    return True


def _read_fields(text: str) -> tuple[list[tuple[str, str]], str, str]:
    """Return the header fields that can be read, the first trouble with the others, and with the head."""
    # A line that begins with white space continues the one before it (RFC 3261 §7.3.1).
    text = text.replace("\r\n ", " ").replace("\r\n\t", " ")
    lines = text.split("\r\n") if text else []
    garbage, trouble = "", ""
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        trouble = "a header line does not end in CRLF" if lines else ""
    if len(lines) > MAX_HEADERS:
        trouble = f"there are {len(lines)} headers, more than {MAX_HEADERS}"
        del lines[MAX_HEADERS:]
    pairs: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and (canonical := received_name(name)):
            pairs.append((canonical, value.strip(WHITE)))
        else:
            garbage = garbage or f"this is no header: {excerpt(line)}"
    return pairs, garbage, trouble


def _read_start_line(line: str, headers: Headers, garbage: str, trouble: str) -> Request | Response:
    if not is_one_line(line):
        raise ParseError("the start line holds a line break or a NUL")
    read = _read_status_line if line[:4].upper() == "SIP/" else _read_request_line
    start = read(line, headers)
    if isinstance(start, Request) and start.method in FORGIVEN:
        garbage = ""
    if trouble or garbage:
        raise ParseError(trouble or garbage)
    return start


def _read_request_line(line: str, headers: Headers) -> Request:
    words = line.split(" ")
    if len(words) != 3 or not is_token(words[0]):
        raise ParseError(f"this is no request line: {excerpt(line)}")
    if words[2].upper() != _VERSION:
        status = 505 if words[2].upper().startswith("SIP/") else 400
        raise ParseError(f"this is not {_VERSION}: {excerpt(words[2])}", status=status)
    uri = Uri.parse(words[1])
    if uri.headers:
        # They would become headers of a request to somebody else (RFC 3261 §19.1.5).
        raise ParseError(f"headers stand in the Request-URI: {excerpt(words[1])}")
    return Request(method=words[0], uri=uri, headers=headers)


def _read_status_line(line: str, headers: Headers) -> Response:
    version, _, rest = line.partition(" ")
    status, _, reason = rest.partition(" ")
    if version.upper() != _VERSION:
        raise ParseError(f"this is not {_VERSION}: {excerpt(version)}", status=505)
    if len(status) != 3 or read_number(status, 699, "the status") < 100:
        raise ParseError(f"this is no status: {excerpt(status)}")
    return Response(status=int(status), reason=reason, headers=headers)


def _read_content_length(lengths: set[str]) -> int | None:
    if not lengths:
        return None
    if len(lengths) > 1:
        raise ParseError("Content-Length stands there twice and differs")
    (length,) = lengths
    if length.isascii() and length.isdigit() and int(length[:6]) > MAX_MESSAGE:
        raise ParseError(f"the body has more than {MAX_MESSAGE} bytes", status=513)
    return read_number(length, MAX_MESSAGE, "Content-Length")


def _partial(start_line: str, headers: Headers) -> Request | None:
    """Make what an error answer needs out of a request whose start line may be unreadable."""
    method, _, rest = start_line.partition(" ")
    if not is_token(method):
        return None
    try:
        uri = Uri.parse(rest.strip(WHITE).partition(" ")[0])
    except ParseError:
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

    What stands behind Content-Length is cut off, a shorter body is refused, and without
    Content-Length the body goes to the end (RFC 3261 §18.3). The body is never decoded.
    """
    if len(data) > MAX_MESSAGE:
        raise MessageError(f"the message has more than {MAX_MESSAGE} bytes", status=513)
    if data.startswith(b"\r\n"):
        data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise MessageError("no blank line ends the headers")
    head = Head.parse(data[:end])
    body = data[end + 4 :]
    length = head.content_length
    if length is not None and length != len(body):
        if length > len(body) and not head.is_forgiven:
            raise MessageError(
                f"Content-Length is {length}, but the body has {len(body)} bytes",
                partial=head.partial,
            )
        body = body[:length]
    return head.message(body)
