"""The connection pool: idle connections, kept apart by origin, by allowed networks and by TLS identity."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchhook.delivery.http.concurrency import Concurrency, OriginConcurrency
from switchhook.delivery.http.connection import Connection
from switchhook.delivery.http.origin import Origin
from switchhook.delivery.http.tls import NO_IDENTITY, TlsIdentity

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.delivery.allowed_networks import AllowedNetworks
    from switchhook.delivery.limits import HttpLimits

_TIMEOUT = re.compile(r"(?:^|[,;\s])timeout=\"?(\d{1,6})", re.IGNORECASE)
_MARGIN_SECONDS = 1.0
"""We end a connection this much before the server would, so that no request meets its end."""
_SWEEP_SECONDS = 1.0
_SITES_KEPT = 10_000


@dataclass(slots=True, eq=False, kw_only=True)
class Site:
    """One origin under one set of allowed networks and one identity."""

    origin: Origin
    identity: TlsIdentity = NO_IDENTITY
    served: OriginConcurrency
    """How many connections its server has been seen to serve at once."""
    idle: list[Connection] = field(default_factory=list)
    """The one used last is at the end."""
    is_dropped: bool = False
    seconds: float | None = None
    """Seconds that a connection there is kept, as its server said last; None before the first answer."""
    is_keeping: bool = False
    """Whether its server kept the last connection open behind its answer."""
    took: float = 0.0
    """Seconds from the last request to its answer."""


class Pool:
    """Keeps idle connections, within bounds, and lets them go before their server does."""

    def __init__(
        self, limits: HttpLimits, clock: Callable[[], float], concurrency: Concurrency
    ) -> None:
        self._limits = limits
        self._concurrency = concurrency
        self._clock = clock
        self._sites: dict[tuple[str, str, str], Site] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._watched: set[Connection] = set()
        """Guests that a timer looks at."""
        self.idle = 0
        """How many connections wait."""

    def site(
        self, text: str, networks: AllowedNetworks, identity: TlsIdentity = NO_IDENTITY
    ) -> Site:
        """Return the site for the text before a URL's path. Raises ExchangeError (BAD_URL)."""
        site = self._sites.get((text, networks.key, identity.key))
        if site is None:
            origin = Origin.parse(text)
            site = Site(origin=origin, identity=identity, served=self._concurrency.of(origin))
            if len(self._sites) >= _SITES_KEPT:
                self._drop_unused()
            self._sites[text, networks.key, identity.key] = site
        return site

    def take(self, site: Site, now: float) -> Connection | None:
        """Return an idle connection that can be written to, the one used last."""
        while site.idle:
            connection = site.idle.pop()
            self.idle -= 1
            site.served.taken(connection)
            if connection.is_fit(now):
                return connection
            connection.abort()
        return None

    def give(self, site: Site, connection: Connection) -> None:
        """Keep a connection whose exchange is over, or end it.

        It waits as long as its server keeps it. At a server that was not seen to serve several at once it waits
        for a moment only, for the next exchange of a burst.
        """
        limits = self._limits
        told = connection.reader.keep_alive
        seconds = limits.idle_seconds
        if told:
            seconds = _idle_seconds(told, limits)
        elif not connection.reader.is_over and site.seconds is not None:
            seconds = site.seconds  # it waits before its first exchange
        site.seconds = seconds
        if (
            seconds <= 0
            or connection.over_at - connection.made_at > limits.kept_seconds
            or len(site.idle) >= limits.idle_per_origin
            or self.idle >= limits.idle_total
            or site.is_dropped
        ):
            connection.abort()
            return
        if not site.served.give(connection):
            if connection.is_lost:
                return
            seconds = min(seconds, limits.guest_seconds)
            self._watch(site, connection, seconds)
        connection.idle_until = connection.over_at + seconds
        site.idle.append(connection)
        self.idle += 1
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self.sweep)

    def waits(self, site: Site, until: float) -> bool:
        """Say whether a connection waits there that is kept until a moment at least."""
        return any(c.idle_until > until and not c.is_lost for c in site.idle)

    def sweep(self) -> None:
        """End what waited too long. Goes on by itself while anything waits."""
        now = self._clock()
        self.idle = 0
        for site in self._sites.values():
            kept = []
            for connection in site.idle:
                if connection.is_lost or now >= connection.idle_until:
                    if not connection.is_lost:
                        site.served.taken(connection)
                    connection.abort()
                else:
                    kept.append(connection)
            site.idle = kept
            self.idle += len(kept)
        self._stop_sweeping()
        if self.idle:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self.sweep)

    def close(self) -> None:
        """Forget everything; the owners of the connections close them."""
        self._stop_sweeping()
        for site in self._sites.values():
            for connection in site.idle:
                site.served.taken(connection)
            site.idle.clear()
            site.is_dropped = True
        self._sites.clear()
        self.idle = 0

    def _watch(self, site: Site, connection: Connection, seconds: float) -> None:
        """Look at a guest when its moment is over. One timer watches it, however often it is used meanwhile."""
        if connection not in self._watched:
            self._watched.add(connection)
            asyncio.get_running_loop().call_later(seconds, self._see_off, site, connection)

    def _see_off(self, site: Site, connection: Connection) -> None:
        """End a guest whose moment is over, unless it was taken meanwhile."""
        self._watched.discard(connection)
        if connection not in site.idle:
            return
        left = connection.idle_until - self._clock()
        if left > 0:
            self._watch(site, connection, left)
            return
        site.idle.remove(connection)
        self.idle -= 1
        site.served.taken(connection)
        connection.abort()

    def _stop_sweeping(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    def _drop_unused(self) -> None:
        unused = [key for key, site in self._sites.items() if not site.idle]
        for key in unused:
            self._sites.pop(key).is_dropped = True


def _idle_seconds(keep_alive: str, limits: HttpLimits) -> float:
    """Read `Keep-Alive: timeout=5` (seconds); what says nothing is no promise."""
    match = _TIMEOUT.search(keep_alive)
    if match is None:
        return limits.idle_seconds
    return min(int(match[1]) - _MARGIN_SECONDS, limits.idle_seconds_told)
