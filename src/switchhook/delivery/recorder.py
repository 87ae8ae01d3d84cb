"""Records attempts until the store has them, and tells the log when it has not."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.storage.delivery import Attempt
    from switchhook.storage.ports import Attempts

T = TypeVar("T")

log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 0.1
"""Seconds until a store that failed is asked again; they double with each failure."""
MAX_PAUSE: Final = 5.0


class AttemptRecorder:
    """Hands attempts to the store."""

    def __init__(self, store: Attempts) -> None:
        self.unrecorded = 0
        """Attempts that the store has refused so far and is asked to take again: 0 in good health."""
        self.is_stopping = False
        self._store = store

    async def record(self, attempt: Attempt, *, can_wait: bool = False) -> None:
        """Ask the store until it has it. One that can wait is stored together with others.

        The slot stays taken meanwhile: an unrecorded attempt must not be repeated. So a store that is down
        stops the sending.
        """
        await self.until_stored(partial(self._store.record_attempt, attempt, can_wait=can_wait))

    async def until_stored(self, store: Callable[[], Awaitable[T]]) -> T:
        """Call what stores something until it has, and return what it returns."""
        pause = FIRST_PAUSE
        is_counted = False
        try:
            while True:
                try:
                    return await store()
                except Exception as error:  # noqa: BLE001 - whatever a store raises, it is asked again
                    if not is_counted:
                        is_counted = True
                        self._refused(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_PAUSE)
        finally:
            if is_counted:
                self._accepted()

    def _refused(self, error: Exception) -> None:
        """Count an attempt that cannot be recorded; the first of many tells the log."""
        self.unrecorded += 1
        if self.unrecorded == 1:
            log.error("attempts not stored", error=str(error))

    def _accepted(self) -> None:
        self.unrecorded -= 1
        if not self.unrecorded and not self.is_stopping:
            log.info("attempts stored again")
