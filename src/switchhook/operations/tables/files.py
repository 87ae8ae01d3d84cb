"""The files of tables: `<data dir>/tables/PROJECT/NAME.csv`, imported, checked, and taken again when they change."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.webhook import table_of
from switchhook.errors import ExpectedError
from switchhook.files import replace_file
from switchhook.operations.sounds import missing_sounds
from switchhook.operations.tables.table import (
    MOST_BYTES,
    DestinationTable,
    first_mistakes,
    read_table,
    tables_used,
)
from switchhook.projectfile.toml.mistakes import Mistakes, shown
from switchhook.projectfile.types.project import PROJECT_ID, TABLE_NAME
from switchhook.tasks import compute, spawn
from switchhook.webhooks.dialects.table import question_of, table_answer
from switchhook.webhooks.http import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switchhook.domain.project import Project, ProjectSnapshot
    from switchhook.domain.webhook import RoutingWebhook
    from switchhook.webhooks.http import HttpRequest

log = structlog.get_logger(__name__)

TABLES_FOLDER: Final = "tables"
"""The folder of tables in the data directory."""
MOST_TABLES: Final = 100
"""Tables of one project: each may be as large as the disk has room for a hundred times."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks whether a file has changed."""
LONGEST_READ: Final = 60.0
"""Seconds that the first reading of a table is waited for, before the next one is read beside it."""


class TableError(ExpectedError):
    """A table cannot be had or kept. The message says why, and what to do."""


def path_of(data_dir: Path, project: str, name: str) -> Path:
    """Return where a table lies. Raises TableError for a name that is none."""
    if not re.fullmatch(PROJECT_ID.pattern, project):
        raise TableError(f"{shown(project)} is no id of a project: write {PROJECT_ID.what}")
    if not TABLE_NAME.fullmatch(name):
        raise TableError(
            f"{shown(name)} cannot name a table: write 1 to 64 letters, digits, hyphens and underscores"
        )
    return data_dir / TABLES_FOLDER / project / f"{name}.csv"


def load(path: Path, snapshot: ProjectSnapshot, name: str) -> DestinationTable | Mistakes:
    """Read a table's file. Raises TableError where it cannot be read at all."""
    return read_table(read_file(path), snapshot, name)


def read_file(path: Path) -> bytes:
    """Return the bytes of a table, or one more than it may have. Raises TableError."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise TableError(
            f"there is no {path}; `switchhook table import FILE --name {path.stem}"
            f" --project {path.parent.name}` puts one there"
        ) from error
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error


def import_table(
    data_dir: Path, content: bytes, snapshot: ProjectSnapshot, name: str
) -> DestinationTable | Mistakes:
    """Check a table and put it where calls look it up, in place of the old one of its name. Raises TableError."""
    path = path_of(data_dir, snapshot.project.id, name)
    there = tables_there(data_dir, snapshot.project.id)
    if len(there) >= MOST_TABLES and name not in there:
        raise TableError(f"the project has {len(there)} tables; remove one that no webhook asks")
    table = read_table(content, snapshot, name)
    if isinstance(table, Mistakes):
        return table
    try:
        replace_file(path, content)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror or error}") from error
    return table


def remove_table(data_dir: Path, project: str, name: str) -> None:
    """Remove a table. Raises TableError where there is none."""
    path = path_of(data_dir, project, name)
    try:
        path.unlink()
    except FileNotFoundError as error:
        raise TableError(f"project {project} has no table {name}") from error
    except OSError as error:
        raise TableError(f"{path} cannot be removed: {error.strerror or error}") from error


def tables_there(data_dir: Path, project: str) -> tuple[str, ...]:
    """Return the names of a project's tables. Raises TableError."""
    folder = path_of(data_dir, project, "x").parent
    try:
        files = sorted(folder.iterdir())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TableError(f"{folder} cannot be read: {error.strerror or error}") from error
    names = (one.name.removesuffix(".csv") for one in files if one.name.endswith(".csv"))
    return tuple(name for name in names if TABLE_NAME.fullmatch(name))


def missing_files(data_dir: Path, project: Project) -> tuple[str, ...]:
    """Return a note for each sound of a project that cannot be played, and each table that calls cannot look up."""
    return (*missing_sounds(data_dir, project), *missing_tables(data_dir, project))


def missing_tables(data_dir: Path, project: Project) -> tuple[str, ...]:
    """Return a note for each table that webhooks of a project ask, and that is not there or is wrong."""
    from switchhook.domain.project import ProjectSnapshot  # noqa: PLC0415 (most projects have none)

    notes = []
    for name in tables_used(project):
        try:
            table = load(path_of(data_dir, project.id, name), ProjectSnapshot(project), name)
        except TableError as error:
            notes.append(f"table {name}: {error}")
            continue
        if isinstance(table, Mistakes):
            notes.append(f"table {name}: {first_mistakes(table)}")
    return tuple(notes)


