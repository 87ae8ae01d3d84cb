"""Sounds that can be told apart by their frequency, and what of them is in a recording."""

from __future__ import annotations

import cmath
import math
from array import array
from typing import TYPE_CHECKING

from switchhook.sip.rtp.g711 import LAWS, MU_LAW

if TYPE_CHECKING:
    from pathlib import Path

RATE = 8000


def tone(frequency: int, seconds: float = 0.02, amplitude: int = 8000) -> bytes:
    """Return a tone as 16-bit PCM. Multiples of 50 Hz go on without a click from frame to frame."""
    step = 2 * math.pi * frequency / RATE
    samples = (round(amplitude * math.sin(step * n)) for n in range(round(seconds * RATE)))
    return array("h", samples).tobytes()


def voice(frequency: int) -> dict[str, bytes]:
    """Return what a telephone of `softphone/phone.py` may say: a tone, by encoding."""
    return {name: law.encode(tone(frequency)) for name, law in LAWS.items()}


def loudness(pcm: bytes, frequency: int) -> float:
    """Return the amplitude of a frequency in some PCM."""
    samples = memoryview(pcm).cast("h")
    turn = cmath.exp(-2j * math.pi * frequency / RATE)
    total, factor = 0j, 1 + 0j
    for sample in samples:
        total += sample * factor
        factor *= turn
    return 2 * abs(total) / max(1, len(samples))


def heard(kept: bytes | bytearray | None, frequency: int) -> float:
    """Return the amplitude of a frequency in what a telephone kept, in the µ-law."""
    return loudness(MU_LAW.decode(bytes(kept or b"")), frequency)


def sound_of(path: Path) -> bytes:
    """Return the PCM of a recording of ours."""
    return path.read_bytes()[44:]
