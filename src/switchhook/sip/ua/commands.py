"""The commands of a user agent. Imperative; one about a leg that is gone does nothing."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.quick_init import quick_init
from switchhook.sip.auth.proof import DigestCredentials
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.headers import HeaderFields
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """Send an INVITE as `leg`. Told by ProgressReceived, then AnswerReceived or InviteFailed."""

    leg: str
    uri: Uri
    from_: NameAddress
    """Without tag."""
    to: NameAddress
    peer: Peer
    direct: bool = False
    """Whether the peer is the telephone itself, so that a private Contact is one behind NAT."""
    behind_nat: bool = False
    """Whether a NAT changed its port, so that the one in its Contact cannot be reached."""
    headers: HeaderFields = ()
    body: bytes = b""
    credentials: DigestCredentials | None = None


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer a received INVITE with any status but 100."""

    leg: str
    status: int
    reason: str | None = None
    headers: HeaderFields = ()
    body: bytes = b""
    fork: int = 0
    """Which of several dialogs this is about: each number has a To tag of its own, as if several
    telephones behind us had been reached by forking (RFC 3261 §12.1, §13.2.2.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Send the ACK that a 2xx to an INVITE of ours waits for."""

    leg: str
    headers: HeaderFields = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendInDialog:
    """Send a request within the leg's dialog. Told by FinalResponseReceived with the same `ref`."""

    leg: str
    ref: str
    method: str
    headers: HeaderFields = ()
    body: bytes = b""
    retries: bool = False
    """Whether an offer that the other end cannot take yet (491, or 500 with Retry-After) is sent again for a while
    (RFC 3261 §14.1). A relayed one is its sender's to repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOutOfDialog:
    """Send a request outside of any dialog. Told by FinalResponseReceived, with `ref` as leg and ref."""

    ref: str
    method: str
    uri: Uri
    from_: NameAddress
    """Without tag."""
    to: NameAddress
    peer: Peer
    call_id: str
    """The same for each REGISTER of one registration, with `cseq` counting up (RFC 3261 §10.2)."""
    cseq: int = 1
    """That of the response may be higher: each challenge costs a number."""
    headers: HeaderFields = ()
    body: bytes = b""
    credentials: DigestCredentials | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """Answer a received request, or one with which the other end left."""

    ref: str
    status: int
    reason: str | None = None
    headers: HeaderFields = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession:
    """End a leg in whatever phase it is: refuse, cancel or hang up. Nothing more is told of it."""

    leg: str
    status: int = 480
    """For a received call before its answer."""
    headers: HeaderFields = ()
    """Such as Reason and, for a refusal, Retry-After."""


UserAgentCommand = (
    Invite | Answer | Acknowledge | SendInDialog | SendOutOfDialog | Respond | EndSession
)
