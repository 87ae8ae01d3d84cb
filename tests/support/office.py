"""The built-in SIP engine under a real switchboard, with everything else in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from switchhook.domain.call import Call, CallState
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.journal import JournalEntry
from switchhook.domain.project import Account, Number, Project, ProjectSnapshot, Trunk
from switchhook.domain.scheme import RingStep, Scheme
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import ForwardingNumber, RingOrder
from switchhook.drivers.embedded.driver import EmbeddedDriver
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.switchboard.clock import LoopClock
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.switchboard import Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory as TrackingMemory
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchhook.domain.scheme import Step
    from switchhook.drivers.embedded.media_control import MediaSettings
    from switchhook.drivers.ports import Sounds
    from switchhook.storage.delivery import Delivery
    from switchhook.storage.records import CallRecord

DIALLED = "380800111222"
"""The number that everybody dials; it runs the project's only scheme."""
PASSWORD = "secret"
LOGINS = ("mary", "john")


def number(digits: str) -> Target:
    return Target(kind=TargetKind.NUMBER, value=digits)


def account(login: str) -> Target:
    return Target(kind=TargetKind.ACCOUNT, value=login)


def address(port: int, user: str = "bob", rest: str = "") -> Target:
    return Target(kind=TargetKind.ADDRESS, value=f"sip:{user}@127.0.0.1:{port}{rest}")


def ring(*targets: Target, timeout: float = 20.0, in_turn: bool = False) -> RingStep:
    order = RingOrder.ONE_AFTER_ANOTHER if in_turn else RingOrder.ALL_AT_ONCE
    return RingStep(targets=targets, timeout=timeout, order=order)


def shop(
    *steps: Step, trunk: Trunk | None = None, response_timeout: float = 5.0
) -> ProjectSnapshot:
    """Return a project that believes callers of this machine; its trunk is there too."""
    carrier = trunk or Trunk(name="carrier", host="127.0.0.1", sources=("127.0.0.1/32",))
    crm = ForwardingNumber(name="crm", url="http://crm.example/", response_timeout=response_timeout)
    return ProjectSnapshot(
        Project(
            id="shop",
            name="Shop",
            numbers=(Number(number=DIALLED, scheme=1),),
            accounts=tuple(Account(login=login, password=PASSWORD) for login in LOGINS),
            trunks=(carrier,),
            schemes=(Scheme(id=1, name="all", steps=steps),),
            forwarding_numbers=(crm,),
        )
    )


@dataclass
class Memory:
    """A store, a dispatcher and a webhook's endpoint."""

    answer: bytes = b"{}"
    answers_after: float = 0.0
    calls: dict[str, Call] = field(default_factory=dict)
    journal: list[JournalEntry] = field(default_factory=list)
    stops_at: Callable[[Call], bool] = lambda _: False
    """Behind which call, once it is stored, nothing is carried out any more, as if killed there."""

    async def commit(self, record: CallRecord) -> None:
        self.calls[record.call.id] = record.call
        self.journal += record.entries
        if self.stops_at(record.call):
            await asyncio.Event().wait()

    async def legs_of_last_ends(self, since: float) -> tuple[tuple[str, str, str, str], ...]:
        return tuple(
            (call.snapshot.project.id, call.id, leg.id, leg.handle)
            for call in self.calls.values()
            for leg in call.legs
            if leg.handle and (leg.ended_at or 0.0) >= since
        )

    async def live_calls(
        self,
        snapshot_of: Callable[[str, int], ProjectSnapshot],  # noqa: ARG002
    ) -> tuple[Call, ...]:
        live = [call for call in self.calls.values() if call.state is not CallState.ENDED]
        return tuple(live)

    def dispatch(self, *deliveries: Delivery) -> None:
        """Nobody is told."""

    async def ask(
        self,
        call: Call,  # noqa: ARG002
        request: HttpRequest,
        **_: float | None,
    ) -> Exchange:
        await asyncio.sleep(self.answers_after)
        response = HttpResponse(status=200, reason="OK", headers=(), body=self.answer)
        return Exchange(request=request, response=response, failure=None)


@dataclass
class Office:
    """What runs."""

    driver: EmbeddedDriver
    board: Switchboard
    memory: Memory

    @property
    def port(self) -> int:
        return self.driver.port

    @property
    def call(self) -> Call:
        """Return the only call that there was."""
        (call,) = self.memory.calls.values()
        return call

    @property
    def ends(self) -> list[str]:
        """Say how each call ended: outcome and by whom."""
        return [f"{call.outcome} by {call.ended_by}" for call in self.memory.calls.values()]

    async def quiet(self, within: float = 5.0) -> None:
        """Wait until no call is left, neither here nor in the engine; transactions may linger."""
        try:
            async with asyncio.timeout(within):
                while any(self.left()):  # noqa: ASYNC110 - nobody tells of it
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"left after {within} s: {self.left()}") from None

    def left(self) -> tuple[object, ...]:
        """Return what has not ended: the engine's calls, the board's, sessions, pending requests."""
        load = self.driver.endpoint.agent.load
        return self.driver.calls, self.board.calls, load.sessions, load.pending_requests


@asynccontextmanager
async def open_office(
    snapshot: ProjectSnapshot,
    *,
    binding: ListenAddress | None = None,
    memory: Memory | None = None,
    max_calls: int = 1000,
    sounds: Sounds | None = None,
    media_settings: MediaSettings | None = None,
) -> AsyncIterator[Office]:
    """Run the engine on a free port; with an old `memory`, take its talking calls up."""
    memory = memory or Memory()
    binding = binding or ListenAddress(port=0)
    driver = EmbeddedDriver(
        binding=binding, ended=memory, sounds=sounds, media_settings=media_settings
    )
    directory = ProjectDirectory([snapshot])
    ids = count(len(memory.calls) + 1)
    known = TrackingMemory()
    board = Switchboard(
        driver=driver,
        store=memory,
        dispatcher=memory,
        webhook_asker=WebhookAsker(memory, "test"),
        clock=LoopClock(),
        directory=lambda: directory,
        new_id=lambda: f"c{next(ids)}",
        outbox=OutboxContext(product="test", facts_of=known.facts_of),
        tracking=known,
        max_calls=max_calls,
    )
    async with AsyncExitStack() as stack:
        await board.start(stack, lambda _project, _version: snapshot)
        yield Office(driver, board, memory)
