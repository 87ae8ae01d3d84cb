"""Another rate keeps what can be heard and folds nothing back."""

from __future__ import annotations

import math
from array import array

import pytest

from switchhook.sip.rtp.resample import resample


def _tone(frequency: float, rate: int, seconds: float = 0.25) -> array[float]:
    step = 2 * math.pi * frequency / rate
    return array("f", (0.5 * math.sin(step * n) for n in range(round(rate * seconds))))


def _level(samples: array[float]) -> float:
    """The root mean square of the middle."""
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    return math.sqrt(sum(sample * sample for sample in middle) / len(middle))


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("frequency", [200, 1000, 3300])
def test_what_can_be_heard_stays(rate: int, frequency: int) -> None:
    result = resample(_tone(frequency, rate), rate, 8000)
    assert abs(len(result) - 2000) <= 1
    assert _level(result) == pytest.approx(0.5 / math.sqrt(2), rel=0.03)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
@pytest.mark.parametrize("frequency", [4500, 6000, 7500])
def test_what_cannot_be_told_at_the_rate_goes(rate: int, frequency: int) -> None:
    assert _level(resample(_tone(frequency, rate), rate, 8000)) < 0.002


def test_the_wave_stays_where_it_was() -> None:
    result, wanted = resample(_tone(440, 44100), 44100, 8000), _tone(440, 8000)
    assert max(abs(a - b) for a, b in zip(result[200:-200], wanted[200:-200], strict=False)) < 0.003


def test_upwards() -> None:
    assert _level(resample(_tone(1000, 4000), 4000, 8000)) == pytest.approx(0.3536, rel=0.01)


def test_a_rate_without_small_divisor() -> None:
    assert _level(resample(_tone(1000, 44056), 44056, 8000)) == pytest.approx(0.3536, rel=0.01)


def test_the_same_rate_is_untouched() -> None:
    samples = _tone(440, 8000)
    assert resample(samples, 8000, 8000) is samples


def test_nothing_stays_nothing() -> None:
    assert not resample(array("f"), 48000, 8000)
