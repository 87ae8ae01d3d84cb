"""The writer of recordings to their files, in a thread of its own, so that a slow disk delays no sound."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, Final

import structlog

from switchhook.sip.rtp.commands import RecordingWritten
from switchhook.sip.rtp.packet import RATE
from switchhook.sip.rtp.wav import WavWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switchhook.sip.rtp.media import RecordedAudio

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 4_000
"""Pieces of half a second that wait for the disk before further ones are dropped: some 32 MB."""


@dataclass(slots=True)
class _RecordingFile:
    """A file that is being written; without a writer it could not be made."""

    file: BinaryIO | None = None
    writer: WavWriter | None = None
    error: str = ""


class RecordingWriter:
    """`tell` is called in the writer's thread."""

    def __init__(self, tell: Callable[[RecordingWritten], None]) -> None:
        self._tell = tell
        self._work: SimpleQueue[RecordedAudio | None] = SimpleQueue()
        self._files: dict[str, _RecordingFile] = {}
        self._dropped: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)

    def start(self) -> None:
        """Begin to write what comes."""
        self._thread.start()

    def store(self, stored: RecordedAudio) -> None:
        """Take sound from any thread; returns at once."""
        if self._work.qsize() >= MOST_WAITING and stored.pcm and not stored.ends:
            self._dropped.add(stored.recording)
            return
        self._work.put(stored)

    def close(self) -> None:
        """Write what waits, and close every file."""
        self._work.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (stored := self._work.get()) is not None:
            self._write(stored)
        for recording in self._files.values():
            _close(recording)

    def _write(self, stored: RecordedAudio) -> None:
        recording = self._files.get(stored.recording)
        try:
            if recording is None:
                recording = self._files[stored.recording] = _RecordingFile()
                recording.file = _create(stored.path)
                recording.writer = WavWriter(recording.file, channels=stored.channels)
            if recording.writer is not None and not recording.error:
                recording.writer.write(stored.pcm)
        except Exception as error:  # noqa: BLE001 -- one recording's trouble is not everybody's
            recording = self._files[stored.recording]
            reason = error.strerror if isinstance(error, OSError) else ""
            recording.error = f"{stored.path}: {reason or error!r}"
            log.warning("recording not written", recording=stored.recording, error=recording.error)
        if stored.ends:
            self._finish(stored, recording)

    def _finish(self, stored: RecordedAudio, recording: _RecordingFile) -> None:
        del self._files[stored.recording]
        _close(recording)
        if stored.recording in self._dropped:
            self._dropped.discard(stored.recording)
            recording.error = (
                recording.error or f"{stored.path}: the disk was too slow, parts are missing"
            )
        samples = 0 if recording.writer is None else recording.writer.samples
        finished = RecordingWritten(
            recording=stored.recording,
            path=stored.path,
            seconds=samples / RATE,
            error=recording.error,
        )
        self._tell(finished)


def _create(path: Path) -> BinaryIO:
    """Create a file with mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b")


def _close(recording: _RecordingFile) -> None:
    if recording.file is not None:
        try:
            recording.file.close()
        except OSError as error:
            recording.error = recording.error or str(error.strerror or error)
