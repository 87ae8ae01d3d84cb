"""Resampling by a windowed sinc: frequencies above half the new rate are removed, without aliasing.

Python's standard library has no resampler. This one takes some 50 ms a second of 48 kHz sound, which an
import does once per prompt; a C library would be the larger burden.
"""

from __future__ import annotations

import math
from array import array
from operator import mul
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_CROSSINGS: Final = 16
"""Zero crossings of the sinc at each side: a transition band of about 450 Hz at 8 kHz."""
_ROLL_OFF: Final = 0.945
"""The edge of what passes, as a share of half the lower rate."""
_BETA: Final = 8.0
"""Of the Kaiser window: what should be gone is 80 dB down."""
_MOST_PHASES: Final = 1024
"""For rates without a small common divisor with ours the nearest of so many phases is taken."""


def resample(samples: array[float], rate: int, wanted: int) -> array[float]:
    """Return `samples`, taken at `rate` a second, as they would be at `wanted` a second."""
    if rate == wanted:
        return samples
    divisor = math.gcd(rate, wanted)
    step, phases = rate // divisor, wanted // divisor
    cutoff = min(1.0, wanted / rate) * _ROLL_OFF
    half = math.ceil(_CROSSINGS / cutoff)
    silence = array("f", bytes(4 * half))
    padded = silence + samples + silence
    kernels: dict[int, Sequence[float]] = {}
    result = array("f")
    for number in range(len(samples) * wanted // rate):
        place, phase = divmod(number * step, phases)
        phase = phase * _MOST_PHASES // phases if phases > _MOST_PHASES else phase
        kernel = kernels.get(phase)
        if kernel is None:
            part = phase / min(phases, _MOST_PHASES)
            kernel = kernels[phase] = _kernel(half, part, cutoff)
        result.append(sum(map(mul, kernel, padded[place + 1 : place + 1 + 2 * half])))
    return result


def _kernel(half: int, part: float, cutoff: float) -> Sequence[float]:
    """Weigh the 2 · `half` samples around a point that lies `part` of a sample behind one of them."""
    weights = []
    for tap in range(1 - half, half + 1):
        distance = tap - part
        weights.append(_sinc(distance * cutoff) * _kaiser(distance / half))
    total = sum(weights)
    return [weight / total for weight in weights]  # so that a constant stays what it is


def _sinc(value: float) -> float:
    return math.sin(math.pi * value) / (math.pi * value) if value else 1.0


def _kaiser(share: float) -> float:
    return _bessel(_BETA * math.sqrt(max(0.0, 1 - share * share))) / _bessel(_BETA)


def _bessel(value: float) -> float:
    """The modified Bessel function of the first kind, of order zero."""
    total = term = 1.0
    number = 1
    while term > total * 1e-12:
        term *= (value / (2 * number)) ** 2
        total += term
        number += 1
    return total
