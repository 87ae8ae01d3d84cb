"""RTP packets as values (RFC 3550 §5.1). RTCP is told apart and otherwise ignored."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_HEADER: Final = struct.Struct("!BBHII")
_EXTENSION: Final = struct.Struct("!HH")
_VERSION: Final = 0x80
_PADDING: Final = 0x20
_EXTENDED: Final = 0x10
_MARKER: Final = 0x80
_RTCP: Final = range(192, 224)
"""Second bytes that RTCP has and RTP, where both come to one port, has not (RFC 5761 §4)."""

FRAME: Final = 160
"""Samples in a packet of ours: 20 ms at 8000 Hz."""
RATE: Final = 8000
"""Samples a second of everything in this package."""
SECONDS: Final = FRAME / RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpPacket:
    """One packet. Numbers wrap: 16 bits of `number`, 32 of `timestamp` and `source` (SSRC)."""

    payload: int
    number: int
    timestamp: int
    source: int
    marker: bool = False
    body: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> RtpPacket | None:
        """Read a datagram; None where it is no RTP, as RTCP is not."""
        if len(data) < _HEADER.size or data[0] & 0xC0 != _VERSION or data[1] in _RTCP:
            return None
        first, second, number, timestamp, source = _HEADER.unpack_from(data)
        span = _body(data, first)
        if span is None:
            return None
        return cls(
            payload=second & 0x7F,
            marker=bool(second & _MARKER),
            number=number,
            timestamp=timestamp,
            source=source,
            body=data[span[0] : span[1]],
        )

    def __bytes__(self) -> bytes:
        second = self.payload | (_MARKER if self.marker else 0)
        header = _HEADER.pack(_VERSION, second, self.number, self.timestamp, self.source)
        return header + self.body


def is_rtcp(data: bytes) -> bool:
    """Tell whether a datagram is RTCP: a sign of life, nothing to hear."""
    return len(data) >= 8 and data[0] & 0xC0 == _VERSION and data[1] in _RTCP


def _body(data: bytes, first: int) -> tuple[int, int] | None:
    """Return the payload between header, extension and padding; None if their lengths are wrong."""
    start = _HEADER.size + 4 * (first & 0x0F)
    end = len(data)
    if first & _EXTENDED:
        if start + _EXTENSION.size > end:
            return None
        start += _EXTENSION.size + 4 * _EXTENSION.unpack_from(data, start)[1]
    if first & _PADDING:
        if not data[-1]:
            return None
        end -= data[-1]
    return (start, end) if start <= end else None


def forward(later: int, earlier: int, bits: int) -> int:
    """Return how far `later` is ahead of `earlier` on a circle of so many bits; negative: behind."""
    half = 1 << (bits - 1)
    return ((later - earlier + half) & ((1 << bits) - 1)) - half
