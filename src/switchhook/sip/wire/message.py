"""SIP requests and responses as values, and how they stand on the wire (RFC 3261 §7)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Final, Self

from switchhook.quick_init import quick_init
from switchhook.sip.wire.errors import ParseError, SipError, excerpt
from switchhook.sip.wire.header_values import CSeq, NameAddress, Via
from switchhook.sip.wire.headers import Headers, checked
from switchhook.sip.wire.lazy import lazy
from switchhook.sip.wire.lenient import (
    MAX_LIST,
    MAX_MAX_FORWARDS,
    as_route,
)
from switchhook.sip.wire.reasons import REASONS
from switchhook.sip.wire.syntax import is_one_line, is_token, read_number
from switchhook.sip.wire.uri import Uri

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MAX_LIST",
    "MAX_MESSAGE",
    "REASONS",
    "Headers",
    "Request",
    "Response",
]

MAX_MESSAGE: Final = 65535
"""Bytes of a message, head and body; what a UDP datagram can hold."""
_ONCE: Final = frozenset({"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Type"})
_OPTIONAL: Final = frozenset({"Max-Forwards", "Contact", "Route", "Record-Route", "Path"})
"""Headers that decide where they stand, and may be missing."""
_ASKED: Final = frozenset(
    {"INVITE", "CANCEL", "BYE", "OPTIONS", "REGISTER", "INFO", "UPDATE", "MESSAGE", "NOTIFY"}
)
"""The requests that we send."""
SIP_VERSION: Final = "SIP/2.0"
_NO_HEADERS: Final = Headers()


# No slots: `lazy` keeps its values in the instance's __dict__.
@dataclass(frozen=True, kw_only=True)
class _Message:
    """The common part of requests and responses. The properties are parsed once, when first asked for.

    What `lenient.py` says decides is readable in a message that `parser.parse_message` returned. In one
    built by hand a property whose header is missing or malformed raises ParseError. Content-Length
    belongs to the framing and is never among `headers`.
    """

    headers: Headers = _NO_HEADERS
    body: bytes = b""
    dropped: tuple[str, ...] = field(default=(), compare=False)
    """Unreadable parts that do not decide, for the timeline."""

    def __post_init__(self) -> None:
        if "Content-Length" in self.headers.names:
            object.__setattr__(self, "headers", self.headers.without("Content-Length"))

    @lazy
    def via(self) -> Via:
        """The top Via: the hop that the message came from."""
        values = self._list("Via")
        if not values:
            raise ParseError("there is no Via")
        return Via.parse(values[0], any_host=True)

    @lazy
    def vias(self) -> tuple[Via, ...]:
        """The hops, the latest first; those below the top are only passed back, and need not be read."""
        below = (_read_via(value) for value in self._list("Via")[1:])
        return (self.via, *(via for via in below if via is not None))

    @lazy
    def from_(self) -> NameAddress:
        """The From of the request, in both directions of the transaction."""
        return NameAddress.parse(self._one("From"))

    @lazy
    def to(self) -> NameAddress:
        """The To of the request."""
        return NameAddress.parse(self._one("To"))

    @lazy
    def call_id(self) -> str:
        """The Call-ID, compared as it stands."""
        call_id = self._one("Call-ID")
        if not call_id or len(call_id.split(None, 1)) != 1:
            raise ParseError(f"this is no Call-ID: {excerpt(call_id)}")
        return call_id

    @lazy
    def cseq(self) -> CSeq:
        """The number and method of the request."""
        return CSeq.parse(self._one("CSeq"))

    @lazy
    def contacts(self) -> tuple[NameAddress, ...]:
        """Where the sender can be reached; `Contact: *` is none (see `is_wildcard_contact`)."""
        return self._addresses("Contact")

    @lazy
    def is_wildcard_contact(self) -> bool:
        """Whether a Contact is `*`, which stands for all of a registration (RFC 3261 §10.2.2)."""
        return "*" in self._list("Contact")

    @lazy
    def routes(self) -> tuple[NameAddress, ...]:
        """The Route set still to be visited."""
        return tuple(map(as_route, self._addresses("Route")))

    @lazy
    def record_routes(self) -> tuple[NameAddress, ...]:
        """The proxies that want to stay in the dialog."""
        return tuple(map(as_route, self._addresses("Record-Route")))

    @lazy
    def paths(self) -> tuple[NameAddress, ...]:
        """The proxies between a registrar and the telephone, the nearest first (RFC 3327)."""
        return tuple(map(as_route, self._addresses("Path")))

    @lazy
    def max_forwards(self) -> int | None:
        """How many hops the request may still make."""
        value = self.headers.get("Max-Forwards")
        return None if value is None else read_number(value, MAX_MAX_FORWARDS, "Max-Forwards")

    _deciding: ClassVar[tuple[tuple[str, str], ...]] = ()
    """The headers that must be readable, with the properties that read them."""

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
            first = min(name.lower() for name in repeated)
            raise ParseError(f"{first} stands there more than once")
        names = self.headers.names
        for name, read in self._deciding:
            if name not in names and name in _OPTIONAL:
                continue
            try:
                getattr(self, read)
            except SipError as error:
                raise ParseError(f"{name}: {error}", status=error.status) from None

    def with_body(self, body: bytes, dropped: tuple[str, ...]) -> Self:
        """Return it with a body, and with what was left out: neither decides, and neither is checked."""
        return self._with(body=body, dropped=dropped)

    def with_hops(self, headers: Headers, via: Via) -> Self:
        """Return it with other Via headers, of which `via` is the top one; all other headers are the same."""
        message = self._with(headers=headers, via=via)
        message.__dict__.pop("vias", None)
        return message

    def _with(self, **changes: object) -> Self:
        """Copy it with what was read of it, without another check. `dataclasses.replace` does neither."""
        message = object.__new__(type(self))
        message.__dict__.update(self.__dict__, **changes)
        return message

    def _write(self, start_line: str) -> bytes:
        lines = [start_line, *[f"{name}: {value}" for name, value in self.headers]]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


def _read_via(value: str) -> Via | None:
    try:
        return Via.parse(value)
    except SipError:
        return None


@quick_init
@dataclass(frozen=True, kw_only=True)
class Request(_Message):
    """A SIP request. `bytes(request)` is exact and always carries Content-Length."""

    method: str
    uri: Uri
    _deciding: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Via", "via"),
        ("From", "from_"),
        ("To", "to"),
        ("Call-ID", "call_id"),
        ("CSeq", "cseq"),
        ("Max-Forwards", "max_forwards"),
        ("Contact", "contacts"),
        ("Route", "routes"),
        ("Record-Route", "record_routes"),
        ("Path", "paths"),
    )

    def __post_init__(self) -> None:
        _Message.__post_init__(self)
        if not is_token(self.method):
            raise ValueError(f"this is no method: {excerpt(self.method)}")

    @lazy
    def is_within_dialog(self) -> bool:
        """Whether this belongs to a dialog (§12.2): a REGISTER never does, though some repeat a To tag."""
        return self.to.tag is not None and self.method != "REGISTER"

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
            headers=Headers((*pairs, *checked(headers)), verbatim=True),
            body=body,
        )

    def check(self) -> None:
        """Raise ParseError for what every element must refuse (RFC 3261 §8.1.1, §8.2.2)."""
        super().check()
        if self.cseq.method != self.method:
            raise ParseError(f"CSeq names {self.cseq.method}, the start line {self.method}")

    def __bytes__(self) -> bytes:
        return self._write(f"{self.method} {self.uri} {SIP_VERSION}")


@quick_init
@dataclass(frozen=True, kw_only=True)
class Response(_Message):
    """A SIP response. `bytes(response)` is exact and always carries Content-Length."""

    status: int
    reason: str = ""
    _deciding: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Via", "via"),
        ("To", "to"),
        ("CSeq", "cseq"),
        ("Contact", "contacts"),
        ("Record-Route", "record_routes"),
    )

    def __post_init__(self) -> None:
        _Message.__post_init__(self)
        if not 100 <= self.status <= 699:
            raise ValueError(f"a status goes from 100 to 699, not {self.status}")
        if not is_one_line(self.reason):
            raise ValueError(f"a reason phrase holds a line break: {excerpt(self.reason)}")

    @lazy
    def cseq(self) -> CSeq:
        """The number and method of the request, one of ours spelled as we do."""
        read = CSeq.parse(self._one("CSeq"))
        method = read.method.upper()
        return (
            read if read.method == method or method not in _ASKED else replace(read, method=method)
        )

    def __bytes__(self) -> bytes:
        return self._write(f"{SIP_VERSION} {self.status} {self.reason}")


def _tagged(to: str, tag: str) -> str:
    try:
        address = NameAddress.parse(to)
    except SipError:
        return to
    return to if address.tag is not None else f"{to};tag={tag}"
