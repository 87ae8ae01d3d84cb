"""Strips the parts for one origin from a request, when a redirect leads to another. Pure.

Credentials and the headers that a person added are (RFC 9110 §15.4, as curl does since CVE-2022-27774), and
what of the URL or of the constants is secret, which servers like to repeat in `Location`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote_plus

import msgspec

from switchhook.webhooks.secrets import OPEN_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.webhooks.http import HttpRequest

MIN_HELD: Final = 8
"""Characters of a secret that is looked for within a value; a shorter one stands in many by chance."""

JsonBody: TypeAlias = "str | float | list[JsonBody] | dict[str, JsonBody] | None"


def for_other_origin(request: HttpRequest, authority: str) -> tuple[HttpRequest, tuple[str, ...]]:
    """Return a request as another origin may see it, and the names of what was left out.

    `request.url` leads there already; `authority` is its host and port, for Host, and for an Origin that
    was the old Host (R3-21).
    """
    unsent: list[str] = []
    out: list[str] = []
    url = _url(request, out)
    body = _body(request, out)
    old = next((value for name, value in request.headers if name.lower() == "host"), "")
    headers = []
    for name, value in request.headers:
        known = name.lower()
        if known == "host" or (known == "origin" and value == old):
            headers.append((name, authority))
        elif known == "content-length":
            headers.append((name, str(len(body))))
        elif known in OPEN_HEADERS or _is_told(request, known, value):
            headers.append((name, value))
        else:
            unsent.append(name)
    request = replace(request, url=url, headers=tuple(headers), body=body)
    return request, (*unsent, *out)


def _is_told(request: HttpRequest, name: str, value: str) -> bool:
    return name in request.parameter_headers and not _is_secret(value, request.secrets)


def _is_secret(value: str, secrets: tuple[str, ...]) -> bool:
    """Say whether a value is a secret, or holds one: `next=/route?token=KEY` of a page to log in."""
    if not value:
        return False
    plain = unquote_plus(value)
    inner = unquote_plus(plain)
    return value in secrets or any(
        secret == plain or (len(secret) >= MIN_HELD and (secret in plain or secret in inner))
        for secret in secrets
    )


def _url(request: HttpRequest, out: list[str]) -> str:
    """Leave out of the query what the old origin repeated of its own."""
    path, _, query = request.url.partition("?")
    kept = _pairs(query, request.secrets, out, "query")
    return f"{path}?{kept}" if kept else path


def _body(request: HttpRequest, out: list[str]) -> bytes:
    """Leave secrets out of a form or of JSON; the rest of the body stays as it is."""
    if not request.body or not request.secrets:
        return request.body
    try:
        if request.body.startswith((b"{", b"[")):  # whatever its type says
            found: list[str] = []
            told = _told(msgspec.json.decode(request.body), request.secrets, found)
            out += found
            return msgspec.json.encode(told) if found else request.body
        return _pairs(request.body.decode(), request.secrets, out, "body").encode()
    except (ValueError, RecursionError):  # a body that we did not write
        return request.body


def _pairs(query: str, secrets: tuple[str, ...], out: list[str], where: str) -> str:
    kept = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if _is_secret(value, secrets):
            out.append(f"{unquote_plus(name)} in the {where}")
        else:
            kept.append(pair)
    return "&".join(kept)


def _told(value: JsonBody, secrets: tuple[str, ...], out: list[str]) -> JsonBody:
    match value:
        case dict():
            return dict(_members(value, secrets, out))
        case list():
            return [_told(item, secrets, out) for item in value]
        case _:
            return value


def _members(
    value: dict[str, JsonBody], secrets: tuple[str, ...], out: list[str]
) -> Iterator[tuple[str, JsonBody]]:
    for name, member in value.items():
        if isinstance(member, str) and _is_secret(member, secrets):
            out.append(f"{name} in the body")
        else:
            yield name, _told(member, secrets, out)
