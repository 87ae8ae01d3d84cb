"""DTMF during a call: as RTP events (RFC 4733) and as SIP INFO. Pure."""

from __future__ import annotations

import re
import struct
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.sip.rtp.packet import FRAME, forward

if TYPE_CHECKING:
    from switchhook.sip.rtp.packet import RtpPacket

DIGITS: Final = "0123456789*#ABCD"
"""The keys, by their event number (RFC 4733 table 3)."""
RELAY: Final = "application/dtmf-relay"
PLAIN: Final = "application/dtmf"
INFO_TYPES: Final = (RELAY, PLAIN, "audio/telephone-event")
MOST_KEYS: Final = 32
"""Keys of one INFO."""
_NAMED: Final = re.compile(
    r"(?:signal|d)\s*[=:]\s*\"?(.*?)\"?\s*(?:[;&,]?\s*duration\b.*)?$", re.IGNORECASE
)
_NUMBERED: Final = {"10": "*", "11": "#"}

_BODY: Final = struct.Struct("!BBH")
_END: Final = 0x80
_RESERVED: Final = 0x40
_LONGEST_KEY: Final = 64_000
_VOLUME: Final = 10
"""-10 dBm0, what a key sounds like."""
_REMEMBERED: Final = 16
_MOST_LOST: Final = 5
"""Packets that may be lost between two of one press."""
_LONGEST: Final = 0xFFFF
_ENDS: Final = 3
"""How often the end of an event is sent (RFC 4733 §2.5.1.4)."""
_MOST_INFO: Final = 512
"""Bytes of an INFO body that are looked at."""


@dataclass(frozen=True, slots=True)
class _Event:
    """One packet of a key (RFC 4733 §2.3)."""

    code: int
    ended: bool
    duration: int


@dataclass(slots=True)
class _Press:
    """The event that came last."""

    source: int
    timestamp: int
    number: int
    code: int
    duration: int
    ended: bool

    def goes_on(self, packet: RtpPacket, event: _Event) -> bool:
        """Whether a packet with another timestamp still tells of this press.

        It does where an event outgrew 16 bits (RFC 4733 §2.5.1.3), and from senders that, against the
        standard, count the timestamp up within an event, or give the repeated ends one of their own: all
        go on without a marker between. After an end, a further end does: in the very next packet, or as far
        ahead in time as in number.
        """
        if packet.marker or packet.source != self.source or event.code != self.code:
            return False
        later = forward(packet.number, self.number, 16)
        ahead = forward(packet.timestamp, self.timestamp, 32)
        counts = 0 < later <= _MOST_LOST and ahead == later * FRAME
        follows = event.duration >= self.duration and (later == 1 or counts)
        if self.ended:
            return event.ended and follows
        segment = self.duration >= _LONGEST - FRAME * 6 and ahead >= self.duration
        grows = 0 < self.duration < event.duration <= self.duration + 4 * FRAME
        return segment or grows or follows


class DtmfReceiver:
    """Tells each press once, at its first packet, however many come and in which order."""

    def __init__(self) -> None:
        self._last: _Press | None = None
        self._seen: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)

    def receive(self, packet: RtpPacket) -> str:
        """Take a packet of the event payload; return the key when it is a new press, else nothing."""
        if len(packet.body) < _BODY.size:
            return ""
        code, flags, duration = _BODY.unpack_from(packet.body)
        if code >= len(DIGITS):
            return ""  # a flash, a fax tone
        event = _Event(code, bool(flags & _END), duration)
        key = packet.source, packet.timestamp
        last = self._last
        if last is not None and key == (last.source, last.timestamp):
            last.ended = last.ended or event.ended
            last.duration = max(last.duration, duration)
            if forward(packet.number, last.number, 16) > 0:
                last.number = packet.number
            return ""
        if key in self._seen:
            return ""  # late, from before the last press
        self._seen.append(key)
        again = last is not None and last.goes_on(packet, event)
        self._last = _Press(*key, packet.number, code, duration, event.ended)
        return "" if again else DIGITS[code]


def is_dtmf(body: bytes) -> bool:
    """Tell whether a packet's body can be a key's, whatever number it came under (RFC 4733 §2.3).

    Four bytes, a key's code, the reserved bit unset, and a duration of at most eight seconds.
    """
    if len(body) != _BODY.size:
        return False
    code, flags, duration = _BODY.unpack(body)
    return code < len(DIGITS) and not flags & _RESERVED and 0 < duration <= _LONGEST_KEY


def dtmf_payloads(digit: str, duration: int) -> list[bytes]:
    """Return the bodies that tell of a press of so many milliseconds, one for each 20 ms.

    All bear the timestamp of the first, which alone has the marker. Raises ValueError for no key.
    """
    code = DIGITS.find(digit.upper()) if len(digit) == 1 else -1
    if code < 0:
        raise ValueError(f"this is no key of a telephone: {digit!r}")
    frames = max(1, min(duration, 8000) // 20)
    bodies = [_BODY.pack(code, _VOLUME, FRAME * frame) for frame in range(1, frames + 1)]
    return bodies + [_BODY.pack(code, _END | _VOLUME, FRAME * (frames + 1))] * _ENDS


def read_info(content_type: str, body: bytes) -> str:
    """Return the keys that an INFO tells of, in order; empty where it tells of none.

    `application/dtmf-relay` holds lines such as `Signal=5` and `Duration=160`, the others the key alone,
    or `d=5`; each is met in the other's clothes, or without a type. One number alone is a key, 10 and 11
    are * and # (RFC 4733 table 3), and every other row of keys is as many presses.
    """
    if content_type and content_type.partition(";")[0].strip().lower() not in INFO_TYPES:
        return ""
    text = body[:_MOST_INFO].decode("ascii", "replace").replace("\0", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [match[1] for line in lines if (match := _NAMED.match(line))]
    keys = "".join((named or lines or [""])[0].upper().split())
    if keys in _NUMBERED:
        return _NUMBERED[keys]
    return keys if len(keys) <= MOST_KEYS and set(keys) <= set(DIGITS) else ""


def write_info(digit: str, duration: int = 160) -> bytes:
    """Return the body of an INFO of type `application/dtmf-relay`; `duration` in milliseconds."""
    return f"Signal={digit}\r\nDuration={duration}\r\n".encode("ascii")
