"""Any datagram is either an RTP packet, which reads and writes alike, or nothing."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.rtp.packet import RtpPacket, forward, is_rtcp

HEADER = struct.pack("!BBHII", 0x80, 0x80 | 101, 65535, 2**32 - 1, 7)
PACKETS = st.builds(
    RtpPacket,
    payload=st.integers(0, 127).filter(lambda payload: not 64 <= payload < 96),
    number=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
    source=st.integers(0, 2**32 - 1),
    marker=st.booleans(),
    body=st.binary(max_size=400),
)


@given(PACKETS)
def test_written_and_read_again(packet: RtpPacket) -> None:
    assert RtpPacket.parse(bytes(packet)) == packet


@given(st.binary(max_size=400))
def test_nothing_raises(data: bytes) -> None:
    packet = RtpPacket.parse(data)
    assert packet is None or len(packet.body) <= len(data) - 12
    assert not (packet and is_rtcp(data))


@given(st.binary(max_size=80), st.integers(0, 0xFF))
def test_nothing_raises_behind_a_good_start(data: bytes, first: int) -> None:
    RtpPacket.parse(bytes([0x80 | first & 0x3F, 0]) + data)


def test_fields() -> None:
    assert RtpPacket.parse(HEADER + b"ab") == RtpPacket(
        payload=101, marker=True, number=65535, timestamp=2**32 - 1, source=7, body=b"ab"
    )


@pytest.mark.parametrize(
    ("first", "rest", "body"),
    [
        (0x82, b"\0" * 8 + b"ab", b"ab"),  # two contributing sources
        (0x90, b"\xbe\xde\0\x01" + b"\0" * 4 + b"ab", b"ab"),  # an extension
        (0xA0, b"ab\0\x02", b"ab"),  # padding
        (0xA0, b"\0\0\x03", b""),
    ],
)
def test_what_stands_around_the_body(first: int, rest: bytes, body: bytes) -> None:
    packet = RtpPacket.parse(bytes([first]) + HEADER[1:] + rest)
    assert packet is not None
    assert packet.body == body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 8,  # UDP keep-alive of a telephone behind NAT
        HEADER[:-1],
        b"\x40" + HEADER[1:],  # version 1
        b"\x8f" + HEADER[1:] + b"\0" * 8,  # sources that are not there
        b"\x90" + HEADER[1:],
        b"\x90" + HEADER[1:] + b"\xbe\xde\xff\xff",
        b"\xa0" + HEADER[1:] + b"ab\0",  # padding of no bytes
        b"\xa0" + HEADER[1:] + b"\x07",  # padding longer than the body
        b"\x80\xc8\0\x06" + b"\0" * 24,  # a sender report
        b"\x81\xc9\0\x07" + b"\0" * 28,
    ],
)
def test_no_packet(data: bytes) -> None:
    assert RtpPacket.parse(data) is None


def test_rtcp_is_told_apart() -> None:
    assert is_rtcp(b"\x80\xc8\0\x06" + b"\0" * 24)
    assert not is_rtcp(HEADER)
    assert not is_rtcp(b"\x80\xc8")


@pytest.mark.parametrize(
    ("later", "earlier", "ahead"),
    [(5, 3, 2), (3, 5, -2), (1, 65535, 2), (65535, 1, -2), (0, 0, 0)],
)
def test_numbers_wrap(later: int, earlier: int, ahead: int) -> None:
    assert forward(later, earlier, 16) == ahead
