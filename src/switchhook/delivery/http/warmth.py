"""Keeping a connection open to the endpoints that are asked, so that no caller waits for one to be made.

To those alone that have shown that they keep connections and serve others meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.delivery.grants import Grants
from switchhook.delivery.http.failing import ExchangeError
from switchhook.delivery.http.pool import Site
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.delivery.http.pool import Pool
    from switchhook.delivery.limits import HttpLimits

LOOK_SECONDS = 0.5
"""Between two looks at what is warm."""
AHEAD_SECONDS = 1.0
"""A successor is opened so long before its connection is let go; sooner where that is kept shortly."""
FAILURES = 3
"""So many in a row, and an endpoint that wants no waiting connections is left until it is asked again."""


@dataclass(slots=True, eq=False, kw_only=True)
class Warm:
    """One endpoint in use."""

    site: Site
    grants: Grants
    used_at: float
    opened_at: float | None = None
    """When a connection was opened that no exchange has used since."""
    failures: int = 0
    is_opening: bool = False


class Warmth:
    """Opens a connection to each site in use before the one that waits there grows too old.

    Bounded: `limits.warm_sites` endpoints, one waiting connection each, `limits.warm_seconds` after the
    last ask. `dial` opens a vetted one within its time, `keep` puts it where the next exchange takes it.
    """

    def __init__(
        self,
        pool: Pool,
        limits: HttpLimits,
        clock: Callable[[], float],
        dial: Callable[[Site, Grants], Awaitable[None]],
    ) -> None:
        """`dial` opens a connection and gives it to the pool. Raises ExchangeError."""
        self._pool = pool
        self._limits = limits
        self._clock = clock
        self._dial = dial
        self._warm: dict[Site, Warm] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def sites(self) -> int:
        """How many endpoints are kept warm."""
        return len(self._warm)

    def used(self, site: Site, grants: Grants, now: float) -> None:
        """Keep a connection to this endpoint from now on; the one used longest ago makes room."""
        if self._is_closed:
            return
        self._warm.pop(site, None)
        self._warm[site] = Warm(site=site, grants=grants, used_at=now)
        while len(self._warm) > self._limits.warm_sites:
            del self._warm[next(iter(self._warm))]
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Open what is about to be missing. Goes on by itself while anything is warm."""
        self._stop_looking()
        now = self._clock()
        for warm in tuple(self._warm.values()):
            seconds = self._limits.idle_seconds if warm.site.seconds is None else warm.site.seconds
            ahead = min(AHEAD_SECONDS, seconds / 4)
            is_cold = now - warm.used_at > self._limits.warm_seconds
            if is_cold or seconds <= 0 or warm.failures >= FAILURES:
                del self._warm[warm.site]
            elif not warm.site.is_keeping or not warm.site.served.shown:
                pass  # a connection that waits there would hold up others
            elif not warm.is_opening and not self._pool.waits(warm.site, now + ahead):
                if warm.opened_at is not None and not self._pool.waits(warm.site, now):
                    warm.failures += 1  # its server let it wait for less than we would
                warm.is_opening = True
                task = spawn(self._open(warm), name=f"warm {warm.site.origin}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if self._warm:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self.look)

    async def _open(self, warm: Warm) -> None:
        try:
            await self._dial(warm.site, warm.grants)
            warm.opened_at = self._clock()
        except ExchangeError:
            warm.failures += 1  # the next ask says why
        finally:
            warm.is_opening = False

    def close(self) -> None:
        """Keep nothing any more."""
        self._is_closed = True
        self._warm.clear()
        self._stop_looking()
        for task in tuple(self._tasks):
            task.cancel()

    def _stop_looking(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
