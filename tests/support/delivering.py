"""A dispatcher in virtual time, with scripted endpoints, a scripted mail server and a store that only remembers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.dispatcher import ALL_RECIPIENTS, Dispatcher
from switchhook.delivery.incidents import nobody_is_warned
from switchhook.delivery.policy import default_policy
from switchhook.delivery.queues import DispatcherLimits
from switchhook.domain.failure import Failure, FailureKind
from switchhook.storage.delivery import Attempt, Delivery, Incident
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from switchhook.webhooks.mail import Mail, MailResult
from tests.support.promises import DOWN, OCCURRED, delivery
from tests.support.virtual_time import run_virtually

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from typing import Any

    from switchhook.delivery.dispatcher import Recipients
    from switchhook.delivery.incidents import Warn
    from switchhook.delivery.lanes import OriginLimit
    from switchhook.domain.delivery_policy import DeliveryPolicy

OFFICE = AllowedNetworks.parse(["10.0.0.0/8"])

Answers = int | Callable[[HttpRequest], Awaitable[int]]
"""How a scripted endpoint answers: with a status, or with one that it comes to by doing something."""


def promise(call: str, seq: int = 1, webhook: str = "crm") -> Delivery:
    """Return a delivery whose body tells it apart."""
    return delivery(call, seq, webhook=webhook, body=f"{call}.{seq}.{webhook}".encode())


class Wait(int):
    """The status 429 with so many seconds in Retry-After."""


def response(request: HttpRequest, status: int) -> Exchange:
    headers = (("retry-after", str(int(status))),) if isinstance(status, Wait) else ()
    status = 429 if isinstance(status, Wait) else status
    answer = HttpResponse(status=status, reason="", headers=headers, body=b"noted")
    return Exchange(request=request, response=answer, failure=None, seconds=(("total", 0.1),))


@dataclass
class Sender:
    """A scripted endpoint for each webhook: a status, or something to do first."""

    script: dict[str, Answers] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    """Ids of what arrived, in order."""
    terms: list[tuple[float, AllowedNetworks, bool, bool]] = field(default_factory=list)
    flying: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)

    async def exchange(
        self,
        request: HttpRequest,
        *,
        deadline: float,
        networks: AllowedNetworks,
        keep_alive: bool,
        idempotent: bool,
    ) -> Exchange:
        name = request.body.decode()
        webhook = name.rpartition(".")[2]
        self.heard.append(name)
        self.terms.append((deadline, networks, keep_alive, idempotent))
        self.flying[webhook] += 1
        self.most[webhook] = max(self.most[webhook], self.flying[webhook])
        try:
            answer = self.script.get(webhook, 200)
            if callable(answer):
                async with asyncio.timeout(deadline):
                    answer = await answer(request)
            return response(request, answer)
        except InterruptedError:
            failure = Failure(kind=FailureKind.INTERRUPTED, detail="Stopping.")
            return Exchange(request=request, response=None, failure=failure)
        except TimeoutError:
            failure = Failure(kind=FailureKind.HEADERS_TIMEOUT, detail="No answer.")
            return Exchange(request=request, response=None, failure=failure)
        finally:
            self.flying[webhook] -= 1


@dataclass
class Mailer:
    """A scripted mail server: the codes that it replies to each recipient, one after another."""

    script: dict[str, list[int]] = field(default_factory=dict)
    heard: list[tuple[str, bytes, float]] = field(default_factory=list)

    async def post(self, mail: Mail, *, deadline: float) -> MailResult:
        self.heard.append((mail.recipient, mail.message, deadline))
        await asyncio.sleep(0.2)
        codes = self.script.get(mail.recipient, [])
        code = codes.pop(0) if codes else 250
        if code < 0:
            await asyncio.sleep(1e6)
        failure = None if code == 250 else DOWN
        return MailResult(status=code, reply="words", failure=failure, seconds=0.2)

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _, _ in self.heard]


@dataclass
class Store:
    """Remembers attempts; refuses as often as it is told to."""

    recorded: list[Attempt] = field(default_factory=list)
    patient: list[str] = field(default_factory=list)
    """Deliveries whose attempt could wait for others' commit."""
    refusals: int = 0
    incidents: dict[tuple[str, str], Incident] = field(default_factory=dict)
    incident_refusals: int = 0
    warned: list[Delivery] = field(default_factory=list)

    async def record_attempt(self, made: Attempt, *, can_wait: bool = False) -> None:
        await asyncio.sleep(0.001)
        if self.refusals:
            self.refusals -= 1
            raise OSError("the disk is full")
        self.recorded.append(made)
        if can_wait:
            self.patient.append(made.delivery)

    async def save_incidents(
        self,
        failing: Sequence[Incident],
        over: Sequence[tuple[str, str]],
        warnings: Sequence[Delivery],
    ) -> None:
        await asyncio.sleep(0.001)
        if self.incident_refusals:
            self.incident_refusals -= 1
            raise OSError("the disk is full")
        self.incidents |= {(one.project, one.webhook): one for one in failing}
        for key in over:
            self.incidents.pop(key, None)
        self.warned += warnings

    @property
    def settled(self) -> list[str]:
        return [made.delivery for made in self.recorded if made.is_last]


