"""The resolver of names that our settings hold or a decision dials; never of a name in a message."""

from __future__ import annotations

import asyncio
import socket
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from switchhook.hostnames import resolve_in_thread
from switchhook.sip.net.srv import SrvRecord, by_priority, look_up
from switchhook.sip.wire.transport import numeric
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

DEADLINE: Final = 2.0
"""Seconds; a caller is waiting."""
KEEP: Final = 60.0
"""Seconds an address is used before it is asked for again; getaddrinfo does not tell how long it may be."""
KEEP_FAILURE: Final = 5.0
MOST_ADDRESSES: Final = 4
"""Addresses of one name that are used."""
MOST: Final = 1_000
"""Names that are remembered."""
AT_ONCE: Final = 8
"""Look-ups of names that had an address last time, and as many of others: dead names hold up none that lives."""


class UnknownHostError(OSError):
    """A host name led to no address. The message says why, and what to look at."""


_Lookup = tuple[str, ...] | UnknownHostError
"""The result of a look-up."""


class SipResolver:
    """Asks the system's resolver, with a deadline, and remembers for a while what it said.

    It has few threads of its own, for which nothing waits when the process ends: a name server that hangs must
    not delay other work. Names that had an address last time have theirs.
    """

    def __init__(
        self,
        *,
        family: socket.AddressFamily,
        services: Callable[[str, str], Coroutine[Any, Any, tuple[SrvRecord, ...]]] = look_up,
    ) -> None:
        self._family = family
        self._services = services
        self._chance = SystemRandom()
        self._srv: dict[tuple[str, str], tuple[float, tuple[SrvRecord, ...]]] = {}
        self._proven: dict[str, None] = {}
        self._slots = {True: asyncio.Semaphore(AT_ONCE), False: asyncio.Semaphore(AT_ONCE)}
        """For names that are proven, and for others."""
        self._known: dict[str, tuple[float, _Lookup]] = {}
        self._asking: dict[str, asyncio.Task[_Lookup]] = {}

    def close(self) -> None:
        """Wait for no question under way."""
        for task in self._asking.values():
            task.cancel()

    async def find(self, host: str, port: int, transport: str = "") -> tuple[tuple[str, int], ...]:
        """Return addresses and ports of `host`, which stands as in a URI, the best first.

        With a transport, SRV records for it come first (RFC 3263 §4.2). Raises UnknownHostError.
        """
        if (address := numeric(host)) is not None:
            return ((address, port),)
        if not transport:
            return tuple((address, port) for address in await self.addresses(host))
        services, plain = await asyncio.gather(
            self._served(host, transport), self._addresses_or_error(host)
        )
        found: list[tuple[str, int]] = []
        for one in by_priority(services, self._chance):
            known = await self._addresses_or_error(one.host)
            if not isinstance(known, UnknownHostError):
                found += [(address, one.port) for address in known]
        if found:
            return tuple(found)
        if isinstance(plain, UnknownHostError):
            raise plain
        return tuple((address, port) for address in plain)

    async def _served(self, host: str, transport: str) -> tuple[SrvRecord, ...]:
        now = asyncio.get_running_loop().time()
        until, services = self._srv.get((host, transport), (0.0, ()))
        if now < until:
            return services
        services = await self._services(host, transport)
        if len(self._srv) >= MOST:
            self._srv.clear()
        self._srv[host, transport] = now + KEEP, services
        return services

    async def _addresses_or_error(self, host: str) -> _Lookup:
        try:
            return await self.addresses(host)
        except UnknownHostError as error:
            return error

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses of `host`, which stands as in a URI; raise UnknownHostError."""
        if (address := numeric(host)) is not None:
            return (address,)
        found = self._remembered(host)
        if found is None:
            task = self._asking.get(host)
            if task is None:
                task = self._asking[host] = spawn(self._ask(host), name=f"resolve {host}")
                task.add_done_callback(lambda _: self._asking.pop(host, None))
            # The first caller's cancellation must not cancel the look-up for the others.
            found = await asyncio.shield(task)
        if isinstance(found, UnknownHostError):
            raise found
        return found

    def _remembered(self, host: str) -> _Lookup | None:
        until, found = self._known.get(host, (0.0, None))
        return found if asyncio.get_running_loop().time() < until else None

    async def _ask(self, host: str) -> _Lookup:
        found: _Lookup
        try:
            async with asyncio.timeout(DEADLINE):
                slot = self._slots[host in self._proven]
                await slot.acquire()
                rows = await resolve_in_thread(
                    host, None, kind=socket.SOCK_DGRAM, family=self._family, ended=slot.release
                )
            found = tuple(dict.fromkeys(str(row[4][0]) for row in rows))[:MOST_ADDRESSES]
        except TimeoutError:
            found = UnknownHostError(f"no name server answered for {host!r} within {DEADLINE:g} s")
        except (OSError, UnicodeError) as error:
            found = UnknownHostError(f"{host!r} has no address: {error}; is the name right?")
        self._keep(host, found)
        return found

    def _keep(self, host: str, found: _Lookup) -> None:
        is_lost = isinstance(found, UnknownHostError)
        seconds = KEEP_FAILURE if is_lost else KEEP
        self._proven.pop(host, None)
        if not is_lost:
            if len(self._proven) >= MOST:
                del self._proven[next(iter(self._proven))]
            self._proven[host] = None
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known.pop(host, None)
        self._known[host] = asyncio.get_running_loop().time() + seconds, found
