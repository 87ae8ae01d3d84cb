"""Serializes a request: exactly as it is, or not at all."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from switchhook.delivery.http.errors import ExchangeError
from switchhook.domain.failure import FailureKind

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_METHODS = {name: name.encode() for name in METHODS}
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Sending these twice does what sending them once does (RFC 9110 §9.2.2)."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def render(request: HttpRequest, target: str) -> bytes:
    """Write the request line, the headers in their order and letter case, and the body.

    Nothing is added. A request that a value could split is refused here: control characters, names that are no
    tokens, a Content-Length that is not the body's. Raises ExchangeError (BAD_URL).
    """
    lines, length = _lines(request.headers)
    body = request.body
    if length != str(len(body)) and (body or length is not None):
        raise _unfit("its Content-Length is not the length of its body")
    method = _METHODS.get(request.method)
    if method is None:
        raise _unfit("its method is not one that webhooks use")
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (
        method,
        target.encode(),
        lines,
        body,
    )


def _lines(headers: tuple[tuple[str, str], ...]) -> tuple[bytes, str | None]:
    """Return the header lines, and what Content-Length says."""
    names = _names(tuple([name for name, _ in headers]))
    values = [value for _, value in headers]
    if _CONTROL.search("".join(values)):
        raise _unfit("a header holds a line break or another control character")
    try:
        lines = (names.lines % tuple(values)).encode()
    except UnicodeEncodeError:
        raise _unfit("a header holds text that is not Unicode") from None
    return lines, None if names.length is None else values[names.length]


class _Names(NamedTuple):
    """The names of a request's header fields, which were checked."""

    lines: str
    """The lines, with `%s` in place of each value."""
    length: int | None
    """The place of Content-Length among them."""


@lru_cache(maxsize=1024)
def _names(names: tuple[str, ...]) -> _Names:
    """Check the names. Those of a webhook are the same in all its requests."""
    if not all(_TOKEN.fullmatch(name) for name in names):
        raise _unfit("a header's name holds what no header name may")
    seen = [name.lower() for name in names]
    if seen.count("host") != 1 or seen.count("content-length") > 1:
        raise _unfit("it needs one Host header, and no more than one Content-Length")
    if "transfer-encoding" in seen:
        raise _unfit("a body is sent whole, never with Transfer-Encoding")
    length = seen.index("content-length") if "content-length" in seen else None
    return _Names("".join(f"{name.replace('%', '%%')}: %s\r\n" for name in names), length)


def _unfit(why: str) -> ExchangeError:
    return ExchangeError(FailureKind.BAD_URL, f"The request was not sent: {why}.")
