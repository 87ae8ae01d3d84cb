"""Operations on recordings: list, find, link, save and remove them; delete what is old.

The recording `r1` of a call of project `shop` lies in `<data dir>/recordings/shop/<call>/r1.wav`. The files are
the truth: one that was removed is gone from every list, and its links are answered with 404.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.errors import ExpectedError
from switchhook.sip.rtp.wav import HEAD_SIZE, read_head, write_head
from switchhook.storage.encryption import create_key, read_key
from switchhook.storage.records import StoreError
from switchhook.webhooks.mail import MAX_ATTACHMENT
from switchhook.webhooks.recording_links import ALL, NO_LINKS, RecordingLinks, RecordingName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

log = structlog.get_logger(__name__)

RECORDINGS: Final = "recordings"
"""The folder of recordings in the data directory: one of each project, therein one of each call."""
LINK_KEY: Final = "recording-links.key"
"""The key that signs links, in the data directory. Without it all links that were given out are void."""
SUFFIX: Final = ".wav"


class NoSuchRecordingError(ExpectedError, LookupError):
    """There is no such recording, or no longer."""


class NotDeletedError(ExpectedError):
    """A recording cannot be deleted. The message says why, and what to do."""


class NotSavedError(ExpectedError):
    """A recording cannot be copied. The message says why."""


class NoLinkError(ExpectedError):
    """No link can be made. The message says why, and what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecording:
    """A recording that can be heard."""

    name: RecordingName
    seconds: float
    size: int
    """Bytes of its file."""
    at: float
    """Unix seconds of its end."""
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """Bytes of a file."""

    path: Path
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSound:
    """A WAV file, or several as one: a head, and the parts that follow it."""

    head: bytes
    parts: tuple[FilePart, ...]
    version: str
    """Another for other bytes."""
    at: float
    """Unix seconds of the last change."""

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return len(self.head) + sum(part.size for part in self.parts)

    def read(self, start: int, stop: int) -> bytes:
        """Return bytes from `start` up to `stop`; fewer where a file was cut. Raises OSError."""
        found = [self.head[start:stop]]
        place = len(self.head)
        for part in self.parts:
            first, last = max(start, place) - place, min(stop, place + part.size) - place
            if first < last:
                found.append(_read(part.path, part.offset + first, last - first))
            place += part.size
        return b"".join(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """The recordings of all projects, and what makes links to them."""

    folder: Path
    links: RecordingLinks

    def list(
        self, *, project: str | None = None, call: str | None = None, limit: int = 1_000
    ) -> tuple[StoredRecording, ...]:
        """Return recordings: calls newest first, those of one call in their order. Looks at each file."""
        found: list[StoredRecording] = []
        for folder in self._call_folders(project, call):
            if len(found) >= limit:
                break
            found += _in(folder)
        return tuple(found[:limit])

    def find(self, name: RecordingName) -> RecordedSound:
        """Return the sound of a recording, or of all of a call. Raises NoSuchRecordingError."""
        stored = self._named(name)
        head, parts = b"", [self._part(one) for one in stored]
        if name.recording == ALL:
            # Recordings of another form than the first cannot stand in one file with it.
            alike = [one for one in stored if one.channels == stored[0].channels]
            parts = [self._part(one, offset=HEAD_SIZE) for one in alike]
            head = write_head(sum(part.size for part in parts), channels=stored[0].channels)
        return RecordedSound(
            head=head,
            parts=tuple(parts),
            version="-".join(f"{one.name.recording}-{one.size:x}-{one.at:.6f}" for one in stored),
            at=max(one.at for one in stored),
        )

    def link(self, name: RecordingName, *, expires: float) -> str:
        """Return a link to a recording that is there. Raises NoSuchRecordingError, NoLinkError."""
        self._named(name)
        if not self.links.base:
            raise NoLinkError(
                "links need a URL to begin with: set public_url to that at which the HTTP API is reached"
            )
        return self.links.link(name, expires=expires)

    def save(self, name: RecordingName, file: BinaryIO) -> int:
        """Write a recording, or all of a call, into a file; return how many bytes. Raises OSError."""
        sound = self.find(name)
        file.writelines(sound.read(start, start + _BLOCK) for start in range(0, sound.size, _BLOCK))
        return sound.size

    def remove(self, name: RecordingName, *, by: str) -> tuple[StoredRecording, ...]:
        """Delete a recording, or all of a call, and return what was deleted. Raises NoSuchRecordingError, OSError."""
        stored = self._named(name)
        for one in stored:
            self._path(one.name).unlink(missing_ok=True)
            log.info("recording deleted", recording=str(one.name), by=by)
        _remove_empty(self._path(stored[0].name).parent)
        return stored

    def _named(self, name: RecordingName) -> tuple[StoredRecording, ...]:
        stored = tuple(
            one
            for one in _in(self.folder / name.project / name.call)
            if name.recording in {one.name.recording, ALL}
        )
        if not stored:
            what = "recording" if name.recording == ALL else f"recording {name.recording}"
            raise NoSuchRecordingError(
                f"there is no {what} of call {name.call} in project {name.project}, or it was deleted"
            )
        return stored

    def _part(self, one: StoredRecording, offset: int = 0) -> FilePart:
        return FilePart(path=self._path(one.name), offset=offset, size=one.size - offset)

    def _path(self, name: RecordingName) -> Path:
        return self.folder / f"{name}{SUFFIX}"

    def _call_folders(self, project: str | None, call: str | None) -> Iterator[Path]:
        """Yield the folders of calls, newest first: their names begin with the time."""
        projects = _names(self.folder) if project is None else [project]
        calls = [
            (name, self.folder / each / name)
            for each in projects
            for name in ([call] if call is not None else _names(self.folder / each))
        ]
        for _, folder in sorted(calls, reverse=True):
            yield folder


def find_call(kept: Recordings, call: str, recording: str = ALL) -> RecordingName:
    """Return the name of a recording of a call, whichever project's that is. Raises NoSuchRecordingError."""
    for one in kept.list(call=call):
        if recording in {one.name.recording, ALL}:
            return RecordingName(project=one.name.project, call=call, recording=recording)
    what = "nothing is recorded" if recording == ALL else f"there is no recording {recording}"
    raise NoSuchRecordingError(
        f"{what} of call {call}, or it was deleted; `switchhook recordings list` lists what there is"
    )


def sound_to_attach(kept: Recordings, written: str) -> bytes | None:
    """Return the recording of this name; None for one that was deleted, or is too large for a mail."""
    try:
        sound = kept.find(RecordingName.parse(written))
        return sound.read(0, sound.size) if sound.size <= MAX_ATTACHMENT else None
    except (ValueError, OSError, NoSuchRecordingError):
        return None


def save_recording(kept: Recordings, name: RecordingName, path: Path) -> int:
    """Copy a recording into a new file with mode 0600, and return its bytes. Raises NotSavedError."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise NotSavedError(f"{path} is there already; name another file") from error
    except OSError as error:
        raise NotSavedError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            return kept.save(name, file)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise NotSavedError(f"{path} cannot be written: {error.strerror}") from error


NO_RECORDINGS: Final = Recordings(folder=Path(os.devnull), links=NO_LINKS)
"""There are none."""
_BLOCK: Final = 1 << 20
_STILL_WRITTEN: Final = 60.0
"""Seconds since the last write within which a recording may be under way: those are written twice a second."""


def recordings_in(data_dir: Path, *, base: str, keep_days: int) -> Recordings:
    """Return the recordings of a data directory, whose key for links is made where it is missing.

    Links begin with `base`; without one there are none, and no key is needed. Raises StoreError.
    """
    folder, base = data_dir / RECORDINGS, base.rstrip("/")
    if not base:
        return Recordings(folder=folder, links=NO_LINKS)
    key = _link_key(data_dir / LINK_KEY)
    return Recordings(folder=folder, links=RecordingLinks(base=base, key=key, keep_days=keep_days))


def _link_key(path: Path) -> bytes:
    try:
        return read_key(path) if path.exists() else create_key(path)
    except (OSError, StoreError) as error:
        raise StoreError(
            f"the key that signs links to recordings cannot be used: {path}; check its owner and that it has 32"
            " bytes, restore it, or delete it, which makes all links void that were given out"
        ) from error


def _in(folder: Path) -> list[StoredRecording]:
    """Return the recordings of a call, in their order."""
    found: list[StoredRecording] = []
    for file in _names(folder):
        try:
            name = RecordingName(
                project=folder.parent.name, call=folder.name, recording=file.removesuffix(SUFFIX)
            )
            if file.endswith(SUFFIX) and name.recording != ALL:
                found.append(_stored(name, folder / file))
        except (OSError, ValueError):
            continue  # of another kind, or deleted at this moment
    return sorted(found, key=lambda one: int(one.name.recording[1:]))


def _stored(name: RecordingName, path: Path) -> StoredRecording:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is no file")
    channels, seconds = read_head(_read(path, 0, HEAD_SIZE), status.st_size)
    return StoredRecording(
        name=name, seconds=seconds, size=status.st_size, at=status.st_mtime, channels=channels
    )


def _read(path: Path, offset: int, size: int) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        file.seek(offset)
        return file.read(size)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []


def _remove_empty(folder: Path) -> None:
    """Remove a call's folder, and its project's, where nothing is left in it."""
    with suppress(OSError):  # something is in it
        folder.rmdir()
        folder.parent.rmdir()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed:
    """What was deleted since it was due."""

    recordings: int = 0
    size: int = 0
    """Bytes."""


def delete_due(
    kept: Recordings, project: str, *, before: float, max_bytes: int | None = None, now: float
) -> Trimmed:
    """Delete a project's recordings that ended before a time (Unix), and the oldest beyond so many bytes.

    The oldest go, and the newest are made all the same: those are asked for, and a limit that refused them would
    be noticed when somebody misses one. One that is being written stays. What cannot be deleted is left for
    the next time, and logged.
    """
    stored = sorted(kept.list(project=project, limit=sys.maxsize), key=lambda one: one.at)
    left, count, freed = sum(one.size for one in stored), 0, 0
    for one in stored:
        is_due = one.at < before or (max_bytes is not None and left > max_bytes)
        if not is_due or now - one.at < _STILL_WRITTEN:
            continue
        path = kept.folder / f"{one.name}{SUFFIX}"
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("recording not deleted", path=str(path), error=str(error.strerror or error))
            continue
        _remove_empty(path.parent)
        left, count, freed = left - one.size, count + 1, freed + one.size
    return Trimmed(recordings=count, size=freed)


def delete_recordings(data_dir: Path, *, before: float) -> int:
    """Delete the recordings last written to before a time (Unix), and emptied folders; say how many.

    What cannot be deleted is left for the next time, and logged.
    """
    deleted = 0
    for file in (data_dir / RECORDINGS).glob("*/*/*.wav"):
        try:
            if file.stat().st_mtime >= before:
                continue
            file.unlink()
            deleted += 1
            _remove_empty(file.parent)
        except OSError as error:
            log.warning("recording not deleted", path=str(file), error=str(error.strerror or error))
    return deleted
