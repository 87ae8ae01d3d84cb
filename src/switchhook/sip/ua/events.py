"""The events of the user agent. Past tense: each has happened.

A *leg* is one call of ours, made or received, under the name that its user gave it (`Invite`) or that
came with `InviteReceived`. A *ref* names a request that waits for its answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.transport import Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteReceived:
    """An INVITE arrived. 100 is sent already; answer with `Answer` or `EndSession`."""

    leg: str
    request: Request
    source: Peer
    who: object = None
    """The result of `Admission.admit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteCancelled:
    """The caller gave up before our final answer. `Respond` answers it, and the INVITE with 487."""

    leg: str
    request: Request
    """The CANCEL, or the BYE of an early dialog."""
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAcknowledged:
    """The ACK to our 2xx came, to that of the first INVITE or of a later one."""

    leg: str
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressReceived:
    """Our INVITE got a provisional response other than 100."""

    leg: str
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived:
    """Our INVITE got its first 2xx, which waits for `Acknowledge`."""

    leg: str
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteFailed:
    """Our INVITE was refused, or got no response; the leg is over."""

    leg: str
    status: int
    response: Response | None
    """None when nothing came: 408 in time, or 503 as it could not be sent."""
    request: Request | None = None
    """The BYE of a callee before its answer arrived (603); it waits for `Respond`."""
    ref: str = ""
    """Names the BYE; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InDialogRequestReceived:
    """A request within a dialog, which waits for `Respond`."""

    leg: str
    ref: str
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinviteCancelled:
    """A later INVITE that InDialogRequestReceived told of was cancelled; 487 is sent already."""

    leg: str
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalResponseReceived:
    """The final response to our `SendInDialog` or `SendOutOfDialog`. A 2xx to an INVITE waits for `Acknowledge`."""

    leg: str
    ref: str
    status: int
    response: Response | None
    """None when the status is our own conclusion: 408, 481, 491 or 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipLegEnded:
    """An answered leg is over: a BYE came, which waits for `Respond`, or the other end is lost."""

    leg: str
    status: int
    """200 for a BYE; 408 when an ACK or response never came, 481 when the other end knows nothing."""
    request: Request | None = None
    """The BYE."""
    ref: str = ""
    """Names the BYE; empty for a lost leg."""
    why: str = ""
    """The sign that the other end is lost, other than the status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogChanged:
    """The result of `UserAgent.store` for an answered leg has changed; a restart needs the new one."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfDialogRequestReceived:
    """A request outside of any dialog that the user agent does not answer itself: REGISTER."""

    ref: str
    request: Request
    source: Peer
    who: object = None
    """The result of `Admission.admit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowClosed:
    """A connection closed. Peers that only it could reach are unreachable."""

    peer: Peer
    """As it stood in `source`."""


SessionEnded = InviteCancelled | InviteFailed | SipLegEnded
"""The end of a leg. Where the other end left by a request, `ref` names it."""

SipLegEvent = (
    InviteCancelled
    | AnswerAcknowledged
    | ProgressReceived
    | AnswerReceived
    | InviteFailed
    | InDialogRequestReceived
    | ReinviteCancelled
    | FinalResponseReceived
    | SipLegEnded
    | DialogChanged
)
"""An event of a known leg."""

UserAgentEvent = InviteReceived | SipLegEvent | OutOfDialogRequestReceived | FlowClosed
