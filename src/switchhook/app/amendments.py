"""Facts of calls that become known late: told to the call that runs, or added to the one that has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from switchhook.projectfile.loading import load_snapshot
from switchhook.storage.ports import EndedCalls, Projects

if TYPE_CHECKING:
    from switchhook.routing.events import LateFacts
    from switchhook.storage.records import CallRow
    from switchhook.switchboard.switchboard import Switchboard


class AmendmentStore(EndedCalls, Projects, Protocol):
    """Keeps ended calls, and the versions of projects that they followed."""


class Amendments:
    """Amends calls, each ended one after another."""

    def __init__(self, store: AmendmentStore, switchboard: Switchboard, own_host: str) -> None:
        """`own_host` is that of the server in SIP addresses."""
        self._store = store
        self._switchboard = switchboard
        self._own_host = own_host
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

    async def _amend_ended(self, row: CallRow, late: LateFacts) -> bool:
        stored = await self._store.project(*row.snapshot)
        if stored is None:
            return False
        snapshot = await asyncio.to_thread(load_snapshot, stored, [self._own_host])
        ended = await self._store.ended_call(row.id, lambda _project, _version: snapshot)
        if ended is None or self._switchboard.amend(row.id, late, project=row.project):
            return ended is not None
        await self._switchboard.amend_ended(ended, late)
        return True
