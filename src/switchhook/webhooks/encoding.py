"""Encodes values for headers, queries and bodies, so that none can add a header, a parameter or a member (S-73)."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote, quote_plus

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

Scalar: TypeAlias = str | int | float | bool | None
PayloadValue: TypeAlias = "Scalar | list[PayloadValue] | dict[str, PayloadValue]"
"""A value in the type that it is sent in."""

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
BINARY_TYPE = "application/octet-stream"

RESERVED_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    }
)
"""Header names, in lower case, that frame the message or that Switchhook alone sets."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def is_header_name(name: str) -> bool:
    """Say whether the name is a token of RFC 9110 §5.6.2 and free to be set."""
    return _TOKEN.fullmatch(name) is not None and name.lower() not in RESERVED_HEADERS


def header_value(text: str) -> str:
    """Return plain ASCII as it is, anything else percent-encoded as a whole [A-01].

    Blanks at the ends count as not plain: a receiver would strip them.
    """
    if not text or _PLAIN.fullmatch(text):
        return text
    return quote(text, safe="", errors="replace")


def urlencode(pairs: Iterable[tuple[str, str]]) -> str:
    """Write pairs as application/x-www-form-urlencoded, UTF-8, a blank as `+`."""
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)


def _encode(text: str) -> str:
    return quote_plus(text, errors="replace")


def json_bytes(value: PayloadValue) -> bytes:
    """Write compact JSON in UTF-8, non-ASCII unescaped, members in order [A-20]."""
    return msgspec.json.encode(value)


def ascii_json(value: dict[str, PayloadValue]) -> bytes:
    """Write the same in ASCII, any other character escaped as its UTF-16 code [A-20]."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def basic_authorization(username: str, password: str) -> str:
    """Return the value of an Authorization line for a user name and a password (RFC 7617)."""
    pair = f"{username}:{password}".encode("utf-8", "replace")
    return "Basic " + b64encode(pair).decode("ascii")
