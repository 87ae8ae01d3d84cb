"""Requests of deliveries that are not settled, in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.storage.request_codec import encode_request
from switchhook.storage.sqlite.rows import delivery_aad
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.delivery import Delivery
    from switchhook.storage.encryption import Cipher


def replace_request(connection: sqlite3.Connection, *, delivery: Delivery, cipher: Cipher) -> None:
    """Write the request of a delivery in place of its draft; nothing where it is settled or gone."""
    transport, envelope, body = encode_request(delivery.request)
    sealed = cipher.encrypt(envelope, aad=delivery_aad(delivery.project, delivery.id))
    with transaction(connection):
        found = (transport, sealed, body, delivery.project, delivery.id)
        connection.execute(sql("replace_request"), found)
