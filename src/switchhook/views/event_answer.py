"""Reads an endpoint's answer to an event, for people; its status alone decides (S-44)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from switchhook.webhooks.http import HttpRequest

if TYPE_CHECKING:
    from switchhook.storage.delivery import Attempt, Delivery

_RPC = b'{"jsonrpc":"2.0",'


def notice_of(delivery: Delivery, attempt: Attempt) -> str:
    """Return a sentence where a JSON-RPC call was delivered and its answer is an error; else ""."""
    request = delivery.request
    is_call = isinstance(request, HttpRequest) and request.body.startswith(_RPC)
    if attempt.failure is not None or not is_call:
        return ""
    try:
        answer = msgspec.json.decode(attempt.answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    error = answer.get("error") if isinstance(answer, dict) else None
    if error is None:
        return ""
    if not isinstance(error, dict):
        return f"the endpoint reported a JSON-RPC error: {error}"
    return f"the endpoint reported JSON-RPC error {error.get('code')}: {error.get('message')}"
