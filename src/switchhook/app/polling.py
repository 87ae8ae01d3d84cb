"""The polling of the store for what other processes stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.storage.ports import HangUpsWanted
    from switchhook.switchboard.switchboard import Switchboard

log = structlog.get_logger(__name__)

POLL_EVERY = 1.0
"""Seconds between two looks."""


async def poll(look: Callable[[], Awaitable[None]], *, failed: str) -> None:
    """Look every second; where the store could not be read, `failed` is logged, and the next look comes."""
    while True:
        await asyncio.sleep(POLL_EVERY)
        try:
            await look()
        except StoreError as error:
            log.error(failed, error=str(error))  # noqa: TRY400 - the reader needs no traceback


async def hang_up_wanted(store: HangUpsWanted, switchboard: Switchboard) -> None:
    """End calls that an operator wants ended, in whichever process they said so. Raises StoreError.

    Each is asked to end until it runs no more; then the request is forgotten.
    """
    for wanted in await store.hang_ups():
        if not switchboard.hang_up(wanted.call, by=wanted.by, project=wanted.project):
            await store.delete_hang_up(wanted)
