"""The commands and the events of the media of calls.

Commands are imperative, events past tense. A *stream* is our end of one telephone's sound, under its user's
name for it. A command for a closed stream does nothing. Streams of one *call* die together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from switchhook.sip.rtp.g711 import Law
from switchhook.sip.rtp.player import PcmSound


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """One telephone's sound, as its session description has it."""

    address: tuple[str, int] | None
    law: Law
    payload: int
    """The number of the law in this session."""
    events: int | None = None
    """The number of keys (RFC 4733); None where they are not spoken."""
    also_from: tuple[str, ...] = ()
    """Further hosts that the sound may come from: that of the signalling."""
    on_hold: bool = False
    """Whether the telephone does not want to hear us; then its silence is no death either."""
    listens_only: bool = False
    """Whether the telephone says that it will not speak, so that its silence is no death."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFarEnd:
    """Send to, and receive from, what a session description says, from now on."""

    stream: str
    far_end: FarEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectStreams:
    """Connect two streams with each other, and with no other."""

    one: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectStream:
    """Disconnect a stream from the one that it is connected with."""

    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlayback:
    """Play sounds into a stream; PlaybackEnded tells of their end.

    A looped one is the background: it pauses while a prompt plays. A new prompt replaces the one before. Either
    silences the connected stream, and keys do not.
    """

    stream: str
    playback: str
    sounds: tuple[PcmSound, ...]
    loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlayback:
    """End a playback where it is; nothing is told of it."""

    playback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDtmf:
    """Send keys into a stream, each for so many milliseconds."""

    stream: str
    digits: str
    duration: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecorder:
    """Record a stream to a WAV file: what its telephone says and, with `both`, what it hears."""

    recording: str
    stream: str
    path: Path
    both: bool = True
    separate: bool = False
    """Whether what the telephone says stands left and what it hears right, instead of both in one channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecorder:
    """End a recording; RecordingWritten tells of it."""

    recording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseStream:
    """End a stream, with its recordings."""

    stream: str


MediaStreamCommand = (
    SetFarEnd
    | ConnectStreams
    | DisconnectStream
    | StartPlayback
    | StopPlayback
    | SendDtmf
    | StartRecorder
    | StopRecorder
    | CloseStream
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfReceived:
    """A key was pressed."""

    stream: str
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackEnded:
    """All was played to the end."""

    stream: str
    playback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingWritten:
    """A file is whole."""

    recording: str
    path: Path
    seconds: float
    error: str = ""
    """Why the file is shorter than the recording was, as for a full disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTimeout:
    """All streams of a call are silent for too long, and none is on hold; emitted each second."""

    call: str


MediaStreamEvent = DtmfReceived | PlaybackEnded | RecordingWritten | MediaTimeout
