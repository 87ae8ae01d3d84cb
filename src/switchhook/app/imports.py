"""Makes queued calls of other telephone systems calls like all others, one import after another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.operations.intake.imports import carry_out
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.operations.intake.imports import ImportParts

log = structlog.get_logger(__name__)

AGAIN_IN: Final = 30.0
"""Seconds until what could not be imported is tried again, and what another node left is seen."""


class CallImporter:
    """Carries out this node's imports, beside all else."""

    def __init__(self, parts: ImportParts, latest: Callable[[str], ProjectSnapshot | None]) -> None:
        """`latest` are the projects that new calls follow."""
        self._parts = parts
        self._latest = latest
        self._posted = asyncio.Event()

    def wake(self) -> None:
        """Look at once whether something is queued."""
        self._posted.set()

    async def run(self) -> None:
        """Carry out what is queued, and wait for more."""
        while True:
            self._posted.clear()
            try:
                for queued in await self._parts.store.queued_imports():
                    snapshot = self._latest(queued.project)
                    if snapshot is None:
                        continue  # its project cannot be read now
                    done = await carry_out(self._parts, queued, snapshot)
                    log.info("calls imported", project=done.project, number=done.number)
            except StoreError as error:
                log.error("calls not imported", error=str(error))  # noqa: TRY400 - the reader needs no traceback
            try:
                await asyncio.wait_for(self._posted.wait(), AGAIN_IN)
            except TimeoutError:
                continue
