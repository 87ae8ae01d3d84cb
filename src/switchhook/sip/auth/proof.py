"""The credentials that a challenged request of ours goes out with once more (RFC 3261 §22.2, §22.3)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchhook.sip.auth.digest import answer_header, challenges, realm_of
from switchhook.sip.wire.errors import SipError

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request, Response

MOST_TRIES: Final = 3
"""How often one request may be challenged: by a proxy, by the other end, and once as stale."""
MOST_NONCES: Final = 10_000
"""Nonces with a stored count; the least recently used are dropped first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestCredentials:
    """Our credentials for challenges."""

    username: str
    password: str = field(repr=False)


class NonceCounts:
    """How often each nonce was used, over all requests of one user agent (RFC 7616 §3.4).

    A server may give the same nonce to several calls. It takes a count that is not higher than the last
    one for a replay. `token` makes the client's own nonce, which stays the same as long as the server's.
    """

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token
        self._used: OrderedDict[tuple[str, str], tuple[str, int]] = OrderedDict()

    def use(self, realm: str, nonce: str) -> tuple[str, int]:
        """Return cnonce and count for the next request with `nonce`."""
        known = self._used.pop((realm, nonce), ("", 0))
        cnonce, count = known[0] or self._token(), known[1]
        self._used[realm, nonce] = cnonce, count + 1
        if len(self._used) > MOST_NONCES:
            self._used.popitem(last=False)
        return cnonce, count + 1


def prove(
    request: Request,
    response: Response,
    credentials: DigestCredentials | None,
    given: tuple[HeaderFields, ...],
    nonces: NonceCounts,
) -> HeaderFields | None:
    """Return the credentials to send `request` again with, or None when authentication failed.

    `given` holds what each earlier try of the same request carried. Credentials for one realm are sent along to
    the next realm that challenges (§22.3). A challenge that was answered once is not answered again unless it
    says that only its nonce was old.
    """
    if credentials is None or response.status not in {401, 407} or len(given) >= MOST_TRIES:
        return None
    name = answer_header(response)
    shown = {(n, realm_of(value)): (n, value) for n, value in (given[-1] if given else ())}
    try:
        asked = [c for c in challenges(response) if c.stale or (name, c.realm) not in shown]
    except SipError:
        return None
    for challenge in asked:
        cnonce, count = nonces.use(challenge.realm, challenge.nonce)
        value = challenge.answer(
            request, credentials.username, credentials.password, cnonce=cnonce, nonce_count=count
        )
        shown[name, challenge.realm] = name, value
    return tuple(shown.values()) if asked else None
