"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, unquote

from switchhook.quick_init import quick_init
from switchhook.sip.wire.errors import ParseError, excerpt
from switchhook.sip.wire.parameters import NO_PARAMETERS, Parameters
from switchhook.sip.wire.syntax import MAX_PORT, is_host, is_token, read_host_port

_NEVER: Final = re.compile(r'[\x00-\x20\x7f<>"]')
"""Characters that end a URI in a start line or between angle brackets."""
_TELLING: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})
MOST_REMEMBERED: Final = 256
"""Characters of a text that is remembered with what it was read as, so that no sender fills the memory."""
_USER_SAFE: Final = "-_.!~*'()&=+$,;?/"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Uri:
    """A URI as it stands on the wire, taken apart; scheme and host are in lower case.

    `user` is the escaped part before the @, password included (`username` is what people read); a
    tel URI's number stands there too. `host` keeps the brackets of an IPv6 address. `headers` is
    what follows the question mark. A scheme that is none of sip, sips and tel leaves all but
    `opaque` empty, so that the request can be answered with 416.
    """

    scheme: str = "sip"
    user: str | None = None
    host: str = ""
    port: int | None = None
    parameters: Parameters = NO_PARAMETERS
    headers: str = ""
    opaque: str = ""

    def __post_init__(self) -> None:
        if self.port is not None and not 0 <= self.port <= MAX_PORT:
            raise ValueError(f"a port goes from 0 to {MAX_PORT}, not {self.port}")
        text = f"{self.user}{self.headers}{self.opaque}"
        if self.parameters:
            text += str(self.parameters)
        if _NEVER.search(text) is not None:
            raise ValueError(f"a space, quote, bracket or control stands in {excerpt(str(self))}")
        if self.scheme in {"sip", "sips"} and not is_host(self.host):
            raise ValueError(f"this is no host: {excerpt(self.host)}")
        if self.user is not None and "@" in self.user:
            raise ValueError(f"an @ in a user must be escaped: {excerpt(self.user)}")

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Read a URI without its angle brackets; raise ParseError. The latest are remembered."""
        return _remembered(text) if len(text) <= MOST_REMEMBERED else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> Uri:
        scheme, colon, rest = text.partition(":")
        scheme = scheme.lower()
        if not colon or not rest or not is_token(scheme):
            raise ParseError(f"this is no URI: {excerpt(text)}")
        if _NEVER.search(text) is not None:
            raise ParseError(f"a space, quote or control stands in the URI {excerpt(text)}")
        if scheme in {"sip", "sips"}:
            return cls._parse_sip(scheme, rest)
        if scheme == "tel":
            number, _, parameters = rest.partition(";")
            if "@" in number:
                raise ParseError(f"this is no telephone number: {excerpt(number)}")
            return cls(scheme=scheme, user=number, parameters=Parameters.parse(parameters))
        return cls(scheme=scheme, opaque=rest)

    @classmethod
    def _parse_sip(cls, scheme: str, rest: str) -> Uri:
        user, at, place = rest.rpartition("@")
        if "@" in user:
            raise ParseError(f"the URI has more than one @: {excerpt(rest)}")
        place, _, headers = place.partition("?")
        authority, _, parameters = place.partition(";")
        host, port = read_host_port(authority)
        return cls(
            scheme=scheme,
            user=user if at else None,
            host=host,
            port=port,
            parameters=Parameters.parse(parameters),
            headers=headers,
        )

    @classmethod
    def of(cls, username: str | None, host: str, port: int | None = None) -> Uri:
        """Build a SIP URI from what people write: the user is escaped here."""
        return cls(user=None if username is None else escape_user(username), host=host, port=port)

    @property
    def username(self) -> str:
        """The user part as people read it: unescaped, without password; empty where there is none."""
        if self.user is None:
            return ""
        return unquote(self.user.partition(":")[0], errors="surrogateescape")

    @property
    def is_for_help(self) -> bool:
        """Whether this calls an emergency service, whatever its number is there (RFC 5031 §4.2)."""
        words = self.opaque.lower().split(".")[0].split(";")[0]
        return self.scheme == "urn" and words == "service:sos"

    def matches(self, other: Uri) -> bool:
        """Tell whether both name the same resource (RFC 3261 §19.1.4)."""
        if (self.scheme, self.host, self.port, self.opaque) != (
            other.scheme,
            other.host,
            other.port,
            other.opaque,
        ):
            return False
        return (
            unquote(self.user or "") == unquote(other.user or "")
            and sorted(self.headers.lower().split("&")) == sorted(other.headers.lower().split("&"))
            and _parameters_match(self.parameters, other.parameters)
        )

    def replace(self, **changes: Any) -> Uri:  # noqa: ANN401 -- dataclasses.replace types it so too
        """Return this URI with some fields changed."""
        return replace(self, **changes)

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        if self.scheme == "tel":
            return f"tel:{self.user or ''}{self.parameters}"
        user = "" if self.user is None else f"{self.user}@"
        port = "" if self.port is None else f":{self.port}"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{self.host}{port}{self.parameters}{headers}"


@lru_cache(maxsize=2_048)
def _remembered(text: str) -> Uri:
    return Uri._parse(text)  # noqa: SLF001 -- the other half of `parse`


def _parameters_match(ours: Parameters, theirs: Parameters) -> bool:
    """Compare the parameters of both, and those that differ even when only one has them."""
    names = (ours.keys() & theirs.keys()) | (_TELLING & (ours.keys() | theirs.keys()))
    return all(
        name in ours
        and name in theirs
        and (ours[name] or "").lower() == (theirs[name] or "").lower()
        for name in names
    )


def escape_user(username: str) -> str:
    """Escape what may not stand in a user part (RFC 3261 §25.1 user)."""
    return quote(username, safe=_USER_SAFE, errors="surrogateescape")
