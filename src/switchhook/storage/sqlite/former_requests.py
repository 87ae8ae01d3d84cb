"""Requests of deliveries as versions before schema 14 wrote them: read by the migration to it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from switchhook.storage.records import StoreError
from switchhook.storage.request_codec import encode_request
from switchhook.storage.sqlite.rows import delivery_aad
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import Mail, recipient_of

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.delivery import DeliveryRequest
    from switchhook.storage.encryption import Cipher

FORMER_MAIL: Final = "MAIL"
"""Stood where a request had its method."""
FORMER_SENDER: Final = "MAIL FROM"
"""Stood where a request had its headers, with the envelope's sender."""
UrlAndHeaders = tuple[str, tuple[tuple[str, str], ...]]

_encrypted = msgspec.json.Decoder(UrlAndHeaders)
_pairs = msgspec.json.Decoder(tuple[tuple[str, str], ...])


def register(connection: sqlite3.Connection, cipher: Cipher | None) -> None:
    """Give SQL the function `reencoded_request` (project, id, method, url, headers, sealed).

    It returns the encrypted envelope. What cannot be read stays as it is, and is still unreadable then. Without
    a cipher there must be no delivery.
    """

    def reencoded(  # noqa: PLR0917 - SQL passes columns in order
        project: str, delivery_id: str, method: str, url: str, headers: str, sealed: bytes | None
    ) -> bytes:
        if cipher is None:
            raise StoreError("deliveries are migrated with the database's key")
        aad = delivery_aad(project, delivery_id)
        try:
            if sealed is None:  # in clear, before schema 4
                former = url, _pairs.decode(headers)
            else:
                former = _encrypted.decode(cipher.decrypt(sealed, aad=aad))
            _, envelope, _ = encode_request(_request(method, former))
            return cipher.encrypt(envelope, aad=aad)
        except (StoreError, msgspec.DecodeError):
            return sealed or b""

    connection.create_function("reencoded_request", 6, reencoded)


def _request(method: str, former: UrlAndHeaders) -> DeliveryRequest:
    url, headers = former
    if method == FORMER_MAIL:
        sender = dict(headers).get(FORMER_SENDER, "")
        return Mail(sender=sender, recipient=recipient_of(url), message=b"")
    return HttpRequest(method=method, url=url, headers=headers)
