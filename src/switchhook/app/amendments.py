"""Facts of calls that become known late: told to the call that runs, or added to the one that has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from switchhook.app.ended_calls import EndedCallReader
    from switchhook.routing.events import LateFacts
    from switchhook.switchboard.switchboard import Switchboard


log = structlog.get_logger(__name__)


class Amendments:
    """Amends calls, each ended one after another."""

    def __init__(self, ended: EndedCallReader, switchboard: Switchboard) -> None:
        self._ended = ended
        self._switchboard = switchboard
        self._one_by_one = asyncio.Lock()

    async def amend(self, project: str, call: str, late: LateFacts) -> bool:
        """Tell what became known of a call of a project. False where it has no such call any more.

        Raises StoreError.
        """
        if self._switchboard.amend(call, late, project=project):
            return True
        async with self._one_by_one:
            ended = await self._ended.read(project, call)
            if ended is None:
                return False
            if not self._switchboard.amend(call, late, project=project):
                await self._switchboard.amend_ended(ended, late)
            return True

    async def add_recording(self, call: str, late: LateFacts) -> None:
        """Add a recording to a call that has ended, as it is stored; the file is there in any case."""
        try:
            project = await self._ended.project_of(call)
            if project is not None:
                await self.amend(project, call, late)
        except StoreError as error:
            log.error("late recording not stored", call=call, error=str(error))  # noqa: TRY400 - the reader needs no traceback
