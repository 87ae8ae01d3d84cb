"""The sender: one HTTP exchange, under limits, a total deadline and the address guard.

Asks and deliveries, test buttons and resends all go through it, so that nothing goes out unguarded.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.concurrency import Concurrency, ConcurrencyTrial, OriginConcurrency
from switchhook.delivery.http.dialler import Dialler
from switchhook.delivery.http.errors import ExchangeError, interrupted
from switchhook.delivery.http.origin import Origin, is_same_host, split
from switchhook.delivery.http.pool import Pool
from switchhook.delivery.http.prewarm import Prewarmer
from switchhook.delivery.http.redirect import RedirectChain
from switchhook.delivery.http.resolver import Resolve, Resolver
from switchhook.delivery.http.tls import NO_IDENTITY
from switchhook.delivery.http.wire import REPEATABLE, render
from switchhook.delivery.limits import HttpLimits
from switchhook.webhooks.http import Exchange

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from switchhook.delivery.http.connection import Connection
    from switchhook.delivery.http.errors import Phases
    from switchhook.delivery.http.pool import Site
    from switchhook.delivery.http.proxy import Proxy
    from switchhook.delivery.http.tls import TlsIdentity
    from switchhook.webhooks.http import HttpRequest

NO_NETWORKS = AllowedNetworks()
LIMITS = HttpLimits()


class Sender:
    """Sends requests and reads responses, for as many callers at once as there are.

    Belongs to the event loop that first uses it. `close` it at the end.
    """

    def __init__(
        self,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        limits: HttpLimits = LIMITS,
        own_ports: frozenset[int] = frozenset(),
        clock: Callable[[], float] = time.monotonic,
        concurrency: Concurrency | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        """Make a sender.

        `resolve` looks names up in place of the system; `tls` is the context of every https
        connection, this machine's trust by default; `own_ports` are those that Switchhook listens
        on, which webhooks may not reach; `clock` is monotonic and in seconds; senders of one process share a
        `concurrency`, so that none holds up the others at a server with one worker; `proxy` carries what it
        is not told to leave out.
        """
        self.exchanges = 0
        self.failed = 0
        """Exchanges that ended without a whole response."""
        self.opened = 0
        """Connections made."""
        self.reused = 0
        """Exchanges that were put on a kept connection."""
        self.retried = 0
        """Of these, how many found it dead and were sent again on a fresh one."""
        self._limits = limits
        self._clock = clock
        self._pool = Pool(limits, clock, concurrency or Concurrency())
        self._dialler = Dialler(
            resolver=Resolver(limits, clock, resolve),
            tls=tls,
            limits=limits,
            clock=clock,
            own_ports=own_ports,
            on_lost=self._lost,
            proxy=proxy,
        )
        self._prewarmer = Prewarmer(self._pool, limits, clock, self._open_ahead)
        self.prewarmed = 0
        """Of the connections made, those that were opened ahead of an exchange."""
        self._open: dict[Connection, OriginConcurrency] = {}
        self._is_closed = False
        self._all_lost = asyncio.Event()

    @property
    def open(self) -> int:
        """How many connections there are, idle ones included."""
        return len(self._open)

    @property
    def resumed(self) -> int:
        """How many TLS handshakes went on where an earlier connection had left off."""
        return self._dialler.resumed

    @property
    def prewarmed_sites(self) -> int:
        """To how many endpoints a connection is held ready."""
        return self._prewarmer.sites

    @property
    def idle(self) -> int:
        """How many connections wait for another exchange."""
        return self._pool.idle

    async def exchange(
        self,
        request: HttpRequest,
        *,
        deadline: float,
        networks: AllowedNetworks = NO_NETWORKS,
        keep_alive: bool = True,
        idempotent: bool = False,
        follow: int = 0,
        max_body: int | None = None,
        connect: float | None = None,
        response: float | None = None,
        prewarm: bool = False,
        identity: TlsIdentity = NO_IDENTITY,
    ) -> Exchange:
        """Send `request` and read its response. Never raises but CancelledError: a failure is a value.

        `deadline` is in seconds from now and holds for everything together: DNS, connect, TLS,
        write, headers, the whole body, a second try, every redirect.

        `networks` says which networks beyond the public internet may be reached. Without
        `keep_alive` the connection is made for this exchange and ends with it. A kept connection
        that dies before the first byte of an answer is replaced once; a POST is sent again only
        where `idempotent` says that twice does no harm (it may have been handled). At most `follow`
        redirects are followed, without what is for the first origin alone; with 0, a 3xx is a response
        like any other. `max_body` bounds the
        decoded body, `limits.body` by default. Within the deadline, `connect` bounds the seconds until
        a connection stands, and `response` those from then to the last byte; each hop has them anew.
        With `prewarm` and `keep_alive`, a connection to this endpoint is held ready for minutes after.
        `identity` is shown to the first origin alone.

        The exchange holds the request as it was given and the last hop's address and phases.
        """
        self.exchanges += 1
        began = now = self._clock()
        cap = self._limits.body if max_body is None else max_body
        hop = request
        chain = RedirectChain(request, follow) if follow else None
        answer = failure = begun = None
        try:
            while True:
                connection, dialled, answer = None, None, None
                connection, dialled = await self._send(
                    hop,
                    networks,
                    cap=cap,
                    now=now,
                    total=began + deadline,
                    connect=connect,
                    response=response,
                    keep_alive=keep_alive,
                    idempotent=idempotent,
                    prewarm=prewarm,
                    identity=identity,
                )
                answer = connection.reader.response()
                if answer.status == 407 and connection.proxy is not None:
                    raise connection.proxy.refused(Origin.parse(split(hop.url)[0]), 407)
                following = None if chain is None else chain.follow(answer)
                if following is None:
                    break
                if not is_same_host(*(Origin.parse(split(one.url)[0]) for one in (hop, following))):
                    identity = NO_IDENTITY
                hop, now = following, self._clock()
        except ExchangeError as error:
            self.failed += 1
            if connection is not None and answer is None:
                begun = connection.reader.begun()
            answer = None
            failure = error.failure
            dialled = dialled or error.phases
        total = self._clock() - began
        seconds = (("total", total),) if connection is None else connection.seconds(total)
        return Exchange(
            request=request,
            response=answer,
            failure=failure,
            begun=begun,
            address="" if connection is None else connection.address,
            reused=connection is not None and dialled is None,
            redirects=() if chain is None else chain.redirects,
            left_out=() if chain is None else chain.left_out,
            has_lost_body=chain is not None and chain.has_lost_body,
            seconds=seconds if dialled is None else (*dialled, *seconds),
        )

    async def close(self) -> None:
        """End every exchange (as interrupted) and every connection; return when all are gone."""
        self._is_closed = True
        self._prewarmer.close()
        self._pool.close()
        self._dialler.close()
        for connection in tuple(self._open):
            connection.interrupt()
        if self._open:
            await self._all_lost.wait()

    async def _send(  # noqa: C901 (one exchange, and each of its turns)
        self,
        request: HttpRequest,
        networks: AllowedNetworks,
        *,
        cap: int,
        now: float,
        total: float,
        connect: float | None,
        response: float | None,
        keep_alive: bool,
        idempotent: bool,
        prewarm: bool,
        identity: TlsIdentity,
    ) -> tuple[Connection, Phases | None]:
        """Bring one request to one host, and an answer or a failure into the connection's reader.

        Returns the phases of making the connection too, None for a kept one. Raises ExchangeError
        where no connection came about. `total` is the deadline on the sender's clock; `connect` and `response` are
        seconds of each phase, if it has a limit of its own.
        """
        where, target = split(request.url)
        site = self._pool.site(where, networks, identity)
        data = render(request, target)
        connection = self._pool.take(site, now) if keep_alive else None
        is_prewarmed = prewarm and keep_alive
        if is_prewarmed:
            self._prewarmer.used(site, networks, now)
        dialled: Phases | None = None
        trial: ConcurrencyTrial | None = None
        if connection is not None:
            self.reused += 1
        while True:
            if connection is None:
                is_to_try = is_prewarmed and site.is_keeping and site.served.is_to_try(now)
                connection, dialled, trial = await self._dial_or_try(
                    site, networks, total, connect, is_to_try=is_to_try
                )
                now = self._clock()
            until = total if response is None else min(total, now + response)
            written = data
            if (proxy := connection.proxy) is not None:
                written = render(proxy.addressed(request), f"http://{site.origin}{target}")
            try:
                await connection.send(written, request.method, cap, now=now, until=until)
            except BaseException:
                connection.abort()  # the caller was cancelled; an answer would be dropped
                raise
            if dialled is not None:
                self._dialler.learn(site.origin, identity, connection)
            can_be_kept = connection.can_be_kept
            self._learn(site, connection, trial, is_keeping=can_be_kept)
            if keep_alive and can_be_kept and not self._is_closed:
                self._pool.give(site, connection)
            else:
                connection.abort()
            if connection.reader.failure is None:
                return connection, dialled
            found_dead = (dialled is None or trial is not None) and connection.reader.was_dropped
            if not (found_dead and (idempotent or request.method in REPEATABLE)):
                return connection, dialled
            self.retried += 1
            connection = None

    async def _dial_or_try(
        self,
        site: Site,
        networks: AllowedNetworks,
        total: float,
        connect: float | None,
        *,
        is_to_try: bool,
    ) -> tuple[Connection, Phases, ConcurrencyTrial | None]:
        """Open a connection, beside a silent one if that is to be tried. Raises ExchangeError."""

        def until() -> float:
            return total if connect is None else min(total, self._clock() + connect)

        if is_to_try:
            trial = await self._try(site, networks, until())
            try:
                dialled = await self._dial(site, networks, until())
            except ExchangeError:  # a small device may take one connection alone
                trial.over(self._clock(), is_answered=False)
            else:
                return (*dialled, trial)
        return (*await self._dial(site, networks, until()), None)

    async def _try(self, site: Site, networks: AllowedNetworks, until: float) -> ConcurrencyTrial:
        """Put a silent connection beside the one that is opened next. Raises ExchangeError."""
        silent, _ = await self._dial(site, networks, until)
        limits = self._limits
        seconds = min(max(2 * site.took, limits.trial_seconds), limits.longest_trial_seconds)
        return ConcurrencyTrial(site.served, silent, seconds)

    def _learn(
        self,
        site: Site,
        connection: Connection,
        trial: ConcurrencyTrial | None,
        *,
        is_keeping: bool,
    ) -> None:
        """Take what an exchange that is over shows of its server."""
        is_answered = connection.reader.has_begun
        if trial is not None:
            trial.over(self._clock(), is_answered=is_answered)
        if is_answered:
            site.served.answered(connection)
            site.is_keeping = is_keeping
            site.took = connection.over_at - connection.sent_at
        else:
            site.served.unanswered(connection, self._clock())

    async def _open_ahead(self, site: Site, networks: AllowedNetworks) -> None:
        """Open a connection that waits for an exchange. Raises ExchangeError."""
        until = self._clock() + self._limits.prewarm_dial_seconds
        connection, _ = await self._dial(site, networks, until)
        self.prewarmed += 1
        connection.over_at = self._clock()
        if self._is_closed:
            connection.abort()
            return
        older = self._pool.take(site, connection.over_at)
        self._pool.give(site, connection)
        if older is not None:
            self._pool.give(site, older)

    async def _dial(
        self, site: Site, networks: AllowedNetworks, until: float
    ) -> tuple[Connection, Phases]:
        if self._is_closed:
            raise interrupted(str(site.origin))
        connection, phases = await self._dialler.dial(
            site.origin, networks, until=until, identity=site.identity
        )
        self._open[connection] = site.served
        site.served.opened(connection)
        self.opened += 1
        return connection, phases

    def _lost(self, connection: Connection) -> None:
        served = self._open.pop(connection, None)
        if served is not None:
            served.lost(connection, self._clock())
        if self._is_closed and not self._open:
            self._all_lost.set()
