"""Puts a webhook's credentials into a request, at each attempt: what is stored and shown of one has none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from switchhook.domain.credentials import URL_SECRET
from switchhook.webhooks.encoding import basic_authorization, header_value
from switchhook.webhooks.signatures import signature_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.credentials import Credentials
    from switchhook.webhooks.http import HttpRequest

SAFE_IN_URL: Final = "/:@!$'()*,;~"
"""Characters of a secret in a URL that stay as they are, since services write theirs with them."""
_LAST: Final = frozenset({"webhook-id", "connection"})
"""Header lines that stand at the end."""


def authenticated(
    request: HttpRequest,
    credentials: Credentials,
    *,
    id_: str,
    at: float,
    access_token: str = "",
) -> HttpRequest:
    """Return a request that proves who sends it, at a moment in unix seconds. The body stays as it is.

    `id_` names what is sent, for signatures, where no `webhook-id` line does. `access_token` is the one of `oauth`. Each line takes the place of
    one of its name.
    """
    named = next((value for name, value in request.headers if name.lower() == "webhook-id"), "")
    id_ = named or id_
    lines = [
        *authorization(credentials, access_token),
        *credentials.secret_headers,
        *signature_lines(credentials, id_=id_, at=at, body=request.body),
    ]
    if credentials.signing_secrets and not named:
        lines.append(("webhook-id", id_))
    return replace(
        request,
        url=with_url_secret(request.url, credentials.url_secret),
        headers=_with_lines(request.headers, lines),
        secrets=(*request.secrets, *sent_secrets(credentials, access_token)),
    )


def authorization(credentials: Credentials, access_token: str = "") -> tuple[tuple[str, str], ...]:
    """Return the Authorization line of a token or a user name; none without."""
    token = access_token or credentials.token
    if token:
        return (("Authorization", f"Bearer {token}"),)
    if credentials.username:
        basic = basic_authorization(credentials.username, credentials.password)
        return (("Authorization", basic),)
    return ()


def with_url_secret(url: str, secret: str) -> str:
    """Fill a secret into a rendered URL. A value of a call cannot be its place: braces in it are encoded."""
    return url.replace(URL_SECRET, quote(secret, safe=SAFE_IN_URL)) if secret else url


def sent_secrets(credentials: Credentials, access_token: str = "") -> tuple[str, ...]:
    """Return every form in which secrets are sent, or known to the receiver, so that it may repeat them."""
    found = [*credentials.secrets, access_token]
    if credentials.username:
        basic = basic_authorization(credentials.username, credentials.password)
        found.append(basic.removeprefix("Basic "))
    if credentials.url_secret:
        found.append(quote(credentials.url_secret, safe=SAFE_IN_URL))
    return tuple(secret for secret in found if secret)


def header_names(credentials: Credentials) -> tuple[str, ...]:
    """Return the names of all header lines that credentials make, in lower case."""
    hmac = credentials.hmac
    names = [
        *(name for name, _ in authorization(credentials, "" if credentials.oauth is None else "x")),
        *(name for name, _ in credentials.secret_headers),
        *((hmac.header, hmac.timestamp_header) if hmac is not None else ()),
        *(("webhook-timestamp", "webhook-signature") if credentials.signing_secrets else ()),
    ]
    return tuple(name.lower() for name in names if name)


def _with_lines(
    headers: Iterable[tuple[str, str]], lines: list[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    if not lines:
        return tuple(headers)
    own = {name.lower() for name, _ in lines}
    kept = [line for line in headers if line[0].lower() not in own]
    end = len(kept)
    while end and kept[end - 1][0].lower() in _LAST:
        end -= 1
    added = [(name, header_value(value)) for name, value in lines]
    return (*kept[:end], *added, *kept[end:])
