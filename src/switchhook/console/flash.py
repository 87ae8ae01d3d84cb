"""A message for the next page, such as that something was saved: in a cookie that only this browser's server can have written."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

MAX_LENGTH: Final = 300
"""Characters."""


def packed(text: str, form_key: str) -> str:
    """Return a message as the value of a cookie."""
    body = urlsafe_b64encode(text[:MAX_LENGTH].encode()).decode().rstrip("=")
    return f"{body}.{_seal(body, form_key)}"


def unpacked(value: str, form_key: str) -> str:
    """Return the message of a cookie; "" where another site may have written it."""
    body, _, seal = value.rpartition(".")
    if not body or not hmac.compare_digest(seal.encode(), _seal(body, form_key).encode()):
        return ""
    return urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "replace")


def _seal(body: str, form_key: str) -> str:
    return hmac.digest(form_key.encode(), b"flash:" + body.encode(), hashlib.sha256).hex()[:32]
