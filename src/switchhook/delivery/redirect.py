"""Where a redirect leads, and what goes there. Nothing is followed unless the caller asked (A-50)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from switchhook.delivery.failing import ExchangeError
from switchhook.delivery.origin import PORTS, Origin, split
from switchhook.domain.failure import FailureKind

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest, HttpResponse

STATUSES = frozenset({301, 302, 303, 307, 308})

_SECRET = re.compile(r"auth|cookie|token|secret|signature|password|api-?key", re.IGNORECASE)
"""Names of headers that are meant for one host alone."""


def redirected(request: HttpRequest, response: HttpResponse) -> HttpRequest | None:
    """Return the request for the next hop; None when `response` is no redirect (RFC 9110 §15.4).

    To the same scheme or to https only; raises ExchangeError (REDIRECT) otherwise. The other
    headers go along, but on another host Host is replaced, and credentials stay behind. 303, and
    301 or 302 after a POST, ask again by GET, as every client does.
    """
    if response.status not in STATUSES:
        return None
    target = next((value for name, value in response.headers if name == "location"), "")
    if not target:
        return None
    here, _ = split(request.url)
    old = Origin.parse(here)
    try:
        url = urljoin(request.url, target).partition("#")[0]
        there, _ = split(url)
        new = Origin.parse(there)
    except ExchangeError as error:
        raise _refused(old, f"leads to where we do not go: {error.failure.detail}") from None
    except ValueError:
        raise _refused(old, "leads to where no URL can") from None
    if old.scheme == "https" and new.scheme == "http":
        raise _refused(old, f"leads from https to plain http ({new})")
    if response.status == 303 or (response.status in {301, 302} and request.method == "POST"):
        request = _by_get(request)
    if not _is_same_host(old, new):
        authority = there.partition("://")[2]
        request = replace(request, headers=_for_host(request.headers, authority))
    return replace(request, url=url)


def too_many(where: str, hops: int) -> ExchangeError:
    """The redirects do not end."""
    return ExchangeError(
        FailureKind.REDIRECT,
        f"{where}: redirects more than {hops} times. The endpoint must answer, or the webhook's URL "
        "must name where it moved to.",
    )


def _refused(origin: Origin, why: str) -> ExchangeError:
    return ExchangeError(FailureKind.REDIRECT, f"{origin}: its redirect {why.rstrip('.')}.")


def _is_same_host(old: Origin, new: Origin) -> bool:
    """The step from http on 80 to https on 443 stays with the host."""
    usual = old.port == PORTS[old.scheme] and new.port == PORTS[new.scheme]
    return old.host == new.host and (old.port == new.port or usual)


def _for_host(headers: tuple[tuple[str, str], ...], authority: str) -> tuple[tuple[str, str], ...]:
    """Name the new host in Host, and in an Origin that was the old one (R3-21)."""
    old = next(value for name, value in headers if name.lower() == "host")
    ours = {"host", "origin"}
    return tuple(
        (name, authority if name.lower() in ours and value == old else value)
        for name, value in headers
        if not _SECRET.search(name)
    )


def _by_get(request: HttpRequest) -> HttpRequest:
    headers = tuple(
        (name, value) for name, value in request.headers if not name.lower().startswith("content-")
    )
    return replace(request, method="GET", headers=headers, body=b"")
