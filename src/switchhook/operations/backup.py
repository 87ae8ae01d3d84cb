"""Operations on backups: one file of everything in a data directory, made while a server runs, and put back.

The archive is a tar, with the database first, as it was at one moment, then its key, sounds, tables and recordings.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from switchhook import __version__
from switchhook.errors import ExpectedError
from switchhook.operations.data_dir import DATABASE, prepare, written
from switchhook.operations.recordings import LINK_KEY, RECORDINGS
from switchhook.operations.sounds import SOUNDS
from switchhook.operations.tables.files import TABLES_FOLDER
from switchhook.storage.encryption import key_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

MANIFEST: Final = "backup.json"
FORM: Final = 1
"""Of the archive; a newer one may be another."""
KEY: Final = key_path(Path(DATABASE)).name
FOLDERS: Final = (SOUNDS, TABLES_FOLDER, RECORDINGS)
_FILES: Final = (DATABASE, KEY)
_NEEDED: Final = frozenset({MANIFEST, *_FILES})


class Progress(Protocol):
    """Hears what is being done, and how much of it is done."""

    def __call__(self, what: str, done: float, /) -> None:
        """`done` is from 0 to 1."""


def _untold(_what: str, _done: float, /) -> None:
    """Tell nobody."""


class BackupError(ExpectedError):
    """No backup can be made or put back. The message says why, and what to do."""


class Databases(Protocol):
    """What a store does for backups."""

    def copy(self, source: Path, target: Path, progress: Callable[[float], None]) -> None:
        """Copy a database as it is at one moment, whoever writes meanwhile. Raises StoreError."""

    def verify(self, database: Path) -> None:
        """Raise StoreError where a copy is damaged, no database of ours, or of a newer version."""


class Restored(NamedTuple):
    """What was put back."""

    created_at: float
    """Unix seconds."""
    version: str
    """Of the Switchhook that made the backup."""
    files: int


def back_up(
    data_dir: Path,
    to: BinaryIO,
    databases: Databases,
    *,
    now: float,
    with_recordings: bool = True,
    progress: Progress = _untold,
) -> int:
    """Write a backup, and return how many files are in it. A server may run, and write, meanwhile.

    Raises BackupError, StoreError, OSError.
    """
    database = data_dir / DATABASE
    if not database.exists():
        raise BackupError(
            f"there is no database in {data_dir}: name the data directory of the server with --data-dir"
        )
    # Beside the original: it is as large, and no other disk is known to have the room.
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=data_dir) as folder:
        copy = Path(folder) / "copy"
        databases.copy(database, copy, lambda done: progress("copying the database", done))
        with tarfile.open(fileobj=to, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            about = {"switchhook": __version__, "created_at": now, "form": FORM}
            manifest = Path(folder) / MANIFEST
            manifest.write_text(json.dumps(about), encoding="utf-8")
            count = 0
            folders = FOLDERS if with_recordings else (SOUNDS, TABLES_FOLDER)
            files = [(manifest, MANIFEST), (copy, DATABASE)]
            files += [(data_dir / name, name) for name in (KEY, LINK_KEY)]
            files += [(one, str(one.relative_to(data_dir))) for one in _found(data_dir, folders)]
            for number, (file, name) in enumerate(files):
                progress("writing the archive", number / len(files))
                count += _add(archive, file, name, is_needed=name in _NEEDED)
    progress("writing the archive", 1.0)
    return count


def _found(data_dir: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        for directory, _, names in sorted(os.walk(data_dir / folder)):
            for name in sorted(names):
                if (file := Path(directory) / name).is_file() and not file.is_symlink():
                    yield file


def _add(archive: tarfile.TarFile, path: Path, name: str, *, is_needed: bool) -> bool:
    """Add a file as long as it is now; a recording that is deleted meanwhile is left out."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        if is_needed:
            raise BackupError(
                f"{path} is missing: without it nothing of the database that is encrypted can be read"
            ) from None
        return False
    with file:
        entry = archive.gettarinfo(arcname=name, fileobj=file)
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o600
        archive.addfile(entry, file)
    return True


def restore(
    data_dir: Path,
    archive: BinaryIO,
    databases: Databases,
    *,
    progress: Progress = _untold,
) -> Restored:
    """Put a backup into a directory that has no database, all of it or nothing.

    Raises BackupError, StoreError where the backup is damaged, InUseError where a server has the directory.
    """
    prepare(data_dir)
    with written(data_dir):
        there = [name for name in (*_FILES, *FOLDERS) if _is_there(data_dir / name)]
        if there:
            raise BackupError(
                f"{data_dir} has {', '.join(there)} already: restore into another directory (--data-dir),"
                " or move these away"
            )
        with _emptied_at_the_end(data_dir) as folder:
            progress("reading the archive", 0.0)
            count = _extract(archive, folder)
            version, created_at = _manifest(folder)
            progress("checking the database", 0.5)
            databases.verify(folder / DATABASE)
            for name in (
                *FOLDERS,
                LINK_KEY,
                KEY,
                DATABASE,
            ):  # the database last: with it, there is a backup
                if (folder / name).exists():
                    with suppress(FileNotFoundError, NotADirectoryError):
                        (data_dir / name).rmdir()
                    (folder / name).rename(data_dir / name)
        progress("checking the database", 1.0)
    return Restored(created_at=created_at, version=version, files=count)


def _is_there(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


@contextmanager
def _emptied_at_the_end(data_dir: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".restore-", dir=data_dir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _extract(archive: BinaryIO, folder: Path) -> int:
    """Take out what belongs to a backup, and nothing else: no link, no path that leads elsewhere."""
    count = 0
    try:
        with tarfile.open(fileobj=archive, mode="r|*") as entries:
            for entry in entries:
                parts = Path(entry.name).parts
                is_ours = entry.name in {*_NEEDED, LINK_KEY} or (
                    len(parts) > 1 and parts[0] in FOLDERS
                )
                if not entry.isreg() or not is_ours or ".." in parts or entry.name.startswith("/"):
                    raise BackupError(
                        f"the archive holds {entry.name[:200]!r}, which no backup of Switchhook does;"
                        " nothing was restored"
                    )
                target = folder / entry.name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                data = entries.extractfile(entry)
                assert data is not None  # noqa: S101 (it is a file)
                with target.open("xb") as file:
                    target.chmod(0o600)
                    shutil.copyfileobj(data, file, 1 << 20)
                count += 1
    except (tarfile.TarError, EOFError, FileExistsError) as error:
        raise BackupError(
            f"the archive cannot be read to its end ({error}): it is damaged, cut off, or no backup of"
            " Switchhook; nothing was restored"
        ) from error
    missing = sorted(name for name in _NEEDED if not (folder / name).exists())
    if missing:
        raise BackupError(
            f"the archive has no {', '.join(missing)}: it is no backup of Switchhook, or was cut off;"
            " nothing was restored"
        )
    return count


def _manifest(folder: Path) -> tuple[str, float]:
    """Return the version of Switchhook that made a backup, and when."""
    try:
        about = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        form, created_at, version = about["form"], float(about["created_at"]), about["switchhook"]
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(
            f"{MANIFEST} of the archive cannot be read; nothing was restored"
        ) from error
    if form != FORM:
        raise BackupError(
            f"the backup was made by a newer Switchhook ({version}): install that version"
        )
    return str(version), created_at
