"""The secrets of a webhook, redacted wherever an endpoint repeats them."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from switchhook.domain.masking import mask
from switchhook.domain.webhook import ForwardingNumber
from switchhook.webhooks.authentication import sent_secrets
from switchhook.webhooks.url import placeholders, url_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.webhook import RoutingWebhook
    from switchhook.webhooks.http import Exchange, HttpResponse

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
    return _found(
        (webhook.first_url, webhook.fallback_url),
        webhook.headers,
        sent_secrets(webhook.credentials),
        constants,
    )


def redacted_exchange(exchange: Exchange, secrets: tuple[str, ...]) -> Exchange:
    """Return the exchange with these texts hidden in what the endpoint said."""
    if not secrets:
        return exchange
    if exchange.redirects:
        redirects = tuple(mask(where, secrets) for where in exchange.redirects)
        exchange = exchange._replace(redirects=redirects)
    if exchange.failure is not None:
        detail = mask(exchange.failure.detail, secrets)
        exchange = exchange._replace(failure=replace(exchange.failure, detail=detail))
    return exchange._replace(
        response=_redacted(exchange.response, secrets), begun=_redacted(exchange.begun, secrets)
    )


def _redacted(response: HttpResponse | None, secrets: tuple[str, ...]) -> HttpResponse | None:
    if response is None:
        return None
    if response.left_out:
        left_out = tuple(mask(line, secrets) for line in response.left_out)
        response = response._replace(left_out=left_out)
    body = response.body.decode("utf-8", "replace")
    shown = mask(body, secrets)
    return response if shown == body else response._replace(body=shown.encode())


@lru_cache(maxsize=1024)
def _found(
    urls: tuple[str, ...], headers: NamedValues, sent: tuple[str, ...], constants: NamedValues
) -> tuple[str, ...]:
    values = {*sent, *_keys(constants)}
    for name, value in headers:
        if name.lower() not in OPEN_HEADERS:
            values.add(value)
        if _SECRET_NAME.search(name):
            values.add(value.rpartition(" ")[2])  # `Bearer abc`, with or without its scheme
    for url in urls:
        values |= {*_in_url(url)}
    return _longest_first(values)


@lru_cache(maxsize=1024)
def masked_secrets(sent: tuple[str, ...]) -> tuple[str, ...]:
    """Return the texts to mask where an endpoint repeats secrets that it was sent, longest first."""
    return _longest_first({*sent})


def _longest_first(values: set[str]) -> tuple[str, ...]:
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
