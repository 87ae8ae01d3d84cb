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


class _HttpEnvelope(msgspec.Struct, array_like=True):
    """Stored as an array; what is not there stands at its default."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    is_draft: bool = False


_http = msgspec.json.Decoder(_HttpEnvelope)


class _MailEnvelope(msgspec.Struct, array_like=True):
    """Stored as an array, as that of HTTP."""

    sender: str
    recipient: str
    attachment: str = ""


_mail = msgspec.json.Decoder(_MailEnvelope)


def encode_request(request: DeliveryRequest) -> EncodedRequest:
    """Return what a store keeps of a request. Raises StoreError for text that no UTF-8 holds."""
    match request:
        case HttpRequest():
            more: tuple[object, ...] = (request.notes,) if request.notes else ()
            if request.is_draft:
                more = (request.notes, True)
            envelope = to_json((request.method, request.url, request.headers, *more))
            return HTTP, envelope, request.body
        case Mail():
            attached = (request.attachment,) if request.attachment else ()
            envelope = to_json((request.sender, request.recipient, *attached))
            return MAIL, envelope, request.message
        case _:
            assert_never(request)


def decode_request(transport: str, envelope: str, body: bytes) -> DeliveryRequest:
    """Return the request that was encoded, byte for byte. Raises UnreadableError."""
    if transport == HTTP:
        read = from_json(_http, envelope)
        return HttpRequest(
            method=read.method,
            url=read.url,
            headers=read.headers,
            body=body,
            notes=read.notes,
            is_draft=read.is_draft,
        )
    if transport == MAIL:
        mail = from_json(_mail, envelope)
        return Mail(
            sender=mail.sender,
            recipient=mail.recipient,
            message=body,
            attachment=mail.attachment,
        )
    raise UnreadableError(f"a delivery goes by {transport!r}, which this version does not know")