@dataclass
class House:
    """A dispatcher with its scripted surroundings."""

    sender: Sender
    mailer: Mailer
    store: Store
    dispatcher: Dispatcher
    stack: AsyncExitStack
    clock: Clock


@dataclass
class Clock:
    """The machine's clock, which somebody may set; the loop's is another."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return OCCURRED + asyncio.get_running_loop().time() + self.ahead


def play(
    scenario: Callable[[House], Coroutine[Any, Any, None]],
    *,
    pending: tuple[Delivery, ...] = (),
    limits: DispatcherLimits | None = None,
    policy: DeliveryPolicy | None = None,
    history: tuple[Attempt, ...] = (),
    script: Mapping[str, Answers] | None = None,
    recipients: Recipients = ALL_RECIPIENTS,
    failing: tuple[Incident, ...] = (),
    warn: Warn = nobody_is_warned,
    limit_of: Callable[[Delivery], OriginLimit | None] = lambda _: None,
    replies: Mapping[str, list[int]] | None = None,
    may_send: Callable[[], bool] = lambda: True,
) -> None:
    """Run a scenario in virtual time; the dispatcher stops at its end."""

    async def body() -> None:
        clock = Clock()
        sender, store = Sender(script=dict(script or {})), Store()
        mailer = Mailer(script=dict(replies or {}))
        dispatcher = Dispatcher(
            sender,
            store,
            clock=clock,
            networks_of=lambda project: OFFICE if project == "shop" else AllowedNetworks(),
            mailer=mailer,
            policy_of=(lambda _: policy) if policy else default_policy,
            recipients=recipients,
            warn=warn,
            limit_of=limit_of,
            may_send=may_send,
            limits=limits or DispatcherLimits(),
            chance=lambda: 1.0,
        )
        async with AsyncExitStack() as stack:
            tried = {made.id: history for made in pending} if history else {}
            await dispatcher.start(stack, pending, tried, failing)
            await scenario(House(sender, mailer, store, dispatcher, stack, clock))

    run_virtually(body())


async def hang(_request: HttpRequest) -> int:
    await asyncio.sleep(1e6)
    return 200


async def interrupted(_request: HttpRequest) -> int:
    raise InterruptedError


def after(seconds: float) -> Callable[[HttpRequest], Awaitable[int]]:
    async def slowly(_request: HttpRequest) -> int:
        await asyncio.sleep(seconds)
        return 200

    return slowly


def ends(house: House) -> list[tuple[str, int, str]]:
    """Return what settled each delivery: its id, which try that was, and the kind of its failure."""
    return [
        (made.delivery, made.number, made.failure.kind if made.failure else "delivered")
        for made in house.store.recorded
        if made.is_last
    ]


def in_turn(*answers: int) -> Callable[[HttpRequest], Awaitable[int]]:
    """Answer one after another, the last for ever."""
    left = list(answers)

    async def answer(_request: HttpRequest) -> int:
        await asyncio.sleep(0.01)
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def times(house: House) -> list[int]:
    return [round(made.at - OCCURRED) for made in house.store.recorded]
