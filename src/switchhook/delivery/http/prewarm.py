"""Prewarms connections to the endpoints that are asked, so that no caller waits for a handshake.

To those alone that have shown that they keep connections and serve others meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.pool import Site
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.delivery.http.pool import Pool
    from switchhook.delivery.limits import HttpLimits

CHECK_SECONDS = 0.5
"""Between two looks at what is prewarmed."""
AHEAD_SECONDS = 1.0
"""A successor is opened so long before its connection is let go; sooner where that is kept shortly."""
FAILURES = 3
"""So many in a row, and an endpoint that wants no waiting connections is left until it is asked again."""


@dataclass(slots=True, eq=False, kw_only=True)
class PrewarmedSite:
    """One endpoint in use."""

    site: Site
    networks: AllowedNetworks
    used_at: float
    opened_at: float | None = None
    """When a connection was opened that no exchange has used since."""
    failures: int = 0
    is_opening: bool = False


class Prewarmer:
    """Opens a connection to each site in use before the one that waits there grows too old.

    Bounded: `limits.prewarm_sites` endpoints, one waiting connection each, `limits.prewarm_seconds` after the
    last ask. `dial` opens a vetted one within its time, `keep` puts it where the next exchange takes it.
    """

    def __init__(
        self,
        pool: Pool,
        limits: HttpLimits,
        clock: Callable[[], float],
        dial: Callable[[Site, AllowedNetworks], Awaitable[None]],
    ) -> None:
        """`dial` opens a connection and gives it to the pool. Raises ExchangeError."""
        self._pool = pool
        self._limits = limits
        self._clock = clock
        self._dial = dial
        self._sites: dict[Site, PrewarmedSite] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def sites(self) -> int:
        """How many endpoints are kept prewarmed."""
        return len(self._sites)

    def used(self, site: Site, networks: AllowedNetworks, now: float) -> None:
        """Keep a connection to this endpoint from now on; the one used longest ago makes room."""
        if self._is_closed:
            return
        self._sites.pop(site, None)
        self._sites[site] = PrewarmedSite(site=site, networks=networks, used_at=now)
        while len(self._sites) > self._limits.prewarm_sites:
            del self._sites[next(iter(self._sites))]
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self.look)

    def look(self) -> None:
        """Open what is about to be missing. Goes on by itself while anything is prewarmed."""
        self._stop_looking()
        now = self._clock()
        for prewarmed in tuple(self._sites.values()):
            seconds = (
                self._limits.idle_seconds
                if prewarmed.site.seconds is None
                else prewarmed.site.seconds
            )
            ahead = min(AHEAD_SECONDS, seconds / 4)
            is_unused = now - prewarmed.used_at > self._limits.prewarm_seconds
            if is_unused or seconds <= 0 or prewarmed.failures >= FAILURES:
                del self._sites[prewarmed.site]
            elif not prewarmed.site.is_keeping or not prewarmed.site.served.shown:
                pass  # a connection that waits there would hold up others
            elif not prewarmed.is_opening and not self._pool.waits(prewarmed.site, now + ahead):
                if prewarmed.opened_at is not None and not self._pool.waits(prewarmed.site, now):
                    prewarmed.failures += 1  # its server let it wait for less than we would
                prewarmed.is_opening = True
                task = spawn(self._open(prewarmed), name=f"prewarm {prewarmed.site.origin}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if self._sites:
            self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self.look)

    async def _open(self, prewarmed: PrewarmedSite) -> None:
        try:
            await self._dial(prewarmed.site, prewarmed.networks)
            prewarmed.opened_at = self._clock()
        except ExchangeError:
            prewarmed.failures += 1  # the next ask says why
        finally:
            prewarmed.is_opening = False

    def close(self) -> None:
        """Keep nothing any more."""
        self._is_closed = True
        self._sites.clear()
        self._stop_looking()
        for task in tuple(self._tasks):
            task.cancel()

    def _stop_looking(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
