"""A simulated call: the project's own scheme, simulated telephones, and webhooks that are really asked.

No telephone rings and no event is told. Time passes as fast as it can, but an endpoint's answer takes
as long on the call's clock as it really took.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.ask_policy import REDIRECTS
from switchhook.delivery.authenticating import AuthenticatingSender
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.oauth import AccessTokens
from switchhook.delivery.subscribers import Subscribers
from switchhook.domain.call import Call
from switchhook.domain.cause import Cause
from switchhook.domain.credentials import NO_CREDENTIALS
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import table_of
from switchhook.drivers.simulator.clock import VirtualClock, some_turns
from switchhook.drivers.simulator.driver import SimulatedDriver
from switchhook.drivers.simulator.script import SimulatedCaller, SimulatedPhone, refusing
from switchhook.routing.admission import OfferedCall, Rejection
from switchhook.storage.delivery import Delivery
from switchhook.switchboard.ask_dialects import asked_webhook
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.switchboard import Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory
from switchhook.tryout.lookup import find_routing_webhook
from switchhook.tryout.script import PHONES, Script
from switchhook.webhooks.http import Exchange, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from switchhook.domain.event import Subscription
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.operations.tables.files import TableFiles
    from switchhook.routing.commands import AskWebhook
    from switchhook.storage.records import CallRecord
    from switchhook.switchboard.webhook_asker import AskOutcome
    from switchhook.webhooks.http import HttpRequest

CALL_ID = "1700000000.000000000001"
FIRST_KEY, NEXT_KEY = 1.0, 0.25
"""Seconds until the first key once keys are waited for, and between two keys."""
MAX_SECONDS = 86_400.0
"""Seconds on the call's clock after which it is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSimulation:
    """The ended call."""

    call: Call | None
    """None where it was refused."""
    refused: Rejection | None
    journal: tuple[JournalEntry, ...]
    deliveries: tuple[Delivery, ...]
    """The events that would have been sent."""
    left_over: tuple[str, ...]
    """The unused parts of the script, a clause each."""


async def simulate_call(
    snapshot: ProjectSnapshot,
    script: Script,
    *,
    now: float,
    product: str,
    subscriptions: Sequence[Subscription] = (),
    tables: TableFiles | None = None,
) -> CallSimulation:
    """Place the call at `now` and return what became of it, once it is over.

    Of the `subscriptions` those to the project are told. `tables` answer in place of endpoints; without them none do.

    Raises NoSuchWebhookError where an answer is given for a webhook that the project does not have.
    """
    for name in script.answers:
        find_routing_webhook(snapshot, name)
    clock = VirtualClock(now)
    async with AsyncExitStack() as stack:
        sender = Sender()
        stack.push_async_callback(sender.close)
        tokens = AccessTokens(sender.exchange, product)
        asker = _Asker(
            AuthenticatingSender(sender.exchange, tokens, clock=time.time), script.answers, tables
        )
        webhook_asker = _PretendAsker(clock, asker, product)
        driver = SimulatedDriver(clock, _Phones(snapshot, script))
        finger = _KeyPresser(clock, driver, script.digits)
        notebook = _MemoryStore(finger)
        known = Memory()
        switchboard = Switchboard(
            driver=driver,
            store=notebook,
            dispatcher=notebook,
            webhook_asker=webhook_asker,
            clock=clock,
            directory=lambda: ProjectDirectory([snapshot]),
            new_id=lambda: CALL_ID,
            outbox=OutboxContext(
                product=product,
                facts_of=known.facts_of,
                subscriptions_of=Subscribers(subscriptions).of,
            ),
            tracking=known,
        )
        await switchboard.start(stack, lambda *_: snapshot)
        placed = driver.place(
            SimulatedCaller(offered=_arrival(snapshot, script), gives_up_after=script.patience)
        )
        await clock.run(now + MAX_SECONDS, settle=webhook_asker.settle)
    return CallSimulation(
        call=notebook.call,
        refused=placed.refused,
        journal=tuple(notebook.entries),
        deliveries=tuple(notebook.deliveries),
        left_over=(
            *script.left_over(notebook.entries, keyed=finger.keyed, asked=asker.answered),
            *_assumptions(snapshot, script, notebook.entries),
        ),
    )


def _assumptions(
    snapshot: ProjectSnapshot, script: Script, journal: Iterable[JournalEntry]
) -> Iterator[str]:
    """Name unknown targets and the assumption: a number behind the trunk."""
    dialled = [dict(e.facts).get("target", "") for e in journal if e.kind is EntryKind.DIALLED]
    for target in dict.fromkeys(filter(str.isdigit, dialled)):
        number = Target(kind=TargetKind.NUMBER, value=target)
        if snapshot.is_unassigned(number) and target not in script.phones:
            yield (
                f"{target} is no account or group of the project: whether anybody has it behind the trunk"
                " is not known, and was supposed"
            )


def _arrival(snapshot: ProjectSnapshot, script: Script) -> OfferedCall:
    account = snapshot.accounts.get(script.caller)
    trunk = next((trunk.name for trunk in snapshot.project.trunks), "")
    return OfferedCall(
        caller=script.caller,
        caller_name=script.caller_name or (account.name if account else ""),
        callee=script.callee,
        account="" if account is None else account.login,
        trunk="" if account else trunk,
        project=snapshot.project.id,
    )


