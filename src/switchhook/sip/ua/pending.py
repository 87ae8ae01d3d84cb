"""The pending exchanges of a session: the ACK to our 2xx, the response to our request (RFC 3261 §12.2, §13.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from switchhook.sip.ua.supervision import GRACE
from switchhook.sip.wire.headers import HeaderFields
from switchhook.sip.wire.message import Request
from switchhook.sip.wire.transport import Packet

if TYPE_CHECKING:
    from switchhook.sip.transaction.transaction import Timing
    from switchhook.sip.ua.stored_leg import StoredAnswer


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

    @classmethod
    def sent(cls, packet: Packet, cseq: int, timing: Timing, now: float, *, is_first: bool) -> Self:
        """Return a 2xx that goes out now."""
        return cls(
            packet,
            cseq,
            timing.t1,
            began=now,
            retransmit_at=now + timing.t1,
            give_up_at=now + 64 * timing.t1,
            is_first=is_first,
        )

    @classmethod
    def resumed(cls, answered: StoredAnswer, timing: Timing, now: float, waited: float) -> Self:
        """Return the 2xx of an earlier process, which is sent again at once; its ACK has the time that is left."""
        began = now - waited
        return cls(
            answered.packet,
            answered.cseq,
            timing.t1,
            began=began,
            retransmit_at=now,
            give_up_at=max(began + 64 * timing.t1, now + GRACE * timing.t1),
            is_first=True,
        )

    def back_off(self, timing: Timing, now: float) -> None:
        """Put the next retransmission off: the pause doubles up to T2."""
        self.interval = min(2 * self.interval, timing.t2)
        self.retransmit_at = now + self.interval


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """A request of ours within the dialog, as our user wants it."""

    ref: str
    """Empty for what our user did not ask for: a BYE, a probe."""
    method: str
    headers: HeaderFields
    body: bytes = b""
    retry_until: float = 0.0
    """Until when it is sent again where the other end cannot take it yet."""


@dataclass(frozen=True, slots=True)
class PostponedRequest:
    """A request of ours that the other end could not take yet, and when it is sent again (§14.1)."""

    draft: RequestDraft
    at: float


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request of ours that waits for its final response."""

    draft: RequestDraft
    request: Request
    proofs: tuple[HeaderFields, ...]
    """The credentials of each try so far."""
