"""The tone that tells an answered caller that it rings elsewhere (ITU-T E.180: 425 Hz, 1 s on, 4 s off)."""

from __future__ import annotations

import math
from array import array
from functools import cache
from typing import Final

from switchhook.sip.rtp.packet import RATE
from switchhook.sip.rtp.player import PcmSound

_FREQUENCY: Final = 425
_ON, _OFF = 1, 4
_AMPLITUDE: Final = 4000
"""About -18 dBm0: as loud as networks play it."""


@cache
def ringback() -> PcmSound:
    """Return one period."""
    step = 2 * math.pi * _FREQUENCY / RATE
    tone = array("h", (round(_AMPLITUDE * math.sin(step * n)) for n in range(_ON * RATE)))
    return PcmSound(tone.tobytes() + bytes(2 * _OFF * RATE))
