"""What the operator changes about tables, as values; `operations/control.py` tells what such values are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.project_versions import current_project
from switchhook.operations.tables.files import TableError, import_table, remove_table
from switchhook.operations.tables.listing import ListedTable, as_listed
from switchhook.operations.tables.table import webhooks_of
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes
from switchhook.tasks import compute

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.operations.error_check import SnapshotAtHand
    from switchhook.storage.ports import Projects


class TableParts(Protocol):
    """What these acts are carried out on."""

    @property
    def store(self) -> Projects:
        """Return the store."""

    @property
    def data_dir(self) -> Path:
        """Return where tables lie."""

    @property
    def at_hand(self) -> SnapshotAtHand:
        """Return what has the projects as the next call follows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableKept:
    """What became of a table."""

    project: str
    listed: ListedTable | None = None
    """The table as it is now; None where it is gone, or was not kept."""
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it, where it was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepTable:
    """Put a CSV table in place of the one of its name."""

    project: str | None
    name: str
    content: bytes
    by: str
    own_host: str = ""
    """The SIP host at which accounts are, where no server says it."""
    result: ClassVar = TableKept

    async def perform(self, on: TableParts) -> TableKept:
        """Check and put it. Raises NoSuchProjectError, TableError."""
        snapshot = await _snapshot(on, self.project, self.own_host)
        own = snapshot.project.id
        kept = await compute(import_table, on.data_dir, self.content, snapshot, self.name)
        if isinstance(kept, Mistakes):
            return TableKept(project=own, mistakes=kept.mistakes)
        listed = as_listed(on.data_dir, snapshot, self.name, rows=kept.size)
        return TableKept(project=own, listed=listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTable:
    """Remove a table; one that a webhook asks only where that is `is_forced`."""

    project: str | None
    name: str
    by: str
    is_forced: bool = False
    result: ClassVar = TableKept

    async def perform(self, on: TableParts) -> TableKept:
        """Remove it. Raises NoSuchProjectError, TableError."""
        snapshot = await _snapshot(on, self.project)
        asking = webhooks_of(snapshot.project, self.name)
        if asking and not self.is_forced:
            raise TableError(
                f"webhook {asking[0].name} asks table {self.name}; --force removes it all the same"
            )
        remove_table(on.data_dir, snapshot.project.id, self.name)
        return TableKept(project=snapshot.project.id)


async def _snapshot(on: TableParts, project_id: str | None, own_host: str = "") -> ProjectSnapshot:
    project = await current_project(on.store, project_id, on.at_hand)
    return on.at_hand(project.id) or ProjectSnapshot(project, [own_host] if own_host else [])


TABLE_ACTS = {"keep-table": KeepTable, "remove-table": RemoveTable}
"""These acts by their names."""
