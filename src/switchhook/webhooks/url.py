"""Templates of endpoint URLs: validated, made ASCII, with `{parameter}` filled in (R1-07, R1-08, R1-11)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from switchhook.domain.credentials import URL_SECRET
from switchhook.domain.masking import MASK
from switchhook.webhooks.encoding import basic_authorization
from switchhook.webhooks.parameters import find

ParameterValues = Callable[[str, str], str]
"""Takes the key of a parameter and its argument, and returns the value for one call."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"(?!-)(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_DEVIATIONS = frozenset("ßς\u200c\u200d")
"""Characters that IDNA reads in two ways, of 2003 and of 2008 (UTS #46 §7)."""
_EXAMPLE = "https://crm.example.com:8443/route"
_KEPT = "!$&'()*+,;=:@/?-._~%"
"""Characters of a path or query that stay as written, besides letters and digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlTemplate:
    """A parsed URL of an endpoint, with its placeholders."""

    origin: str
    """Scheme and authority, `https://target:8443`; empty when the URL is none."""
    host: str
    """The value of Host: without the scheme's own port."""
    authorization: str
    """The value of Authorization, from `user:password@` in the URL; empty without."""
    path: tuple[Piece, ...]
    query: tuple[Piece, ...]

    def url(self, values: ParameterValues, more_query: str = "") -> str:
        """Return the absolute URL for one call, `more_query` after the person's own query."""
        queries = [part for part in (_fill(self.query, values), more_query) if part]
        path = _fill(self.path, values)
        return f"{self.origin}{path}?{'&'.join(queries)}" if queries else f"{self.origin}{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a path or query: fixed text, or a parameter whose value goes in percent-encoded."""

    text: str = ""
    parameter: str = ""
    argument: str = ""
    stand_in: str = ""
    """In place of an unknown value, in a text."""


SECRET_NAME: Final = URL_SECRET[1:-1]
SECRET_PIECE: Final = Piece(text=URL_SECRET)
"""The place of a secret, as it stays in a rendered URL."""


def catalogued(name: str) -> Piece | None:
    """Read `ID Call`, `call_id` or, with an argument, `custom:city`: a parameter of the catalogue.

    `secret` keeps its braces: it is filled in at each attempt, and stands in no stored URL.
    """
    if name == SECRET_NAME:
        return SECRET_PIECE
    label, _, argument = name.partition(":")
    key = find(label)
    return None if key is None else Piece(parameter=key, argument=argument)


PlaceholderLookup = Callable[[str], Piece | None]
"""Returns the value of a `{name}` in a URL; None leaves it as text."""


def no_placeholder(_name: str) -> Piece | None:
    """Let nothing in a URL stand for anything: every brace stays text."""
    return None


def secret_alone(name: str) -> Piece | None:
    """Let nothing in a URL stand for anything but its secret."""
    return SECRET_PIECE if name == SECRET_NAME else None


def parse_url(url: str, lookup: PlaceholderLookup = catalogued) -> UrlTemplate:
    """Read the URL that a person set. Raises ValueError with a sentence that says what is wrong."""
    parts, port = _split(url)
    host = _ascii_host(parts.hostname or "")
    authority = host if port is None or port == _DEFAULT_PORTS[parts.scheme] else f"{host}:{port}"
    return UrlTemplate(
        origin=f"{parts.scheme}://{authority}",
        host=authority,
        authorization=_basic(parts),
        path=_pieces(parts.path or "/", lookup),
        query=_pieces(parts.query, lookup),
    )


def placeholders(url: str) -> list[str]:
    """Return every `{name}` in a URL, without its braces."""
    return _PLACEHOLDER.findall(url)


def unknown_placeholders(url: str, lookup: PlaceholderLookup = catalogued) -> list[str]:
    """Return the `{names}` in a URL that stand for nothing; they would go out as they are."""
    return [name for name in placeholders(url) if lookup(name) is None]


def without_query(url: str) -> str:
    """Return a URL without its query and fragment, which may hold secrets."""
    return url.partition("#")[0].partition("?")[0]


def with_masked_query(url: str) -> str:
    """Return a URL for the journal: it shows that there was a query, and nothing of it."""
    has_query = "?" in url.partition("#")[0]
    return f"{without_query(url)}?{MASK}" if has_query else without_query(url)


@lru_cache(maxsize=4096)
def url_template(url: str, lookup: PlaceholderLookup = catalogued) -> UrlTemplate:
    """Parse a stored URL and never raise: an invalid one comes back encoded, for the sender to refuse."""
    try:
        return parse_url(url, lookup)
    except ValueError:
        return UrlTemplate(
            origin="", host="", authorization="", path=_pieces(url, lookup), query=()
        )


def _split(url: str) -> tuple[SplitResult, int | None]:
    # Python's own words are not passed on: they may show the password that stands in the URL.
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise ValueError(f"the URL cannot be read; write it like {_EXAMPLE}") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"the URL begins with neither http:// nor https://, as {_EXAMPLE} does")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the URL's port is not a number between 1 and 65535")
    return parts, port


def _ascii_host(host: str) -> str:
    """Return the host as DNS knows it; an IPv6 address stays in its brackets."""
    if not host:
        raise ValueError(f"the URL names no host, as {_EXAMPLE} does")
    if ":" in host:
        return f"[{_ipv6(host)}]"
    if _DEVIATIONS & {*host}:
        raise ValueError(f"{host!r} may mean two names; write it in its form of xn--")
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"{host!r} cannot be written as a host name: {error}") from error
    if not _HOST.fullmatch(name):
        raise ValueError(f"{host!r} is not a host name")
    return name


def _ipv6(host: str) -> str:
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"{host!r} is not an IPv6 address") from None
    if "%" in host:
        raise ValueError(f"{host!r} is an IPv6 address of one network card, which no URL can name")
    return host


def _basic(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    return basic_authorization(unquote(parts.username), unquote(parts.password or ""))


def _pieces(text: str, lookup: PlaceholderLookup) -> tuple[Piece, ...]:
    """Cut at the placeholders. One that stands for nothing stays text."""
    pieces: list[Piece] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        named = lookup(found[1])
        if named is not None:
            pieces += [Piece(text=_kept(text[end : found.start()])), named]
            end = found.end()
    return (*pieces, Piece(text=_kept(text[end:])))


def _kept(text: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_KEPT, errors="replace")


def _fill(pieces: tuple[Piece, ...], values: ParameterValues) -> str:
    return "".join(
        _value(values(piece.parameter, piece.argument)) if piece.parameter else piece.text
        for piece in pieces
    )


def _value(text: str) -> str:
    # A value of `..` would climb out of its place in the path (RFC 3986 §5.2.4), so its dots go encoded.
    encoded = quote(text, safe="", errors="replace")
    return encoded if encoded.strip(".") else encoded.replace(".", "%2E")
