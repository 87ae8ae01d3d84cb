"""The tables of a project in a list: how many rows each has, who asks it, what is wrong with it; looked up by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.tables.files import TableError, load, path_of, stamp_of, tables_there
from switchhook.operations.tables.table import tables_used, webhooks_of
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.webhooks.dialects.table import WITHHELD, TableQuestion, comparable

if TYPE_CHECKING:
    from switchhook.operations.tables.table import DestinationTable
    from switchhook.webhooks.dialects.table import TableRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTable:
    """A table of a project."""

    name: str
    rows: int | None
    """None where it is missing or has mistakes."""
    changed_at: float | None
    """Unix seconds; None where it is missing."""
    asked_by: tuple[str, ...]
    """The webhooks that ask it."""
    trouble: str | None
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A table as it was read once."""

    stamp: tuple[int, ...]
    snapshot: ProjectSnapshot
    listed: ListedTable


@dataclass(slots=True)
class TableList:
    """Lists tables; a file that did not change since, under the same version of the project, is not read again."""

    data_dir: Path
    _read: dict[tuple[str, str], _Read] = field(default_factory=dict)

    def tables(self, snapshot: ProjectSnapshot) -> tuple[ListedTable, ...]:
        """Return the tables that are there or that webhooks ask. Raises TableError."""
        project = snapshot.project
        there = tables_there(self.data_dir, project.id)
        names = tuple(dict.fromkeys((*there, *tables_used(project))))
        for known in [one for one in self._read if one[0] == project.id and one[1] not in names]:
            del self._read[known]
        return tuple(self.table(snapshot, name) for name in names)

    def table(self, snapshot: ProjectSnapshot, name: str) -> ListedTable:
        """Return one of them. Raises TableError for a name that is none."""
        key = snapshot.project.id, name
        stamp = stamp_of(path_of(self.data_dir, *key))
        known = self._read.get(key)
        if known is None or known.stamp != stamp or known.snapshot is not snapshot:
            listed = _listed(self.data_dir, snapshot, name)
            known = self._read[key] = _Read(stamp, snapshot, listed)
        return known.listed


def as_listed(
    data_dir: Path,
    snapshot: ProjectSnapshot,
    name: str,
    *,
    rows: int | None = None,
    trouble: str | None = None,
) -> ListedTable:
    """Return a table as lists have it."""
    stamp = stamp_of(path_of(data_dir, snapshot.project.id, name))
    return ListedTable(
        name=name,
        rows=rows,
        changed_at=stamp[0] / 1e9 if stamp else None,
        asked_by=tuple(one.name for one in webhooks_of(snapshot.project, name)),
        trouble=trouble,
    )


def _listed(data_dir: Path, snapshot: ProjectSnapshot, name: str) -> ListedTable:
    path = path_of(data_dir, snapshot.project.id, name)
    try:
        read = load(path, snapshot, name)
    except TableError:
        is_there = path.exists()
        trouble = f"table {name} cannot be read" if is_there else f"there is no table {name}"
        return as_listed(data_dir, snapshot, name, trouble=trouble)
    if isinstance(read, Mistakes):
        return as_listed(data_dir, snapshot, name, trouble=str(read.mistakes[0]))
    return as_listed(data_dir, snapshot, name, rows=read.size)


def look_up(
    table: DestinationTable, snapshot: ProjectSnapshot, *, caller: str, dialled: str, code: str
) -> TableRow | None:
    """Return the row that a call would find; without a caller, one who withholds the number."""
    dialling = snapshot.project.dialling
    return table.find(
        TableQuestion(
            caller=comparable(caller, dialling) or WITHHELD,
            dialled=comparable(dialled, dialling),
            code=code,
        )
    )
