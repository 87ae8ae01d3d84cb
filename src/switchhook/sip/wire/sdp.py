"""Session descriptions as values (RFC 8866), as offered and answered for audio (RFC 3264)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal
from zlib import crc32

from switchhook.sip.wire.errors import ParseError, excerpt
from switchhook.sip.wire.formats import (
    PCMA,
    PCMU,
    TELEPHONE_EVENT,
    Format,
    format_lines,
    read_format,
)
from switchhook.sip.wire.lazy import lazy
from switchhook.sip.wire.syntax import MAX_PORT, read_number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DIRECTIONS",
    "PCMA",
    "PCMU",
    "REVERSED",
    "TELEPHONE_EVENT",
    "Format",
    "Media",
    "MediaDirection",
    "SessionDescription",
    "answer_audio",
    "build_audio",
    "normalized",
    "read_lines",
    "select_formats",
]

MediaDirection = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: Final[tuple[MediaDirection, ...]] = ("sendrecv", "sendonly", "recvonly", "inactive")
REVERSED: Final[dict[MediaDirection, MediaDirection]] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
"""The direction as the other end has it."""

_ROUND: Final = " \t\0"
_ORDER: Final = "vosiuepcbtrzka"
"""The lines before the first m=, in the order of RFC 8866 §5."""

_REST: Final = rb"=[^\r\n\0]*(?<![ \t])\r\n"
_TIDY: Final = re.compile(
    rb"v%bo=[!-~]+(?: [!-~]+){5}\r\ns%b" % (_REST, _REST)
    + b"".join(rb"(?:%c%b)*" % (kind, _REST) for kind in b"iuepcb")
    + rb"(?:t%b)+" % _REST
    + b"".join(rb"(?:%c%b)*" % (kind, _REST) for kind in b"rzka")
    + rb"m%b(?:[a-z]%b)*" % (_REST, _REST)
)
"""A description that `normalized` leaves as it is."""

MAX_MEDIA: Final = 32
MAX_PAYLOADS: Final = 128
"""Attributes that name further addresses; they would lead past a new one."""


# No slots: `lazy` keeps its values in the instance's __dict__.
@dataclass(frozen=True, kw_only=True)
class Media:
    """One m= section; `lines` are those that follow it, as they stand."""

    kind: str
    port: int
    protocol: str = "RTP/AVP"
    payloads: tuple[str, ...] = ()
    """The formats as they stand, in order of preference."""
    ports: int = 1
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _refuse_line_breaks((self.kind, self.protocol, *self.payloads, *self.lines))

    @classmethod
    def parse(cls, line: str, lines: Iterable[str]) -> Media:
        """Read what stands behind m=, and take the lines that follow it; raise ParseError."""
        words = line.split()
        if len(words) < 3:
            raise ParseError(f"this is no media line: {excerpt(line)}")
        if len(words) - 3 > MAX_PAYLOADS:
            raise ParseError(f"there are {len(words) - 3} formats, more than {MAX_PAYLOADS}")
        port, slash, ports = words[1].partition("/")
        return cls(
            kind=words[0],
            port=read_number(port, MAX_PORT, "the media port"),
            protocol=words[2],
            payloads=tuple(words[3:]),
            ports=read_number(ports, MAX_PORT, "the number of media ports") if slash else 1,
            lines=tuple(lines),
        )

    @lazy
    def formats(self) -> tuple[Format, ...]:
        """The formats that are known by name, in order of preference."""
        rtpmap = _by_payload(self.lines, "rtpmap")
        fmtp = _by_payload(self.lines, "fmtp")
        found = (read_format(p, rtpmap.get(p, ""), fmtp.get(p, "")) for p in self.payloads)
        return tuple(known for known in found if known is not None)

    @property
    def is_plain(self) -> bool:
        """Whether this needs no keys, as encrypted sound does."""
        return self.protocol.upper() in {"RTP/AVP", "RTP/AVPF"}

    @property
    def telephone_event(self) -> int | None:
        """The payload number of keys (RFC 4733), at the rate of the sound where there are several."""
        events = [known for known in self.formats if known.is_telephone_event]
        rates = {known.rate for known in self.formats if not known.is_telephone_event}
        fitting = [known for known in events if known.rate in rates] or events
        return fitting[0].payload if fitting else None

    def without(self, *names: str) -> Media:
        """Return this without the attributes of these names."""
        dropped = frozenset(names)
        return replace(
            self, lines=tuple(line for line in self.lines if _attribute_name(line) not in dropped)
        )

    def __str__(self) -> str:
        ports = f"/{self.ports}" if self.ports != 1 else ""
        head = " ".join([f"m={self.kind} {self.port}{ports} {self.protocol}", *self.payloads])
        return _joined((head, *self.lines))


@dataclass(frozen=True, kw_only=True)
class SessionDescription:
    """Who talks where, in which formats. `lines` are those before the first m=, as they stand.

    What is not touched is given back as it came, but for what is no line of a description, the white
    space round a line, line ends, which become CRLF, and the spaces of an m= line.
    """

    lines: tuple[str, ...]
    media: tuple[Media, ...] = ()

    def __post_init__(self) -> None:
        _refuse_line_breaks(self.lines)

    @classmethod
    def parse(cls, body: bytes) -> SessionDescription:
        """Read a description in whatever order its lines stand; raise ParseError.

        Of its lines c=, m= and some attributes decide; none of the others is missed. An unreadable medium
        counts as switched off, unless it is the only sound.
        """
        lines = read_lines(body)
        if not any(line.startswith(("v=", "m=")) for line in lines):
            raise ParseError(f"this is no session description: {excerpt(body.decode('latin-1'))}")
        starts = [place for place, line in enumerate(lines) if line.startswith("m=")]
        if len(starts) > MAX_MEDIA:
            raise ParseError(f"there are {len(starts)} media, more than {MAX_MEDIA}")
        sections = [lines[start:end] for start, end in pairwise((*starts, len(lines)))]
        return cls(
            lines=tuple(lines[: starts[0]] if starts else lines), media=_read_media(sections)
        )

    @lazy
    def audio(self) -> Media | None:
        """The first sound that is not switched off; one without keys comes before all others."""
        sounds = [m for m in self.media if m.kind.lower() == "audio" and m.port]
        return next((m for m in sounds if m.is_plain), next(iter(sounds), None))

    @property
    def audio_address(self) -> tuple[str, int] | None:
        """Where the sound is to be sent; 0.0.0.0, :: in IPv6, is the old way to say hold (RFC 3264 §8.4)."""
        audio = self.audio
        if audio is None:
            return None
        host = _connection(audio.lines) or _connection(self.lines)
        return (host, audio.port) if host else None

    @property
    def direction(self) -> MediaDirection:
        """The direction of the sound, as the sender has it."""
        audio = self.audio
        if audio is None:
            return "inactive"
        return _direction(audio.lines) or _direction(self.lines) or "sendrecv"

    @property
    def is_hold(self) -> bool:
        """Whether the sender does not want to hear us."""
        address = self.audio_address
        silent = address is None or address[0] in {"0.0.0.0", "::"}
        return silent or self.direction in {"sendonly", "inactive"}

    @property
    def version(self) -> int | None:
        """The version of the session, which counts up with every change (RFC 3264 §8)."""
        for line in self.lines:
            words = line[2:].split()
            if line.startswith("o=") and len(words) == 6 and _is_version(words[2]):
                return int(words[2])
        return None

    def with_direction(self, direction: MediaDirection) -> SessionDescription:
        """Return this with another direction of the sound."""
        audio = self.audio
        if audio is None:
            return self
        directed = replace(audio, lines=(*audio.without(*DIRECTIONS).lines, f"a={direction}"))
        return replace(self, media=tuple(directed if m is audio else m for m in self.media))

    def __str__(self) -> str:
        return _joined(self.lines) + "".join(map(str, self.media))

    def __bytes__(self) -> bytes:
        return str(self).encode("utf-8", "surrogateescape")


def build_audio(
    host: str,
    port: int,
    *,
    session_id: int,
    version: int = 1,
    formats: Iterable[Format] = (PCMU, PCMA, TELEPHONE_EVENT),
    direction: MediaDirection = "sendrecv",
    ptime: int = 20,
) -> SessionDescription:
    """Describe a session with one sound at `host` and `port`."""
    if not 0 <= port <= MAX_PORT:
        raise ValueError(f"a port goes from 0 to {MAX_PORT}, not {port}")
    family = f"IN IP{ip_address(host).version} {host}"
    formats = tuple(formats)
    lines = [line for known in formats for line in format_lines(known)]
    audio = Media(
        kind="audio",
        port=port,
        payloads=tuple(str(known.payload) for known in formats),
        lines=(*lines, f"a=ptime:{ptime}", f"a={direction}"),
    )
    head = ("v=0", f"o=- {session_id} {version} {family}", "s=-", f"c={family}", "t=0 0")
    return SessionDescription(lines=head, media=(audio,))


def answer_audio(
    offer: SessionDescription,
    host: str,
    port: int,
    *,
    session_id: int,
    version: int = 1,
    supported: Iterable[Format] = (PCMU, PCMA, TELEPHONE_EVENT),
) -> SessionDescription | None:
    """Answer an offer (RFC 3264 §6); None (488) without a common codec.

    Formats keep the numbers and the order of the offer, the direction is the offer's reversed, and
    every other media is refused in its place.
    """
    audio = offer.audio
    if audio is None:
        return None
    chosen = select_formats(audio, supported)
    if all(known.is_telephone_event for known in chosen):
        return None
    answer = build_audio(
        host,
        port,
        session_id=session_id,
        version=version,
        formats=chosen,
        direction=REVERSED[offer.direction],
    )
    ours = replace(answer.media[0], protocol=audio.protocol)
    media = tuple(
        ours if m is audio else replace(m, port=0, ports=1, lines=()) for m in offer.media
    )
    return replace(answer, media=media)


def select_formats(offered: Media, supported: Iterable[Format]) -> tuple[Format, ...]:
    """Return the offered formats that are supported too, with the offer's numbers and order."""
    supported = tuple(supported)
    pairs = (
        (theirs, next((ours for ours in supported if ours.is_like(theirs)), None))
        for theirs in offered.formats
    )
    return tuple(replace(theirs, fmtp=ours.fmtp) for theirs, ours in pairs if ours is not None)


