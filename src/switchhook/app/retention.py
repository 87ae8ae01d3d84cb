"""Retention: deletes what is older than `keep_days`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from switchhook.operations.people import audit
from switchhook.operations.recordings import delete_due, delete_recordings
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.operations.recordings import Recordings
    from switchhook.settings import Settings
    from switchhook.storage.ports import Store
    from switchhook.tracking.memory import Memory

log = structlog.get_logger(__name__)

DAY = 86_400.0
MEGABYTE = 1_000_000
TRIM_EVERY = 300.0
"""Seconds between looks for recordings beyond a project's limits."""
PAUSE = 3_600.0
"""Seconds between looks for calls that have been kept long enough."""


async def trim_recordings(
    settings: Settings,
    kept: Recordings,
    projects: Callable[[], Mapping[str, ProjectSnapshot]],
) -> None:
    """Delete recordings that projects keep for a shorter time, or have no room for, now and every five minutes."""
    while True:
        for project, snapshot in tuple(projects().items()):
            rules, now = snapshot.project.recordings, time.time()
            if not (rules.keep_days or rules.max_megabytes):
                continue
            trimmed = await asyncio.to_thread(
                delete_due,
                kept,
                project,
                before=now - (rules.keep_days or settings.keep_days) * DAY,
                max_bytes=rules.max_megabytes * MEGABYTE or None,
                now=now,
            )
            if trimmed.recordings:
                log.info(
                    "recordings deleted",
                    project=project,
                    count=trimmed.recordings,
                    megabytes=round(trimmed.size / MEGABYTE, 1),
                )
        await asyncio.sleep(TRIM_EVERY)


async def prune(settings: Settings, store: Store, memory: Memory) -> None:
    """Delete what is older than the settings say, now and every hour."""
    while True:
        before = time.time() - settings.keep_days * DAY
        try:
            deleted = await store.prune(before=before)
            await store.forget(before=before)
            await store.audit.forget(before=min(before, time.time() - audit.KEEP))
        except StoreError as error:
            log.error("old calls not deleted", error=str(error))  # noqa: TRY400 - the reader needs no traceback
        else:
            memory.forget(before=before)
            log.debug("old calls deleted", count=deleted)
        await asyncio.to_thread(delete_recordings, settings.data_dir, before=before)
        await asyncio.sleep(PAUSE)
