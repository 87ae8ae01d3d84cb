"""Writes recordings to their files, in a thread of its own: a slow disk delays nobody's sound."""

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

    from switchhook.sip.rtp.media import Stored

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 4_000
"""Pieces of half a second that wait for the disk before further ones are dropped: some 32 MB."""


@dataclass(slots=True)
class _Page:
    """A file that is being written; without a writer it could not be made."""

    file: BinaryIO | None = None
    writer: WavWriter | None = None
    error: str = ""


class Scribe:
    """`tell` is called in the scribe's thread."""

    def __init__(self, tell: Callable[[RecordingWritten], None]) -> None:
        self._tell = tell
        self._work: SimpleQueue[Stored | None] = SimpleQueue()
        self._pages: dict[str, _Page] = {}
        self._dropped: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)

    def start(self) -> None:
        """Begin to write what comes."""
        self._thread.start()

    def store(self, stored: Stored) -> None:
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
        for page in self._pages.values():
            _close(page)

    def _write(self, stored: Stored) -> None:
        page = self._pages.get(stored.recording)
        try:
            if page is None:
                page = self._pages[stored.recording] = _Page()
                page.file = _create(stored.path)
                page.writer = WavWriter(page.file)
            if page.writer is not None and not page.error:
                page.writer.write(stored.pcm)
        except Exception as error:  # noqa: BLE001 -- one recording's trouble is not everybody's
            page = self._pages[stored.recording]
            reason = error.strerror if isinstance(error, OSError) else ""
            page.error = f"{stored.path}: {reason or error!r}"
            log.warning("recording not written", recording=stored.recording, error=page.error)
        if stored.ends:
            self._finish(stored, page)

    def _finish(self, stored: Stored, page: _Page) -> None:
        del self._pages[stored.recording]
        _close(page)
        if stored.recording in self._dropped:
            self._dropped.discard(stored.recording)
            page.error = page.error or f"{stored.path}: the disk was too slow, parts are missing"
        samples = 0 if page.writer is None else page.writer.samples
        finished = RecordingWritten(
            recording=stored.recording,
            path=stored.path,
            seconds=samples / RATE,
            error=page.error,
        )
        self._tell(finished)


def _create(path: Path) -> BinaryIO:
    """Open a new file that nobody but us reads."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b")


def _close(page: _Page) -> None:
    if page.file is not None:
        try:
            page.file.close()
        except OSError as error:
            page.error = page.error or str(error.strerror or error)
