"""Codec of a delivery's request: transport, envelope and body, each transport in its own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from switchhook.storage.records import UnreadableError
from switchhook.storage.stored_json import from_json, to_json
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import Mail

if TYPE_CHECKING:
    from switchhook.storage.delivery import DeliveryRequest


HTTP: Final = "http"
MAIL: Final = "mail"
"""The transports. Stored, so they never change; a further one brings an envelope of its own, and no column."""

EncodedRequest = tuple[str, str, bytes]
"""Transport, envelope and body. The envelope is JSON, says where the request goes and with what, and lets in
whoever knows it, so a store encrypts it. The body are the bytes that are sent: of a mail, headers and text."""

_http = msgspec.json.Decoder(tuple[str, str, tuple[tuple[str, str], ...]])
"""Method, URL and headers."""
_mail = msgspec.json.Decoder(tuple[str, str])
"""Sender and recipient."""


def encode_request(request: DeliveryRequest) -> EncodedRequest:
    """Return what a store keeps of a request. Raises StoreError for text that no UTF-8 holds."""
    match request:
        case HttpRequest():
            envelope = to_json((request.method, request.url, request.headers))
            return HTTP, envelope, request.body
        case Mail():
            envelope = to_json((request.sender, request.recipient))
            return MAIL, envelope, request.message
        case _:
            assert_never(request)


def decode_request(transport: str, envelope: str, body: bytes) -> DeliveryRequest:
    """Return the request that was encoded, byte for byte. Raises UnreadableError."""
    if transport == HTTP:
        method, url, headers = from_json(_http, envelope)
        return HttpRequest(method=method, url=url, headers=headers, body=body)
    if transport == MAIL:
        sender, recipient = from_json(_mail, envelope)
        return Mail(sender=sender, recipient=recipient, message=body)
    raise UnreadableError(f"a delivery goes by {transport!r}, which this version does not know")
