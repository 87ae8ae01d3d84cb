"""A backup holds everything as it was at one moment, and is put back whole or not at all."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
import threading
from typing import TYPE_CHECKING

import pytest

from switchhook.errors import ExpectedError
from switchhook.operations.backup import KEY, MANIFEST, BackupError, back_up, restore
from switchhook.operations.data_dir import DATABASE, InUseError, written
from switchhook.operations.projects import apply_project
from switchhook.operations.recordings import LINK_KEY
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite import connection
from switchhook.storage.sqlite.opening import SqliteBackups
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STORE = SqliteBackups()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a project, a sound and a recording."""
    where = tmp_path / "data"
    where.mkdir(mode=0o700)

    async def fill() -> None:
        store = await SqliteStore.open(where / DATABASE)
        await apply_project(store, MINIMAL)
        await store.close()

    run(fill())
    for name in ("sounds/acme/hello.wav", "recordings/acme/1.2/message.wav"):
        (where / name).parent.mkdir(parents=True)
        (where / name).write_bytes(name.encode())
    return where


def backup_of(data_dir: Path, *, with_recordings: bool = True) -> bytes:
    to = io.BytesIO()
    back_up(data_dir, to, STORE, now=1_000.0, with_recordings=with_recordings)
    return to.getvalue()


def names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as entries:
        return entries.getnames()


def projects(data_dir: Path) -> list[str]:
    async def look() -> list[str]:
        store = await SqliteStore.open(data_dir / DATABASE)
        found = [one.id for one in await store.projects()]
        await store.close()
        return found

    return run(look())


def changed(archive: bytes, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> bytes:
    """Return the archive with other entries."""
    to = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as old,
        tarfile.open(fileobj=to, mode="w") as new,
    ):
        for entry in old:
            data = old.extractfile(entry)
            assert data is not None
            if (found := change(entry.name, data.read())) is not None:
                other = tarfile.TarInfo(found[0])
                other.size = len(found[1])
                new.addfile(other, io.BytesIO(found[1]))
    return to.getvalue()


