"""The caller's privacy: read from a request, and kept outwards (RFC 3323, RFC 3325). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.uri import Uri

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request

ANONYMOUS: Final = NameAddress(
    display="Anonymous", uri=Uri(user="anonymous", host="anonymous.invalid")
)
"""The anonymous caller (RFC 3323 §4.1)."""
HIDING: Final = frozenset({"id", "user", "header", "critical"})
"""Values of Privacy that forbid showing the caller (RFC 3323 §4.2, RFC 3325 §9.3)."""
NAMELESS: Final = frozenset({"anonymous", "restricted"})
"""User parts of From, in lower case, that say that the caller wants to stay unknown."""

_PARTY: Final = re.compile(r";\s*party\s*=\s*\"?called", re.IGNORECASE)
_PRIVATE: Final = re.compile(r";\s*privacy\s*=\s*\"?(full|uri|name)", re.IGNORECASE)


def hides_number(request: Request) -> bool:
    """Say whether the caller wants to stay unknown, by whichever header a telephone or switch says so."""
    words = {
        word.strip(' \t"').lower()
        for value in request.headers.all("Privacy")
        for word in re.split("[;,]", value)
    }
    uri = request.from_.uri
    return (
        bool(words & HIDING)
        or uri.username.strip().lower() in NAMELESS
        or uri.host == ANONYMOUS.uri.host
        or bool({"full", "uri"} & _remote_party(request))
    )


def hides_name(request: Request) -> bool:
    """Say whether the caller's name is not to be shown, whatever holds for the number."""
    return "name" in _remote_party(request) or hides_number(request)


def _remote_party(request: Request) -> set[str]:
    """Return what Remote-Party-ID says of the caller's privacy (draft-ietf-sip-privacy-04 §5)."""
    values = request.headers.values("Remote-Party-ID")
    found = (_PRIVATE.search(value) for value in values if not _PARTY.search(value))
    return {match[1].lower() for match in found if match is not None}
