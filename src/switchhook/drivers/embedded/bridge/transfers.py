"""A transfer on the wire: REFER in, its answer and the NOTIFYs about it out (RFC 3515, 3892, 4488). Pure.

The id of a request holds all that its NOTIFYs need, so that it survives a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from switchhook.drivers.embedded.translate import number_of, one_line
from switchhook.routing.events import TransferRequested
from switchhook.sip.ua.commands import Respond, SendInDialog
from switchhook.sip.wire.lenient import readable
from switchhook.sip.wire.message import REASONS
from switchhook.sip.wire.syntax import is_one_line

if TYPE_CHECKING:
    from switchhook.routing.commands import AnswerTransfer, NotifyTransfer
    from switchhook.sip.ua.events import InDialogRequestReceived
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.uri import Uri

SUBSCRIBED: Final = 120
"""Seconds that a subscription lasts at most; it ends with the transfer, which is bounded."""
_QUIET: Final = "quiet"
_SIPFRAG: Final = ("Content-Type", "message/sipfrag;version=2.0")
_CALLED: Final = frozenset({"sip", "sips", "tel"})


@dataclass(frozen=True, slots=True)
class ReferId:
    """The id of a REFER: all that its answer and its NOTIFYs need."""

    ref: str
    """The user agent's id of the request; it holds no space."""
    cseq: int
    is_quiet: bool
    """Whether the telephone wants no NOTIFY (Refer-Sub: false, RFC 4488)."""

    def __str__(self) -> str:
        return f"{self.ref} {self.cseq} {_QUIET if self.is_quiet else ''}"

    @classmethod
    def parse(cls, text: str) -> ReferId:
        """Parse what `str` wrote."""
        ref, cseq, quiet = text.split(" ")
        return cls(ref, int(cseq), quiet == _QUIET)


def requested(event: InDialogRequestReceived, leg: str) -> TransferRequested | Respond:
    """Parse a REFER, or return its refusal."""
    request = event.request
    named = request.headers.values("Refer-To")
    if len(named) != 1:
        return Respond(ref=event.ref, status=400, reason="One Refer-To Is Needed")
    read = readable(named)
    if not read:
        return Respond(ref=event.ref, status=400, reason="Refer-To Cannot Be Read")
    uri = read[0].uri
    if uri.scheme not in _CALLED:
        return Respond(ref=event.ref, status=416)
    if (uri.parameters.get("method") or "INVITE").upper() != "INVITE":
        return Respond(ref=event.ref, status=501)
    to = number_of(uri)
    if not to:
        return Respond(ref=event.ref, status=404)
    quiet = (request.headers.get("Refer-Sub") or "").partition(";")[0].strip().lower() == "false"
    refer = ReferId(event.ref, request.cseq.number, quiet)
    return TransferRequested(leg=leg, request=str(refer), to=to, is_attended=_has_replaces(uri))


def _has_replaces(uri: Uri) -> bool:
    names = (header.partition("=")[0] for header in uri.headers.split("&"))
    return any(unquote(name).lower() == "replaces" for name in names)


def referred_by(request: Request) -> HeaderFields:
    """Return the Referred-By of a REFER, for the INVITE that follows from it (RFC 3892 §2.2)."""
    value = request.headers.get("Referred-By")
    return (("Referred-By", value),) if value and is_one_line(value) else ()


def answer_to(command: AnswerTransfer) -> Respond:
    """Answer a REFER."""
    refer = ReferId.parse(command.request)
    agrees = command.status < 300 and refer.is_quiet
    return Respond(
        ref=refer.ref,
        status=command.status,
        reason=one_line(command.reason) or None,
        headers=(("Refer-Sub", "false"),) if agrees else (),
    )


def notify_of(command: NotifyTransfer, sip_leg: str) -> SendInDialog | None:
    """Tell what became of it; None when the REFER asked for no NOTIFY."""
    refer = ReferId.parse(command.request)
    if refer.is_quiet:
        return None
    is_last = command.status >= 200
    state = "terminated;reason=noresource" if is_last else f"active;expires={SUBSCRIBED}"
    words = one_line(command.reason) or REASONS.get(command.status, "Unknown")
    return SendInDialog(
        leg=sip_leg,
        ref=f"{refer.ref} {command.status}",
        method="NOTIFY",
        headers=(("Event", f"refer;id={refer.cseq}"), ("Subscription-State", state), _SIPFRAG),
        body=f"SIP/2.0 {command.status} {words}\r\n".encode(),
    )
