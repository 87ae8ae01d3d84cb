"""Operations on sounds: add one, and find it for running calls.

A sound named `greeting` of project `shop` lies in `<data dir>/sounds/shop/greeting.wav`; a project file may
name another file of that folder, or one anywhere on the machine.
"""

from __future__ import annotations

import re
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.errors import ExpectedError
from switchhook.files import replace_file
from switchhook.projectfile.types.project import PROJECT_ID
from switchhook.sip.rtp.packet import RATE
from switchhook.sip.rtp.wav import WavError, is_ready, read_wav, remark_on, write_wav

if TYPE_CHECKING:
    from switchhook.domain.project import Project

log = structlog.get_logger(__name__)

SOUNDS: Final = "sounds"
"""The folder of sounds in the data directory."""
MAX_BYTES: Final = 128 << 20
"""Bytes of a file that is looked at: ten minutes of stereo in CD quality, with room to spare."""
KEPT: Final = 1_000
"""Sounds that are kept in memory."""


class SoundError(ExpectedError):
    """A sound cannot be added. The message is a sentence for people: what, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A sound that was added."""

    project: str
    name: str
    path: str
    seconds: float
    remark: str = ""
    """A suspicious property of the sound, such as silence or noise; empty for a usual one."""


def read_sound(file: Path) -> bytes:
    """Return a WAV file as 8 kHz mono of 16 bits. Raises SoundError."""
    try:
        return read_wav(_read(file))
    except WavError as error:
        raise SoundError(f"{file}: {error}") from error
    except OSError as error:
        raise SoundError(f"{file} cannot be read: {error.strerror or error}") from error


def keep_sound(data_dir: Path, pcm: bytes, *, project: str, name: str) -> Added:
    """Store such a sound for a project, in place of the old one of that name. Raises SoundError."""
    _check(project, name)
    path = data_dir / SOUNDS / project / f"{name}.wav"
    try:
        replace_file(path, write_wav(pcm))
    except OSError as error:
        raise SoundError(f"{path} cannot be written: {error.strerror or error}") from error
    return Added(
        project=project,
        name=name,
        path=str(path),
        seconds=len(pcm) / 2 / RATE,
        remark=remark_on(pcm),
    )


MissingSounds = Callable[["Project"], tuple[str, ...]]
"""Says in notes which sounds of a project cannot be played."""


def no_missing_sounds(_: Project) -> tuple[str, ...]:
    """Check no file, when the folder for sounds is unknown."""
    return ()


def missing_sounds(data_dir: Path, project: Project) -> tuple[str, ...]:
    """Return a note for each sound of a project that has no WAV file where calls look for it."""
    folder = data_dir / SOUNDS
    found = ((sound, _trouble_of(folder, project.id, sound.file)) for sound in project.sounds)
    return tuple(
        f"sound {sound.name!r} will not be heard: {trouble}; `switchhook sound add FILE"
        f" --project {project.id} --name NAME` puts one there"
        for sound, trouble in found
        if trouble
    )


def _path_of(folder: Path, project: str, file: str) -> Path | None:
    """Return the path of a sound; None outside of the project's folder."""
    path = Path(file)
    if path.is_absolute():
        return path
    return None if ".." in path.parts else folder / project / path


def _trouble_of(folder: Path, project: str, file: str) -> str:
    """Say why a file is no sound of the project. Nothing is told of files that are not its own."""
    path = _path_of(folder, project, file)
    return f"{file} leads out of the project's folder" if path is None else _trouble(path)


def _trouble(path: Path) -> str:
    """Say why a file is no sound, from its first bytes; "" where it may be one."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return f"{path} is no file"
        with path.open("rb") as file:
            head = file.read(12)
    except FileNotFoundError:
        return f"there is no {path}"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror or error})"
    is_wave = head[:4] in {b"RIFF", b"RF64"} and head[8:] == b"WAVE"
    return "" if is_wave else f"{path} is no WAV file"


def _check(project: str, name: str) -> None:
    if not re.fullmatch(PROJECT_ID.pattern, project):
        raise SoundError(f"{project!r} is no id of a project: write {PROJECT_ID.what}")
    if not name.strip() or name.startswith(".") or set(name) & {"/", "\\", "\0"}:
        raise SoundError(
            f"{name!r} cannot name a sound: it is to be a file's name, without slash and first dot"
        )


def _read(file: Path) -> bytes:
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise WavError("this is no file but a folder or a device; name a WAV file")
    if status.st_size > MAX_BYTES:
        raise WavError(f"the file is larger than {MAX_BYTES >> 20} MiB; cut the sound")
    return file.read_bytes()


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: tuple[int, int]
    pcm: bytes | None
    """None for a file that cannot be played, or not before `prepare`, which was said already."""


class SoundFiles:
    """The sounds of all projects under a data directory, as the driver wants them."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / SOUNDS
        self._kept: dict[Path, _Kept] = {}
        self._lock = threading.Lock()

    def sound(self, project: str, file: str) -> bytes | None:
        """Return 8 kHz mono 16-bit PCM in machine order; None where it cannot be had.

        Returns at once: a file that has yet to be converted is not played before `prepare` has done so.
        That there is no file is for the caller to say, who knows whether there has to be one.
        """
        path = self._path(project, file)
        return None if path is None else self._load(path, convert=False)

    def prepare(self, project: Project) -> None:
        """Read and convert all sounds of a project, and say which cannot be played. Takes its time."""
        for sound in project.sounds:
            path = self._path(project.id, sound.file)
            if path is None or self._load(path, convert=True) is None:
                log.warning(
                    "sound cannot be played",
                    project=project.id,
                    sound=sound.name,
                    path=str(path or sound.file),
                )

    def _path(self, project: str, file: str) -> Path | None:
        path = _path_of(self._folder, project, file)
        if path is None:
            log.warning("sound outside its folder", project=project, file=file)
        return path

    def _load(self, path: Path, *, convert: bool) -> bytes | None:
        try:
            status = path.stat()
            stamp = status.st_mtime_ns, status.st_size
            with self._lock:
                kept = self._kept.get(path)
            if kept is not None and kept.stamp == stamp and (kept.pcm or not convert):
                return kept.pcm
            data = _read(path)
            if not convert and not is_ready(data):
                log.warning("sound not ready", path=str(path))
                self._keep(path, _Kept(stamp, None))
                return None
            pcm: bytes | None = read_wav(data)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("sound not read", path=str(path), error=str(error.strerror or error))
            return None
        except WavError as error:
            log.warning("sound not read", path=str(path), error=str(error))
            pcm = None
        self._keep(path, _Kept(stamp, pcm))
        return pcm

    def _keep(self, path: Path, new: _Kept) -> None:
        with self._lock:
            known = self._kept.get(path)
            if known is not None and known.stamp == new.stamp and known.pcm:
                return  # it was converted meanwhile
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[path] = new
