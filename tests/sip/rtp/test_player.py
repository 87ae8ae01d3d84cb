"""Frames are due every 20 ms, never two at once, and sounds follow one another without a gap."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.rtp.g711 import A_LAW, MU_LAW
from switchhook.sip.rtp.player import FrameClock, PcmSound, Player


def _sound(frames: float, level: int = 1000) -> PcmSound:
    return PcmSound(array("h", [level] * round(160 * frames)).tobytes())


def test_one_frame_each_20_ms() -> None:
    pace = FrameClock(100.0)
    due = [ms for ms in range(100) if pace.is_due(100 + ms / 1000)]
    assert due == [20, 40, 60, 80]
    assert pace.wake_at == pytest.approx(100.1)


def test_a_little_late_does_not_shift_the_clock() -> None:
    pace = FrameClock(0.0)
    assert pace.is_due(0.033)
    assert pace.wake_at == pytest.approx(0.040)
    assert pace.is_due(0.040)


def test_after_a_stall_one_frame_goes_out_and_time_has_passed() -> None:
    pace = FrameClock(0.0)
    assert pace.is_due(0.02)
    assert pace.is_due(0.155)
    assert not pace.is_due(0.156)
    assert pace.ticks == 7
    assert pace.wake_at == pytest.approx(0.16)


@given(st.lists(st.floats(0, 0.3), max_size=50))
def test_never_two_frames_within_one_period_of_the_clock(waits: list[float]) -> None:
    pace, now, ticks = FrameClock(5.0), 5.0, [0]
    for wait in waits:
        now += wait
        while pace.is_due(now):
            ticks.append(pace.ticks)
        assert pace.wake_at > now
    assert len(set(ticks)) == len(ticks)


def test_sounds_follow_one_another() -> None:
    player = Player("p", [_sound(2), _sound(0), _sound(1.5, -1000)])
    frames = []
    while not player.is_over:
        frames.append(player.next(MU_LAW))
    loud, low = MU_LAW.encode(array("h", [1000, -1000]).tobytes())
    assert frames == [
        bytes([loud]) * 160,
        bytes([loud]) * 160,
        bytes([low]) * 160,
        bytes([low]) * 80 + MU_LAW.silence * 80,
    ]
    assert player.next(MU_LAW) == b""


def test_music_goes_on_for_ever() -> None:
    player = Player("p", [_sound(1), _sound(1, -1000)], loop=True)
    frames = [player.next(A_LAW) for _ in range(6)]
    assert frames[:2] * 3 == frames
    assert frames[0] != frames[1]
    assert not player.is_over


@pytest.mark.parametrize("sounds", [[], [_sound(0)]])
@pytest.mark.parametrize("loop", [False, True])
def test_nothing_is_over_at_once(sounds: list[PcmSound], *, loop: bool) -> None:
    assert Player("p", sounds, loop=loop).is_over


def test_a_frame_is_encoded_once() -> None:
    sound = _sound(1)
    assert sound.frame(MU_LAW, 0) is sound.frame(MU_LAW, 0)
    assert sound.frame(MU_LAW, 0) != sound.frame(A_LAW, 0)
    assert sound.seconds == pytest.approx(0.02)


def test_half_a_sample_at_the_end_is_left_out() -> None:
    assert PcmSound(b"\0\0\0").frame(MU_LAW, 0) == MU_LAW.silence * 160