@dataclass(slots=True)
class _Kept:
    stamp: tuple[int, ...]
    version: int
    """That of the project whose accounts and numbers it was checked by."""
    table: DestinationTable | None
    why: str = ""
    """Why there is none."""


class TableFiles:
    """The tables of all projects under a data directory, as asks want them."""

    def __init__(
        self, data_dir: Path, snapshot_of: Callable[[str], ProjectSnapshot | None]
    ) -> None:
        """`snapshot_of` returns the version of a project that the next call follows."""
        self._data_dir = data_dir
        self._snapshot_of = snapshot_of
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._reading: dict[tuple[str, str], asyncio.Task[_Kept]] = {}

    async def exchange(
        self,
        request: HttpRequest,
        webhook: RoutingWebhook,
        snapshot: ProjectSnapshot,
        seconds: float,
    ) -> Exchange:
        """Return what a table answers within so many seconds, or why it does not, as an endpoint's exchange."""
        name = table_of(request.url)
        began = asyncio.get_running_loop().time()
        kept = await self._have(snapshot, name, seconds)
        took = (("total", asyncio.get_running_loop().time() - began),)
        if kept is None:
            why = f"table {name} is still being read after {seconds:.1f} s, and looked up from then on"
            return _failed(request, why)._replace(seconds=took)
        if kept.table is None:
            why = f"table {name}: {kept.why}"
            return _failed(request, why)._replace(seconds=took)
        row = kept.table.find(question_of(request))
        response = table_answer(webhook, row)
        if row is None and not response.body.startswith(b"status="):
            return _failed(request, f"table {name} has no row for this call")._replace(seconds=took)
        return Exchange(request=request, response=response, failure=None, seconds=took)

    async def _have(self, snapshot: ProjectSnapshot, name: str, seconds: float) -> _Kept | None:
        """Return a table; None where it is still being read, once for all who want it."""
        key = snapshot.project.id, name
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        task = self._reading.get(key)
        if task is None:
            task = self._reading[key] = spawn(self._take(snapshot, name), name=f"read table {name}")
            task.add_done_callback(lambda _: self._reading.pop(key, None))
        done, _ = await asyncio.wait([task], timeout=seconds)
        return task.result() if done else None

    async def _take(self, snapshot: ProjectSnapshot, name: str) -> _Kept:
        kept = await self._load(snapshot, name)
        return self._kept.setdefault((snapshot.project.id, name), kept)

    async def _load(self, snapshot: ProjectSnapshot, name: str) -> _Kept:
        path = path_of(self._data_dir, snapshot.project.id, name)
        stamp, version = stamp_of(path), snapshot.project.version
        try:
            read = await compute(load, path, snapshot, name)
        except TableError as error:
            return _Kept(stamp, version, None, str(error))
        if isinstance(read, Mistakes):
            return _Kept(stamp, version, None, first_mistakes(read))
        return _Kept(stamp, version, read)

    async def watch(self) -> None:
        """Take every table again that has changed; one with mistakes leaves the one before in force."""
        await self._read_all()  # a large one takes seconds, which no caller should wait
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self.refresh()

    async def _read_all(self) -> None:
        """Read the tables that are there and asked, one after another."""
        for project in _names(self._data_dir / TABLES_FOLDER):
            snapshot = self._snapshot_of(project)
            for name in () if snapshot is None else tables_used(snapshot.project):
                if snapshot is not None:
                    await self._have(snapshot, name, LONGEST_READ)

    async def refresh(self) -> None:
        """Do that once."""
        for (project, name), kept in list(self._kept.items()):
            snapshot = self._snapshot_of(project)
            if snapshot is None or name not in tables_used(snapshot.project):
                del self._kept[project, name]
                continue
            stamp = stamp_of(path_of(self._data_dir, project, name))
            if (stamp, snapshot.project.version) == (kept.stamp, kept.version):
                continue
            new = await self._load(snapshot, name)
            is_news = new.stamp != kept.stamp or new.why != kept.why
            if new.table is not None:
                self._kept[project, name] = new
                if is_news:
                    log.info("table loaded", project=project, table=name, rows=new.table.size)
                continue
            kept.stamp, kept.version, kept.why = new.stamp, new.version, new.why
            if is_news:
                log.error("table not loaded", project=project, table=name, error=new.why)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(one.name for one in folder.iterdir() if one.is_dir())
    except OSError:
        return []


def _failed(request: HttpRequest, why: str) -> Exchange:
    failure = Failure(kind=FailureKind.TABLE, detail=why)
    return Exchange(request=request, response=None, failure=failure)


def stamp_of(path: Path) -> tuple[int, ...]:
    """Return what is another for another file: two of one size may be written within one tick of the clock."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino
