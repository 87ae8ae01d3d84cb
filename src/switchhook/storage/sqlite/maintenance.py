"""Maintenance of a busy database, such as checkpoints: done beside the commits and not inside them."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from switchhook.storage.sqlite.connection_thread import JobRunner
    from switchhook.storage.sqlite.writer import Writer

log = structlog.get_logger(__name__)

CHECKPOINT_PAUSE: Final = 0.5
"""Seconds from the first commit after a checkpoint to the next checkpoint.

A page that many commits wrote meanwhile is moved once. At 100 calls a second the log has some 16 MiB by then.
"""

MAX_WAL_PAGES: Final = 8_192
"""Pages of the write-ahead log (64 MiB) above which the writer itself stops for a checkpoint."""

MIN_FREE_BYTES: Final = 16 << 20
"""Bytes below which a disk counts as full: the log alone may grow to four times that."""


class Maintenance:
    """Moves the log into the database. Without commits it does nothing at all."""

    def __init__(self, writer: Writer, maintainer: JobRunner) -> None:
        self._writer = writer
        self._maintainer = maintainer
        self._has_work = asyncio.Event()

    def commit_done(self) -> None:
        """Note that there is something to do."""
        self._has_work.set()

    async def run(self) -> None:
        """Work until cancelled. Trouble is logged and does not end it."""
        while True:
            await self._has_work.wait()
            await asyncio.sleep(CHECKPOINT_PAUSE)
            self._has_work.clear()
            try:
                await self._once()
            except StoreError as error:
                log.warning("store maintenance failed", error=str(error))

    async def _once(self) -> None:
        if await self._maintainer.run(checkpoint) > MAX_WAL_PAGES:
            # Commits outran the checkpoints. With no writer beside it, one gets to the end.
            await self._writer.run(checkpoint)


def checkpoint(connection: sqlite3.Connection) -> int:
    """Move what is committed from the log into the database; return how many pages the log has.

    Passive: it blocks no reader and no writer.
    """
    row = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(row[1])


def check_readable(connection: sqlite3.Connection) -> None:
    """Read a little, to see that the database can be read."""
    connection.execute(sql("ping")).fetchone()


def check_writable(connection: sqlite3.Connection, now: float) -> None:
    """Write a little, to see that the database can be written."""
    with transaction(connection):
        connection.execute(sql("state_fact"), {"name": "looked_at", "value": int(now)})


def check_disk_space(folder: Path) -> None:
    """Raise StoreError where the disk of a folder has hardly any room left."""
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if free < MIN_FREE_BYTES:
        why = f"the disk has {free >> 20} MiB left: free some space, or move the database"
        raise StoreError(f"{folder}: {why}", transient=True, why=why)
