"""Makes every connection: resolve, vet every address, connect, perhaps through a proxy, TLS."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from switchhook.delivery.address_guard import refusal
from switchhook.delivery.http.connection import Connection
from switchhook.delivery.http.deadline import within
from switchhook.delivery.http.errors import (
    ExchangeError,
    ExchangePhase,
    connect_failed,
    interrupted,
    timed_out,
    tls_failed,
)
from switchhook.delivery.http.proxy import open_tunnel
from switchhook.delivery.http.reader import ResponseReader
from switchhook.delivery.http.tls import NO_IDENTITY, TlsContexts
from switchhook.domain.failure import FailureKind
from switchhook.tasks import spawn

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator

    from switchhook.delivery.allowed_networks import AllowedNetworks
    from switchhook.delivery.http.errors import Phases
    from switchhook.delivery.http.origin import Origin
    from switchhook.delivery.http.proxy import Proxy
    from switchhook.delivery.http.resolver import ResolvedAddress, Resolver
    from switchhook.delivery.http.tls import TlsIdentity
    from switchhook.delivery.limits import HttpLimits


SESSIONS_KEPT = 1024
_FIRST = asyncio.FIRST_COMPLETED


def _close_late(task: asyncio.Task[socket.socket | ExchangeError]) -> None:
    """End a connection that came about when another had won."""
    if not task.cancelled() and isinstance(ended := task.result(), socket.socket):
        ended.close()


class Dialler:
    """Opens vetted connections."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        tls: ssl.SSLContext | None,
        limits: HttpLimits,
        clock: Callable[[], float],
        own_ports: frozenset[int],
        on_lost: Callable[[Connection], None],
        proxy: Proxy | None = None,
    ) -> None:
        self._resolver = resolver
        self._contexts = TlsContexts(tls)
        self._proxy = proxy
        self._limits = limits
        self._clock = clock
        self._own_ports = own_ports
        self._on_lost = on_lost
        self._waits: set[asyncio.Timeout] = set()
        self._sessions: dict[tuple[Origin, str], ssl.SSLSession] = {}
        """By origin and by identity: a session belongs to the context that made it."""
        self.resumed = 0
        """TLS handshakes that went on where an earlier connection had left off."""
        self._is_closed = False

    async def dial(
        self,
        origin: Origin,
        networks: AllowedNetworks,
        *,
        until: float,
        identity: TlsIdentity = NO_IDENTITY,
    ) -> tuple[Connection, Phases]:
        """Connect to one of the vetted addresses of `origin`; say how long each phase took.

        Every address that the name has is vetted, and one forbidden refuses them all: a name that
        points outside and inside is an attack, or a mistake. Raises ExchangeError, with the phases.
        """
        phases: list[tuple[str, float]] = []
        try:
            with self._timed(phases, "dns"):
                places = await self._resolver.places(
                    origin.host, origin.port, seconds=until - self._clock()
                )
            self._vet(origin, places, networks)
            tls = await self._tls(origin, identity)
            is_proxied = self._proxy is not None and self._proxy.carries(origin.host, places)
            with self._timed(phases, "connect"):
                if self._proxy is not None and is_proxied:
                    raw, place = await self._connect_by(self._proxy, origin, until)
                else:
                    raw, place = await self._connect(origin, places, until)
            with self._timed(phases, "tls"):
                connection = await self._open(raw, origin, place, until, tls)
            if is_proxied and origin.scheme == "http":
                connection.proxy = self._proxy
        except ExchangeError as error:
            failure = interrupted(str(origin)) if self._is_closed else error
            failure.phases = tuple(phases)
            raise failure from None
        if origin.scheme == "http":
            del phases[-1]
        secure = connection.ssl_object
        if secure is not None and secure.session_reused:
            self.resumed += 1
        return connection, tuple(phases)

    def learn(self, origin: Origin, identity: TlsIdentity, connection: Connection) -> None:
        """Keep a connection's TLS session, for the next one to the same server to resume (RFC 8446 §2.2).

        After an answer: the server sends its ticket with the first one.
        """
        secure = connection.ssl_object
        session = None if secure is None else secure.session  # each look copies it
        if session is None or not session.has_ticket:
            return
        self._sessions.pop((origin, identity.key), None)
        self._sessions[origin, identity.key] = session
        if len(self._sessions) > SESSIONS_KEPT:
            del self._sessions[next(iter(self._sessions))]

    def close(self) -> None:
        """End every wait; what is dialled from now on ends as interrupted."""
        self._is_closed = True
        for wait in self._waits:
            with suppress(RuntimeError):  # it is ending already
                wait.reschedule(0.0)
        self._resolver.close()

    @contextmanager
    def _timed(self, phases: list[tuple[str, float]], phase: str) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            phases.append((phase, self._clock() - began))

    def _vet(
        self, origin: Origin, places: tuple[ResolvedAddress, ...], networks: AllowedNetworks
    ) -> None:
        for place in places:
            why = refusal(place.ip, origin.port, networks, own_ports=self._own_ports)
            if why:
                raise ExchangeError(
                    FailureKind.ADDRESS_REFUSED, f"{origin}: was not connected to, because {why}."
                )

    async def _connect(
        self, origin: Origin, places: tuple[ResolvedAddress, ...], until: float
    ) -> tuple[socket.socket, ResolvedAddress]:
        """Connect to the address that lets us in first.

        The next is tried when the one before it failed, or was silent for a moment; that one stays in the
        race (RFC 8305 §5): a host whose first address is dead costs a caller that moment, and no more.
        """
        waiting = list(places[: self._limits.addresses])
        racing: dict[asyncio.Task[socket.socket | ExchangeError], ResolvedAddress] = {}
        failure = timed_out(ExchangePhase.CONNECT, str(origin))
        try:
            while (waiting and not self._is_closed) or racing:
                if waiting and not self._is_closed:
                    place = waiting.pop(0)
                    running = self._run(place, origin, until - self._clock())
                    racing[spawn(running, name=f"connect to {place}")] = place
                pause = self._limits.next_address_seconds if waiting else None
                done, _ = await asyncio.wait(racing, timeout=pause, return_when=_FIRST)
                for task in [task for task in racing if task in done]:
                    ended = task.result()
                    if isinstance(ended, socket.socket):
                        place = racing.pop(task)
                        self._resolver.prefer(origin.host, origin.port, place)
                        return ended, place
                    del racing[task]
                    failure = ended
        finally:
            for task in racing:
                task.cancel()
                task.add_done_callback(_close_late)
        self._resolver.forget(origin.host, origin.port)
        raise failure

    async def _connect_by(
        self, proxy: Proxy, origin: Origin, until: float
    ) -> tuple[socket.socket, ResolvedAddress]:
        """Connect to the proxy, and through it to an https origin.

        The operator set it, so its own address is not vetted.
        """
        raw: socket.socket | None = None
        try:
            places = await self._resolver.places(
                proxy.origin.host, proxy.origin.port, seconds=until - self._clock()
            )
            raw, place = await self._connect(proxy.origin, places, until)
            if origin.scheme == "https":
                async with self._within(
                    until - self._clock(), ExchangePhase.CONNECT, str(proxy.origin)
                ):
                    await open_tunnel(raw, origin, proxy)
        except BaseException as error:
            if raw is not None:
                raw.close()
            if isinstance(error, OSError):
                error = connect_failed(error, str(proxy.origin))
            if isinstance(error, ExchangeError):
                raise proxy.unreachable(origin, error) from None
            raise
        return raw, place

    async def _run(
        self, place: ResolvedAddress, origin: Origin, seconds: float
    ) -> socket.socket | ExchangeError:
        """Run for one address in the race; a failure is a value."""
        try:
            return await self._connect_to(place, origin, seconds)
        except ExchangeError as error:
            return error

    async def _connect_to(
        self, place: ResolvedAddress, origin: Origin, seconds: float
    ) -> socket.socket:
        where = str(origin)
        raw: socket.socket | None = None
        try:
            raw = socket.socket(place.family, socket.SOCK_STREAM)
            raw.settimeout(0)
            async with self._within(seconds, ExchangePhase.CONNECT, where):
                await asyncio.get_running_loop().sock_connect(raw, place.sockaddr)
        except BaseException as error:
            if raw is not None:
                raw.close()
            if isinstance(error, OSError):
                raise connect_failed(error, where) from None
            raise
        return raw

    async def _open(
        self,
        raw: socket.socket,
        origin: Origin,
        place: ResolvedAddress,
        until: float,
        tls: _Resuming | None,
    ) -> Connection:
        """Make a connection of a connected socket, with TLS where the scheme asks for it."""
        where = str(origin)
        seconds = until - self._clock()
        is_tls = tls is not None
        try:
            async with self._within(
                seconds, ExchangePhase.TLS if is_tls else ExchangePhase.CONNECT, where
            ):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(
                        ResponseReader(self._limits, where),
                        where=where,
                        address=str(place),
                        clock=self._clock,
                        on_lost=self._on_lost,
                    ),
                    sock=raw,
                    **({} if tls is None else _tls_options(origin, tls, seconds)),
                )
        except BaseException as error:
            with suppress(OSError):  # a half-made TLS connection may wait for a farewell
                raw.shutdown(socket.SHUT_RDWR)
            if isinstance(error, OSError):
                raise (tls_failed if is_tls else connect_failed)(error, where) from None
            raise
        return connection

    async def _tls(self, origin: Origin, identity: TlsIdentity) -> _Resuming | None:
        """Return the TLS of a connection to an origin; None for plain http."""
        if origin.scheme != "https":
            return None
        try:
            context = await self._contexts.context(identity)
        except ValueError as error:
            text = f"{origin}: the webhook's certificate cannot be used: {error}."
            raise ExchangeError(FailureKind.TLS, text) from None
        return _Resuming(context, self._sessions.get((origin, identity.key)))

    @asynccontextmanager
    async def _within(
        self, seconds: float, phase: ExchangePhase, where: str
    ) -> AsyncIterator[None]:
        """Bound a wait. Raises ExchangeError for our deadline; a socket's own time-out stays one."""
        try:
            async with within(seconds) as wait:
                self._waits.add(wait)
                try:
                    yield
                finally:
                    self._waits.discard(wait)
        except TimeoutError:
            if wait.expired():
                raise timed_out(phase, where) from None
            raise


def _tls_options(origin: Origin, tls: _Resuming, seconds: float) -> dict[str, Any]:
    """Verify the certificate against the name, or the address where the URL has one."""
    return {
        "ssl": tls,
        "server_hostname": origin.host.rstrip("."),
        "ssl_handshake_timeout": max(seconds, 0.0) + 1.0,  # ours comes first
    }


class _Resuming:
    """A context whose next connection resumes a session: asyncio has no other way to hand one in."""

    def __init__(self, context: ssl.SSLContext, session: ssl.SSLSession | None) -> None:
        self._context = context
        self._session = session

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        *,
        server_side: bool,
        server_hostname: str | None,
    ) -> ssl.SSLObject:
        """Make the TLS side of a connection, as both loops ask for it."""
        return self._context.wrap_bio(
            incoming,
            outgoing,
            server_side=server_side,
            server_hostname=server_hostname,
            session=self._session,
        )
