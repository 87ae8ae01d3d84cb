"""Packs and stores the SIP messages of calls that are over, beside all else: one call at a time, a batch in a transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.sip.wire.redaction import redacted
from switchhook.storage.captures import SipCapture, pack
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from switchhook.drivers.embedded.capture import EndedCapture
    from switchhook.storage.captures import SipCaptures

log = structlog.get_logger(__name__)

EVERY: Final = 1.0
"""Seconds between two batches."""
PAUSE: Final = 0.002
"""Seconds between two calls that are packed: what calls wait for comes first."""
BATCH: Final = 100
"""Calls that are stored in one transaction."""
MOST_WAITING: Final = 5_000
"""Calls that wait to be stored; then the oldest goes without."""


class CaptureWriter:
    """Takes what there was of each call, and stores it soon."""

    def __init__(self, store: SipCaptures) -> None:
        self._store = store
        self._waiting: deque[EndedCapture] = deque(maxlen=MOST_WAITING)

    def take(self, ended: EndedCapture) -> None:
        """Take the messages of a call that is over."""
        self._waiting.append(ended)

    async def run(self) -> None:
        """Store what waits, for as long as the process lives."""
        while True:
            await asyncio.sleep(EVERY)
            await self.store_waiting()

    async def store_waiting(self) -> None:
        """Store what waits by now. A database that fails costs these captures and no call."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            packed = []
            for ended in batch:
                packed.append((ended.call, _packed(ended)))
                await asyncio.sleep(PAUSE)
            try:
                await self._store.save_sip_captures(packed)
            except StoreError as error:
                log.error("sip messages not stored", calls=len(batch), error=str(error))  # noqa: TRY400 - the reader needs no traceback


def _packed(ended: EndedCapture) -> bytes:
    """Return what is stored: some 15 µs for each message.

    In a thread it would hold up the loop longer: whoever wants the interpreter's lock back may wait for 5 ms.
    """
    kept = (replace(message, data=redacted(message.data)) for message in ended.messages)
    return pack(SipCapture(messages=tuple(kept), left_out=ended.left_out))
