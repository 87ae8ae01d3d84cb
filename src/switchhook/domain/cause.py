"""How things end: causes on the wire, and the two axes that a call's end has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from switchhook.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The codes and text of a leg's end; both codes may be unknown (0)."""

    sip: int = 0
    """The SIP status that ended the leg before its answer (RFC 3261 §21), 200 for a normal BYE."""
    q850: int = 0
    """The cause of ITU-T Q.850, from a Reason header or another switch."""
    text: str = ""
    """For people: what the other side wrote, or what we concluded."""
    is_loss: bool = False
    """Whether the other end vanished without a BYE."""

    @property
    def is_ours(self) -> bool:
        """Whether we ended it, and neither a hang-up (200) nor a CANCEL (487) did."""
        return self.is_loss or self.sip not in {0, 200, 487}

    def ended_by(self, side: EndedBy) -> EndedBy:
        """Return the side that ended the call, by the cause on one leg."""
        return EndedBy.SYSTEM if self.is_ours else side


class AttemptEnd(StrEnum):
    """How one ring of one target ended."""

    ANSWERED = "answered"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    CANCELLED_BY_CALLER = "cancelled_by_caller"
    TIMEOUT = "timeout"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


class Outcome(StrEnum):
    """The outcome of a call, apart from the side that ended it."""

    ANSWERED = "answered"
    MISSED = "missed"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    BLOCKED = "blocked"
    VOICEMAIL = "voicemail"


class EndedBy(StrEnum):
    """The side that ended the call, apart from its outcome."""

    CALLER = "caller"
    CALLEE = "callee"
    SYSTEM = "system"


OUR_ERROR = Cause(sip=500, q850=41, text="an error in Switchhook; its log says where")
"""The cause of an internal error."""
OUT_OF_ORDER = 27
"""Destination out of order (ITU-T Q.850): no response came, or what was sent could not be delivered."""

_ENDS = {
    486: AttemptEnd.BUSY,
    600: AttemptEnd.BUSY,
    603: AttemptEnd.REJECTED,
    403: AttemptEnd.REJECTED,
    404: AttemptEnd.UNREACHABLE,
    410: AttemptEnd.UNREACHABLE,
    480: AttemptEnd.UNREACHABLE,
    604: AttemptEnd.UNREACHABLE,
    408: AttemptEnd.TIMEOUT,
}


_Q850_ENDS = {17: AttemptEnd.BUSY, 18: AttemptEnd.TIMEOUT, 19: AttemptEnd.TIMEOUT}
"""Q.850 causes that say more than the gateway's SIP status does."""


def attempt_end(cause: Cause) -> AttemptEnd:
    """Classify the refusal of a target that had not answered.

    Q.850 21 wins over a SIP status of busy: several switches report a declined call as busy. Q.850 27 says that
    the destination is out of order.
    """
    if cause.q850 == 21:
        return AttemptEnd.REJECTED
    if cause.q850 == OUT_OF_ORDER:
        return AttemptEnd.UNREACHABLE
    if cause.sip == 480 and cause.q850 in _Q850_ENDS:
        return _Q850_ENDS[cause.q850]
    return _ENDS.get(cause.sip, AttemptEnd.FAILED)


OUTCOME_OF_ATTEMPT = {
    AttemptEnd.ANSWERED: Outcome.ANSWERED,
    AttemptEnd.ANSWERED_ELSEWHERE: Outcome.ANSWERED,
    AttemptEnd.CANCELLED_BY_CALLER: Outcome.CANCELLED,
    AttemptEnd.TIMEOUT: Outcome.MISSED,
    AttemptEnd.BUSY: Outcome.BUSY,
    AttemptEnd.REJECTED: Outcome.REJECTED,
    AttemptEnd.UNREACHABLE: Outcome.UNREACHABLE,
    AttemptEnd.FAILED: Outcome.FAILED,
}
"""The call's outcome, by the end of its last attempt."""
