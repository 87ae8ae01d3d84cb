"""Follows redirects, where the caller asked for it, and nowhere else (A-50)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from switchhook.delivery.http.cookies import Cookies
from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin, is_same_host, split
from switchhook.delivery.http.private import for_other_origin
from switchhook.domain.failure import FailureKind

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest, HttpResponse

STATUSES = frozenset({301, 302, 303, 307, 308})

_AUTHORITY = re.compile(r"((?:https?:)?//)([^/?#:]*)", re.IGNORECASE)
_NOT_PRINTABLE = re.compile(rb"[^!-~]")


class RedirectChain:
    """The state of one exchange from hop to hop: hops so far, dropped parts, cookies."""

    __slots__ = ("_cookies", "_left_out", "_most", "_request", "has_lost_body", "redirects")

    def __init__(self, request: HttpRequest, most: int) -> None:
        """At most `most` redirects are followed from `request` on."""
        self._request = request
        self._most = most
        self._cookies = Cookies()
        self._left_out: dict[str, None] = {}
        self.redirects: tuple[str, ...] = ()
        """Scheme and host of each."""
        self.has_lost_body = False
        """Whether a body stayed behind, since it was asked again by GET."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the names of what did not go along."""
        return tuple(self._left_out)

    def follow(self, response: HttpResponse) -> HttpRequest | None:
        """Return the request for the next hop; None when `response` is no redirect (RFC 9110 §15.4).

        To the same scheme or to https only. 303, and 301 or 302 after a POST, ask again by GET, as every
        client does. Cookies that a hop sets go back to it. Raises ExchangeError (REDIRECT).
        """
        request, target = self._request, _target(response)
        if not self._most or not target:
            return None
        here, path = split(request.url)
        old = Origin.parse(here)
        if len(self.redirects) == self._most:
            raise _too_many(old, self._most)
        url, there, new = _leads_to(request, target, old)
        self._cookies.store(old, path, response.headers)
        if response.status == 303 or (response.status in {301, 302} and request.method == "POST"):
            self.has_lost_body |= bool(request.body)
            request = _by_get(request)
        request = replace(request, url=url)
        if not is_same_host(old, new):
            request, left_out = for_other_origin(request, there.partition("://")[2])
            self._left_out |= dict.fromkeys(left_out)
        self._request = request
        self.redirects = (*self.redirects, there)
        return self._cookies.add_to(request, new)


def _target(response: HttpResponse) -> str:
    if response.status not in STATUSES:
        return ""
    return _printable(response.header("location").strip(" \t"))


def _printable(target: str) -> str:
    """Return a target in which no octet stands that no URL holds: percent-encoded, or of a host in ASCII (IDNA).

    Servers write Location as they read the URL, and every client follows it all the same.
    """
    if target.isascii() and target.isprintable() and " " not in target:
        return target
    start, host, found = "", "", _AUTHORITY.match(target)
    if found:
        start, host, target = found[1], _ascii(found[2]), target[found.end() :]
    octets = target.encode("latin-1", "replace")
    return start + host + _NOT_PRINTABLE.sub(lambda octet: b"%%%02X" % octet[0][0], octets).decode()


def _ascii(host: str) -> str:
    try:
        return host.encode("latin-1").decode().encode("idna").decode()
    except UnicodeError:  # and refused where it is looked at
        return host


def _leads_to(request: HttpRequest, target: str, old: Origin) -> tuple[str, str, Origin]:
    """Return the URL that a redirect names, its origin as it is written, and its origin."""
    try:
        url = urljoin(request.url, target).partition("#")[0]
        there, _ = split(url)
        new = Origin.parse(there)
    except ExchangeError as error:
        raise _refused(old, f"leads to where we do not go: {_why(error)}") from None
    except ValueError:
        raise _refused(old, "leads to where no URL can") from None
    if old.scheme == "https" and new.scheme == "http":
        raise _refused(old, f"leads from https to plain http ({new})")
    return url, there, new


def _why(error: ExchangeError) -> str:
    return error.failure.detail.partition(": ")[2]


def _too_many(origin: Origin, hops: int) -> ExchangeError:
    """The redirects do not end."""
    return ExchangeError(
        FailureKind.REDIRECT,
        f"{origin}: redirects more than {hops} times. The endpoint must answer, or the webhook's URL "
        "must name where it moved to.",
    )


def _refused(origin: Origin, why: str) -> ExchangeError:
    return ExchangeError(FailureKind.REDIRECT, f"{origin}: its redirect {why.rstrip('.')}.")


def _by_get(request: HttpRequest) -> HttpRequest:
    headers = tuple(
        (name, value) for name, value in request.headers if not name.lower().startswith("content-")
    )
    method = "HEAD" if request.method == "HEAD" else "GET"
    return replace(request, method=method, headers=headers, body=b"")
