"""The media of all calls: commands and datagrams in, datagrams, events and sound to be stored out. Pure.

The shell (`net/rtp_thread.py`) owns sockets, files and the clock. All times are seconds of one monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, assert_never

from switchhook.sip.rtp import commands
from switchhook.sip.rtp.player import FrameClock, Player
from switchhook.sip.rtp.recorder import RtpRecorder
from switchhook.sip.rtp.stream import Stream

if TYPE_CHECKING:
    from switchhook.sip.rtp.g711 import Law
    from switchhook.sip.rtp.packet import RtpPacket
    from switchhook.sip.rtp.sender import InitialNumbers
    from switchhook.sip.rtp.symmetric_rtp import RtpAddress

STORE_EVERY: Final = 25
"""Ticks between two writes of a recording: half a second is lost at most when this process is killed."""
LOOK_EVERY: Final = 50
"""Ticks between two looks for calls that fell silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAudio:
    """Sound to be appended to a recording's file; `ends` closes it."""

    recording: str
    path: Path
    pcm: bytes
    ends: bool = False
    channels: int = 1


@dataclass(frozen=True, slots=True)
class _Recording:
    name: str
    stream: str
    path: Path
    recorder: RtpRecorder
    both: bool

    def audio(self, pcm: bytes, *, ends: bool = False) -> RecordedAudio:
        """Return some of its sound."""
        return RecordedAudio(
            recording=self.name,
            path=self.path,
            pcm=pcm,
            ends=ends,
            channels=self.recorder.channels,
        )


