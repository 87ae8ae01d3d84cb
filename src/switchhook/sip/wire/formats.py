"""Encodings of sound as session descriptions name them (RFC 3551, RFC 4733)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from switchhook.sip.wire.errors import excerpt
from switchhook.sip.wire.syntax import is_one_line, is_token

_TELEPHONE_EVENT: Final = "TELEPHONE-EVENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to encode sound. `payload` is its number in the packets, `rate` in Hz."""

    payload: int
    encoding: str
    rate: int = 8000
    channels: int = 1
    fmtp: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.payload <= 127 or not is_token(self.encoding):
            raise ValueError(f"this is no format: {self.payload} {excerpt(self.encoding)}")
        if not is_one_line(self.fmtp):
            raise ValueError(f"a line break stands in the fmtp: {excerpt(self.fmtp)}")

    @property
    def is_telephone_event(self) -> bool:
        """Whether this carries keys instead of sound (RFC 4733)."""
        return self.encoding.upper() == _TELEPHONE_EVENT

    def is_like(self, other: Format) -> bool:
        """Tell whether both name the same encoding, under whatever number."""
        return (self.encoding.upper(), self.rate, self.channels) == (
            other.encoding.upper(),
            other.rate,
            other.channels,
        )


PCMU: Final = Format(payload=0, encoding="PCMU")
PCMA: Final = Format(payload=8, encoding="PCMA")
TELEPHONE_EVENT: Final = Format(payload=101, encoding="telephone-event", fmtp="0-16")
_STATIC: Final = {
    known.payload: known
    for known in (
        PCMU,
        Format(payload=3, encoding="GSM"),
        Format(payload=4, encoding="G723"),
        PCMA,
        Format(payload=9, encoding="G722"),
        Format(payload=10, encoding="L16", rate=44100, channels=2),
        Format(payload=11, encoding="L16", rate=44100),
        Format(payload=13, encoding="CN"),
        Format(payload=15, encoding="G728"),
        Format(payload=18, encoding="G729"),
    )
}
"""Numbers that need no rtpmap (RFC 3551 §6)."""


def read_format(payload: str, rtpmap: str, fmtp: str) -> Format | None:
    """Parse the m= line and attributes of `payload`; None without a name."""
    if not payload.isascii() or not payload.isdigit() or len(payload) > 3 or int(payload) > 127:
        return None
    known = _STATIC.get(int(payload))
    encoding, _, rest = rtpmap.strip().partition("/")
    if is_token(encoding):
        rate, _, channels = rest.partition("/")
        known = Format(
            payload=int(payload),
            encoding=encoding,
            rate=_small(rate, 8000),
            channels=_small(channels, 1),
        )
    return replace(known, fmtp=fmtp.replace("\0", "")) if known else None


def _small(text: str, default: int) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else default


def format_lines(known: Format) -> list[str]:
    """Write the attributes that explain a format."""
    channels = f"/{known.channels}" if known.channels != 1 else ""
    lines = [f"a=rtpmap:{known.payload} {known.encoding}/{known.rate}{channels}"]
    if known.fmtp:
        lines.append(f"a=fmtp:{known.payload} {known.fmtp}")
    return lines
