"""Ending a running call on an operator's word: written down for whichever process runs it, and waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from switchhook.errors import ExpectedError
from switchhook.operations.history import NoSuchCallError
from switchhook.storage.records import WantedHangUp

if TYPE_CHECKING:
    from switchhook.storage.ports import HangUps
    from switchhook.storage.records import CallRow

POLL_INTERVAL: Final = 0.1
"""Seconds between two looks whether the call has ended."""


class CallOverError(ExpectedError):
    """The call has ended already."""


async def hang_up(store: HangUps, call_id: str, *, by: str, patience: float) -> CallRow:
    """Have a running call ended, and wait for it at most `patience` seconds; return what it is then.

    The wish is durable: where no server runs, the call is ended when one is started. Raises
    NoSuchCallError, CallOverError, StoreError.
    """
    row = await _call(store, call_id)
    if row.outcome is not None:
        raise CallOverError(f"call {call_id} has ended already: {row.outcome}")
    wanted = WantedHangUp(project=row.project, call=call_id, by=by)
    await store.add_hang_up(wanted)
    for _ in range(int(patience / POLL_INTERVAL)):
        await asyncio.sleep(POLL_INTERVAL)
        row = await _call(store, call_id)
        if row.outcome is not None:
            await store.delete_hang_up(wanted)
            break
    return row


async def _call(store: HangUps, call_id: str) -> CallRow:
    row = await store.call(call_id)
    if row is None:
        raise NoSuchCallError(f"there is no call {call_id}; `switchhook calls` lists them")
    return row
