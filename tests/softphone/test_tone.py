"""A tone is paced, numbered and marked as RTP asks, and only RTP is counted."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from switchhook.sip.rtp.dtmf import DtmfReceiver
from switchhook.sip.rtp.packet import RtpPacket
from switchhook.sip.wire.sdp import PCMA, PCMU, Format
from switchhook.softphone.tone import SOUND, ToneStream
from tests.support.loop import run


def test_packets_are_paced_and_numbered() -> None:
    async def scenario() -> list[bytes]:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
            ear.bind(("127.0.0.1", 0))
            ear.settimeout(0.0)
            tone = ToneStream("127.0.0.1")
            tone.play("127.0.0.1", ear.getsockname()[1], PCMA)
            began = loop.time()
            packets = [await loop.sock_recv(ear, 2048) for _ in range(6)]
            assert loop.time() - began >= 0.095
            tone.close()
            return packets

    packets = run(scenario())
    heads = [struct.unpack("!BBHII", packet[:12]) for packet in packets]
    _, _, number, timestamp, source = heads[0]
    assert [head[:2] for head in heads] == [(0x80, 0x80 | 8)] + [(0x80, 8)] * 5
    assert [head[2] for head in heads] == [(number + n) % 2**16 for n in range(6)]
    assert [head[3] for head in heads] == [(timestamp + 160 * n) % 2**32 for n in range(6)]
    assert {head[4] for head in heads} == {source}
    assert {packet[12:] for packet in packets} == {SOUND["PCMA"]}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_two_tones_hear_each_other(host: str) -> None:
    async def scenario() -> None:
        one, other = ToneStream(host), ToneStream(host)
        one.play(host, other.port, PCMU)
        other.play(host, one.port, Format(payload=96, encoding="pcma"))
        await one.hears(3)
        await other.hears(3)
        assert (one.last_payload, other.last_payload) == (SOUND["PCMA"], SOUND["PCMU"])
        one.close()
        other.close()

    run(scenario())


def test_only_rtp_is_counted() -> None:
    async def scenario() -> None:
        tone, other = ToneStream("127.0.0.1"), ToneStream("127.0.0.1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
            noise.connect(("127.0.0.1", tone.port))
            for data in (b"", b"\x80", b"\0" * 200, b"OPTIONS sip:a SIP/2.0\r\n\r\n"):
                noise.send(data)
            noise.send(b"\x80\0" + bytes(10) + b"no tone")
        other.play("127.0.0.1", tone.port, PCMU)
        await tone.hears(1)
        assert (tone.received, tone.heard) == (2, 1)
        tone.close()
        other.close()

    run(scenario())


def test_a_pause_is_silent_and_a_new_beginning_is_marked() -> None:
    async def scenario() -> None:
        tone, ear = ToneStream("127.0.0.1"), ToneStream("127.0.0.1")
        tone.play("127.0.0.1", ear.port, PCMU)
        await ear.hears(1)
        tone.pause()
        sent = tone.sent
        await asyncio.sleep(0.06)
        assert tone.sent == sent
        tone.play("127.0.0.1", ear.port, PCMU)
        await ear.hears(1)
        tone.close()
        ear.close()

    run(scenario())


@pytest.mark.parametrize("target", [("example.com", 4000), ("127.0.0.1", 0), ("::1", 4000)])
def test_a_place_that_cannot_be_reached_is_no_error(target: tuple[str, int]) -> None:
    async def scenario() -> None:
        tone = ToneStream("127.0.0.1")
        tone.play(*target, PCMU)
        await asyncio.sleep(0.03)
        assert tone.sent == 0
        tone.close()

    run(scenario())


def test_keys_take_the_place_of_the_tone() -> None:
    async def scenario() -> list[RtpPacket]:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
            ear.bind(("127.0.0.1", 0))
            ear.settimeout(0.0)
            tone = ToneStream("127.0.0.1")
            tone.press("5", 40)
            tone.play("127.0.0.1", ear.getsockname()[1], PCMU, 97)
            packets = [RtpPacket.parse(await loop.sock_recv(ear, 2048)) for _ in range(7)]
            tone.close()
            return [packet for packet in packets if packet is not None]

    packets = run(scenario())
    assert [packet.payload for packet in packets] == [97] * 5 + [0] * 2
    receiver = DtmfReceiver()
    assert "".join(receiver.receive(packet) for packet in packets[:5]) == "5"


def test_what_came_in_is_kept_on_wish() -> None:
    async def scenario() -> None:
        one, other = ToneStream("127.0.0.1"), ToneStream("127.0.0.1")
        one.kept = bytearray()
        other.play("127.0.0.1", one.port, PCMU)
        await one.hears(2)
        assert bytes(one.kept).startswith(SOUND["PCMU"] * 2)
        one.close()
        other.close()

    run(scenario())
