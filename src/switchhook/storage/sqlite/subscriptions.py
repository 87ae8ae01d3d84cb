"""Subscriptions in a database: their URLs and credentials are secrets, and are encrypted."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import msgspec

from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.event import Subscription
from switchhook.domain.notification_options import NO_OPTIONS, NotificationOptions
from switchhook.storage.records import ChangeKind
from switchhook.storage.sqlite import changes, rows
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction
from switchhook.storage.stored_json import from_json, to_json

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.encryption import Cipher

_with_credentials = msgspec.json.Decoder(tuple[str, Credentials])


_options = msgspec.json.Decoder(NotificationOptions)


def add(
    connection: sqlite3.Connection, *, cipher: Cipher, asked: Subscription, most: int
) -> Subscription | None:
    """Add a subscription under a number of its own; None where its project has `most` already."""
    values = {
        "project": asked.project,
        "user": asked.user,
        "event": asked.event,
        "created_at": asked.created_at,
        "internal": asked.internal,
        "options": to_json(asked.options),
    }
    with transaction(connection):
        if connection.execute(sql("count_subscriptions"), values).fetchone()["count"] >= most:
            return None
        (added,) = connection.execute(sql("add_subscription"), values).fetchall()
        made = replace(asked, number=added["number"])
        encrypted = cipher.encrypt(_secrets(made), aad=_aad(made.project, made.number))
        connection.execute(
            sql("set_subscription_url"), {"number": made.number, "sealed": encrypted}
        )
        changes.note(connection, ChangeKind.SUBSCRIPTIONS)
    return made


def found(
    connection: sqlite3.Connection, *, cipher: Cipher, project: str | None
) -> tuple[Subscription, ...]:
    """Return one project's subscriptions, or everybody's, oldest first."""
    name = "subscriptions" if project is None else "subscriptions_of_project"
    return tuple(
        rows.readable(
            connection.execute(sql(name), {"project": project}),
            partial(_decrypt, cipher=cipher),
            name="number",
            otherwise="subscription not loaded",
            todo="let its program subscribe again",
        )
    )


def numbers(connection: sqlite3.Connection) -> frozenset[int]:
    """Return which subscriptions there are; for a frequent look, as nothing is decrypted."""
    return frozenset(row["number"] for row in connection.execute(sql("subscription_numbers")))


def delete(
    connection: sqlite3.Connection, *, cipher: Cipher, project: str, number: int
) -> Subscription | None:
    """Delete one of a project's subscriptions and return it, or None."""
    with transaction(connection):
        values = {"project": project, "number": number}
        deleted = connection.execute(sql("delete_subscription"), values).fetchall()
        if deleted:
            changes.note(connection, ChangeKind.SUBSCRIPTIONS)
        return _decrypt(deleted[0], cipher) if deleted else None


def _decrypt(row: sqlite3.Row, cipher: Cipher) -> Subscription:
    project, number = row["project"], row["number"]
    target_url = cipher.decrypt(row["sealed"], aad=_aad(project, number))
    credentials = NO_CREDENTIALS
    if target_url.startswith("["):
        target_url, credentials = from_json(_with_credentials, target_url)
    return Subscription(
        project=project,
        number=number,
        user=row["user"],
        target_url=target_url,
        credentials=credentials,
        event=row["event"],
        created_at=row["created_at"],
        internal=bool(row["internal"]),
        options=_options_of(row["options"]),
    )


@lru_cache(maxsize=1024)
def _options_of(stored: str) -> NotificationOptions:
    """Read options; those of a subscription that has none are one value, which is told by identity."""
    options = from_json(_options, stored)
    return NO_OPTIONS if options == NO_OPTIONS else options


def _secrets(subscription: Subscription) -> str:
    """Write what is encrypted: the URL, in a list with the credentials where there are any."""
    if subscription.credentials == NO_CREDENTIALS:
        return subscription.target_url
    return to_json((subscription.target_url, subscription.credentials))


def _aad(project: str, number: int) -> str:
    return f"subscription {number} of project {project!r}"
