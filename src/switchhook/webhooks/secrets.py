"""The secrets of a webhook, redacted wherever an endpoint repeats them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from switchhook.domain.webhook import ForwardingNumber
from switchhook.webhooks.request_headers import authorization
from switchhook.webhooks.url import placeholders, url_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.webhook import RoutingWebhook

NamedValues = tuple[tuple[str, str], ...]

OPEN_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "origin",
        "user-agent",
        "webhook-id",
    }
)
"""Headers that hold nothing secret; whatever else a person added may be a key."""
SHORTEST = 4
"""Characters of a secret; hiding anything shorter would leave nothing legible."""
LONG = 12
"""Characters from which on a fixed value counts as a key whatever its name is."""
_SECRET_NAME = re.compile(r"auth|hash|key|pass|pwd|secret|sign|token", re.IGNORECASE)


def secrets_of(webhook: RoutingWebhook) -> tuple[str, ...]:
    """Return the webhook's secrets, longest first; logs and journals mask them.

    Passwords, tokens and keys in headers; in the URLs' queries and among constants what is named like
    a key, or as long as one.
    """
    constants: NamedValues = ()
    if isinstance(webhook, ForwardingNumber):
        fields = (field for field in webhook.fields if field.parameter == "constant")
        constants = tuple((field.name, field.argument) for field in fields)
    headers = (*webhook.headers, *authorization(webhook))
    return _found(
        (webhook.first_url, webhook.fallback_url),
        headers,
        webhook.password,
        webhook.token,
        constants,
    )


@lru_cache(maxsize=1024)
def _found(
    urls: tuple[str, ...], headers: NamedValues, password: str, token: str, constants: NamedValues
) -> tuple[str, ...]:
    values = {password, token, *_keys(constants)}
    for name, value in headers:
        if name.lower() not in OPEN_HEADERS:
            values.add(value)
        if _SECRET_NAME.search(name):
            values.add(value.rpartition(" ")[2])  # `Bearer abc`, with or without its scheme
    for url in urls:
        values |= {*_in_url(url)}
    # PHP writes a slash in JSON with a backslash before it.
    values |= {value.replace("/", r"\/") for value in values}
    return tuple(sorted((v for v in values if len(v) >= SHORTEST), key=lambda v: (-len(v), v)))


def _in_url(url: str) -> Iterator[str]:
    basic = url_template(url).authorization
    yield from (basic, basic.rpartition(" ")[2])
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query)
    except ValueError:  # no URL, or a query of thousands
        return
    yield unquote(parts.password or "")
    yield from _keys(tuple(pair for pair in pairs if not placeholders(pair[1])))


def _keys(pairs: NamedValues) -> Iterator[str]:
    yield from (value for name, value in pairs if _SECRET_NAME.search(name) or len(value) >= LONG)
