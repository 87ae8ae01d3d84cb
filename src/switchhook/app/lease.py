"""This node's lease on its calls and deliveries: renewed, lost, and others' taken over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.storage.records import LeaseLostError, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.storage.ports import Nodes
    from switchhook.storage.records import Lease, TakenOver

log = structlog.get_logger(__name__)

RENEW_EVERY: Final = 3.0
"""Seconds."""
LOOKS: Final = 5
"""So many looks in a row that find another's lease unchanged, each after a renewal of our own, end it.

It counts looks and not seconds: a node that was suspended has not looked, and clocks need not agree.
"""


class LeaseKeeper:
    """Keeps this node's lease, and takes over what nodes leave that keep theirs no more."""

    def __init__(
        self,
        store: Nodes,
        take_up: Callable[[TakenOver], Awaitable[None]],
        *,
        every: float = RENEW_EVERY,
        looks: int = LOOKS,
    ) -> None:
        """`take_up` resumes the calls and deliveries that were taken over, and is retried after StoreError; `every` is in seconds."""
        self.lost = asyncio.Event()
        """Whether another node has taken over what was ours: then we have to end."""
        self._store = store
        self._take_up = take_up
        self._every = every
        self._looks = looks
        self._unchanged: dict[Lease, int] = {}
        """How often each lease was found again as it is."""
        self._left: list[TakenOver] = []
        """Calls and deliveries that were taken over and wait to go on."""

    async def keep(self) -> None:
        """Renew the lease, again and again, until it is lost."""
        while not self.lost.is_set():
            await asyncio.sleep(self._every)
            try:
                await self._look(await self._store.renew())
                await self._carry_on()
            except LeaseLostError as error:
                log.error("lease lost", node=self._store.node, error=str(error))  # noqa: TRY400 - the reader needs no traceback
                self.lost.set()
            except StoreError as error:
                log.error("lease not renewed", node=self._store.node, error=str(error))  # noqa: TRY400 - the reader needs no traceback

    async def _look(self, others: tuple[Lease, ...]) -> None:
        self._unchanged = {lease: self._unchanged.get(lease, -1) + 1 for lease in others}
        for lease, count in tuple(self._unchanged.items()):
            if count >= self._looks:
                await self._take_over(lease)

    async def _take_over(self, lease: Lease) -> None:
        taken = await self._store.take_over(lease)
        if taken is None:
            return
        log.warning(
            "lease expired",
            node=lease.name,
            calls=len(taken.calls),
            deliveries=len(taken.deliveries),
            accounts=len(taken.accounts),
        )
        self._left.append(taken)

    async def _carry_on(self) -> None:
        while self._left:
            await self._take_up(self._left[0])
            del self._left[0]
