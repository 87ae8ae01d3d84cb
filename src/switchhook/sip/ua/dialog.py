"""A dialog: the shared state of two ends (RFC 3261 §12), as one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from switchhook.quick_init import quick_init
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.message import Headers, Request, Response
from switchhook.sip.wire.syntax import is_one_line
from switchhook.sip.wire.transport import TCP, Peer, bracketed
from switchhook.sip.wire.uri import Uri

_HeaderFields = Iterable[tuple[str, str]]
"""Further headers of a message that is to be built."""

MAX_FORWARDS = "70"
REFRESHING = frozenset({"INVITE", "UPDATE"})
"""Requests whose Contact, and that of their 2xx, is the new remote target (§12.2, RFC 3311 §5.1)."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """One end's view. `local` and `remote` carry the tags; `routes` is in the order of sending."""

    call_id: str
    local: NameAddress
    remote: NameAddress
    target: Uri
    """Where the other end wants its requests (the remote target)."""
    routes: tuple[NameAddress, ...] = ()
    local_cseq: int = 0
    """The number of the latest request that we sent."""
    remote_cseq: int = -1
    """The number of the latest request that we received; -1 before the first."""

    @classmethod
    def of_server(cls, request: Request, local_tag: str, source: Peer) -> Dialog:
        """Open the dialog that our answer to an INVITE from `source` opens (§12.1.1).

        A request without Contact is answered at its source (RFC 2543, RFC 4475 §3.4.1).
        """
        contacts = request.contacts
        if not is_one_line(request.call_id):
            raise SipError("the Call-ID holds what no request of ours could repeat")
        return cls(
            call_id=request.call_id,
            local=request.to.with_tag(local_tag),
            remote=request.from_,
            target=contacts[0].uri if contacts else _at(source, request.from_.uri),
            routes=request.record_routes,
            remote_cseq=request.cseq.number,
        )

    @classmethod
    def of_client(cls, request: Request, response: Response) -> Dialog:
        """Open the dialog that a response to our INVITE opens (§12.1.2)."""
        contacts = response.contacts
        return cls(
            call_id=request.call_id,
            local=request.from_,
            remote=_tagged(request.to, response.to.tag),
            target=contacts[0].uri if contacts else request.uri,
            routes=response.record_routes[::-1],
            local_cseq=request.cseq.number,
        )

    @classmethod
    def of_stray(cls, response: Response, source: Peer) -> Dialog:
        """Open the dialog of a 2xx from `source` whose INVITE we know no more (§13.2.2.4)."""
        contacts = response.contacts
        return cls(
            call_id=response.call_id,
            local=response.from_,
            remote=response.to,
            target=contacts[0].uri if contacts else _at(source, response.to.uri),
            routes=response.record_routes[::-1],
            local_cseq=response.cseq.number,
        )

    @property
    def next_hop(self) -> Uri:
        """Where the next request goes: the first proxy, or the other end itself."""
        return self.routes[0].uri if self.routes else self.target

    def request(
        self, method: str, *, headers: _HeaderFields = (), body: bytes = b""
    ) -> tuple[Dialog, Request]:
        """Make our next request (§12.2.1.1), and the dialog after it. Not for ACK and CANCEL."""
        after = replace(self, local_cseq=self.local_cseq + 1)
        return after, self._make(method, after.local_cseq, headers, body)

    def ack(self, cseq: int, *, headers: _HeaderFields = (), body: bytes = b"") -> Request:
        """Make the ACK to a 2xx to our INVITE number `cseq` (§13.2.2.4)."""
        return self._make("ACK", cseq, headers, body)

    def _make(self, method: str, cseq: int, headers: _HeaderFields, body: bytes) -> Request:
        uri, routes = self._way()
        pairs = [("Route", str(route)) for route in routes]
        pairs += [
            ("Max-Forwards", MAX_FORWARDS),
            ("From", str(self.local)),
            ("To", str(self.remote)),
        ]
        pairs += [("Call-ID", self.call_id), ("CSeq", f"{cseq} {method}"), *headers]
        return Request(method=method, uri=uri, headers=Headers(pairs), body=body)

    def _way(self) -> tuple[Uri, tuple[NameAddress, ...]]:
        """Return Request-URI and Route; a strict router wants to find itself in the former."""
        if not self.routes or "lr" in self.routes[0].uri.parameters:
            return self.target, self.routes
        first = self.routes[0].uri
        # §12.2.1.1: remove the parameters that a Request-URI may not have.
        uri = first.replace(headers="", parameters=first.parameters.without("method"))
        return uri, (*self.routes[1:], NameAddress(uri=self.target))

    def belongs(self, message: Request) -> bool:
        """Say whether the sender of `message` is our other end; §12.2.2."""
        tag = message.from_.tag
        return tag == self.remote.tag or (tag is None and message.method == "BYE")

    def with_request(self, request: Request) -> Dialog:
        """Take note of a received request; raise SipError(500) for one out of order (§12.2.2).

        A BYE is never out of order: nothing may come behind it.
        """
        if request.method == "BYE":
            return self
        if request.cseq.number <= self.remote_cseq:
            raise SipError("the CSeq is not higher than the one before", status=500)
        return replace(self, remote_cseq=request.cseq.number)

    def refreshed(self, message: Request | Response) -> Dialog:
        """Return the dialog with the target that an INVITE or UPDATE, or its 2xx, gives."""
        if not message.contacts or message.cseq.method not in REFRESHING:
            return self
        return replace(self, target=message.contacts[0].uri)

    def skip(self, count: int) -> Dialog:
        """Leave out `count` of our numbers, as they may be used already."""
        return replace(self, local_cseq=self.local_cseq + count)

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads, in types that JSON knows.

        The ends' names stay out: they are no part of a dialog's state (§12), and one that a webhook
        returned may repeat the PIN that a caller keyed.
        """
        return {
            "call_id": self.call_id,
            "local": self.local.nameless,
            "remote": self.remote.nameless,
            "target": str(self.target),
            "routes": [str(route) for route in self.routes],
            "local_cseq": self.local_cseq,
            "remote_cseq": self.remote_cseq,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Dialog:
        """Read what `to_json` gave; raise ValueError or KeyError for anything else."""
        routes = stored["routes"]
        if not isinstance(routes, list):
            raise ValueError("routes is no list")  # noqa: TRY004 -- one error for every wrong document
        return cls(
            call_id=str(stored["call_id"]),
            local=NameAddress.parse(str(stored["local"])),
            remote=NameAddress.parse(str(stored["remote"])),
            target=Uri.parse(str(stored["target"])),
            routes=tuple(NameAddress.parse(str(route)) for route in routes),
            local_cseq=int(str(stored["local_cseq"])),
            remote_cseq=int(str(stored["remote_cseq"])),
        )


def _at(source: Peer, uri: Uri) -> Uri:
    """Return the address of a user at the source of a request."""
    user = uri.user if uri.scheme == "sip" else None
    there = Uri(user=user, host=bracketed(source.host), port=source.port)
    if source.transport != TCP:
        return there
    return there.replace(parameters=there.parameters.set("transport", "tcp"))


def _tagged(address: NameAddress, tag: str | None) -> NameAddress:
    return address if tag is None else address.with_tag(tag)
