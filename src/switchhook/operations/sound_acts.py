"""What the operator changes about sounds and recordings, as values; `operations/control.py` tells what such values are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from switchhook.operations.recordings import NotDeletedError, find_call
from switchhook.operations.sounds import Added, keep_sound
from switchhook.tasks import compute
from switchhook.webhooks.recording_links import ALL

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.operations.recordings import Recordings


class SoundParts(Protocol):
    """What these acts are carried out on."""

    @property
    def data_dir(self) -> Path:
        """Return where sounds lie."""

    @property
    def recordings(self) -> Recordings:
        """Return what was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSound:
    """Keep a sound that callers hear: 8 kHz mono of 16 bits."""

    project: str
    name: str
    pcm: bytes
    by: str
    result: ClassVar = Added

    async def perform(self, on: SoundParts) -> Added:
        """Keep it. Raises SoundError."""
        return keep_sound(on.data_dir, self.pcm, project=self.project, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Recordings that are there no more."""

    project: str
    recordings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRecording:
    """Delete a recording of a call, or all of it."""

    call: str
    by: str
    recording: str = ALL
    result: ClassVar = Deleted

    async def perform(self, on: SoundParts) -> Deleted:
        """Delete it. Raises NoSuchRecordingError, NotDeletedError."""
        name = find_call(on.recordings, self.call, self.recording)
        try:
            gone = await compute(on.recordings.remove, name, by=self.by)
        except OSError as error:
            raise NotDeletedError(
                f"{error.filename} cannot be deleted: {error.strerror}; give the data directory to its server"
            ) from error
        return Deleted(project=name.project, recordings=tuple(one.name.recording for one in gone))


SOUND_ACTS = {"keep-sound": KeepSound, "remove-recording": RemoveRecording}
"""These acts by their names."""
