"""Cookies that redirects set, sent on the next hops of the same exchange (RFC 6265). Pure.

There are servers that set a cookie, lead to the same place again and go on doing so until it comes back (RFC
6265). Nothing is kept from one exchange to the next. A cookie goes back to the origin that set it only; its
Domain is ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from switchhook.delivery.http.origin import Origin, is_same_host, split

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest

MOST: Final = 50
"""Cookies of one exchange."""

_PAIR = re.compile(r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*([ -:<-~]*?)[ \t]*")
"""Name and value; what else browsers would take does not go out (RFC 6265 §4.1.1, §5.2)."""
_NO_TIME = re.compile(r"-?0*|-\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One pair, and where it goes back to."""

    name: str
    value: str
    origin: Origin
    path: str
    is_secure: bool


class Cookies:
    """Stores cookies of each response, and adds them to the request of the next hop."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}
        """By host and port, path, and name."""

    def store(self, origin: Origin, target: str, headers: tuple[tuple[str, str], ...]) -> None:
        """Take what a response to the request of `target` sets. What cannot be read is left out."""
        for name, value in headers:
            if name == "set-cookie":
                self._set(origin, target, value)

    def add_to(self, request: HttpRequest, origin: Origin) -> HttpRequest:
        """Return the request with what its origin set, behind the cookies that a person gave it."""
        path = split(request.url)[1].partition("?")[0]
        ours = [
            f"{one.name}={one.value}" for one in self._cookies.values() if _goes(one, origin, path)
        ]
        if not ours:
            return request
        own = [value for name, value in request.headers if name.lower() == "cookie"]
        headers = tuple(line for line in request.headers if line[0].lower() != "cookie")
        return replace(request, headers=(*headers, ("Cookie", "; ".join((*own, *ours)))))

    def _set(self, origin: Origin, target: str, value: str) -> None:
        pair, *rest = value.split(";")
        match = _PAIR.fullmatch(pair)
        if match is None or len(self._cookies) >= MOST:
            return
        told = {
            name.strip().lower(): said.strip() for name, _, said in (a.partition("=") for a in rest)
        }
        path = told.get("path", "")
        if not path.startswith("/"):
            path = target.partition("?")[0].rpartition("/")[0] or "/"
        key = (str(origin), path, match[1])
        self._cookies.pop(key, None)
        if "max-age" in told and _NO_TIME.fullmatch(told["max-age"]):
            return
        self._cookies[key] = Cookie(
            name=match[1], value=match[2], origin=origin, path=path, is_secure="secure" in told
        )


def _goes(cookie: Cookie, origin: Origin, path: str) -> bool:
    """Say whether a cookie goes to a path of an origin (RFC 6265 §5.1.4)."""
    if not is_same_host(cookie.origin, origin) or (cookie.is_secure and origin.scheme != "https"):
        return False
    under = cookie.path if cookie.path.endswith("/") else f"{cookie.path}/"
    return path == cookie.path or path.startswith(under)
