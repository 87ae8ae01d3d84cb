"""The credentials that a challenged request of ours goes out with once more (RFC 3261 §22.2, §22.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.sip.digest import answer_challenge, is_stale
from switchhook.sip.errors import SipError

if TYPE_CHECKING:
    from switchhook.sip.message import Request, Response
    from switchhook.sip.orders import Credentials, Pairs

MOST_TRIES: Final = 3
"""How often one request may be challenged: by a proxy, by the other end, and once as stale."""


def prove(
    request: Request,
    response: Response,
    credentials: Credentials | None,
    given: tuple[Pairs, ...],
    cnonce: str,
) -> Pairs | None:
    """Return the credentials with which `request` may be sent again, or None where it failed.

    `given` holds what each earlier try of the same request carried. A challenge that was answered
    once is not answered again unless it says that only its nonce was old.
    """
    if credentials is None or response.status not in {401, 407} or len(given) >= MOST_TRIES:
        return None
    latest = given[-1] if given else ()
    try:
        name, value = answer_challenge(
            response,
            request.method,
            request.uri,
            credentials.username,
            credentials.password,
            cnonce=cnonce,
        )
        if name in dict(latest) and not is_stale(response):
            return None
    except SipError:
        return None
    return (*((n, v) for n, v in latest if n != name), (name, value))
