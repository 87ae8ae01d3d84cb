"""Tokens of forms: a request that changes something has to bring one, so that no other site can send it (CSRF).

A token is made from a cookie of the browser and the key of the session, neither of which another site reads.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

HEADER: Final = "X-CSRF-Token"
"""Where htmx sends it."""
FIELD: Final = "csrf_token"
"""Where a form sends it."""
_BYTES: Final = 16


def new_form_key() -> str:
    """Make the value of a browser's cookie."""
    return secrets.token_urlsafe(_BYTES)


def form_token(form_key: str, session_key: str) -> str:
    """Return a token, another one each time: a compressed page must not tell it by its length (BREACH)."""
    pad = secrets.token_bytes(_BYTES)
    return (pad + _mixed(pad, _secret(form_key, session_key))).hex()


def is_form_token(token: str, form_key: str, session_key: str) -> bool:
    """Say whether a token is one of this browser and session."""
    try:
        sent = bytes.fromhex(token)
    except ValueError:
        return False
    if len(sent) != 2 * _BYTES or not form_key:
        return False
    told = _mixed(sent[:_BYTES], sent[_BYTES:])
    return hmac.compare_digest(told, _secret(form_key, session_key))


def _secret(form_key: str, session_key: str) -> bytes:
    return hmac.digest(form_key.encode(), session_key.encode(), hashlib.sha256)[:_BYTES]


def _mixed(pad: bytes, value: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(pad, value, strict=True))
