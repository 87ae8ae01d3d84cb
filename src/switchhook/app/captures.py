"""Packs the SIP messages of calls that are over, and stores them soon, a batch in a transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.storage.captures import pack
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from switchhook.storage.captures import SipCapture, SipCaptures

log = structlog.get_logger(__name__)

EVERY: Final = 1.0
"""Seconds between two batches."""
BATCH: Final = 100
"""Calls that are stored in one transaction."""
MOST_WAITING: Final = 5_000
"""Calls that wait to be stored; then the oldest goes without."""


class CaptureWriter:
    """Takes what there was of each call, and stores it soon."""

    def __init__(self, store: SipCaptures) -> None:
        self._store = store
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MOST_WAITING)

    def take(self, call: str, capture: SipCapture) -> None:
        """Take the messages of a call that is over, without secrets; packing them takes some 20 µs."""
        self._waiting.append((call, pack(capture)))

    async def run(self) -> None:
        """Store what waits, for as long as the process lives."""
        while True:
            await asyncio.sleep(EVERY)
            await self.store_waiting()

    async def store_waiting(self) -> None:
        """Store what waits by now. A database that fails costs these captures and no call."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await self._store.save_sip_captures(batch)
            except StoreError as error:
                log.error("sip messages not stored", calls=len(batch), error=str(error))  # noqa: TRY400 - the reader needs no traceback