class _Phones(Mapping[str, SimulatedPhone]):
    """Every telephone there is: those that were told what to do, and all others."""

    def __init__(self, snapshot: ProjectSnapshot, script: Script) -> None:
        self._snapshot = snapshot
        self._script = script

    def __getitem__(self, target: str) -> SimulatedPhone:
        if self._is_out_of_reach(target):
            project = self._snapshot.project.id
            return refusing(
                Cause(sip=503, text=f"project {project} has no trunk for outside numbers")
            )
        return PHONES[self._script.does(target)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._script.phones)

    def __len__(self) -> int:
        return len(self._script.phones)

    def _is_out_of_reach(self, target: str) -> bool:
        """Say whether it is an outside number, and the project has no trunk for those."""
        is_number = target.removeprefix("+").isdigit() and not self._snapshot.has_name(target)
        return is_number and not any(trunk.outgoing for trunk in self._snapshot.project.trunks)


class _Asker:
    """Asks endpoints once, or gives the answer that was said."""

    def __init__(
        self,
        authenticating: AuthenticatingSender,
        answers: Mapping[str, Sequence[bytes]],
        tables: TableFiles | None,
    ) -> None:
        self.really = 0
        """How many requests went out."""
        self.answered: Counter[str] = Counter()
        """How many requests of each webhook had an answer that was given."""
        self._authenticating = authenticating
        self._answers = answers
        self._tables = tables

    async def ask(
        self,
        call: Call,
        request: HttpRequest,
        *,
        deadline: float,
        connect: float | None = None,
        response: float | None = None,
    ) -> Exchange:
        """Return what came of it."""
        name = call.asks.pending.webhook if call.asks.pending else ""
        bodies = self._answers.get(name)
        if bodies:
            body = bodies[min(self.answered[name], len(bodies) - 1)]
            self.answered[name] += 1
            answer = HttpResponse(status=200, reason="OK", headers=(), body=body)
            return Exchange(request=request, response=answer, failure=None)
        webhook, pending = asked_webhook(call), call.asks.pending
        if self._tables is not None and webhook is not None and table_of(request.url):
            return await self._tables.exchange(request, webhook, call.snapshot, deadline)
        self.really += 1
        return await self._authenticating.exchange(
            request,
            NO_CREDENTIALS if webhook is None else webhook.credentials,
            project=call.snapshot.project.id,
            id_="" if pending is None else pending.id,
            deadline=deadline,
            networks=AllowedNetworks.parse(call.snapshot.project.allowed_networks),
            keep_alive=False,
            idempotent=True,
            follow=REDIRECTS,
            connect=connect,
            response=response,
        )


class _PretendAsker(WebhookAsker):
    """Holds the call's clock while endpoints think, and then lets as much time pass on it."""

    def __init__(self, clock: VirtualClock, asker: _Asker, product: str) -> None:
        super().__init__(asker, product)
        self._clock = clock
        self._real = asker
        self._running = 0
        self._done = asyncio.Event()

    async def ask(self, call: Call, ask: AskWebhook, *, now: float) -> AskOutcome:
        """Return what came of it, when that has taken its time."""
        loop, before = asyncio.get_running_loop(), self._real.really
        self._running += 1
        self._done.clear()
        began = loop.time()
        try:
            heard = await super().ask(call, ask, now=now)
        finally:
            self._running -= 1
            self._done.set()
        if self._real.really > before:
            await self._clock.sleep(loop.time() - began)
        return heard

    async def settle(self) -> None:
        """Return when nothing is left to happen at this moment."""
        await some_turns()
        while self._running:
            await self._done.wait()
            await some_turns()


def waits_for_keys(call: Call) -> tuple[object, ...] | None:
    """Return the identity of the current wait for keys; None without one."""
    keys = call.collecting
    if keys is None:
        return None
    at = call.position
    return call.state, at.scheme, at.path, at.jumps, call.asks.started, keys.attempt


class _KeyPresser:
    """Presses the caller's keys whenever the call begins to wait for some."""

    def __init__(self, clock: VirtualClock, driver: SimulatedDriver, digits: Sequence[str]) -> None:
        self._clock = clock
        self._driver = driver
        self._digits = digits
        self.keyed = 0
        """How many of `digits` were begun."""
        self._waits: tuple[object, ...] | None = None

    def see(self, call: Call) -> None:
        """Look at what the call is doing now."""
        waits = waits_for_keys(call)
        if waits is not None and waits != self._waits and self.keyed < len(self._digits):
            self._press(call.id, self._digits[self.keyed])
            self.keyed += 1
        self._waits = waits

    def _press(self, call: str, digits: str) -> None:
        for index, digit in enumerate(digits):
            when = self._clock.now() + FIRST_KEY + index * NEXT_KEY
            self._clock.call_at(when, self._pressing(call, digit))

    def _pressing(self, call: str, digit: str) -> Callable[[], None]:
        return lambda: self._driver.press(call, digit)


class _MemoryStore:
    """Stands in for the store and the dispatcher: keeps the events and sends none."""

    def __init__(self, finger: _KeyPresser) -> None:
        self.call: Call | None = None
        self.entries: list[JournalEntry] = []
        self.deliveries: list[Delivery] = []
        self._finger = finger

    async def commit(self, record: CallRecord) -> None:
        """Keep the record."""
        self.call = record.call
        self.entries += record.entries
        self._finger.see(record.call)

    async def live_calls(
        self,
        snapshot_of: Callable[[str, int], ProjectSnapshot],  # noqa: ARG002 (the Protocol's)
    ) -> tuple[Call, ...]:
        """Return none: nothing was before."""
        return ()

    def dispatch(self, *deliveries: Delivery) -> None:
        """Keep what would have been sent."""
        self.deliveries += deliveries
