"""Real sockets and the real clock: a prompt is heard, keys are told, telephones talk, nothing is left open."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import wave
from array import array
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchhook.sip.net.rtp_thread import MediaThread, NoPortError
from switchhook.sip.rtp import commands
from switchhook.sip.rtp.g711 import MU_LAW
from switchhook.sip.rtp.packet import RtpPacket
from switchhook.sip.rtp.player import PcmSound
from tests.support.loop import run
from tests.support.ports import free_port, held_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchhook.sip.rtp.g711 import Law

LOUD = MU_LAW.encode(array("h", [1000] * 160).tobytes())


class RunningMedia:
    """The media under test, and what it told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[commands.MediaStreamEvent] = asyncio.Queue()
        self.media = MediaThread(self.told.put_nowait)


@asynccontextmanager
async def _running() -> AsyncIterator[RunningMedia]:
    async with AsyncExitStack() as stack:
        running = RunningMedia()
        await running.media.start(stack)
        yield running


class Phone:
    """A socket that speaks RTP, joined to a stream of its name."""

    def __init__(self, running: RunningMedia, name: str, *, said: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.0)
        self.port = running.media.open(name, "call")
        self.socket.connect(("127.0.0.1", self.port))
        far = commands.FarEnd(
            address=(said, self.socket.getsockname()[1]),
            law=MU_LAW,
            payload=0,
            events=101,
            also_from=("127.0.0.1",),
        )
        running.media.perform(commands.SetFarEnd(stream=name, far_end=far))
        self._number = 0

    def say(self, body: bytes, payload: int = 0) -> None:
        self._number += 1
        packet = RtpPacket(
            payload=payload, number=self._number, timestamp=160 * self._number, source=1, body=body
        )
        self.socket.send(bytes(packet))

    async def hears(self) -> RtpPacket:
        data = await asyncio.get_running_loop().sock_recv(self.socket, 2048)
        packet = RtpPacket.parse(data)
        assert packet is not None
        return packet


def test_a_prompt_is_heard_and_keys_are_told() -> None:
    async def scenario() -> None:
        async with _running() as running:
            phone = Phone(running, "a")
            sound = PcmSound(array("h", [1000] * 160 * 4).tobytes())
            running.media.perform(commands.StartPlayback(stream="a", playback="p", sounds=(sound,)))
            assert [(await phone.hears()).body for _ in range(4)] == [LOUD] * 4
            assert await running.told.get() == commands.PlaybackEnded(stream="a", playback="p")
            phone.say(b"\x05\x0a\0\xa0", 101)
            assert await running.told.get() == commands.DtmfReceived(stream="a", digit="5")
            phone.socket.close()

    run(scenario())


def test_two_telephones_talk_though_one_gives_a_wrong_address() -> None:
    async def scenario() -> None:
        async with _running() as running:
            a, b = Phone(running, "a", said="192.0.2.1"), Phone(running, "b")
            running.media.perform(commands.ConnectStreams(one="a", other="b"))
            a.say(LOUD)
            assert (await b.hears()).body == LOUD
            b.say(LOUD)
            assert (await a.hears()).body == LOUD
            a.socket.close()
            b.socket.close()

    run(scenario())


def test_a_recording_is_whole_when_all_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _running() as running:
            phone = Phone(running, "a")
            command = commands.StartRecorder(recording="r", stream="a", path=tmp_path / "r.wav")
            running.media.perform(command)
            phone.say(b"\x05\x0a\0\xa0", 101)
            await running.told.get()
            for _ in range(5):
                phone.say(LOUD)
                await asyncio.sleep(0.02)
            phone.socket.close()

    run(scenario())
    assert _loud_samples(tmp_path / "r.wav") == 5 * 160


def _loud_samples(path: Path) -> int:
    with wave.open(str(path), "rb") as file:
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    return sum(abs(sample) > 900 for sample in samples)


