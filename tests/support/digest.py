"""A client that answers one challenge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.sip.auth.digest import answer_header, challenges
from switchhook.sip.wire.message import Request

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Response
    from switchhook.sip.wire.uri import Uri


def answer_challenge(
    response: Response,
    method: str,
    uri: Uri,
    username: str,
    password: str,
    *,
    cnonce: str,
    nonce_count: int = 1,
) -> tuple[str, str]:
    """Return the header (name, value) that answers the first realm of a 401 or 407."""
    request = Request(method=method, uri=uri)
    value = challenges(response)[0].answer(
        request, username, password, cnonce=cnonce, nonce_count=nonce_count
    )
    return answer_header(response), value
