"""What a leg's telephone is found by after a restart, as it is stored with the call: JSON. Pure."""

from __future__ import annotations

import json

import msgspec


def write_handle(handle: dict[str, object]) -> str:
    """Return the text; what a telephone sent may hold bytes that are no UTF-8 (surrogates here)."""
    try:
        return msgspec.json.encode(handle).decode()
    except UnicodeEncodeError:
        return json.dumps(handle)
