"""The events of the transaction layer (RFC 3261 §8.1.3, §8.2, §9)."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.quick_init import quick_init
from switchhook.sip.transaction.matching import TransactionKey
from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.transport import Peer


@quick_init
@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A request that is new; answer it with `server.respond`."""

    key: TransactionKey
    request: Request
    source: Peer


@dataclass(frozen=True, slots=True)
class AckReceived:
    """An ACK that no refusal waited for: it belongs to a 2xx."""

    request: Request
    source: Peer


@dataclass(frozen=True, slots=True)
class CancelReceived:
    """An INVITE is to be cancelled; answer the CANCEL, and then the INVITE, with `server.respond`."""

    key: TransactionKey
    """That of the CANCEL."""
    request: Request
    """The CANCEL."""
    source: Peer
    owner: object
    """Of the INVITE."""


@quick_init
@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A response to our request that is new, or a 2xx to an INVITE, which may come again."""

    key: TransactionKey
    response: Response
    source: Peer
    owner: object


@dataclass(frozen=True, slots=True)
class StrayResponse:
    """A 2xx to an INVITE that we know nothing of: of an earlier process, or given up long ago."""

    response: Response
    source: Peer


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """Our request got no final response: 408 in time, 503 as it could not be sent (§8.1.3.1)."""

    key: TransactionKey
    status: int
    owner: object


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """The parts left out of a message, or why it was not read; for the log."""

    source: Peer
    texts: tuple[str, ...]
    unread: bool = False


TransactionEvent = (
    RequestReceived
    | AckReceived
    | CancelReceived
    | ResponseReceived
    | StrayResponse
    | RequestFailed
)