def read_lines(body: bytes) -> list[str]:
    """Return the lines of a description that are any, `x=…`, without what stands round them."""
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    lines = (line.strip(_ROUND) for line in text.replace("\r", "\n").split("\n"))
    return [line for line in lines if line[1:2] == "="]


def normalized(body: bytes) -> bytes:
    """Write a description as RFC 8866 §5 has it, for others to read: CRLF, and no line missing.

    One without media stays as it is, and so does one that is tidy.
    """
    if _TIDY.fullmatch(body) is not None:
        return body
    lines = read_lines(body)
    media = next((place for place, line in enumerate(lines) if line.startswith("m=")), None)
    if media is None:
        return body
    # The version has to change with the rest, even if o= is unreadable (RFC 3264 §8).
    missing = {"v": "v=0", "o": f"o=- 1 {crc32(body)} IN IP4 0.0.0.0", "s": "s=-", "t": "t=0 0"}
    ordered: list[str] = []
    for kind in _ORDER:
        found = [line for line in lines[:media] if line[0] == kind]
        if kind == "o":
            found = [line for line in found if len(line.split()) == 6][:1]
        ordered += found or ([missing[kind]] if kind in missing else [])
    return _joined([*ordered, *lines[media:]]).encode("utf-8", "surrogateescape")


