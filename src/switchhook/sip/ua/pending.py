"""What a session waits for: the ACK to a 2xx of ours, the response to a request of ours (RFC 3261 §12.2, §13.3)."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.sip.wire.headers import HeaderFields
from switchhook.sip.wire.message import Request
from switchhook.sip.wire.transport import Packet


@dataclass(slots=True)
class UnacknowledgedAnswer:
    """A 2xx of ours that waits for its ACK; this side resends it, not the transaction (§13.3.1.4)."""

    packet: Packet
    cseq: int
    interval: float
    began: float
    """When it was sent first, by an earlier process too."""
    retransmit_at: float
    give_up_at: float
    is_first: bool = False
    """Whether it is the answer to the call itself, which a restart takes up again; not to a later INVITE."""


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """A request of ours within the dialog, as our user wants it."""

    ref: str
    """Empty for what our user did not ask for: a BYE, a probe."""
    method: str
    headers: HeaderFields
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request of ours that waits for its final response."""

    draft: RequestDraft
    request: Request
    proofs: tuple[HeaderFields, ...]
    """The credentials of each try so far."""