def test_everything_comes_back(data_dir: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    to = io.BytesIO()
    count = back_up(data_dir, to, STORE, now=1_000.0, progress=lambda *one: told.append(one))
    where = tmp_path / "other"

    restored = restore(where, io.BytesIO(to.getvalue()), STORE)

    assert restored.files == count == 5
    assert restored.created_at == 1_000.0
    assert projects(where) == ["acme"]
    assert (where / KEY).read_bytes() == (data_dir / KEY).read_bytes()
    for name in ("sounds/acme/hello.wav", "recordings/acme/1.2/message.wav"):
        assert (where / name).read_bytes() == name.encode()
    assert all(file.stat().st_mode & 0o077 == 0 for file in (where / DATABASE, where / KEY))
    assert told[-1] == ("writing the archive", 1.0)
    assert not list(data_dir.glob(".backup*"))


def test_links_to_recordings_stay_good(data_dir: Path, tmp_path: Path) -> None:
    (data_dir / LINK_KEY).write_bytes(b"k" * 32)
    where = tmp_path / "other"

    restored = restore(where, io.BytesIO(backup_of(data_dir)), STORE)

    assert restored.files == 6
    assert (where / LINK_KEY).read_bytes() == b"k" * 32
    assert (where / LINK_KEY).stat().st_mode & 0o077 == 0


def test_recordings_may_be_left_out(data_dir: Path) -> None:
    archive = backup_of(data_dir, with_recordings=False)
    assert names(archive) == [MANIFEST, DATABASE, KEY, "sounds/acme/hello.wav"]


def test_what_is_written_meanwhile_makes_no_mix(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in pairs, which another connection adds all the time: a copy has both or none."""
    monkeypatch.setattr(connection, "COPIED_AT_ONCE", 1)
    began, stop = threading.Event(), threading.Event()

    def write() -> None:
        with sqlite3.connect(data_dir / DATABASE, isolation_level=None) as to:
            to.execute("CREATE TABLE pairs (n INTEGER, filler BLOB)")
            number = 0
            while not stop.is_set():
                number += 1
                to.execute("BEGIN")
                for _ in range(2):
                    to.execute("INSERT INTO pairs VALUES (?, randomblob(9000))", (number,))
                to.execute("COMMIT")
                began.set()
        to.close()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        assert began.wait(10.0)
        for attempt in range(5):
            copy = data_dir / f"copy {attempt}"
            STORE.copy(data_dir / DATABASE, copy, lambda _: None)
            with sqlite3.connect(copy) as to:
                (rows, least) = to.execute(
                    "SELECT count(*), min(rows) FROM (SELECT count(*) AS rows FROM pairs GROUP BY n)"
                ).fetchone()
            to.close()
            assert (rows > 0, least) == (True, 2)
    finally:
        stop.set()
        writing.join()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda name, data: None if name == KEY else (name, data), f"no {KEY}"),
        (lambda name, data: (name, b"x" * 32 if name == KEY else data), "key"),
        (lambda name, data: (name, data[:9000] if name == DATABASE else data), "damaged"),
        (lambda name, data: (name, b"no database" if name == DATABASE else data), "database"),
        (lambda name, data: (name, b"[]" if name == MANIFEST else data), "backup.json"),
        (lambda name, data: (name, b"{}" if name == MANIFEST else data), "backup.json"),
        (
            lambda name, data: (
                name,
                json.dumps({"form": 2, "created_at": 1, "switchhook": "9.0"}).encode()
                if name == MANIFEST
                else data,
            ),
            "newer Switchhook",
        ),
        (lambda name, data: (name.replace("sounds/acme", "sounds/../.."), data), "hello.wav"),
        (lambda name, data: (name.replace("sounds", "/tmp"), data), "/tmp"),
        (lambda name, data: (name.replace("sounds/acme/", ".bashrc"), data), ".bashrc"),
    ],
)
def test_what_is_no_whole_backup_leaves_nothing_behind(
    data_dir: Path,
    tmp_path: Path,
    change: Callable[[str, bytes], tuple[str, bytes] | None],
    why: str,
) -> None:
    where = tmp_path / "other"
    archive = changed(backup_of(data_dir), change)
    with pytest.raises(ExpectedError, match=why) as told:
        restore(where, io.BytesIO(archive), STORE)
    assert isinstance(told.value, BackupError | StoreError)
    assert {file.suffix for file in where.iterdir()} == {".lock"}


@pytest.mark.parametrize("length", [0, 100, 20_000])
def test_an_archive_that_was_cut_off_is_refused(
    data_dir: Path, tmp_path: Path, length: int
) -> None:
    archive = backup_of(data_dir)[:length]
    with pytest.raises(BackupError, match="archive"):
        restore(tmp_path / "other", io.BytesIO(archive), STORE)
    assert not (tmp_path / "other" / DATABASE).exists()


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode="w") as archive:
        link = tarfile.TarInfo("sounds/acme/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(BackupError, match="which no backup"):
        restore(tmp_path / "other", io.BytesIO(to.getvalue()), STORE)


def test_a_directory_with_data_is_left_alone(data_dir: Path) -> None:
    before = (data_dir / DATABASE).read_bytes()
    with pytest.raises(BackupError, match="already"):
        restore(data_dir, io.BytesIO(backup_of(data_dir)), STORE)
    assert (data_dir / DATABASE).read_bytes() == before


def test_a_directory_in_use_is_left_alone(data_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with written(other), pytest.raises(InUseError):
        restore(other, io.BytesIO(backup_of(data_dir)), STORE)


def test_without_a_database_or_its_key_there_is_no_backup(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no database"):
        backup_of(tmp_path / "nowhere")
    (data_dir / KEY).unlink()
    with pytest.raises(BackupError, match="is missing"):
        backup_of(data_dir)
    assert not list(data_dir.glob(".backup*"))
