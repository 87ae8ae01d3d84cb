"""The sender of one RTP stream: sequence numbers and timestamps go on over changes of the source (RFC 3550 §5.1).

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.sip.rtp.packet import FRAME, RtpPacket, forward

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS: Final = 0xFFFF
_TIMESTAMPS: Final = 0xFFFFFFFF
_OURSELVES: Final = -1
_NOBODY: Final = -2
_JUMP: Final = 3000
"""A step in numbers that is no loss but another beginning (RFC 3550 appendix A.1: MAX_DROPOUT)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialNumbers:
    """SSRC, sequence number and timestamp that a stream begins with, all by chance (RFC 3550 §5.1)."""

    source: int
    number: int
    timestamp: int


class RtpSender:
    """Sound of ours counts by the shared clock; relayed sound keeps its own steps, and so its gaps."""

    def __init__(self, start: InitialNumbers) -> None:
        self.source = start.source
        self.sent = 0
        self._number = start.number  # the next one
        self._base = start.timestamp
        self._origin = _NOBODY
        self._shift = (0, 0)  # of numbers and timestamps, from those of the origin

    def frame(self, payload: int, frame: bytes, ticks: int) -> RtpPacket:
        """Send 20 ms of ours, `ticks` after the beginning."""
        return self._send(payload, frame, self.timestamp(ticks), marker=self._begins())

    def event(self, payload: int, body: bytes, timestamp: int, *, marker: bool) -> RtpPacket:
        """Send what tells of a key, which began at `timestamp`."""
        self._origin = _OURSELVES
        return self._send(payload, body, timestamp, marker=marker)

    def timestamp(self, ticks: int) -> int:
        """Return the timestamp of a moment."""
        return (self._base + ticks * FRAME) & _TIMESTAMPS

    def relay(self, packet: RtpPacket, payload: int, body: bytes, ticks: int) -> RtpPacket:
        """Send on a packet that another stream received."""
        new = packet.source != self._origin
        if not new:
            ahead = forward((packet.number + self._shift[0]) & _NUMBERS, self._number, 16)
            new = not -_JUMP < ahead < _JUMP
        if new:
            self._origin = packet.source
            self._shift = self._number - packet.number, self.timestamp(ticks) - packet.timestamp
        number = (packet.number + self._shift[0]) & _NUMBERS
        if forward(number, self._number, 16) >= 0:
            self._number = (number + 1) & _NUMBERS
        self.sent += 1
        return RtpPacket(
            payload=payload,
            number=number,
            timestamp=(packet.timestamp + self._shift[1]) & _TIMESTAMPS,
            source=self.source,
            marker=packet.marker or new,
            body=body,
        )

    def pause(self) -> None:
        """Note that nothing is sent for a while; what comes next begins a talkspurt."""
        self._origin = _NOBODY

    def _begins(self) -> bool:
        begins = self._origin != _OURSELVES
        self._origin = _OURSELVES
        return begins

    def _send(self, payload: int, body: bytes, timestamp: int, *, marker: bool) -> RtpPacket:
        number, self._number = self._number, (self._number + 1) & _NUMBERS
        self.sent += 1
        return RtpPacket(
            payload=payload,
            number=number,
            timestamp=timestamp,
            source=self.source,
            marker=marker,
            body=body,
        )


class DtmfSender:
    """DTMF digits that wait to be sent, frame by frame, with a pause between two."""

    GAP: Final = 3
    """Frames."""

    def __init__(self) -> None:
        self._waiting: list[Sequence[bytes]] = []
        self._timestamp = 0
        self._frame = 0

    def add(self, bodies: Sequence[bytes]) -> None:
        """Send one more key, whose bodies `dtmf_payloads` made."""
        self._waiting.append(bodies)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def next(self, sender: RtpSender, payload: int, ticks: int) -> RtpPacket | None:
        """Return the packet that is due; None in a pause."""
        bodies = self._waiting[0]
        frame = self._frame
        self._frame += 1
        if frame >= len(bodies) + self.GAP:
            self._frame = 0
            del self._waiting[0]
            return None
        if frame >= len(bodies):
            return None
        if not frame:
            self._timestamp = sender.timestamp(ticks)
        return sender.event(payload, bodies[frame], self._timestamp, marker=not frame)
