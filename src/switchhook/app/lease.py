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
        held_again: Callable[[], None] = lambda: None,
        every: float = RENEW_EVERY,
        looks: int = LOOKS,
    ) -> None:
        """Make one.

        `take_up` resumes the calls and deliveries that were taken over, and is retried after StoreError; `held_again`
        is called when the lease is renewed late, and was not lost; `every` is in seconds.
        """
        self.lost = asyncio.Event()
        """Whether another node has taken over what was ours: then we have to end."""
        self._store = store
        self._take_up = take_up
        self._held_again = held_again
        self._time: Callable[[], float] | None = None
        self._unsure_at = 0.0
        self._every = every
        self._looks = looks
        self._unchanged: dict[Lease, int] = {}
        """How often each lease was found again as it is."""
        self._left: list[TakenOver] = []
        """Calls and deliveries that were taken over and wait to go on."""

    @property
    def is_held(self) -> bool:
        """Say whether nobody else can have taken over yet: the last renewal is so recent.

        A process that stood still for longer has lost its lease, perhaps, and does not know.
        """
        return self._time is None or self._time() < self._unsure_at  # None: it has just joined

    async def keep(self) -> None:
        """Renew the lease, again and again, until it is lost."""
        self._time = asyncio.get_running_loop().time
        self._renewed(self._time())
        while not self.lost.is_set():
            await asyncio.sleep(self._every)
            try:
                await self._look(await self._renew())
                await self._carry_on()
            except LeaseLostError as error:
                log.error("lease lost", node=self._store.node, error=str(error))  # noqa: TRY400 - the reader needs no traceback
                self.lost.set()
            except StoreError as error:
                log.error("lease not renewed", node=self._store.node, error=str(error))  # noqa: TRY400 - the reader needs no traceback

    async def _renew(self) -> tuple[Lease, ...]:
        was_held, now = self.is_held, asyncio.get_running_loop().time()
        others = await self._store.renew()
        self._renewed(now)
        if not was_held:
            self._held_again()
        return others

    def _renewed(self, at: float) -> None:
        self._unsure_at = at + self._every * (self._looks - 0.5)

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
