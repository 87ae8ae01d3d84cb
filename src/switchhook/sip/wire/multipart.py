"""Bodies of several parts: the session description among them (RFC 5621 §3, RFC 2046 §5.1). Pure.

Carriers send their network's data beside it, such as ISUP or the caller's place. It is not for telephones,
which often refuse the whole message, and may tell who calls.
"""

from __future__ import annotations

import re
from typing import Final

from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.lenient import SDP, media_type
from switchhook.sip.wire.parameters import Parameters

OFFERED_IN: Final = frozenset({"INVITE", "ACK", "UPDATE", "PRACK"})
"""The requests that a session description goes in, and in their responses."""
DEEPEST: Final = 3
"""Parts within parts that are looked into."""
MOST_PARTS: Final = 32
_TYPE: Final = re.compile(r"^content-type[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_BLANK_LINE: Final = re.compile(rb"(?:\A|\n)\r?\n")
_DELIMITER: Final = re.compile(rb"\A\s*--([^\r\n]+)\r?\n")


def is_multipart(content_type: str) -> bool:
    """Tell whether a Content-Type is that of several parts."""
    return media_type(content_type).startswith("multipart/")


def session_part(content_type: str, body: bytes, depth: int = DEEPEST) -> bytes | None:
    """Return the first session description among the parts of a body, or None."""
    boundary = _boundary(content_type, body)
    if boundary is None or not depth:
        return None
    for part in re.split(rb"(?:\A|\n)--" + re.escape(boundary), body, maxsplit=MOST_PARTS)[1:]:
        head, inner = _cut(part)
        if media_type(head) == SDP:
            return inner.rstrip(b"\r\n") + b"\r\n"
        deeper = session_part(head, inner, depth - 1) if is_multipart(head) else None
        if deeper is not None:
            return deeper
    return None


def _cut(part: bytes) -> tuple[str, bytes]:
    """Return the type of a part and its content; empty without a blank line."""
    _, _, part = part.partition(b"\n")  # what stands behind the boundary
    end = _BLANK_LINE.search(part)
    if end is None:
        return "", b""
    found = _TYPE.search(part[: end.start()].decode("latin-1").replace("\r", ""))
    return found[1] if found else "", part[end.end() :]


def _boundary(content_type: str, body: bytes) -> bytes | None:
    """Return what stands between the parts: as the type says, else as the body begins."""
    try:
        named = Parameters.parse(content_type.partition(";")[2]).text("boundary") or ""
    except SipError:
        named = ""
    boundary = named.encode("utf-8", "surrogateescape")
    if boundary and b"--" + boundary in body:
        return boundary
    first = _DELIMITER.match(body)
    return first[1].rstrip() if first else None
