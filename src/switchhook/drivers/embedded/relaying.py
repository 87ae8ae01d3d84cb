"""The relaying of bodies from one telephone to the other, with the headers that describe them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.sdp import SessionDescription, normalized
from switchhook.sip.wire.syntax import is_one_line

if TYPE_CHECKING:
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request, Response

RELAYED: Final = (
    "Content-Type",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Info-Package",
)
"""Headers that go with a body from one telephone to the other; all others are between it and us."""

_SDP: Final = "application/sdp"
_USER: Final = re.compile(rb"^o=[^ \r\n]+(?= )", re.MULTILINE)
_WORDS: Final = re.compile(rb"^s=[^\r\n]*", re.MULTILINE)
_CONTACTS: Final = re.compile(rb"^[iuep]=[^\n]*\n", re.MULTILINE)


def headers_of(message: Request | Response) -> HeaderFields:
    """Return the headers that describe a message's body, but for what cannot stand in one of ours.

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
    """Say whether an answer refuses every medium that was offered (RFC 3264 §6): nobody would hear anybody."""
    try:
        media = SessionDescription.parse(body).media
    except SipError:
        return False
    return bool(media) and not any(medium.port for medium in media)
