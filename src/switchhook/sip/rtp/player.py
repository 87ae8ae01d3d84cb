"""The player of sounds, and the frame clock of all streams. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.sip.rtp.packet import FRAME, SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.sip.rtp.g711 import Law

_BYTES: Final = 2 * FRAME


class FrameClock:
    """The one 20 ms frame clock of all streams: they send in the same order each time, evenly.

    After a stall the frames that were due go out late, not all at once: who hears us would have to
    throw most of a burst away. Timestamps count the time that was lost, so that nothing lags behind
    for the rest of the call.
    """

    def __init__(self, now: float) -> None:
        self._since = now
        self.ticks = 0
        """How many 20 ms have passed: the time that timestamps count."""

    @property
    def wake_at(self) -> float:
        """When the next frame is due."""
        return self._since + (self.ticks + 1) * SECONDS

    def is_due(self, now: float) -> bool:
        """Say whether a frame is due; each is told once, and one alone after a stall."""
        passed = int((now - self._since) / SECONDS + 1e-6)
        if passed <= self.ticks:
            return False
        self.ticks = passed
        return True


class PcmSound:
    """8 kHz mono 16-bit PCM; each frame is encoded once, by its first player."""

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm
        self.frames = -(-len(pcm) // _BYTES)
        self._encoded: dict[tuple[str, int], bytes] = {}

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.frames * SECONDS

    def frame(self, law: Law, number: int) -> bytes:
        """Return 20 ms in a law; the last ones are filled up with silence."""
        key = law.name, number
        encoded = self._encoded.get(key)
        if encoded is None:
            pcm = self._pcm[number * _BYTES : (number + 1) * _BYTES]
            encoded = law.encode(pcm[: len(pcm) // 2 * 2])
            encoded = self._encoded[key] = encoded.ljust(FRAME, law.silence)
        return encoded


class Player:
    """Plays sounds one after another, once or for ever."""

    def __init__(self, playback: str, sounds: Sequence[PcmSound], *, loop: bool = False) -> None:
        self.playback = playback
        self.loop = loop
        self._sounds = [sound for sound in sounds if sound.frames]
        self._sound = 0
        self._frame = 0

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to play."""
        return self._sound >= len(self._sounds)

    def next(self, law: Law) -> bytes:
        """Return the next 20 ms; empty when it is over."""
        if self.is_over:
            return b""
        sound = self._sounds[self._sound]
        frame = sound.frame(law, self._frame)
        self._frame += 1
        if self._frame >= sound.frames:
            self._frame = 0
            self._sound += 1
            if self.loop:
                self._sound %= len(self._sounds)
        return frame
