"""Retention: deletes what is older than `keep_days`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from switchhook.operations.recordings import delete_recordings
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from switchhook.settings import Settings
    from switchhook.storage.ports import Store
    from switchhook.tracking.memory import Memory

log = structlog.get_logger(__name__)

DAY = 86_400.0
PAUSE = 3_600.0
"""Seconds between looks for calls that have been kept long enough."""


async def prune(settings: Settings, store: Store, memory: Memory) -> None:
    """Delete what is older than the settings say, now and every hour."""
    while True:
        before = time.time() - settings.keep_days * DAY
        try:
            deleted = await store.prune(before=before)
            await store.forget(before=before)
        except StoreError as error:
            log.error("old calls not deleted", error=str(error))  # noqa: TRY400 - the reader needs no traceback
        else:
            memory.forget(before=before)
            log.debug("old calls deleted", count=deleted)
        await asyncio.to_thread(delete_recordings, settings.data_dir, before=before)
        await asyncio.sleep(PAUSE)
