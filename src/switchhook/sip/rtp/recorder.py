"""Both directions of a call as one sound, or as two channels of it: each packet in its place, gaps filled with silence. Pure."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.sip.rtp.packet import RATE, forward

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.sip.rtp.packet import RtpPacket

DELAY: Final = RATE // 5
"""Samples for which late packets are waited: 200 ms."""
WINDOW: Final = 10 * RATE
"""Samples of a track that are kept at most until they are taken."""
DRIFT: Final = RATE // 4
"""Samples by which a timestamp may differ from the clock before the track is placed anew."""
MOST_LOST: Final = 50
"""Packets between two of a source, for the later one to be placed behind the earlier by its number."""
JITTER: Final = 60 * RATE // 1000
"""Samples by which timestamps may run ahead of the clock, as of packets that were held up."""
FITTING: Final = 50
"""Packets in a row that have to fit their timestamps before these are believed again: a second."""
_LOUDEST: Final = 32767


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where a packet of a source went: `place` and `length` in samples of the recording."""

    source: int
    number: int
    timestamp: int
    place: int
    length: int


class Track:
    """One direction: a window of PCM that begins at sample `start` of the recording.

    A packet goes where its timestamp says (RFC 3550 §5.1), unless its source's timestamps contradict the
    sound in its packets: they stand still, or run slower or faster than it. Then its number says it.
    """

    def __init__(self) -> None:
        self.start = 0
        self._sound = bytearray()
        self._last: _Placed | None = None
        self._anchor: tuple[_Placed, int] | None = None
        """The packet that was placed by the clock, and the samples in the packets since."""
        self._by_number = False
        self._fitting = 0
        """Packets in a row whose timestamps fitted their sound."""

    def add(self, packet: RtpPacket, pcm: bytes, clock: int) -> None:
        """Place a packet's sound; `clock` is the recording's sample at which it came."""
        place = self._place(packet, len(pcm) // 2, clock)
        late = max(0, self.start - place)
        pcm, place = pcm[2 * late :], place + late
        if pcm:
            begin = 2 * (place - self.start)
            if begin + len(pcm) > 2 * WINDOW:
                return
            if begin > len(self._sound):
                self._sound.extend(bytes(begin - len(self._sound)))
            self._sound[begin : begin + len(pcm)] = pcm

    def _place(self, packet: RtpPacket, length: int, clock: int) -> int:
        place = self._follow(packet, clock)
        is_far = place is None or not clock - DRIFT - DELAY <= place <= clock + DRIFT
        place = clock if place is None or is_far else place
        self._last = _Placed(packet.source, packet.number, packet.timestamp, place, length)
        if is_far:
            self._anchor = self._last, 0
        return place

    def _follow(self, packet: RtpPacket, clock: int) -> int | None:
        """Return the position of a packet after the last one of its source; None for another source."""
        last = self._last
        if last is None or packet.source != last.source:
            self._by_number, self._fitting = False, 0
            return None
        later = forward(packet.number, last.number, 16)
        ahead = forward(packet.timestamp, last.timestamp, 32)
        if 0 < later <= MOST_LOST:
            self._judge(later * last.length, ahead, packet.timestamp, clock)
        if self._by_number and abs(later) <= MOST_LOST:
            return last.place + later * last.length
        return last.place + ahead

    def _judge(self, sound: int, ahead: int, timestamp: int, clock: int) -> None:
        """Say whether timestamps are to be believed: `sound` samples passed in packets, `ahead` in time.

        More time than sound is silence that was not sent, where the clock says so too.
        """
        self._fitting = self._fitting + 1 if ahead == sound else 0
        if self._fitting >= FITTING:
            self._by_number = False
        if self._anchor is None:
            return
        anchor, passed = self._anchor
        passed += sound
        self._anchor = anchor, passed
        told = forward(timestamp, anchor.timestamp, 32)
        elapsed = clock - anchor.place
        is_slow = ahead < sound * 3 // 4
        is_fast = told - elapsed > JITTER and abs(passed - elapsed) < told - elapsed
        self._by_number = self._by_number or is_slow or is_fast

    @property
    def end(self) -> int:
        """The sample behind the last one that is kept."""
        return self.start + len(self._sound) // 2

    def take(self, until: int) -> bytes:
        """Return the sound up to a sample of the recording, which is then no longer waited for."""
        wanted = 2 * (until - self.start)
        sound = bytes(self._sound[:wanted])
        del self._sound[:wanted]
        self.start = until
        return sound.ljust(wanted, b"\0")


class RtpRecorder:
    """A recording under way. Times in seconds of one clock."""

    def __init__(self, now: float, tracks: int = 2, *, separate: bool = False) -> None:
        """`separate`: each track is a channel of its own."""
        self._began = now
        self._separate = separate
        self._tracks = [Track() for _ in range(tracks)]
        self._taken = 0

    @property
    def seconds(self) -> float:
        """How much was taken so far."""
        return self._taken / RATE

    @property
    def channels(self) -> int:
        """How many channels its sound has."""
        return len(self._tracks) if self._separate else 1

    def add(self, track: int, packet: RtpPacket, pcm: bytes, now: float) -> None:
        """Take the sound of one packet of a direction."""
        self._tracks[track].add(packet, pcm, self._clock(now))

    def take(self, now: float, *, final: bool = False) -> bytes:
        """Return the sound of all tracks that is complete by now; with `final`, all that came.

        The sound of the last packet ends behind the moment at which it came.
        """
        clock = self._clock(now)
        ends = (clock, *(track.end for track in self._tracks)) if final else (clock - DELAY,)
        until = max(self._taken, *ends)
        parts = [track.take(until) for track in self._tracks]
        self._taken = until
        return interleave(parts) if self._separate else mix(parts)

    def _clock(self, now: float) -> int:
        return max(0, round((now - self._began) * RATE))


def interleave(parts: Sequence[bytes]) -> bytes:
    """Return sounds of one length as the channels of one: their samples in turn."""
    samples = array("h", bytes(sum(map(len, parts))))
    for channel, part in enumerate(parts):
        samples[channel :: len(parts)] = array("h", part)
    return samples.tobytes()


def mix(parts: Sequence[bytes]) -> bytes:
    """Add sounds of one length; what is louder than 16 bits can tell is cut off."""
    speaking = [part for part in parts if part.count(0) != len(part)]
    if len(speaking) < 2:
        return speaking[0] if speaking else parts[0]
    sums = map(sum, zip(*(memoryview(part).cast("h") for part in speaking), strict=True))
    return array("h", [max(-_LOUDEST, min(_LOUDEST, total)) for total in sums]).tobytes()
