"""Both directions of a call as one sound: placed by timestamp, gaps filled with silence. Pure."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from switchhook.sip.rtp.packet import RATE, forward

if TYPE_CHECKING:
    from collections.abc import Sequence

DELAY: Final = RATE // 5
"""Samples for which late packets are waited: 200 ms."""
WINDOW: Final = 10 * RATE
"""Samples of a track that are kept at most until they are taken."""
DRIFT: Final = RATE // 4
"""Samples by which a timestamp may differ from the clock before the track is placed anew."""
_LOUDEST: Final = 32767


class Track:
    """One direction: a window of PCM that begins at sample `start` of the recording."""

    def __init__(self) -> None:
        self.start = 0
        self._sound = bytearray()
        self._source: int | None = None
        self._timestamp = 0  # of the last packet,
        self._offset = 0  # and the sample of the recording at which it began

    def hear(self, source: int, timestamp: int, pcm: bytes, clock: int) -> None:
        """Place a packet's sound; `clock` is the recording's sample at which it came."""
        place = self._place(source, timestamp, clock)
        late = max(0, self.start - place)
        pcm, place = pcm[2 * late :], place + late
        if pcm:
            begin = 2 * (place - self.start)
            if begin + len(pcm) > 2 * WINDOW:
                return
            if begin > len(self._sound):
                self._sound.extend(bytes(begin - len(self._sound)))
            self._sound[begin : begin + len(pcm)] = pcm

    def _place(self, source: int, timestamp: int, clock: int) -> int:
        if source == self._source:
            place = self._offset + forward(timestamp, self._timestamp, 32)
            if clock - DRIFT - DELAY <= place <= clock + DRIFT:
                self._offset, self._timestamp = place, timestamp
                return place
        self._source, self._timestamp, self._offset = source, timestamp, clock
        return clock

    def take(self, until: int) -> bytes:
        """Return the sound up to a sample of the recording, which is then no longer waited for."""
        wanted = 2 * (until - self.start)
        sound = bytes(self._sound[:wanted])
        del self._sound[:wanted]
        self.start = until
        return sound.ljust(wanted, b"\0")


class Recorder:
    """A recording under way. Times in seconds of one clock."""

    def __init__(self, now: float, tracks: int = 2) -> None:
        self._began = now
        self._tracks = [Track() for _ in range(tracks)]
        self._taken = 0

    @property
    def seconds(self) -> float:
        """How much was taken so far."""
        return self._taken / RATE

    def hear(self, track: int, source: int, timestamp: int, pcm: bytes, now: float) -> None:
        """Take the sound of one packet of a direction."""
        self._tracks[track].hear(source, timestamp, pcm, self._clock(now))

    def take(self, now: float, *, final: bool = False) -> bytes:
        """Return the mixed sound that is complete by now; with `final`, all up to now."""
        until = max(self._taken, self._clock(now) - (0 if final else DELAY))
        parts = [track.take(until) for track in self._tracks]
        self._taken = until
        return mix(parts)

    def _clock(self, now: float) -> int:
        return max(0, round((now - self._began) * RATE))


def mix(parts: Sequence[bytes]) -> bytes:
    """Add sounds of one length; what is louder than 16 bits can tell is cut off."""
    speaking = [part for part in parts if part.count(0) != len(part)]
    if len(speaking) < 2:
        return speaking[0] if speaking else parts[0]
    sums = map(sum, zip(*(memoryview(part).cast("h") for part in speaking), strict=True))
    return array("h", [max(-_LOUDEST, min(_LOUDEST, total)) for total in sums]).tobytes()
