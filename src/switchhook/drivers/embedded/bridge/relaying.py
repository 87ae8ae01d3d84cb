"""The relaying of bodies from one telephone to the other, with the headers that describe them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.sdp import SessionDescription, normalized
from switchhook.sip.wire.syntax import is_one_line

if TYPE_CHECKING:
    from switchhook.sip.ua.events import InDialogRequestReceived
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request, Response
from switchhook.sip.rtp.dtmf import INFO_TYPES
from switchhook.sip.ua.commands import Respond
from switchhook.sip.ua.inspection import ALLOW

RELAYED: Final = (
    "Content-Type",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Info-Package",
)
"""Headers that go with a body from one telephone to the other; all others are between it and us."""

_SDP: Final = "application/sdp"
_OPEN_MEDIUM: Final = re.compile(rb"^m=\S+ +0*[1-9]", re.MULTILINE)
_USER: Final = re.compile(rb"^o=[^ \r\n]+(?= )", re.MULTILINE)
_WORDS: Final = re.compile(rb"^s=[^\r\n]*", re.MULTILINE)
_CONTACTS: Final = re.compile(rb"^[iuep]=[^\n]*\n", re.MULTILINE)


def headers_of(message: Request | Response) -> HeaderFields:
    """Return the headers that describe a message's body, without those that our message cannot hold.

    Of a body that is not there none speaks.
    """
    names = (name for name in RELAYED if message.body or not name.startswith("Content-"))
    found = ((name, message.headers.get(name)) for name in names)
    return tuple((name, value) for name, value in found if value and is_one_line(value))


def body_of(message: Request | Response) -> bytes:
    """Return the body; a session description tidied, without the names that its telephone put there.

    Many put their login or number into `o=`, and some write more (RFC 8866 §5.2 to §5.6). It would tell
    who calls where From may not (R5-09).
    """
    kind = (message.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if message.headers.get("Content-Encoding"):
        return message.body
    return _nameless(message.body) if kind == _SDP else message.body


def _nameless(description: bytes) -> bytes:
    body = _USER.sub(b"o=-", normalized(description))
    return _CONTACTS.sub(b"", _WORDS.sub(b"s=-", body))


def takes_nothing(body: bytes) -> bool:
    """Say whether an answer refuses every offered medium (RFC 3264 §6), which leaves the call silent."""
    if _OPEN_MEDIUM.search(body):
        return False  # as nearly always, without reading the rest
    try:
        media = SessionDescription.parse(body).media
    except SipError:
        return False
    return bool(media) and not any(medium.port for medium in media)


def response_without_peer(event: InDialogRequestReceived) -> Respond:
    """Answer a request while the other side is not there yet; a retry helps an offer only (RFC 3261 §14.2)."""
    if event.request.method == "INFO":
        return Respond(ref=event.ref, status=415, headers=(("Accept", ", ".join(INFO_TYPES)),))
    if event.request.method == "MESSAGE":
        return Respond(ref=event.ref, status=405, headers=(ALLOW,))
    return Respond(ref=event.ref, status=491)


def relayed_response(ref: str, status: int, response: Response | None) -> Respond:
    """Pass a reply on; a reply that concerns this hop alone becomes a plain failure."""
    if response is None or status in {401, 407} or 300 <= status < 400:
        status = status if status in {408, 481, 491} else 500
        return Respond(ref=ref, status=status)
    return Respond(
        ref=ref,
        status=status,
        reason=response.reason,
        headers=headers_of(response),
        body=body_of(response),
    )


def read_in_part(message: Request | Response) -> str:
    """Say which parts of a message were left out. Their text may tell who calls, and stays out."""
    parts = dict.fromkeys(note.partition(": ")[0] for note in message.dropped)
    return f"SIP read in part: {', '.join(parts)}"
