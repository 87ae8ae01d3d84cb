"""The secrets of a webhook, redacted wherever an endpoint repeats them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from switchhook.domain.masking import MASK, mask
from switchhook.domain.webhook import ForwardingNumber
from switchhook.webhooks.authentication import sent_secrets
from switchhook.webhooks.url import placeholders, url_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.webhook import RoutingWebhook
    from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse

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
        (webhook.first_url, webhook.fallback_url, webhook.shadow_url),
        webhook.headers,
        sent_secrets(webhook.credentials),
        constants,
    )


def redacted_exchange(exchange: Exchange, secrets: tuple[str, ...]) -> Exchange:
    """Return the exchange with these texts hidden in what the endpoint said, and in the values that it was told."""
    if not secrets:
        return exchange
    exchange = exchange._replace(request=_redacted_request(exchange.request, secrets))
    if exchange.redirects:
        redirects = tuple(mask(where, secrets) for where in exchange.redirects)
        exchange = exchange._replace(redirects=redirects)
    if exchange.failure is not None:
        detail = mask(exchange.failure.detail, secrets)
        exchange = exchange._replace(failure=replace(exchange.failure, detail=detail))
    return exchange._replace(
        response=_redacted(exchange.response, secrets), begun=_redacted(exchange.begun, secrets)
    )


def _redacted_request(request: HttpRequest, secrets: tuple[str, ...]) -> HttpRequest:
    """Hide secrets in the body and the parameters' headers of a request, however they are written there."""
    if not request.body and not request.parameter_headers:
        return request
    written = _as_written(secrets)
    body = mask(request.body.decode("utf-8", "replace"), written).encode()
    headers = tuple(
        (name, mask(value, written) if name.lower() in request.parameter_headers else value)
        for name, value in request.headers
    )
    return replace(request, body=body, headers=headers)


@lru_cache(maxsize=1024)
def _as_written(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Return secrets also as they stand in forms and in JSON."""
    every = {
        form
        for secret in secrets
        for form in (
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        )
    }
    return tuple(sorted(every, key=lambda v: (-len(v), v)))


def request_lines(request: HttpRequest) -> str:
    """Return the header lines of a request for people; what may be a key is masked."""
    shown = OPEN_HEADERS | request.parameter_headers
    return "\n".join(
        f"{name}: {value if name.lower() in shown else MASK}" for name, value in request.headers
    )


def response_lines(response: HttpResponse) -> str:
    """Return the header lines of a response for people; what may let in somebody is masked."""
    return "\n".join(
        f"{name}: {MASK if _LETS_IN.search(name) else value}" for name, value in response.headers
    )


_LETS_IN = re.compile(r"cookie|auth|token|secret|key|sign", re.IGNORECASE)


def _redacted(response: HttpResponse | None, secrets: tuple[str, ...]) -> HttpResponse | None:
    if response is None:
        return None
    if response.left_out:
        left_out = tuple(mask(line, secrets) for line in response.left_out)
        response = response._replace(left_out=left_out)
    if any(mask(value, secrets) != value for _, value in response.headers):
        headers = tuple((name, mask(value, secrets)) for name, value in response.headers)
        response = response._replace(headers=headers)
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
