"""Prompts, keys, conversations, recordings and silence, as orders and packets go in and out; no clock runs."""

from __future__ import annotations

import struct
from array import array
from pathlib import Path

import pytest

from switchhook.sip.rtp import commands
from switchhook.sip.rtp.dtmf import DtmfReceiver
from switchhook.sip.rtp.g711 import A_LAW, MU_LAW, Law
from switchhook.sip.rtp.media import MediaStreams
from switchhook.sip.rtp.packet import RtpPacket
from switchhook.sip.rtp.player import PcmSound
from switchhook.sip.rtp.sender import InitialNumbers

A, B = ("192.0.2.1", 4000), ("192.0.2.2", 5000)
NAT = ("198.51.100.7", 61000)
FILE = Path("/recordings/r.wav")


def _sound(frames: int, level: int = 1000) -> PcmSound:
    return PcmSound(array("h", [level] * 160 * frames).tobytes())


class Table:
    """Two telephones in one call, on a clock of our own."""

    def __init__(self, *, silence: float = 60.0, laws: tuple[Law, Law] = (MU_LAW, MU_LAW)) -> None:
        self.now = 1000.0
        self.media = MediaStreams(silence=silence, now=self.now)
        self.sent: list[tuple[str, RtpPacket, tuple[str, int]]] = []
        self.events: list[commands.MediaStreamEvent] = []
        self.pcm = b""
        self.ended: list[str] = []
        self._numbers = {"a": 10, "b": 20}
        for source, (name, address, law) in enumerate((("a", A, laws[0]), ("b", B, laws[1])), 1):
            start = InitialNumbers(source=source, number=0, timestamp=0)
            self.media.open(name, "call", start, self.now)
            self.set_far_end(name, address, law)

    def set_far_end(
        self, name: str, address: tuple[str, int], law: Law, *, hold: bool = False
    ) -> None:
        far = commands.FarEnd(
            address=address,
            law=law,
            payload=law.payload,
            events=101,
            also_from=(NAT[0],),
            on_hold=hold,
        )
        self.perform(commands.SetFarEnd(stream=name, far_end=far))

    def perform(self, command: commands.MediaStreamCommand) -> None:
        self.media.perform(command, self.now)
        self._take()

    def play(self, sound: PcmSound, playback: str = "p", *, loop: bool = False) -> None:
        self.perform(
            commands.StartPlayback(stream="a", playback=playback, sounds=(sound,), loop=loop)
        )

    def add(
        self, name: str, body: bytes, source: tuple[str, int] | None = None, payload: int = 0
    ) -> None:
        self._numbers[name] += 1
        number = self._numbers[name]
        packet = RtpPacket(
            payload=payload,
            number=number,
            timestamp=round((self.now - 900) * 8000),
            source=ord(name),
            body=body,
        )
        address = source or (A if name == "a" else B)
        self.media.receive(name, bytes(packet), address, self.now)
        self._take()

    def pass_time(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.now += 0.02
            self.media.tick(self.now)
            self._take()

    def _take(self) -> None:
        for stream, data, address in self.media.take_packets():
            packet = RtpPacket.parse(data)
            assert packet is not None
            self.sent.append((stream, packet, address))
        self.events += self.media.take_events()
        for stored in self.media.take_recorded():
            assert (stored.recording, stored.path) == ("r", FILE)
            self.pcm += stored.pcm
            self.ended += ["r"] * stored.ends

    def bodies(self, stream: str) -> list[bytes]:
        return [packet.body for name, packet, _ in self.sent if name == stream]


LOUD = MU_LAW.encode(array("h", [1000] * 160).tobytes())
SOFT = MU_LAW.encode(array("h", [100] * 160).tobytes())


def test_a_prompt_is_played_and_its_end_told() -> None:
    table = Table()
    table.play(_sound(3))
    table.pass_time(10)
    assert table.bodies("a") == [LOUD] * 3
    assert {address for _, _, address in table.sent} == {A}
    assert [packet.marker for _, packet, _ in table.sent] == [True, False, False]
    assert table.events == [commands.PlaybackEnded(stream="a", playback="p")]


def test_a_prompt_goes_where_the_telephone_speaks_from() -> None:
    table = Table()
    table.play(_sound(2))
    table.pass_time()
    table.add("a", SOFT, source=NAT)
    table.pass_time()
    assert [address for _, _, address in table.sent] == [A, NAT]


def test_nothing_to_play_is_finished_at_once() -> None:
    table = Table()
    table.play(_sound(0))
    assert table.events == [commands.PlaybackEnded(stream="a", playback="p")]


def test_barge_in_stops_a_prompt_with_the_next_frame() -> None:
    table = Table()
    table.play(_sound(50))
    table.pass_time(2)
    table.add("a", b"\x05\x0a\0\xa0", payload=101)
    table.perform(commands.StopPlayback(playback="p"))
    table.pass_time(5)
    assert len(table.sent) == 2
    assert table.events == [commands.DtmfReceived(stream="a", digit="5")]


def test_background_pauses_for_a_prompt() -> None:
    table = Table()
    table.play(_sound(1, 100), "music", loop=True)
    table.pass_time(2)
    table.play(_sound(2))
    table.pass_time(4)
    table.perform(commands.StopPlayback(playback="music"))
    table.pass_time(2)
    assert table.bodies("a") == [SOFT, SOFT, LOUD, LOUD, SOFT, SOFT]
    assert table.events == [commands.PlaybackEnded(stream="a", playback="p")]


def test_after_a_stall_no_burst_and_no_lag() -> None:
    table = Table()
    table.play(_sound(3))
    table.pass_time()
    table.now += 0.1
    table.pass_time()
    stamps = [packet.timestamp for _, packet, _ in table.sent]
    assert len(stamps) == 2
    assert stamps[1] - stamps[0] == 6 * 160


@pytest.mark.parametrize("laws", [(MU_LAW, MU_LAW), (MU_LAW, A_LAW), (A_LAW, MU_LAW)])
def test_joined_telephones_hear_each_other(laws: tuple[Law, Law]) -> None:
    table = Table(laws=laws)
    table.perform(commands.ConnectStreams(one="a", other="b"))
    said = laws[0].encode(array("h", [1000] * 160).tobytes())
    table.add("a", said, payload=laws[0].payload)
    table.add("b", laws[1].silence * 160, payload=laws[1].payload)
    assert [(name, address) for name, _, address in table.sent] == [("b", B), ("a", A)]
    assert table.bodies("b") == [laws[0].to(laws[1], said)]
    assert table.sent[0][1].source == 2
    table.perform(commands.DisconnectStream(stream="a"))
    table.add("a", said, payload=laws[0].payload)
    assert len(table.sent) == 2


def test_packets_from_elsewhere_reach_nobody() -> None:
    table = Table()
    table.perform(commands.ConnectStreams(one="a", other="b"))
    table.add("a", LOUD, source=("203.0.113.1", 9))
    table.add("a", b"\x05\x0a\0\xa0", source=("203.0.113.1", 9), payload=101)
    assert (table.sent, table.events) == ([], [])


def test_keys_are_told_and_passed_on() -> None:
    table = Table()
    table.perform(commands.ConnectStreams(one="a", other="b"))
    for duration in (160, 320, 480):
        table.add("a", struct.pack("!BBH", 11, 10, duration), payload=101)
    assert [packet.payload for _, packet, _ in table.sent] == [101] * 3
    assert {event.digit for event in table.events if isinstance(event, commands.DtmfReceived)} == {
        "*",
        "#",
    } - {"*"}


def test_what_is_neither_sound_nor_key_is_not_passed_on() -> None:
    table = Table()
    table.perform(commands.ConnectStreams(one="a", other="b"))
    table.add("a", b"x", payload=34)
    assert table.sent == []


def test_music_on_hold_silences_the_joined_telephone() -> None:
    table = Table()
    table.perform(commands.ConnectStreams(one="a", other="b"))
    table.play(_sound(1, 100), "music", loop=True)
    table.pass_time()
    table.add("b", LOUD)
    assert table.bodies("a") == [SOFT]
    table.perform(commands.StopPlayback(playback="music"))
    table.add("b", LOUD)
    assert table.bodies("a") == [SOFT, LOUD]
    assert table.sent[-1][1].marker


def test_who_holds_hears_nothing() -> None:
    table = Table()
    table.perform(commands.ConnectStreams(one="a", other="b"))
    table.set_far_end("b", B, MU_LAW, hold=True)
    table.add("a", LOUD)
    assert table.sent == []


def test_keys_are_sent() -> None:
    table = Table()
    table.perform(commands.SendDtmf(stream="a", digits="1#", duration=40))
    table.pass_time(20)
    receiver = DtmfReceiver()
    assert "".join(receiver.receive(packet) for _, packet, _ in table.sent) == "1#"


def _levels(pcm: bytes) -> list[int]:
    return [round(level, -2) for level in memoryview(pcm).cast("h")[::160]]


@pytest.mark.parametrize(("both", "level"), [(True, 1100), (False, 1000)])
def test_a_recording_holds_what_was_said(both: bool, level: int) -> None:  # noqa: FBT001 -- a parameter of pytest
    table = Table()
    table.perform(commands.ConnectStreams(one="a", other="b"))
    table.perform(commands.StartRecorder(recording="r", stream="a", path=FILE, both=both))
    for _ in range(40):
        table.add("a", LOUD)
        table.add("b", SOFT)
        table.pass_time()
    assert len(table.pcm) == 2 * (25 * 160 - 1600)  # stored while it goes on
    table.perform(commands.StopRecorder(recording="r"))
    assert _levels(table.pcm) == [level] * 40
    assert table.ended == ["r"]
    table.perform(commands.StopRecorder(recording="r"))
    assert table.ended == ["r"]


def test_the_voices_of_a_recording_may_stand_in_two_channels() -> None:
    table = Table()
    table.perform(commands.ConnectStreams(one="a", other="b"))
    table.perform(commands.StartRecorder(recording="r", stream="a", path=FILE, separate=True))
    for _ in range(10):
        table.add("a", LOUD)
        table.add("b", SOFT)
        table.pass_time()
    table.perform(commands.StopRecorder(recording="r"))
    samples = memoryview(table.pcm).cast("h").tolist()
    sides = [[round(level, -2) for level in samples[side::2][::160]] for side in (0, 1)]
    assert sides == [[1000] * 10, [100] * 10]


def test_a_recording_holds_the_prompt_too_and_ends_with_its_stream() -> None:
    table = Table()
    table.perform(commands.StartRecorder(recording="r", stream="a", path=FILE))
    table.play(_sound(5))
    table.pass_time(10)
    table.perform(commands.CloseStream(stream="a"))
    assert _levels(table.pcm).count(1000) == 5
    assert len(table.pcm) == 2 * 1600
    assert table.ended == ["r"]


def test_what_is_ordered_of_a_closed_stream_does_nothing() -> None:
    table = Table()
    table.perform(commands.CloseStream(stream="a"))
    table.perform(commands.ConnectStreams(one="a", other="b"))
    table.play(_sound(1))
    table.perform(commands.CloseStream(stream="a"))
    table.add("a", LOUD)
    table.pass_time(2)
    assert (table.sent, table.events, table.media.streams) == ([], [], 1)
    table.perform(commands.CloseStream(stream="b"))
    assert table.media.wake_at is None


def test_a_recording_of_a_closed_stream_is_over_at_once() -> None:
    table = Table()
    table.perform(commands.CloseStream(stream="a"))
    table.perform(commands.StartRecorder(recording="r", stream="a", path=FILE))
    table.perform(commands.StopRecorder(recording="r"))
    assert table.events == [commands.RecordingWritten(recording="r", path=FILE, seconds=0)]


def test_a_dead_call_is_told() -> None:
    table = Table(silence=10)
    table.perform(commands.ConnectStreams(one="a", other="b"))
    for _ in range(12):
        table.pass_time(50)
        if table.now < 1005:
            table.add("b", LOUD)
    assert not table.events
    table.pass_time(200)
    assert set(table.events) == {commands.MediaTimeout(call="call")}


def test_a_telephone_that_only_listens_is_not_dead() -> None:
    table = Table(silence=10)
    far = commands.FarEnd(address=B, law=MU_LAW, payload=0, listens_only=True)
    table.perform(commands.SetFarEnd(stream="b", far_end=far))
    table.pass_time(1000)
    assert not table.events
    table.play(_sound(1))
    table.pass_time()
    assert table.sent


@pytest.mark.row("FD-02")
@pytest.mark.parametrize("on_hold", [True, False])
def test_a_call_has_its_time_again_after_a_hold_or_a_prompt(*, on_hold: bool) -> None:
    table = Table(silence=10)
    table.perform(commands.ConnectStreams(one="a", other="b"))
    if on_hold:
        table.set_far_end("b", B, MU_LAW, hold=True)
    else:
        table.play(_sound(1), loop=True)  # a telephone that hears music may suppress its silence
    table.pass_time(1500)
    if on_hold:
        table.set_far_end("b", B, MU_LAW)
    else:
        table.perform(commands.StopPlayback(playback="p"))
    table.pass_time(400)
    assert not table.events
    table.pass_time(200)
    assert set(table.events) == {commands.MediaTimeout(call="call")}


@pytest.mark.parametrize("silence", [0, 10])
def test_a_call_on_hold_is_not_dead(silence: float) -> None:
    table = Table(silence=silence)
    if silence:
        table.set_far_end("b", B, MU_LAW, hold=True)
    table.pass_time(1000)
    assert not table.events
