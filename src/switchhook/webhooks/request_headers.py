"""The header section of a request, in the order that receivers were written against (R3-19…25)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from switchhook.quick_init import quick_init
from switchhook.webhooks.encoding import header_value, is_header_name
from switchhook.webhooks.http import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchhook.domain.webhook import Method, RoutingWebhook
    from switchhook.webhooks.url import ParameterValues, UrlTemplate


ErrorParameters = tuple[tuple[str, str], ...]
"""Names and values that tell the fallback URL why it is asked."""


MAX_NOTES: Final = 5
"""Notes on the values of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The parts of a request that hold a webhook's values."""

    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    body: bytes | None = None
    """None: the request has no body and no header of one."""

    def and_query(self, query: str) -> Payload:
        """Return the payload with more at the end of its query."""
        if not query:
            return self
        return replace(self, query=f"{self.query}&{query}" if self.query else query)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderOptions:
    """The header fields of one webhook's requests besides the payload's."""

    user_agent: str
    keep_alive: bool
    send_origin: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    """Lines that a person added; those for Content-Type, Origin and User-Agent stand in place of ours,
    and an empty value leaves the line out (R2-23, A-27, A-34)."""
    id: str = ""
    """The delivery's id, for a `webhook-id` line; empty: no such line."""


def header_options(
    webhook: RoutingWebhook, product: str, *, send_origin: bool = False
) -> HeaderOptions:
    """Return the header options of a routing webhook; `product` where it sets no User-Agent."""
    return HeaderOptions(
        user_agent=webhook.user_agent or product,
        keep_alive=webhook.keep_alive,
        send_origin=send_origin,
        headers=webhook.headers,
    )


def make_request(
    method: Method,
    address: UrlTemplate,
    values: ParameterValues,
    payload: Payload,
    options: HeaderOptions,
) -> HttpRequest:
    """Put a request together. No value can break out of its line, whatever a caller sent (S-73).

    `values` are those of the parameters that stand in the address.
    """
    body = payload.body
    first = _first_lines(
        address.host,
        address.authorization,
        payload.content_type,
        options.user_agent,
        options.headers,
        has_body=body is not None,
        send_origin=options.send_origin,
    )
    headers = dict(first)
    if body is not None:
        headers[_LENGTH] = "Content-Length", str(len(body))
    for line in payload.headers:
        headers.setdefault(line[0].lower(), line)
    if options.id:
        headers.setdefault("webhook-id", ("webhook-id", header_value(options.id)))
    if not options.keep_alive:
        headers.setdefault("connection", ("Connection", "close"))
    return HttpRequest(
        method=method.value,
        url=address.url(values, payload.query),
        headers=tuple(headers.values()),
        body=body or b"",
        parameter_headers=_names_of(payload.headers) if payload.headers else _NONE,
    )


_LENGTH: Final = "content-length"
_NONE: Final[frozenset[str]] = frozenset()


@lru_cache(maxsize=1024)
def _first_lines(
    host: str,
    authorization: str,
    content_type: str,
    user_agent: str,
    headers: tuple[tuple[str, str], ...],
    *,
    has_body: bool,
    send_origin: bool,
) -> Mapping[str, tuple[str, str]]:
    """Return the lines before a payload's own, which all requests of a webhook share, by names in lower case.

    Content-Length has its place there, with the value of none. A doubled name would mean something else to
    each receiver, so the first stays.
    """
    own = {name.lower(): value for name, value in headers}
    lines = [
        ("Host", host),
        ("Origin", own.get("origin", host if send_origin else "")),
        ("User-Agent", own.get("user-agent", user_agent)),
        ("Authorization", "" if "authorization" in own else authorization),
        ("Content-Type", own.get("content-type", content_type)),
        ("Content-Length", "0" if has_body else ""),
        *_added(headers),
    ]
    first: dict[str, tuple[str, str]] = {}
    for name, value in lines:
        if value:
            first.setdefault(name.lower(), (name, header_value(value)))
    return first


def _names_of(headers: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(name.lower() for name, _ in headers)


def with_notes(request: HttpRequest, notes: list[str]) -> HttpRequest:
    """Return a request with what is to be said of its values, the first of them."""
    if not notes:
        return request
    more = (f"and {len(notes) - MAX_NOTES} more",) if len(notes) > MAX_NOTES else ()
    return replace(request, notes=(*notes[:MAX_NOTES], *more))


def parameter_headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Make header lines of parameters [A-01]; an empty value keeps its line.

    An invalid header name, or one that frames the request, is left out: it was refused when the webhook was
    saved, and would change the request.
    """
    return tuple((name, header_value(value)) for name, value in pairs if is_parameter_header(name))


_REPLACED = frozenset({"content-type", "origin", "user-agent"})
"""Lines of the request's own that a person's stand in place of."""
_OURS = frozenset({"authorization", "content-type", "cookie", "origin", "user-agent"})
"""Lines of the request's own that a parameter may not double."""


def is_parameter_header(name: str) -> bool:
    """Say whether a parameter of this name can travel as a header line (S-11)."""
    return is_header_name(name) and name.lower() not in _OURS


def _added(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(n, v) for n, v in headers if is_header_name(n) and n.lower() not in _REPLACED]
