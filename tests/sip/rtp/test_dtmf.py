"""A press is told once, whatever the network does to its packets, and reads as it was written."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.rtp.dtmf import DIGITS, DtmfReceiver, dtmf_payloads, read_info, write_info
from switchhook.sip.rtp.packet import FRAME, RtpPacket


def _event(
    digit: str,
    timestamp: int,
    duration: int,
    *,
    end: bool = False,
    marker: bool = False,
    source: int = 1,
    number: int = 0,
) -> RtpPacket:
    body = struct.pack("!BBH", DIGITS.index(digit), 0x80 * end | 10, duration)
    return RtpPacket(
        payload=101,
        number=number & 0xFFFF,
        timestamp=timestamp,
        source=source,
        marker=marker,
        body=body,
    )


def _numbered(packets: list[RtpPacket], first: int = 65_533) -> list[RtpPacket]:
    """Number packets one after another, as they were sent."""
    return [replace(packet, number=n & 0xFFFF) for n, packet in enumerate(packets, first)]


def _press(digit: str, timestamp: int, frames: int = 5) -> list[RtpPacket]:
    """A press as a good telephone sends it: updates, then three ends."""
    packets = [_event(digit, timestamp, 160 * n, marker=n == 1) for n in range(1, frames + 1)]
    packets += [_event(digit, timestamp, 160 * frames + 160, end=True)] * 3
    return _numbered(packets, timestamp // FRAME)


def _told(packets: list[RtpPacket]) -> str:
    receiver = DtmfReceiver()
    return "".join(receiver.receive(packet) for packet in packets)


ONE, TWO = _press("1", 1000), _press("2", 3000)


@pytest.mark.parametrize(
    ("packets", "told"),
    [
        (ONE, "1"),
        (ONE + TWO, "12"),
        (ONE + _press("1", 3000), "11"),
        (ONE[:5] + TWO, "12"),  # all three ends lost
        (ONE[:5] + _press("1", 3000), "11"),  # and the same key again
        (ONE[1:] + TWO[1:], "12"),  # both beginnings lost
        (ONE[-1:], "1"),  # all but the last end lost
        (ONE + TWO[:2] + ONE[-2:] + TWO[2:], "12"),  # late ends
        (ONE[3:] + ONE[:3], "1"),  # reordered
        (ONE + ONE, "1"),  # all duplicated
        (list(reversed(ONE)), "1"),
        (_press("5", 2**32 - 100) + _press("6", 700), "56"),  # the timestamp wraps
    ],
    ids=str,
)
def test_each_press_once(packets: list[RtpPacket], told: str) -> None:
    assert _told(packets) == told


def test_a_very_long_press_is_one() -> None:
    first = [_event("7", 0, 160 * n, marker=n == 1) for n in range(1, 410)]
    first.append(_event("7", 0, 65535))
    second = [_event("7", 65535, 160 * n) for n in range(1, 5)]
    assert _told([*first, *second, _event("7", 65535, 800, end=True)]) == "7"


def test_a_sender_that_counts_the_timestamp_up_within_a_press() -> None:
    packets = [_event("3", 160 * n, 160 * n, marker=n == 1) for n in range(1, 8)]
    assert _told([*packets, _event("3", 1280, 1280, end=True)]) == "3"


def _counting(digit: str, timestamp: int, frames: int, *, grows: bool) -> list[RtpPacket]:
    """A press from a sender that counts the timestamp up with each packet, against RFC 4733."""
    return [
        _event(
            digit,
            timestamp + 160 * n,
            160 * (n + 1) if grows else 160,
            marker=n == 0,
            end=n >= frames - 3,
        )
        for n in range(frames)
    ]


@pytest.mark.row("FB-01")
@pytest.mark.parametrize(
    ("packets", "told"),
    [
        (
            [
                _event("2", 1000, 160, marker=True),
                _event("2", 1000, 320),
                _event("2", 1000, 480, end=True),
                _event("2", 1480, 480, end=True),
                _event("2", 1480, 480, end=True),
            ],
            "2",
        ),
        (_counting("4", 1000, 6, grows=True) + _counting("7", 9000, 6, grows=True), "47"),
        (_counting("4", 1000, 6, grows=False) + _counting("7", 9000, 6, grows=False), "47"),
        (_counting("4", 1000, 6, grows=False) + _counting("4", 9000, 6, grows=False), "44"),
        (_counting("4", 1000, 12, grows=True) + _counting("4", 9000, 5, grows=True), "44"),
    ],
    ids=["ends of a later time", "time and length grow", "time alone grows", "twice", "again"],
)
def test_a_press_is_one_whatever_its_timestamps_are(packets: list[RtpPacket], told: str) -> None:
    assert _told(_numbered(packets)) == told
    assert _told(_numbered(packets, 65_530)) == told


@pytest.mark.row("FB-01")
def test_an_end_behind_a_gap_or_a_shorter_one_is_a_press_of_its_own() -> None:
    first = _numbered(_press("2", 1000), 10)
    last = first[-1].number
    for packet in (
        _event("2", 9000, 960, end=True, number=last + 9),  # its beginning was lost
        _event("2", 9000, 320, end=True, number=last + 1),
        _event("2", 9000, 160, marker=True, number=last + 1),
        _event("2", 9000, 160, number=last + 1),
        _event("3", 9000, 960, end=True, number=last + 1),
    ):
        assert len(_told([*first, packet])) == 2


@pytest.mark.row("FB-01")
def test_packets_lost_within_a_press_that_counts_up_make_no_second() -> None:
    packets = _numbered(_counting("4", 1000, 12, grows=False))
    for lost in range(1, 11):
        assert _told(packets[:lost] + packets[lost + 1 :]) == "4", lost


def test_two_senders_are_two() -> None:
    assert _told([_event("1", 5, 160), _event("1", 5, 160, source=2)]) == "11"


@pytest.mark.parametrize("body", [b"", b"\x01\x0a\0", b"\x10\x0a\0\xa0", b"\xff\xff\xff\xff"])
def test_what_is_no_key_tells_nothing(body: bytes) -> None:
    assert not _told([RtpPacket(payload=101, number=0, timestamp=0, source=0, body=body)])


@given(st.permutations(ONE + TWO))
def test_two_presses_in_any_order_are_two(packets: list[RtpPacket]) -> None:
    assert sorted(_told(packets)) == ["1", "2"]


@pytest.mark.parametrize("digit", DIGITS)
def test_what_is_sent_is_heard(digit: str) -> None:
    bodies = dtmf_payloads(digit, 100)
    assert len(bodies) == 5 + 3
    assert len(set(bodies[-3:])) == 1
    packets = [
        RtpPacket(payload=101, number=n, timestamp=9, source=1, marker=not n, body=body)
        for n, body in enumerate(bodies)
    ]
    assert _told(packets) == digit
    durations = [struct.unpack("!BBH", body)[2] for body in bodies]
    assert durations == [160, 320, 480, 640, 800, 960, 960, 960]


@pytest.mark.parametrize("digit", ["", "12", "E", "x", " ", "é"])
def test_what_is_no_key_cannot_be_sent(digit: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        dtmf_payloads(digit, 100)


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= *\nDuration= 100", "*"),
        ("Application/DTMF-Relay; charset=x", b"duration=160\r\nsignal=#", "#"),
        ("application/dtmf-relay", b"Signal=11\r\n", "#"),
        ("application/dtmf-relay", b"Signal=10", "*"),
        ("application/dtmf-relay", b"Signal=a", "A"),
        ("application/dtmf-relay", b"7", "7"),
        ("application/dtmf", b"8", "8"),
        ("application/dtmf", b" 0\r\n", "0"),
        ("application/dtmf", b"Signal=3", "3"),
        ("application/dtmf", b"", ""),
        ("application/dtmf", b"16", "16"),
        ("application/dtmf-relay", b"Signal=47", "47"),
        ("application/dtmf-relay", b"Signal=12\r\nDuration=160", "12"),
        ("application/dtmf-relay", b"Signal: 4\r\nDuration: 160", "4"),
        ("application/dtmf-relay", b"Signal 4", ""),
        ("application/dtmf-relay", b"d=1", "1"),
        ("application/dtmf-relay", b"Duration=160\r\nD=*", "*"),
        ("application/dtmf-relay", b"Duration=160", ""),
        ("application/dtmf", b"1 2", "12"),
        ("application/dtmf", b"1" * 33, ""),
        ("audio/telephone-event", b"5", "5"),
        ("audio/telephone-event", b"11", "#"),
        ("audio/telephone-event; x=y", b"d=5\r\n", "5"),
        ("", b"5", "5"),
        ("", b"Signal=5\r\nDuration=100\r\n", "5"),
        ("", b"hello", ""),
        ("application/dtmf-relay", b"Signal=5;Duration=160", "5"),
        ("application/dtmf-relay", b"Signal=5 Duration=160", "5"),
        ("application/dtmf-relay", b'Signal="5"\r\n', "5"),
        ("application/dtmf-relay", b"Signal=D\r\nDuration=160", "D"),
        ("application/dtmf", b"5\0\r\n", "5"),
        ("application/dtmf", b"\xd9\xa3", ""),
        ("application/dtmf-relay", b"Signal=flash", ""),
        ("application/dtmf-relay", b"Signal=\r\n", ""),
        ("text/plain", b"5", ""),
    ],
)
@pytest.mark.row("FB-03")
def test_info(kind: str, body: bytes, digit: str) -> None:
    assert read_info(kind, body) == digit


@given(st.binary(max_size=600))
def test_info_never_raises(body: bytes) -> None:
    assert set(read_info("application/dtmf-relay", body)) <= set(DIGITS)


@pytest.mark.parametrize("digit", DIGITS)
def test_info_is_read_as_written(digit: str) -> None:
    assert read_info("application/dtmf-relay", write_info(digit)) == digit
