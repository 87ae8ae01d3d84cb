"""The feed of changes: what other processes, or other parts of this one, changed in the store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.storage.records import ChangeKind, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from switchhook.storage.ports import ChangeFeed, HangUpsWanted
    from switchhook.switchboard.switchboard import Switchboard

log = structlog.get_logger(__name__)

AGAIN_IN: Final = 1.0
"""Seconds until a store that could not be read is asked again."""


async def follow(
    store: ChangeFeed,
    refresh: Mapping[ChangeKind, Callable[[], Coroutine[None, None, None]]],
    since: Mapping[ChangeKind, int],
) -> None:
    """Have what is held in memory read again when it was changed, for ever.

    `since` are the changes before it was read first. Where the store cannot be read, the log says so, and it
    is asked again.
    """
    seen = dict(since)
    while True:
        try:
            now = await store.changes(seen)
            for kind, number in now.items():
                if seen.get(kind) != number:
                    await refresh[kind]()
                    seen[kind] = number
        except StoreError as error:
            log.error("changes not read", error=str(error))  # noqa: TRY400 - the reader needs no traceback
            await asyncio.sleep(AGAIN_IN)


async def hang_up_wanted(store: HangUpsWanted, switchboard: Switchboard) -> None:
    """End calls that an operator wants ended. Raises StoreError.

    A wish stays until its call runs no more; a restart fulfils it.
    """
    for wanted in await store.hang_ups():
        if not switchboard.hang_up(wanted.call, by=wanted.by, project=wanted.project):
            await store.delete_hang_up(wanted)
