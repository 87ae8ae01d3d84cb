"""The structured values of header fields that every message carries: addresses, Via, CSeq."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from switchhook.quick_init import quick_init
from switchhook.sip.wire.errors import ParseError, excerpt
from switchhook.sip.wire.parameters import NO_PARAMETERS, Parameters
from switchhook.sip.wire.syntax import (
    MAX_PORT,
    WHITE,
    end_of_quoted,
    is_host,
    is_one_line,
    is_token,
    quote,
    read_host_port,
    read_number,
    split_list,
    unquote,
)
from switchhook.sip.wire.uri import MOST_REMEMBERED, Uri

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["UNREADABLE", "CSeq", "NameAddress", "Via", "split_list"]

UNREADABLE: Final = "unreadable.invalid"
"""The host of a From, To or Via whose own cannot be read; nothing is ever sent there."""
MAX_CSEQ: Final = 2**31 - 1
_USUAL_TRANSPORTS: Final = frozenset({"UDP", "TCP", "TLS"})
_USUAL_VIA: Final = re.compile(
    r"SIP/2\.0/(UDP|TCP|TLS) ([A-Za-z0-9._-]+)(?::([0-9]{1,5}))?((?:;.*)?)", re.DOTALL
)
"""A Via as nearly all write it. It is read in a third of the time that the general way takes."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class NameAddress:
    """`"Display" <uri>;parameters`: From, To, Contact, Route, Record-Route (RFC 3261 §20.10).

    `display` is the name as people read it. It is always quoted on output.
    """

    display: str = ""
    uri: Uri
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> NameAddress:
        """Read one address, with or without angle brackets; raise ParseError.

        The same few stand in all messages of a call, so that the latest are remembered.
        """
        return _remembered(text) if len(text) <= MOST_REMEMBERED else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> NameAddress:
        text = text.strip(WHITE)
        if text.startswith('"'):
            end = end_of_quoted(text)
            display, text = unquote(text[: end + 1]), text[end + 1 :].lstrip(WHITE)
            if not text.startswith("<"):
                raise ParseError(
                    f"an address in <> must follow the display name {excerpt(display)}"
                )
        elif (bracket := text.find("<")) >= 0:
            display, text = text[:bracket].rstrip(WHITE), text[bracket:]
            if '"' in display:
                raise ParseError(f"a quote stands inside a display name: {excerpt(display)}")
        else:
            return cls._parse_bare(text)
        uri, closed, rest = text[1:].partition(">")
        rest = rest.lstrip(WHITE)
        if not closed:
            raise ParseError(f"the < is never closed: {excerpt(text)}")
        if rest and not rest.startswith(";"):
            raise ParseError(f"something stands behind the address: {excerpt(rest)}")
        return cls(
            display=display, uri=Uri.parse(uri.strip(WHITE)), parameters=Parameters.parse(rest)
        )

    @classmethod
    def _parse_bare(cls, text: str) -> NameAddress:
        """Read an address without brackets: its parameters are the header's, not the URI's."""
        uri, _, parameters = text.partition(";")
        if "," in uri or "?" in uri:
            raise ParseError(f"a URI with a comma or question mark needs <>: {excerpt(text)}")
        return cls(uri=Uri.parse(uri.rstrip(WHITE)), parameters=Parameters.parse(parameters))

    @property
    def tag(self) -> str | None:
        """The tag parameter, which names one end of a dialog."""
        return self.parameters.get("tag")

    @property
    def preference(self) -> float:
        """The q value of a Contact (§20.10); 1 where there is none that can be read."""
        try:
            q = float(self.parameters.get("q") or 1)
        except ValueError:
            return 1.0
        return q if 0 <= q <= 1 else 1.0

    def with_tag(self, tag: str) -> NameAddress:
        """Return this address with the tag set."""
        parameters = self.parameters.set("tag", tag)
        return NameAddress(display=self.display, uri=self.uri, parameters=parameters)

    @property
    def nameless(self) -> str:
        """The address as it is written without its display name."""
        return f"<{self.uri}>{self.parameters}"

    def __str__(self) -> str:
        return f"{quote(self.display)} {self.nameless}" if self.display else self.nameless


