"""What comes in from a telephone is told apart: its sound, its keys, its signs of life; packets from elsewhere are nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.rtp.commands import FarEnd
from switchhook.sip.rtp.g711 import A_LAW, MU_LAW
from switchhook.sip.rtp.packet import RtpPacket
from switchhook.sip.rtp.sender import InitialNumbers
from switchhook.sip.rtp.stream import Stream

PHONE = ("192.0.2.1", 4000)
ELSEWHERE = ("192.0.2.9", 4000)
SOUND = RtpPacket(payload=96, number=1, timestamp=160, source=5, body=b"\xd5" * 160)
KEY = RtpPacket(payload=101, number=2, timestamp=320, source=5, body=b"\x05\x0a\0\xa0")
FAR = FarEnd(address=PHONE, law=A_LAW, payload=96, events=101)


def _stream() -> Stream:
    stream = Stream("s", "call", InitialNumbers(source=1, number=1, timestamp=0), 0.0)
    stream.set_far_end(FAR, 0.0)
    return stream


def test_sound_and_keys() -> None:
    stream = _stream()
    sound, key = stream.receive(bytes(SOUND), PHONE, 1.0), stream.receive(bytes(KEY), PHONE, 1.5)
    assert (sound, key) == (SOUND, KEY)
    assert (stream.law_of(SOUND), stream.law_of(KEY)) == (A_LAW, None)
    assert (stream.dtmf_of(SOUND), stream.dtmf_of(KEY), stream.dtmf_of(KEY)) == ("", "5", "")
    assert stream.is_dtmf(KEY)
    assert (stream.received, stream.received_at) == (2, 1.5)


@pytest.mark.parametrize(("payload", "law"), [(0, MU_LAW), (8, A_LAW), (96, A_LAW), (18, None)])
def test_either_law_is_understood_under_its_own_number(payload: int, law: object) -> None:
    packet = RtpPacket(payload=payload, number=0, timestamp=0, source=0)
    assert _stream().law_of(packet) is law


def test_packets_from_elsewhere_and_nonsense_are_nothing() -> None:
    stream = _stream()
    assert stream.receive(bytes(SOUND), ELSEWHERE, 3.0) is None
    assert stream.receive(b"\0\0", PHONE, 3.0) is None
    assert (stream.received, stream.received_at, stream.symmetric_rtp.latched) == (0, 0.0, False)


def test_rtcp_is_a_sign_of_life() -> None:
    stream = _stream()
    assert stream.receive(b"\x80\xc8\0\x06" + bytes(24), PHONE, 3.0) is None
    assert stream.received_at == 3.0


@given(st.binary(max_size=100))
def test_nothing_raises(data: bytes) -> None:
    stream = _stream()
    packet = stream.receive(data, PHONE, 0.0)
    if packet is not None:
        stream.dtmf_of(packet)
        stream.relay(packet, None, 0)
        stream.relay(packet, (MU_LAW, packet.body), 0)


def test_sound_is_turned_into_the_law_of_the_far_end() -> None:
    relayed = _stream().relay(SOUND, (MU_LAW, b"\xff" * 160), 0)
    assert relayed is not None
    assert (relayed.payload, relayed.body, relayed.source) == (96, b"\xd5" * 160, 1)


def test_keys_reach_only_those_who_speak_of_them() -> None:
    stream = _stream()
    relayed = stream.relay(KEY, None, 0)
    assert relayed is not None
    assert (relayed.payload, relayed.body) == (101, KEY.body)
    stream.set_far_end(FarEnd(address=PHONE, law=MU_LAW, payload=0), 0.0)
    assert stream.relay(KEY, None, 0) is None
    stream.send_dtmf("1", 100)
    assert not stream.is_busy


def test_hold_sends_nothing_and_its_end_begins_the_silence_anew() -> None:
    stream = _stream()
    held = FarEnd(address=PHONE, law=A_LAW, payload=96, on_hold=True)
    stream.set_far_end(held, 1.0)
    assert stream.target is None
    assert stream.on_hold
    stream.set_far_end(FAR, 99.0)
    assert stream.target == PHONE
    assert stream.received_at == 99.0


def test_before_a_description_nothing_goes_anywhere() -> None:
    stream = Stream("s", "call", InitialNumbers(source=1, number=1, timestamp=0), 0.0)
    assert stream.relay(SOUND, (MU_LAW, b""), 0) is None
    assert stream.tick(1) == (None, "")
    assert (stream.law, stream.events, stream.target) == (MU_LAW, None, None)


def test_keys_come_under_the_number_of_either_description() -> None:
    # RFC 3264 §5.1: each side says which number it wants to get; many send their own.
    stream = _stream()
    stream.set_far_end(FarEnd(address=PHONE, law=MU_LAW, payload=0, events=96), 0.0)
    for payload in (96, 101):
        assert stream.is_dtmf(replace(KEY, payload=payload))
    relayed = stream.relay(KEY, None, 0)
    assert relayed is not None
    assert relayed.payload == 96
    stream.set_far_end(FarEnd(address=PHONE, law=MU_LAW, payload=101, events=96), 0.0)
    assert stream.law_of(replace(SOUND, payload=101)) is MU_LAW


@pytest.mark.row("FB-02")
def test_a_key_is_heard_under_a_number_that_nobody_agreed_on() -> None:
    stream = _stream()
    for events in (None, 96):
        stream.set_far_end(FarEnd(address=PHONE, law=MU_LAW, payload=0, events=events), 0.0)
        for payload in (97, 101, 127):
            assert stream.is_dtmf(replace(KEY, payload=payload))
    assert stream.dtmf_of(replace(KEY, payload=110)) == "5"


@pytest.mark.row("FB-02")
@pytest.mark.parametrize(
    ("payload", "body"),
    [
        (0, KEY.body),  # sound
        (13, KEY.body),  # comfort noise
        (72, KEY.body),
        (110, b""),
        (110, KEY.body + b"\0"),  # a codec's frame
        (110, b"\x10\x0a\x00\xa0"),  # a flash
        (110, b"\x05\x4a\x00\xa0"),  # the reserved bit
        (110, b"\x05\x0a\x00\x00"),
        (110, b"\x05\x0a\xff\xff"),
    ],
)
def test_what_is_no_key_under_such_a_number_is_none(payload: int, body: bytes) -> None:
    stream = _stream()
    stream.set_far_end(FarEnd(address=PHONE, law=MU_LAW, payload=0), 0.0)
    assert not stream.is_dtmf(replace(KEY, payload=payload, body=body))