def _read_media(sections: list[list[str]]) -> tuple[Media, ...]:
    media, trouble = [], None
    for line, *lines in sections:
        try:
            media.append(Media.parse(line[2:], lines))
        except ParseError as error:
            words = line[2:].split()
            trouble = error if words[:1] and words[0].lower() == "audio" else trouble
            media.append(_switched_off(words))
    if trouble is not None and not any(m.kind.lower() == "audio" and m.port for m in media):
        raise trouble
    return tuple(media)


def _switched_off(words: list[str]) -> Media:
    """Stand in for a medium that cannot be read; it keeps its place (RFC 3264 §6)."""
    kind, _, protocol, *payloads = (*words, *("unknown", "0", "RTP/AVP")[len(words) :])
    return Media(kind=kind, port=0, protocol=protocol, payloads=tuple(payloads[:1]) or ("0",))


def _by_payload(lines: Iterable[str], name: str) -> dict[str, str]:
    """Return `a=name:payload value` as a table; of two for one payload the first holds."""
    table: dict[str, str] = {}
    for value in _attributes(lines, name):
        payload, rest = (*value.split(None, 1), "", "")[:2]
        table.setdefault(payload, rest)
    return table


def _attributes(lines: Iterable[str], name: str) -> list[str]:
    return [line.partition(":")[2] for line in lines if _attribute_name(line) == name]


def _attribute_name(line: str) -> str:
    """Return the name of an a= line, empty for another line."""
    return line[2:].partition(":")[0].strip().lower() if line.startswith("a=") else ""


def _direction(lines: Iterable[str]) -> MediaDirection | None:
    for line in lines:
        for direction in DIRECTIONS:
            if _attribute_name(line) == direction:
                return direction
    return None


def _connection(lines: Iterable[str]) -> str | None:
    """Return the address of the first c= line, without the TTL of a multicast one."""
    for line in lines:
        words = line[2:].split()
        if line.startswith("c=") and len(words) >= 3 and words[0].upper() == "IN":
            return words[2].partition("/")[0]
    return None


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20


def _refuse_line_breaks(lines: Iterable[str]) -> None:
    for line in lines:
        if "\r" in line or "\n" in line:
            raise ValueError(f"a line break stands in a line: {excerpt(line)}")


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)