@lru_cache(maxsize=2_048)
def _remembered(text: str) -> NameAddress:
    return NameAddress._parse(text)  # noqa: SLF001 -- the other half of `parse`


def preferred(contacts: Iterable[NameAddress]) -> list[NameAddress]:
    """Put the contacts of a redirection in the order in which they are to be tried (§8.1.3.4)."""
    return sorted(contacts, key=lambda contact: -contact.preference)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """One hop that the answers must pass (RFC 3261 §20.42). `transport` is in upper case."""

    version: str = "2.0"
    """Passed back as it came: to another than ours is said by it that we do not speak it (505)."""
    transport: str
    host: str
    port: int | None = None
    parameters: Parameters = NO_PARAMETERS
    unread: str = ""
    """An unreadable host and port; it is passed back as it came."""

    def __post_init__(self) -> None:
        is_usual = self.version == "2.0" and self.transport in _USUAL_TRANSPORTS
        if not is_usual and not (is_token(self.transport) and is_token(self.version)):
            raise ValueError(f"this is no transport: {excerpt(self.transport)}")
        if not is_host(self.host):
            raise ValueError(f"this is no host: {excerpt(self.host)}")
        if self.port is not None and not 0 <= self.port <= MAX_PORT:
            raise ValueError(f"a port goes from 0 to {MAX_PORT}, not {self.port}")

    @classmethod
    def parse(cls, text: str, *, any_host: bool = False) -> Via:
        """Read one Via; white space may stand around each of its slashes. Raise ParseError.

        With `any_host` its host and port need not be readable: who sent it is known otherwise.
        """
        if (usual := _USUAL_VIA.fullmatch(text)) is not None:
            transport, host, digits, parameters = usual.groups()
            if digits is None or int(digits) <= MAX_PORT:
                return cls(
                    transport=transport,
                    host=host.lower(),
                    port=None if digits is None else int(digits),
                    parameters=Parameters.parse(parameters),
                )
        head, _, parameters = text.partition(";")
        name, _, version_and_rest = head.partition("/")
        version, _, rest = version_and_rest.partition("/")
        words = rest.split(None, 1)
        version = version.strip(WHITE)
        if name.strip(WHITE).upper() != "SIP" or not is_token(version) or len(words) != 2:
            raise ParseError(f"this is no Via: {excerpt(text)}")
        if not is_token(words[0]):
            raise ParseError(f"this is no transport: {excerpt(words[0])}")
        place, unread = words[1].rstrip(WHITE), ""
        try:
            host, port = read_host_port(place)
        except ParseError:
            if not any_host or not is_one_line(place):
                raise
            (host, port), unread = _repaired_host_port(place), place
        return cls(
            version=version,
            transport=words[0].upper(),
            host=host,
            port=port,
            parameters=Parameters.parse(parameters),
            unread=unread,
        )

    @property
    def branch(self) -> str | None:
        """The branch parameter, which names a transaction."""
        return self.parameters.get("branch")

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        place = self.unread or f"{self.host}{port}"
        return f"SIP/{self.version}/{self.transport} {place}{self.parameters}"


def _repaired_host_port(place: str) -> tuple[str, int | None]:
    try:
        return read_host_port(place.removesuffix(":"))
    except ParseError:
        return UNREADABLE, None


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CSeq:
    """The order of requests in a dialog (RFC 3261 §8.1.1.5)."""

    number: int
    method: str

    def __post_init__(self) -> None:
        if not 0 <= self.number <= MAX_CSEQ or not is_token(self.method):
            raise ValueError(f"this is no CSeq: {self.number} {excerpt(self.method)}")

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read `number method`; raise ParseError. The latest are remembered: most begin to count at 1 or so."""
        return _remembered_cseq(text) if len(text) <= MOST_REMEMBERED else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> CSeq:
        words = text.split(None, 2)
        if len(words) != 2 or not is_token(words[1]):
            raise ParseError(f"this is no CSeq: {excerpt(text)}")
        return cls(number=read_number(words[0], MAX_CSEQ, "the CSeq"), method=words[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@lru_cache(maxsize=256)
def _remembered_cseq(text: str) -> CSeq:
    return CSeq._parse(text)  # noqa: SLF001 -- the other half of `parse`
