"""The contract between a driver and the switchboard. The contracts are the docstrings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from contextlib import AsyncExitStack

    from switchhook.domain.call import Call
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.routing.admission import OfferedCall, Rejection
    from switchhook.routing.commands import PhoneCommand
    from switchhook.routing.events import Event, RecordingFinished


OnDurable = Callable[[], None]
"""Learns that what an event brought about is durable. Raises nothing."""


class CallHandler(Protocol):
    """The switchboard, as a driver sees it. Every method returns at once and raises nothing."""

    def arrived(
        self, offered: OfferedCall, expect: Callable[[str], None] = lambda _: None
    ) -> str | Rejection:
        """Take a new call and return its id, or refuse it. `CallArrived` follows by itself.

        `expect` gets the id before anything is done about the call: commands may come from then on.
        """

    def handle(self, call: str, event: Event, recorded: OnDurable | None = None) -> None:
        """Put what happened into the call's mailbox; an unknown or ended call is ignored.

        `recorded` is called, once, when what the event brought about is durable, or when nothing will
        come of it; as long as the store cannot take it, it is not. The commands that follow from the
        event are carried out in the same turn of the loop.
        """


class Driver(Protocol):
    """One way to reach telephones: the built-in engine, an Asterisk, the simulator."""

    async def start(
        self, stack: AsyncExitStack, handler: CallHandler, directory: Callable[[], ProjectDirectory]
    ) -> None:
        """Open what is needed, register its closing on `stack`, and begin to take calls.

        `directory` returns the current book at each call. Raises OSError when an address cannot be bound.
        """

    def carry_out(self, call: Call, command: PhoneCommand) -> None:
        """Carry out a command for `call`; report by events. Repeated commands do nothing."""

    async def resume(self, calls: Sequence[Call]) -> dict[str, frozenset[str]]:
        """After a restart, before `start`: take these calls' legs up again.

        Returns for each call id the ids of the legs that live, as far as the driver can know;
        a leg that is not named is gone. Only answered legs (with a handle) can be taken up.
        """

    def recorded(self, call: Call) -> RecordingFinished | None:
        """Return the rest of a recording that an earlier process began; None without one."""

    async def stop(self) -> None:
        """Before the end: let nothing ring on, and wait a moment for it; talking legs are left alone."""


class Sounds(Protocol):
    """Where the sounds of projects are."""

    def sound(self, project: str, file: str) -> bytes | None:
        """Return a sound as 8 kHz mono 16-bit PCM in machine order; None where it cannot be had.

        `file` is what the project says; for a sound that it does not list, the name with `.wav`. Called while calls run: it must return at once.
        """


class SipDriver(Driver, Protocol):
    """A driver whose SIP address is ours."""

    @property
    def port(self) -> int:
        """The port that it listens on, over UDP and TCP."""

    async def take_up(self, accounts: Container[tuple[str, str]]) -> None:
        """Take up what another node left, once its calls are ended in the store.

        These are the registrations of these accounts (each a project and a login), which are stored as ours,
        and telephones that missed the end of their calls.
        """