def test_what_came_before_its_end_belongs_to_a_recording(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            running = RunningMedia()
            phone = Phone(running, "a")
            command = commands.StartRecorder(recording="r", stream="a", path=tmp_path / "r.wav")
            running.media.perform(command)
            for _ in range(3):
                phone.say(LOUD)
            running.media.perform(commands.CloseStream(stream="a"))
            await running.media.start(stack)  # it finds sound and commands together
            assert isinstance(await running.told.get(), commands.RecordingWritten)
            phone.socket.close()

    run(scenario())
    assert _loud_samples(tmp_path / "r.wav") == 3 * 160


class HeldSound(PcmSound):
    """A sound that keeps the thread of the media busy until it is let go."""

    def __init__(self) -> None:
        super().__init__(bytes(320))
        self.reached, self.go_on = threading.Event(), threading.Event()

    def frame(self, law: Law, number: int) -> bytes:
        self.reached.set()
        assert self.go_on.wait(10)
        return super().frame(law, number)


@pytest.mark.parametrize("end", ["stop", "close", "shutdown"])
def test_what_came_while_it_was_busy_belongs_to_a_recording(tmp_path: Path, end: str) -> None:
    async def scenario() -> None:
        async with _running() as running:
            a, b, held = Phone(running, "a"), Phone(running, "b"), HeldSound()
            running.media.perform(commands.ConnectStreams(one="a", other="b"))
            start = commands.StartRecorder(recording="r", stream="a", path=tmp_path / "r.wav")
            running.media.perform(start)
            play = commands.StartPlayback(stream="a", playback="p", sounds=(held,))
            running.media.perform(play)
            assert await asyncio.to_thread(held.reached.wait, 10)
            running.media.perform(commands.StopPlayback(playback="p"))  # wakes before any sound
            for _ in range(5):
                b.say(LOUD)
            a.socket.close()
            b.socket.close()
            if end == "shutdown":
                asyncio.get_running_loop().call_later(0.05, held.go_on.set)
                return
            stop = commands.StopRecorder(recording="r")
            running.media.perform(stop if end == "stop" else commands.CloseStream(stream="a"))
            held.go_on.set()
            while not isinstance(await running.told.get(), commands.RecordingWritten):
                pass

    run(scenario())
    assert _loud_samples(tmp_path / "r.wav") == 5 * 160


def test_no_datagram_stops_it(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        chance = random.Random(1)
        async with _running() as running:
            a, b = Phone(running, "a"), Phone(running, "b")
            running.media.perform(commands.ConnectStreams(one="a", other="b"))
            for number in range(3000):
                data = chance.randbytes(chance.randrange(60))
                if number % 2:
                    data = bytes([0x80 | chance.randrange(64), chance.choice([0, 101, 200])]) + data
                a.socket.send(data)
                if not number % 50:
                    await asyncio.sleep(0)
            await asyncio.sleep(0.1)  # until there is room in the socket again
            a.say(b"\x0b\x0a\0\xa0", 101)
            while await running.told.get() != commands.DtmfReceived(stream="a", digit="#"):
                pass
            a.socket.close()
            b.socket.close()

    run(scenario())
    assert "not handled" not in capsys.readouterr().out


def test_no_port_beside_the_range_is_taken() -> None:
    with held_port() as taken, pytest.raises(NoPortError, match=f"no port .*{taken} to {taken}"):
        MediaThread(print, ports=range(taken, taken + 2)).open("a", "call")


def test_every_port_of_the_range_is_found_and_none_beside_it() -> None:
    first = (free_port() & ~1) - 1
    ports = range(first, first + 41)  # 20 even ones

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            media = MediaThread(print, ports=ports)
            await media.start(stack)
            got: set[int] = set()

            def open_all() -> None:
                while True:
                    got.add(media.open(f"s{len(got)}", "call"))

            with pytest.raises(NoPortError, match=r"in use; widen rtp_ports"):
                open_all()
            assert all(port in ports and port % 2 == 0 for port in got)
            assert len(got) >= 15  # others may have some of them

    run(scenario())


def test_too_many_open_files_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socket", full)
    with pytest.raises(NoPortError, match=r"Too many open files; raise the limit of open files"):
        MediaThread(print).open("a", "call")


def test_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(NoPortError, match=r"at 192.0.2.1 .*: Cannot assign"):
        MediaThread(print, host="192.0.2.1").open("a", "call")


def test_nothing_is_left_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    async def scenario() -> None:
        async with _running() as running:
            for number in range(20):
                running.media.open(str(number), "call")
            running.media.perform(commands.CloseStream(stream="3"))

    run(scenario())
    after = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    assert after[0] <= before[0]
    assert after[1] <= before[1] + 1  # asyncio's own helper
