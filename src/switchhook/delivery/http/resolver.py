"""Resolves names to socket addresses within a deadline; a dead name delays no other.

The standard library can look a name up only by blocking a thread, for as long as the DNS servers
please. So: one look-up per name at a time however many wait for it, threads of our own (the loop's
few would all be stuck behind six dead names), as many again for names that had an address last time, and a
short memory for what was found or not found.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from switchhook.delivery.http.deadline import within
from switchhook.delivery.http.errors import ExchangePhase, timed_out, unresolved
from switchhook.hostnames import AddressInfo, SocketAddress, resolve_in_thread
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from switchhook.delivery.limits import HttpLimits

Resolve = Callable[[str, int], Awaitable[Sequence[AddressInfo]]]
"""Looks up host and port as `getaddrinfo` does; raises OSError or UnicodeError."""

_NAMES_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedAddress:
    """One numeric address to connect to."""

    family: int
    sockaddr: SocketAddress

    @property
    def ip(self) -> str:
        """The numeric address, without a zone."""
        return cast("str", self.sockaddr[0]).partition("%")[0]

    def __str__(self) -> str:
        port = cast("int", self.sockaddr[1])
        return f"[{self.ip}]:{port}" if self.family == socket.AF_INET6 else f"{self.ip}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    found: tuple[ResolvedAddress, ...] | OSError | UnicodeError
    until: float
    chosen: ResolvedAddress | None = None
    """The address that let us in when the one before it did not; it stays first over look-ups."""


class Resolver:
    """Resolves, and remembers for a while."""

    def __init__(
        self, limits: HttpLimits, clock: Callable[[], float], resolve: Resolve | None
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._resolve = resolve or look_up
        self._known: dict[tuple[str, int], _Known] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[_Known]] = {}
        self._proven: dict[str, None] = {}
        self._threads = {
            True: asyncio.Semaphore(limits.dns_threads),
            False: asyncio.Semaphore(limits.dns_threads),
        }
        """For names that are proven, and for others."""

    async def places(self, host: str, port: int, *, seconds: float) -> tuple[ResolvedAddress, ...]:
        """Return every address of `host`, at least one, families taking turns (RFC 8305 §4).

        Raises ExchangeError (DNS, DNS_TIMEOUT) within `seconds`.
        """
        if literal := _literal(host, port):
            return (literal,)
        known = self._known.get((host, port))
        if known is None or known.until <= self._clock():
            known = await self._ask(host, port, min(seconds, self._limits.dns_seconds))
        if isinstance(known.found, OSError | UnicodeError):
            raise unresolved(host, known.found)
        return known.found

    def prefer(self, host: str, port: int, place: ResolvedAddress) -> None:
        """Put `place` first, since it let us in when another did not."""
        known = self._known.get((host, port))
        if known and isinstance(known.found, tuple) and known.found[0] != place:
            others = tuple(other for other in known.found if other != place)
            self._known[host, port] = _Known(
                found=(place, *others), until=known.until, chosen=place
            )

    def forget(self, host: str, port: int) -> None:
        """Look `host` up afresh next time, since nothing that is known of it answers."""
        self._known.pop((host, port), None)

    def close(self) -> None:
        """Stop waiting; a thread that still asks ends with the process."""
        for task in self._asking.values():
            task.cancel()

    async def _ask(self, host: str, port: int, seconds: float) -> _Known:
        task = self._asking.get((host, port))
        if task is None:
            task = spawn(self._look_up(host, port), name=f"resolve {host}")
            self._asking[host, port] = task
            task.add_done_callback(lambda _: self._asking.pop((host, port), None))
        try:
            async with within(seconds):
                await asyncio.wait([task])  # others wait for it as well
        except TimeoutError:
            raise timed_out(ExchangePhase.DNS, host) from None
        if task.cancelled():
            raise timed_out(ExchangePhase.DNS, host)
        return task.result()

    async def _look_up(self, host: str, port: int) -> _Known:
        found: tuple[ResolvedAddress, ...] | OSError | UnicodeError
        former = self._known.get((host, port))
        chosen = None if former is None else former.chosen
        keep = self._limits.dns_failure_seconds
        is_proven = host in self._proven
        self._proven.pop(host, None)
        async with self._threads[is_proven]:
            try:
                found = _in_turns(await self._resolve(host, port), chosen)
                keep = self._limits.dns_cache_seconds
                self._prove(host)
            except (OSError, UnicodeError) as error:
                found = error
        known = _Known(found=found, until=self._clock() + keep, chosen=chosen)
        if len(self._known) >= _NAMES_KEPT:
            self._known.clear()
        self._known[host, port] = known
        return known

    def _prove(self, host: str) -> None:
        if len(self._proven) >= _NAMES_KEPT:
            self._proven.clear()
        self._proven[host] = None


async def look_up(host: str, port: int) -> Sequence[AddressInfo]:
    """Ask the system's resolver, in a thread that nothing waits for when the process ends."""
    return await resolve_in_thread(host, port, kind=socket.SOCK_STREAM)


def _literal(host: str, port: int) -> ResolvedAddress | None:
    """Read a numeric address as everybody writes it; other spellings are the resolver's."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    if ip.version == 4:
        return ResolvedAddress(family=socket.AF_INET, sockaddr=(host, port))
    return ResolvedAddress(family=socket.AF_INET6, sockaddr=(host, port, 0, 0))


def _in_turns(
    rows: Sequence[AddressInfo], chosen: ResolvedAddress | None
) -> tuple[ResolvedAddress, ...]:
    """Keep the resolver's order within each family, let the families take turns; `chosen` comes first."""
    places = dict.fromkeys(ResolvedAddress(family=row[0], sockaddr=row[4]) for row in rows)
    if not places:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    first = next(iter(places)).family
    ours = [place for place in places if place.family == first]
    others = [place for place in places if place.family != first]
    turns: list[ResolvedAddress] = []
    while ours or others:
        turns += ours[:1] + others[:1]
        ours, others = ours[1:], others[1:]
    return tuple(sorted(turns, key=lambda place: place != chosen))
