"""Which messages belong together: the names of transactions, and the requests derived from an INVITE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from switchhook.sip.wire.message import Headers, Request, Response
from switchhook.sip.wire.syntax import is_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

TransactionKey = tuple[str, ...]
"""The name of a transaction; its last part is the method."""

MAGIC: Final = "z9hg4bk"
"""The magic cookie of a branch (RFC 3261 §8.1.1.7), in lower case."""


def server_key(request: Request) -> TransactionKey:
    """Name the server transaction that a request belongs to (§17.2.3); an ACK is its INVITE's."""
    via = request.via
    method = "INVITE" if request.method == "ACK" else request.method
    branch = via.branch or ""
    sent_by = f"{via.host}:{via.port or ''}"
    if branch[: len(MAGIC)].lower() == MAGIC and len(branch) > len(MAGIC):
        return branch, sent_by, method
    from_tag = request.from_.tag or ""
    number = str(request.cseq.number)
    return request.call_id, from_tag, number, str(request.uri), sent_by, method


def merge_key(request: Request, method: str = "") -> TransactionKey:
    """Name what a request stays when it comes by several ways, with several Vias (§8.2.2.2).

    The called number belongs to the key: a proxy may fork one call to two numbers of ours. `method` is
    that of the request that is meant, where it is not this one's.
    """
    cseq, user = request.cseq, request.uri.user or ""
    tag = request.from_.tag or ""
    return request.call_id, tag, str(cseq.number), user, method or cseq.method


def stateless_tag(request: Request) -> str:
    """Return a To tag that is the same whenever the same request comes (§8.2.7)."""
    return f"{crc32(str(request.headers.get('Via')).encode('utf-8', 'surrogateescape')):08x}"


def make_ack(invite: Request, response: Response) -> Request:
    """Make the ACK that a final response other than 2xx demands (§17.1.1.3)."""
    to = response.headers.get("To") or ""
    # It is repeated as it came, unless it would end our own header.
    return _sibling(invite, "ACK", to if is_one_line(to) else str(response.to), ())


def make_cancel(invite: Request, headers: Iterable[tuple[str, str]] = ()) -> Request:
    """Make the CANCEL of an INVITE that went out (§9.1), with further `headers`, such as Reason."""
    return _sibling(invite, "CANCEL", invite.headers.get("To") or "", headers)


def _sibling(invite: Request, method: str, to: str, headers: Iterable[tuple[str, str]]) -> Request:
    """Make the request that shares the top Via, the route and the sequence number of an INVITE."""
    copied = invite.headers
    pairs = [("Via", str(invite.via))]
    pairs += [("Route", value) for value in copied.all("Route")]
    pairs += [("Max-Forwards", "70"), ("From", copied.get("From") or ""), ("To", to)]
    pairs += [("Call-ID", invite.call_id), ("CSeq", f"{invite.cseq.number} {method}"), *headers]
    return Request(method=method, uri=invite.uri, headers=Headers(pairs))
