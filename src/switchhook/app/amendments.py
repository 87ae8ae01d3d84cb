"""Facts of calls that become known late: told to the call that runs, or added to the one that has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from switchhook.projectfile.loading import load_snapshot
from switchhook.storage.ports import EndedCalls, Projects
from switchhook.storage.records import StoreError
from switchhook.tasks import compute

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.routing.events import LateFacts
    from switchhook.storage.records import CallRow
    from switchhook.switchboard.switchboard import Switchboard


log = structlog.get_logger(__name__)


class AmendmentStore(EndedCalls, Projects, Protocol):
    """Keeps ended calls, and the versions of projects that they followed."""


class Amendments:
    """Amends calls, each ended one after another."""

    def __init__(
        self,
        store: AmendmentStore,
        switchboard: Switchboard,
        own_host: str,
        latest: Callable[[str], ProjectSnapshot | None],
    ) -> None:
        """`own_host` is that of the server in SIP addresses; `latest` are the projects that new calls follow."""
        self._store = store
        self._switchboard = switchboard
        self._own_host = own_host
        self._latest = latest
        self._former: tuple[tuple[str, int], ProjectSnapshot] | None = None
        """The version that was read last, for the next call that followed it."""
        self._one_by_one = asyncio.Lock()

    async def amend(self, project: str, call: str, late: LateFacts) -> bool:
        """Tell what became known of a call of a project. False where it has no such call any more.

        Raises StoreError.
        """
        if self._switchboard.amend(call, late, project=project):
            return True
        async with self._one_by_one:
            row = await self._store.call(call)
            if row is None or row.project != project:
                return False
            try:
                return await self._amend_ended(row, late)
            except LookupError:  # its version of the project is gone
                return False

    async def add_recording(self, call: str, late: LateFacts) -> None:
        """Add a recording to a call that has ended, as it is stored; the file is there in any case."""
        try:
            row = await self._store.call(call)
            if row is not None:
                await self.amend(row.project, call, late)
        except StoreError as error:
            log.error("late recording not stored", call=call, error=str(error))  # noqa: TRY400 - the reader needs no traceback

    async def _amend_ended(self, row: CallRow, late: LateFacts) -> bool:
        snapshot = await self._snapshot_of(*row.snapshot)
        ended = await self._store.ended_call(row.id, lambda _project, _version: snapshot)
        if ended is None or self._switchboard.amend(row.id, late, project=row.project):
            return ended is not None
        await self._switchboard.amend_ended(ended, late)
        return True

    async def _snapshot_of(self, project: str, version: int) -> ProjectSnapshot:
        """Return a version of a project: reading one takes long, so it is read only where it is not at hand."""
        latest = self._latest(project)
        if latest is not None and latest.project.version == version:
            return latest
        if self._former is None or self._former[0] != (project, version):
            stored = await self._store.project(project, version)
            if stored is None:
                raise LookupError(f"version {version} of project {project} is gone")
            snapshot = await compute(load_snapshot, stored, [self._own_host])
            self._former = (project, version), snapshot
        return self._former[1]
