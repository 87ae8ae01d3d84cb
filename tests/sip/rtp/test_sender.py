"""Whoever speaks, the far end hears one sender whose numbers never jump and whose time never stands still."""

from __future__ import annotations

import pytest

from switchhook.sip.rtp.dtmf import dtmf_payloads
from switchhook.sip.rtp.packet import RtpPacket
from switchhook.sip.rtp.sender import DtmfSender, InitialNumbers, RtpSender

START = InitialNumbers(source=42, number=65534, timestamp=2**32 - 160)


def _heard(number: int, timestamp: int, *, source: int = 7, marker: bool = False) -> RtpPacket:
    return RtpPacket(
        payload=0,
        number=number % 2**16,
        timestamp=timestamp % 2**32,
        source=source,
        marker=marker,
        body=b"x",
    )


def _shape(packet: RtpPacket) -> tuple[int, int, bool]:
    return packet.number, packet.timestamp, packet.marker


def test_sound_of_ours_counts_by_the_clock() -> None:
    sender = RtpSender(START)
    packets = [sender.frame(8, b"y", ticks) for ticks in (0, 1, 2, 5)]
    shapes = [(65534, 2**32 - 160, True), (65535, 0, False), (0, 160, False), (1, 640, False)]
    assert [_shape(packet) for packet in packets] == shapes
    assert {(packet.source, packet.payload) for packet in packets} == {(42, 8)}
    assert sender.sent == 4


def test_a_pause_begins_a_talkspurt() -> None:
    sender = RtpSender(START)
    sender.frame(0, b"y", 0)
    sender.pause()
    assert sender.frame(0, b"y", 9).marker


def test_relayed_sound_keeps_its_steps() -> None:
    sender = RtpSender(START)
    sender.frame(0, b"y", 0)
    steps = [(500, 9000), (501, 9160), (503, 9480), (502, 9320)]  # one lost, two reordered
    packets = [sender.relay(_heard(*step), 0, b"z", 1) for step in steps]
    assert [_shape(packet) for packet in packets] == [
        (65535, 0, True),
        (0, 160, False),
        (2, 480, False),
        (1, 320, False),
    ]
    assert sender.frame(0, b"y", 10).number == 3


def test_another_sender_goes_on_where_the_first_was() -> None:
    sender = RtpSender(START)
    sender.relay(_heard(500, 9000), 0, b"z", 0)
    other = sender.relay(_heard(9, 77, source=8), 0, b"z", 1)
    assert _shape(other) == (65535, 0, True)
    again = sender.relay(_heard(30_000, 12, source=8), 0, b"z", 2)  # it began anew
    assert _shape(again) == (0, 160, True)


def test_a_marker_is_passed_on() -> None:
    sender = RtpSender(START)
    sender.relay(_heard(1, 0), 0, b"z", 0)
    assert sender.relay(_heard(2, 160, marker=True), 0, b"z", 1).marker


@pytest.mark.parametrize("digits", ["1", "59"])
def test_keys_go_out_one_after_another(digits: str) -> None:
    sender, presses = RtpSender(START), DtmfSender()
    for digit in digits:
        presses.add(dtmf_payloads(digit, 40))
    packets = []
    ticks = 0
    while presses:
        packets.append(presses.next(sender, 101, ticks))
        ticks += 1
    sent = [packet for packet in packets if packet is not None]
    assert len(sent) == 5 * len(digits)
    assert [packet.marker for packet in sent] == [True, False, False, False, False] * len(digits)
    assert len({packet.timestamp for packet in sent}) == len(digits)
    assert packets[5] is None
    assert [packet.number for packet in sent] == [(65534 + n) % 2**16 for n in range(len(sent))]
