"""The ringing tone is that of ITU-T E.180, and made once."""

from __future__ import annotations

from switchhook.sip.rtp.g711 import MU_LAW
from switchhook.sip.rtp.ringback import ringback
from tests.support.tones import loudness


def test_a_second_of_tone_in_five() -> None:
    sound = ringback()
    assert sound.seconds == 5
    frames = [MU_LAW.decode(sound.frame(MU_LAW, number)) for number in range(sound.frames)]
    assert loudness(b"".join(frames[:50]), 425) > 3500
    assert set(b"".join(frames[50:])) == {0}
    assert ringback() is sound
