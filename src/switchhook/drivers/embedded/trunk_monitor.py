"""The trunk monitor: registers with carriers, and probes each trunk by OPTIONS."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.project import ProjectSnapshot, Trunk
from switchhook.drivers.embedded.dialling import UndiallableError, destination_behind
from switchhook.drivers.embedded.invite_guard import why_not_called
from switchhook.drivers.embedded.trunk_registration import (
    EXPIRES,
    REFUSALS,
    granted,
    least_wanted,
    options,
    pause_after,
    register,
)
from switchhook.sip.auth.proof import MOST_TRIES
from switchhook.sip.net.resolver import UnknownHostError
from switchhook.sip.wire.transport import Peer
from switchhook.tasks import keep_running, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.drivers.embedded.dialling import SipDestination
    from switchhook.drivers.embedded.trunk_registration import TrunkKey
    from switchhook.drivers.embedded.trunk_states import TrunkStates
    from switchhook.sip.net.endpoint import SipEndpoint
    from switchhook.sip.ua.commands import SendOutOfDialog
    from switchhook.sip.ua.events import FinalResponseReceived

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 1.0
"""Seconds between looks for trunks that came, went or changed."""
PROBE_EVERY: Final = 30.0
"""Seconds between two OPTIONS to a trunk; the first comes after as long."""
PATIENCE: Final = 8.0
"""Seconds that one address has to answer."""


@dataclass(slots=True)
class MonitoredTrunk:
    """One trunk that is kept."""

    snapshot: ProjectSnapshot
    trunk: Trunk
    tasks: tuple[asyncio.Task[None], ...] = ()
    call_id: str = ""
    cseq: int = 0
    expires: int = EXPIRES
    peer: Peer | None = None
    """The address that took the registration."""


class TrunkMonitor:
    """`addresses` looks a place up; `directory` is that of the moment."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        states: TrunkStates,
        directory: Callable[[], ProjectDirectory],
        addresses: Callable[[SipDestination], Coroutine[Any, Any, tuple[Peer, ...]]],
    ) -> None:
        self._endpoint = endpoint
        self._states = states
        self._directory = directory
        self._addresses = addresses
        self._kept: dict[TrunkKey, MonitoredTrunk] = {}
        self._waiting: dict[str, asyncio.Future[FinalResponseReceived]] = {}

    async def run(self) -> None:
        """Keep the trunks of the directory, until cancelled."""
        of: ProjectDirectory | None = None
        try:
            while True:
                directory = self._directory()
                if directory is not of:
                    of = directory
                    self._take_up(directory)
                await asyncio.sleep(LOOK_EVERY)
        finally:
            for kept in self._kept.values():
                _cancel(kept)
            self._kept.clear()

    def replied(self, event: FinalResponseReceived) -> bool:
        """Take the answer to a request of ours; False for those of others."""
        waiting = self._waiting.get(event.ref)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)
        return waiting is not None

    def _take_up(self, directory: ProjectDirectory) -> None:
        trunks = {
            (snapshot.project.id, trunk.name): (snapshot, trunk)
            for snapshot, trunk in directory.trunks()
        }
        for key, kept in list(self._kept.items()):
            if trunks.get(key, (None, None))[1] != kept.trunk:
                _cancel(kept)
                del self._kept[key]
                self._states.forget(key)
                if kept.peer is not None:
                    spawn(self._take_back(kept, kept.peer), name=f"unregister trunk {key[1]}")
        for key, (snapshot, trunk) in trunks.items():
            if key in self._kept:
                self._kept[key].snapshot = snapshot
                continue
            kept = self._kept[key] = MonitoredTrunk(snapshot, trunk, call_id=secrets.token_hex(8))
            works = [self._probe, *([self._register] if trunk.register else [])]
            name = f"trunk {key[1]} of {key[0]}"
            kept.tasks = tuple(keep_running(partial(work, key, kept), name=name) for work in works)

    # Probes

    async def _probe(self, key: TrunkKey, kept: MonitoredTrunk) -> None:
        while True:
            await asyncio.sleep(PROBE_EVERY)
            answers = False
            for peer in await self._peers(kept):
                ref = secrets.token_hex(8)
                our_host = self._endpoint.local(peer)[0]
                command = options(kept.trunk, peer, our_host=our_host, ref=ref, call_id=ref)
                replied = await self._ask(command)
                # Any response proves that the trunk is up, except 503 (overloaded).
                if replied is not None and replied.response is not None and replied.status != 503:
                    answers = True
                    break
            self._states.probed(key, answers=answers)

    # Registration

    async def _register(self, key: TrunkKey, kept: MonitoredTrunk) -> None:
        failures = 0
        while True:
            last: FinalResponseReceived | None = None
            for peer in await self._peers(kept):
                last = await self._ask_to_register(key, kept, peer)
                if last is not None and last.status in REFUSALS:
                    break  # the next address has the same opinion of our password
                if last is not None and last.response is not None and 200 <= last.status < 300:
                    break
            if last is not None and last.response is not None and 200 <= last.status < 300:
                failures = 0
                seconds = granted(last.response, key[0], kept.trunk)
                self._states.registered(key, until=time.time() + seconds)
                await asyncio.sleep(max(seconds - 30.0, seconds / 2))
                continue
            failures += 1
            kept.peer = None
            status = 408 if last is None else last.status
            pause = pause_after(failures, status, None if last is None else last.response)
            self._states.unregistered(key, why=_why(last), again_in=pause)
            await asyncio.sleep(pause)

    async def _ask_to_register(
        self, key: TrunkKey, kept: MonitoredTrunk, peer: Peer
    ) -> FinalResponseReceived | None:
        replied = await self._send_register(kept, peer, kept.expires)
        if replied is None or replied.response is None:
            return replied
        wanted = least_wanted(replied.response)
        if wanted > kept.expires:
            kept.expires = wanted
            replied = await self._send_register(kept, peer, wanted)
        if replied is not None and 200 <= replied.status < 300:
            kept.peer = peer
            self._states.registrar(key, peer.host)
        return replied

    async def _take_back(self, kept: MonitoredTrunk, peer: Peer) -> None:
        await self._send_register(kept, peer, 0)

    async def _send_register(
        self, kept: MonitoredTrunk, peer: Peer, expires: int
    ) -> FinalResponseReceived | None:
        command = register(
            kept.snapshot.project.id,
            kept.trunk,
            peer,
            local=self._endpoint.local(peer),
            ref=secrets.token_hex(8),
            call_id=kept.call_id,
            cseq=kept.cseq + 1,
            expires=expires,
        )
        replied = await self._ask(command)
        answered = None if replied is None else replied.response
        kept.cseq = kept.cseq + MOST_TRIES if answered is None else answered.cseq.number
        return replied

    # Common parts

    async def _peers(self, kept: MonitoredTrunk) -> tuple[Peer, ...]:
        """Return the addresses for OPTIONS; empty when the trunk has none, or none that is open."""
        try:
            found = await self._addresses(destination_behind(kept.trunk, None))
        except (UnknownHostError, UndiallableError, ValueError):
            return ()
        project = kept.snapshot.project
        return tuple(peer for peer in found if not why_not_called(project, peer.host, peer.port))

    async def _ask(self, command: SendOutOfDialog) -> FinalResponseReceived | None:
        """Send a request, and return its response; None after a time-out."""
        waiting: asyncio.Future[FinalResponseReceived] = asyncio.get_running_loop().create_future()
        self._waiting[command.ref] = waiting
        try:
            self._endpoint.perform(command)
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    return await waiting
            return None
        finally:
            del self._waiting[command.ref]


def _cancel(kept: MonitoredTrunk) -> None:
    for task in kept.tasks:
        task.cancel()


def _why(replied: FinalResponseReceived | None) -> str:
    if replied is None or replied.response is None:
        return "no response"
    if replied.status in REFUSALS:
        return f"refuses our username and password ({replied.status})"
    return f"{replied.status} {replied.response.reason[:60]}"
