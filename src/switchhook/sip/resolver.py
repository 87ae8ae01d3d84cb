"""Names to addresses, for those names that our own set-up holds or a decision dials; never a stranger's."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from switchhook.sip.transport import numeric
from switchhook.tasks import spawn

DEADLINE: Final = 2.0
"""Seconds; a caller is waiting."""
KEEP: Final = 60.0
"""Seconds an address is used before it is asked for again; getaddrinfo does not tell how long it may be."""
KEEP_FAILURE: Final = 5.0
MOST: Final = 1_000
"""Names that are remembered."""


class UnknownHostError(OSError):
    """A host name led to no address. The message says why, and what to look at."""


class Resolver:
    """Asks the system's resolver, with a deadline, and remembers for a while what it said.

    It has few threads of its own: a name server that hangs must not hold up anybody else's work.
    """

    def __init__(self, *, family: socket.AddressFamily) -> None:
        self._family = family
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sip-dns")
        self._known: dict[str, tuple[float, str | UnknownHostError]] = {}
        self._asking: dict[str, asyncio.Task[str | UnknownHostError]] = {}

    def close(self) -> None:
        """Let the threads go; questions under way are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def resolve(self, host: str) -> str:
        """Return the address of `host`, which stands as in a URI; raise UnknownHostError."""
        if (address := numeric(host)) is not None:
            return address
        found = self._remembered(host)
        if found is None:
            task = self._asking.get(host)
            if task is None:
                task = self._asking[host] = spawn(self._ask(host), name=f"resolve {host}")
                task.add_done_callback(lambda _: self._asking.pop(host, None))
            # Whoever asked first must not take the answer away from the others by giving up.
            found = await asyncio.shield(task)
        if isinstance(found, UnknownHostError):
            raise found
        return found

    def _remembered(self, host: str) -> str | UnknownHostError | None:
        until, found = self._known.get(host, (0.0, None))
        return found if asyncio.get_running_loop().time() < until else None

    async def _ask(self, host: str) -> str | UnknownHostError:
        loop = asyncio.get_running_loop()
        found: str | UnknownHostError
        try:
            async with asyncio.timeout(DEADLINE):
                found = await loop.run_in_executor(self._threads, self._getaddrinfo, host)
        except TimeoutError:
            found = UnknownHostError(f"no name server answered for {host!r} within {DEADLINE:g} s")
        except (OSError, UnicodeError) as error:
            found = UnknownHostError(f"{host!r} has no address: {error}; is the name right?")
        self._keep(host, found)
        return found

    def _getaddrinfo(self, host: str) -> str:
        found = socket.getaddrinfo(host, None, family=self._family, type=socket.SOCK_DGRAM)
        return str(found[0][4][0])

    def _keep(self, host: str, found: str | UnknownHostError) -> None:
        seconds = KEEP if isinstance(found, str) else KEEP_FAILURE
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known.pop(host, None)
        self._known[host] = asyncio.get_running_loop().time() + seconds, found
