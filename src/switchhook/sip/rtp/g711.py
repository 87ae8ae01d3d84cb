"""The two laws of telephone sound (ITU-T G.711). Python lost its own, `audioop`, with 3.13.

PCM here is 16-bit samples in the machine's byte order, as `array("h")` holds them; one byte of a law is
one sample. Whole frames go through tables: some microseconds for 20 ms.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

_ORDER: Final = sys.byteorder
_BIAS: Final = 33
_MOST_MU: Final = 8158
"""The largest magnitude that the µ-law can tell, in its 14 bits."""
_TOGGLED: Final = 0x55
"""Bits that the A-law inverts on the line (G.711 table 1a, note 3)."""


def _mu_magnitude(sample: int) -> int:
    biased = min(sample >> 2, _MOST_MU) + _BIAS
    segment = biased.bit_length() - 6
    return (~((segment << 4) | ((biased >> (segment + 1)) & 0x0F)) & 0x7F) | 0x80


def _mu_sample(code: int) -> int:
    inverted = ~code & 0xFF
    magnitude = (((inverted & 0x0F) << 1) + _BIAS) << ((inverted & 0x70) >> 4)
    sample = (magnitude - _BIAS) << 2
    return -sample if inverted & 0x80 else sample


def _a_magnitude(sample: int) -> int:
    segment = max(0, sample.bit_length() - 8)
    mantissa = sample >> (segment + 3 if segment else 4)
    return ((segment << 4) | (mantissa & 0x0F) | 0x80) ^ _TOGGLED


def _a_sample(code: int) -> int:
    plain = code ^ _TOGGLED
    segment = (plain & 0x70) >> 4
    magnitude = ((plain & 0x0F) << 4) + 8
    if segment:
        magnitude = (magnitude + 0x100) << (segment - 1)
    return magnitude if plain & 0x80 else -magnitude


# No slots: cached_property keeps its tables in the instance's __dict__.
@dataclass(frozen=True, kw_only=True, eq=False)
class Law:
    """One law. `name` is that of session descriptions, `payload` its static number (RFC 3551)."""

    name: str
    payload: int
    silence: bytes
    """One sample of nothing."""
    magnitude: Callable[[int], int]
    """The code of a sample of 0 and above."""
    sample: Callable[[int], int]

    def encode(self, pcm: bytes) -> bytes:
        """Turn PCM into as many bytes as it has samples."""
        return bytes(map(self._codes.__getitem__, memoryview(pcm).cast("H")))

    def decode(self, data: bytes) -> bytes:
        """Turn bytes of the law into PCM."""
        pcm = bytearray(2 * len(data))
        first, second = self._halves
        pcm[0::2] = data.translate(first)
        pcm[1::2] = data.translate(second)
        return bytes(pcm)

    def to(self, other: Law, data: bytes) -> bytes:
        """Turn bytes of this law into such of another."""
        return data if other is self else data.translate(_between(self, other))

    @cached_property
    def _codes(self) -> bytes:
        """The code of each sample, as an unsigned number; a negative one mirrors its complement."""
        positive = bytes(map(self.magnitude, range(0x8000)))
        return positive + bytes(code ^ 0x80 for code in reversed(positive))

    @cached_property
    def _halves(self) -> tuple[bytes, bytes]:
        """The bytes of the sample of each code: those that stand first in memory, and the others."""
        samples = b"".join((self.sample(code) & 0xFFFF).to_bytes(2, _ORDER) for code in range(256))
        return samples[0::2], samples[1::2]


@cache
def _between(one: Law, other: Law) -> bytes:
    return other.encode(one.decode(bytes(range(256))))


MU_LAW: Final = Law(
    name="PCMU", payload=0, silence=b"\xff", magnitude=_mu_magnitude, sample=_mu_sample
)
A_LAW: Final = Law(
    name="PCMA", payload=8, silence=b"\xd5", magnitude=_a_magnitude, sample=_a_sample
)
LAWS: Final = {law.name: law for law in (MU_LAW, A_LAW)}


def prepare() -> None:
    """Make all tables now: 20 ms for each law, which the first frame of a call cannot wait."""
    for law in LAWS.values():
        law.encode(bytes(2))
        law.decode(b"")
