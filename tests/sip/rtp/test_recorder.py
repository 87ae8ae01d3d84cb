"""A recording is as long as its call, with each direction where it was said and silence between."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest

from switchhook.sip.rtp.packet import RtpPacket
from switchhook.sip.rtp.recorder import DELAY, WINDOW, RtpRecorder, mix

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 8000


def _pcm(level: int, samples: int = 160) -> bytes:
    return array("h", [level] * samples).tobytes()


def _levels(pcm: bytes, step: int = 160) -> list[int]:
    return list(memoryview(pcm).cast("h"))[::step]


def _packet(timestamp: int, number: int, source: int = 1) -> RtpPacket:
    """Return a packet without its sound."""
    return RtpPacket(
        payload=0, number=number % 2**16, timestamp=timestamp % 2**32, source=source, body=b""
    )


class Talk:
    """A recording that is fed by the millisecond."""

    def __init__(self, tracks: int = 2) -> None:
        self.recorder = RtpRecorder(10.0, tracks)

    def add(self, ms: float, timestamp: int, level: int, track: int = 0, source: int = 1) -> None:
        packet = _packet(timestamp, timestamp // 160, source)
        self.recorder.add(track, packet, _pcm(level), 10 + ms / 1000)

    def levels(self, ms: float) -> list[int]:
        return _levels(self.recorder.take(10 + ms / 1000, final=True))


def test_both_directions_are_mixed() -> None:
    talk = Talk()
    for n in range(4):
        talk.add(20 * n, 5000 + 160 * n, 100)
        if n > 1:
            talk.add(20 * n, 900 + 160 * n, 30, track=1, source=2)
    assert talk.levels(80) == [100, 100, 130, 130]


def test_gaps_and_the_end_are_silence() -> None:
    talk = Talk()
    talk.add(0, 0, 100)
    talk.add(60, 480, 100)
    assert talk.levels(120) == [100, 0, 0, 100, 0, 0]
    assert talk.recorder.seconds == pytest.approx(0.12)


@pytest.mark.parametrize("track", [0, 1])
def test_the_last_packet_is_whole_though_the_recording_ends_as_it_comes(track: int) -> None:
    talk = Talk()
    talk.add(12, 0, 100, track)  # held up by 12 ms, and the others not
    talk.add(20, 160, 100, track)
    talk.add(40, 320, 100, track)
    pcm = talk.recorder.take(10.041, final=True)
    assert memoryview(pcm).cast("h").tolist().count(100) == 3 * 160


def test_jitter_and_order_do_not_matter() -> None:
    talk = Talk()
    for ms, number in ((0, 0), (75, 2), (76, 1), (77, 3)):
        talk.add(ms, 2**32 - 160 + 160 * number, number + 1)
    assert talk.levels(80) == [1, 2, 3, 4]


def test_late_packets_are_waited_for_and_later_ones_cut() -> None:
    recorder = RtpRecorder(0.0)
    recorder.add(0, _packet(0, 0), _pcm(1), 0.0)
    assert recorder.take(0.1) == b""
    recorder.add(0, _packet(160, 1), _pcm(2), 0.19)
    taken = recorder.take(0.23)  # 30 ms: the first packet and half of the second
    assert _levels(taken, 80) == [1, 1, 2]
    recorder.add(0, _packet(160, 1), _pcm(9), 0.24)
    assert _levels(recorder.take(0.05 + DELAY / RATE), 80) == [9, 0]
    recorder.add(0, _packet(240, 1), _pcm(9), 0.26)
    assert set(_levels(recorder.take(0.28, final=True))) == {0}
    assert recorder.seconds == pytest.approx(0.28)


def test_another_sender_or_a_jump_begins_where_it_comes() -> None:
    talk = Talk()
    talk.add(0, 0, 1)
    talk.add(20, 77_000, 2, source=9)
    talk.add(40, 3_000_000, 3, source=9)
    talk.add(60, 3_000_160, 4, source=9)
    assert talk.levels(80) == [1, 2, 3, 4]


LIES: dict[str, Callable[[int], int]] = {
    "constant": lambda _: 777,
    "20 a packet": lambda n: 20 * n,
    "halved": lambda n: 80 * n,
    "doubled": lambda n: 320 * n,
    "in milliseconds": lambda n: 20 * n + 2**32 - 50,
    "backwards": lambda n: -160 * n,
    "from another codec": lambda n: 960 * n,
}


@pytest.mark.row("FB-08")
@pytest.mark.parametrize("name", LIES)
def test_sound_whose_timestamps_contradict_it_is_whole(name: str) -> None:
    talk = Talk(tracks=1)
    for n in range(150):
        packet = _packet(LIES[name](n), 65_500 + n)
        talk.recorder.add(0, packet, _pcm(n + 1), 10 + 0.02 * n + 0.003 * (n % 4))
    levels = talk.levels(3_000)
    heard = [level for level in levels if level]
    assert heard == sorted(set(heard))
    assert len(heard) >= 145
    gaps = sum(not level for level in levels)
    assert gaps <= 5


@pytest.mark.row("FB-08")
def test_silence_that_was_not_sent_stays_silence() -> None:
    """A telephone that sends nothing while nobody speaks counts its time on and its packets not."""
    talk = Talk(tracks=1)
    number = 0
    for n in range(100):
        if n % 20 < 10:
            packet = _packet(160 * n, number)
            number += 1
            talk.recorder.add(0, packet, _pcm(n + 1), 10 + 0.02 * n + 0.009 * (n % 5))
    assert talk.levels(2_000) == [n + 1 if n % 20 < 10 else 0 for n in range(100)]


@pytest.mark.row("FB-08")
def test_a_burst_after_a_stall_is_placed_by_its_timestamps() -> None:
    talk = Talk(tracks=1)
    for n in range(60):
        arrives = 0.02 * n if n < 20 or n >= 35 else 0.02 * 35
        talk.recorder.add(0, _packet(160 * n, n), _pcm(n + 1), 10 + arrives)
    assert talk.levels(1_200) == list(range(1, 61))


def test_sound_that_nobody_takes_does_not_grow_without_end() -> None:
    recorder = RtpRecorder(0.0, tracks=1)
    for n in range(1000):
        recorder.add(0, _packet(160 * n, n), _pcm(1), 0.02 * n)
    pcm = recorder.take(20.0, final=True)
    assert len(pcm) == 2 * 20 * RATE
    assert pcm.count(1) == WINDOW


def test_one_direction_alone() -> None:
    talk = Talk(tracks=1)
    talk.add(0, 0, 5)
    assert talk.levels(20) == [5]


@pytest.mark.parametrize(
    ("one", "other", "mixed"),
    [(1, 2, 3), (30000, 30000, 32767), (-30000, -30000, -32767), (-5, 5, 0), (0, 7, 7), (0, 0, 0)],
)
def test_mixing_cuts_off_what_is_too_loud(one: int, other: int, mixed: int) -> None:
    assert mix([_pcm(one, 4), _pcm(other, 4)]) == _pcm(mixed, 4)


def test_two_voices_stand_in_two_channels() -> None:
    recorder = RtpRecorder(0.0, separate=True)
    recorder.add(0, _packet(0, 0), _pcm(5), 0.0)
    recorder.add(1, _packet(0, 0), _pcm(7), 0.02)
    pcm = recorder.take(0.06, final=True)
    assert _levels(pcm, 320) == [5, 0, 0]
    assert _levels(pcm[2:], 320) == [0, 7, 0]
    assert (recorder.channels, recorder.seconds) == (2, 0.06)
    assert RtpRecorder(0.0).channels == 1
