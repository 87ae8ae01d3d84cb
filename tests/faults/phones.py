"""Telephones without wires: each call is rung, picked up and hung up, and another follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER
from switchhook.domain.cause import Cause
from switchhook.domain.event import EventKind
from switchhook.drivers.ports import CallHandler
from switchhook.routing.admission import OfferedCall, Rejection
from switchhook.routing.commands import ConnectLegs, RingLeg
from switchhook.routing.events import LegAnswered, LegEnded, LegRinging

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from contextlib import AsyncExitStack

    from switchhook.domain.call import Call
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.routing.commands import PhoneCommand
    from switchhook.routing.events import Event, RecordingFinished

DIALLED: Final = "380800111222"
PROJECT: Final = "shop"
TRUNK: Final = "carrier"
HUNG_UP: Final = Cause(sip=200, q850=16, text="hung up")
RUNG: Final = (EventKind.INCOMING_BEFORE, EventKind.INCOMING_FORWARDING)
"""What has happened once a called telephone rings."""


@dataclass(kw_only=True)
class Phones:
    """A driver whose calls come by themselves; after a restart, none of them lives."""

    accepted: Callable[[str, EventKind], None]
    """Hears of each event of a call that the switchboard calls durable."""
    at_once: int
    """Calls."""
    most: int | None
    """Calls in all; None: for ever."""
    pause: float = 0.0
    """Seconds between two steps of a call."""
    port: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether the last call has ended."""
    is_stopping: bool = False
    _handler: CallHandler | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _running: int = 0

    async def start(
        self,
        _stack: AsyncExitStack,
        handler: CallHandler,
        _directory: Callable[[], ProjectDirectory],
    ) -> None:
        self._handler = handler
        for _ in range(self.at_once):
            self._later(self._call)

    async def resume(self, _calls: Sequence[Call]) -> dict[str, frozenset[str]]:
        return {}

    def recorded(self, _call: Call) -> RecordingFinished | None:
        return None

    async def stop(self) -> None:
        self._handler = None

    async def take_up(self, accounts: Container[tuple[str, str]]) -> None:
        """Nobody registers here."""

    def carry_out(self, call: Call, command: PhoneCommand) -> None:
        match command:
            case RingLeg(leg=leg):
                self._report(call, LegRinging(leg=leg), *RUNG)
                picked_up = LegAnswered(leg=leg, handle=leg)
                self._later(self._report, call, picked_up, EventKind.INCOMING_PICKUP)
            case ConnectLegs():
                self._report(call, LegAnswered(leg=CALLER, handle=CALLER))
                self._later(self._hang_up, call)
            case _:
                """The call goes on by itself."""

    def _call(self) -> None:
        number = next(self._numbers)
        if self._handler is None or (self.most is not None and number > self.most):
            if not self._running:
                self.done.set()
            return
        self._running += 1
        offered = OfferedCall(
            caller=f"38067{number:07d}",
            caller_name="",
            callee=DIALLED,
            trunk=TRUNK,
            project=PROJECT,
        )
        if isinstance(self._handler.arrived(offered), Rejection):
            self.done.set()

    def _hang_up(self, call: Call) -> None:
        self._report(call, LegEnded(leg=CALLER, cause=HUNG_UP), EventKind.INCOMING_AFTER)
        self._running -= 1
        self._later(self._call)

    def _report(self, call: Call, event: Event, *events: EventKind) -> None:
        def recorded() -> None:
            if not self.is_stopping:  # else the call may have been ended first
                for one in events:
                    self.accepted(call.id, one)

        if self._handler is not None:
            self._handler.handle(call.id, event, recorded)

    def _later(self, do: Callable[..., None], *args: object) -> None:
        asyncio.get_running_loop().call_later(self.pause, do, *args)