class MediaStreams:
    """All streams. `silence` is how many seconds a call may send nothing at all; 0 for ever."""

    def __init__(self, *, silence: float, now: float) -> None:
        self._silence = silence
        self._clock = FrameClock(now)
        self._streams: dict[str, Stream] = {}
        self._recordings: dict[str, _Recording] = {}
        self._recorded: dict[str, list[_Recording]] = {}  # by stream
        self._packets: list[tuple[str, bytes, RtpAddress]] = []
        self._events: list[commands.MediaStreamEvent] = []
        self._stored: list[RecordedAudio] = []
        self._store_at = STORE_EVERY
        self._check_at = LOOK_EVERY

    def open(self, stream: str, call: str, start: InitialNumbers, now: float) -> None:
        """Begin a stream of a call."""
        self._streams[stream] = Stream(stream, call, start, now)

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    @property
    def wake_at(self) -> float | None:
        """When `tick` is due next; None when nothing is open."""
        return self._clock.wake_at if self._streams else None

    def take_packets(self) -> list[tuple[str, bytes, RtpAddress]]:
        """Return the packets to send: socket, bytes, address."""
        taken, self._packets = self._packets, []
        return taken

    def take_events(self) -> list[commands.MediaStreamEvent]:
        """Return what happened."""
        taken, self._events = self._events, []
        return taken

    def take_recorded(self) -> list[RecordedAudio]:
        """Return what is to be written to files."""
        taken, self._stored = self._stored, []
        return taken

    # Commands

    def perform(self, command: commands.MediaStreamCommand, now: float) -> None:
        """Carry a command out."""
        match command:
            case commands.StopPlayback():
                self._stop_playing(command.playback)
            case commands.StopRecorder():
                self._stop_recording(command.recording, now)
            case commands.ConnectStreams():
                self._connect(command, now)
            case _:
                stream = self._streams.get(command.stream)
                if stream is not None:
                    self._perform_at(stream, command, now)
                elif isinstance(command, commands.StartRecorder):
                    self._report_no_recording(command)

    def ended_by(self, command: commands.MediaStreamCommand) -> tuple[str, ...]:
        """Return the streams whose sound may belong to a recording that a command ends."""
        match command:
            case commands.StopRecorder() if command.recording in self._recordings:
                stream = self._streams[self._recordings[command.recording].stream]
            case commands.CloseStream() if command.stream in self._streams:
                stream = self._streams[command.stream]
            case _:
                return ()
        other = stream.connected
        return (stream.name,) if other is None else (stream.name, other.name)

    def _perform_at(
        self,
        stream: Stream,
        command: commands.SetFarEnd
        | commands.DisconnectStream
        | commands.StartPlayback
        | commands.SendDtmf
        | commands.StartRecorder
        | commands.CloseStream,
        now: float,
    ) -> None:
        match command:
            case commands.SetFarEnd():
                stream.set_far_end(command.far_end, now)
            case commands.DisconnectStream():
                _disconnect(stream)
            case commands.StartPlayback():
                self._play(stream, command)
            case commands.SendDtmf():
                stream.send_dtmf(command.digits, command.duration)
            case commands.StartRecorder():
                self._record(stream, command, now)
            case commands.CloseStream():
                self._close(stream, now)
            case _:
                assert_never(command)

    def _connect(self, command: commands.ConnectStreams, now: float) -> None:
        one, other = self._streams.get(command.one), self._streams.get(command.other)
        if one is None or other is None:
            return
        for stream in (one, other):
            _disconnect(stream)
            stream.received_at = now
        one.connected, other.connected = other, one

    def _play(self, stream: Stream, command: commands.StartPlayback) -> None:
        player = Player(command.playback, command.sounds, loop=command.loop)
        if player.is_over:
            finished = commands.PlaybackEnded(stream=stream.name, playback=command.playback)
            self._events.append(finished)
        elif command.loop:
            stream.background = player
        else:
            stream.player = player

    def _stop_playing(self, playback: str) -> None:
        for stream in self._streams.values():
            if stream.player is not None and stream.player.playback == playback:
                stream.player = None
            if stream.background is not None and stream.background.playback == playback:
                stream.background = None
            if not stream.is_playing:
                stream.sender.pause()

    def _record(self, stream: Stream, command: commands.StartRecorder, now: float) -> None:
        if command.recording in self._recordings:
            return
        recorder = RtpRecorder(
            now, tracks=2 if command.both else 1, separate=command.both and command.separate
        )
        recording = _Recording(command.recording, stream.name, command.path, recorder, command.both)
        self._recordings[command.recording] = recording
        self._recorded.setdefault(stream.name, []).append(recording)
        self._stored.append(recording.audio(b""))

    def _report_no_recording(self, command: commands.StartRecorder) -> None:
        """Report an empty recording for a stream that is gone, so that its waiter goes on."""
        told = commands.RecordingWritten(recording=command.recording, path=command.path, seconds=0)
        self._events.append(told)

    def _stop_recording(self, name: str, now: float) -> None:
        recording = self._recordings.pop(name, None)
        if recording is None:
            return
        self._recorded[recording.stream].remove(recording)
        pcm = recording.recorder.take(now, final=True)
        self._stored.append(recording.audio(pcm, ends=True))

    def _close(self, stream: Stream, now: float) -> None:
        for recording in tuple(self._recorded.pop(stream.name, ())):
            self._recorded[stream.name] = [recording]
            self._stop_recording(recording.name, now)
        self._recorded.pop(stream.name, None)
        _disconnect(stream)
        del self._streams[stream.name]

    # What comes in

    def receive(self, name: str, data: bytes, source: RtpAddress, now: float) -> None:
        """Take a datagram that came to a stream's socket."""
        stream = self._streams.get(name)
        packet = None if stream is None else stream.receive(data, source, now)
        if stream is None or packet is None:
            return
        digit = stream.dtmf_of(packet)
        if digit:
            self._events.append(commands.DtmfReceived(stream=name, digit=digit))
        law = stream.law_of(packet)
        sound = None if law is None else (law, packet.body)
        if sound is not None:
            self._record_sound(name, 0, packet, sound, now)
        if stream.connected is not None and (sound is not None or stream.is_dtmf(packet)):
            self._relay(stream.connected, packet, sound, now)

    def _relay(
        self, to: Stream, packet: RtpPacket, sound: tuple[Law, bytes] | None, now: float
    ) -> None:
        relayed = to.relay(packet, sound, self._clock.ticks)
        if relayed is not None:
            self._send(to, relayed, now, is_sound=sound is not None)

    def _send(self, stream: Stream, packet: RtpPacket, now: float, *, is_sound: bool) -> None:
        target = stream.target
        if target is not None:
            self._packets.append((stream.name, bytes(packet), target))
        if is_sound:
            self._record_sound(stream.name, 1, packet, (stream.law, packet.body), now)

    def _record_sound(
        self, stream: str, track: int, packet: RtpPacket, sound: tuple[Law, bytes], now: float
    ) -> None:
        for recording in self._recorded.get(stream, ()):
            if track == 0 or recording.both:
                pcm = sound[0].decode(sound[1])
                recording.recorder.add(track, packet, pcm, now)

    # Time

    def tick(self, now: float) -> None:
        """Send what is due, if anything is."""
        if not self._clock.is_due(now):
            return
        ticks = self._clock.ticks
        for stream in self._streams.values():
            if stream.is_busy:
                self._send_due(stream, ticks, now)
        if ticks >= self._store_at:
            self._store_at = ticks + STORE_EVERY
            self._store(now)
        if ticks >= self._check_at:
            self._check_at = ticks + LOOK_EVERY
            self._check_timeouts(now)

    def _send_due(self, stream: Stream, ticks: int, now: float) -> None:
        packet, finished = stream.tick(ticks)
        if packet is not None:
            self._send(stream, packet, now, is_sound=packet.payload != stream.events)
        if finished:
            told = commands.PlaybackEnded(stream=stream.name, playback=finished)
            self._events.append(told)

    def _store(self, now: float) -> None:
        for recording in self._recordings.values():
            pcm = recording.recorder.take(now)
            if pcm:
                self._stored.append(recording.audio(pcm))

    def _check_timeouts(self, now: float) -> None:
        """Tell of each call none of whose streams receives anything though all should."""
        if not self._silence:
            return
        latest: dict[str, float] = {}
        for stream in self._streams.values():
            if stream.may_be_silent or stream.is_playing:
                stream.received_at = now  # a peer that holds or only listens sends no packets
            at = stream.received_at
            latest[stream.call] = max(at, latest.get(stream.call, at))
        for call, at in latest.items():
            if now - at >= self._silence:
                self._events.append(commands.MediaTimeout(call=call))


def _disconnect(stream: Stream) -> None:
    other, stream.connected = stream.connected, None
    if other is not None:
        other.connected = None
        other.sender.pause()
        stream.sender.pause()
