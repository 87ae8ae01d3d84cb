"""The origin of a URL (RFC 9110 §4.3.1): scheme, host and port, validated before anything is resolved."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from switchhook.delivery.http.errors import ExchangeError
from switchhook.domain.failure import FailureKind

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)([!\"$->@-~]*)(\?[!\"$-~]*)?(?:#.*)?")
"""Origin, path, query. Path and query go out as they are, so they hold printable ASCII alone."""
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@]+)(?::(\d*))?")
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")

PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=1024)
def split(url: str) -> tuple[str, str]:
    """Cut an absolute URL into its origin's text and its request target (origin-form, R3-19).

    The fragment never goes out. Raises ExchangeError (BAD_URL).
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise bad_url(
            "it is not an absolute URL of printable ASCII characters; encode others as %XX"
        )
    origin, path, query = match.groups()
    return origin, (path or "/") + (query or "")


def bad_url(why: str) -> ExchangeError:
    """The URL cannot be sent to. `why` repeats nothing of it that may be secret."""
    return ExchangeError(FailureKind.BAD_URL, f"The webhook's URL cannot be used: {why}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One server as a URL names it."""

    scheme: str
    host: str
    """A name in its ASCII form, or a numeric address without brackets; lower case."""
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what stands before the path (R1-07, R1-08). Raises ExchangeError (BAD_URL)."""
        scheme, _, authority = text.partition("://")
        scheme = scheme.lower()
        if scheme not in PORTS:
            raise bad_url("only http:// and https:// are spoken")
        if "@" in authority:
            raise bad_url(
                "it holds a user name; send credentials in an Authorization header instead"
            )
        match = _AUTHORITY.fullmatch(authority)
        if match is None:
            raise bad_url("what follows :// is not host or host:port")
        host, port = match.groups()
        return cls(scheme=scheme, host=_host(host), port=_port(port, PORTS[scheme]))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def is_same_host(old: Origin, new: Origin) -> bool:
    """Say whether both are one server; the step from http on 80 to https on 443 stays with it."""
    usual = old.port == PORTS[old.scheme] and new.port == PORTS[new.scheme]
    return old.host == new.host and (old.port == new.port or usual)


def _host(text: str) -> str:
    if text.startswith("["):
        return _literal(text[1:-1])
    try:
        host = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        raise bad_url("its host name cannot be written in ASCII (IDNA)") from None
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise bad_url("its host is not a name and not an address")
    return host.lower()


def _literal(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise bad_url("what stands in its brackets is no IPv6 address") from None


def _port(text: str | None, default: int) -> int:
    if not text:
        return default
    port = int(text) if len(text) <= 5 and text.isascii() else 0
    if not 1 <= port <= 65535:
        raise bad_url("its port is not in 1–65535")
    return port
