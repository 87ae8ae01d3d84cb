"""A delivery with a delay goes out that long after its event, restart or not, and holds up nothing else."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.dispatcher import Dispatcher
from switchhook.delivery.policy import pause_before_first
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.storage.records import StoreError
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from tests.support.promises import OCCURRED, delivery
from tests.support.virtual_time import run_virtually

if TYPE_CHECKING:
    from switchhook.storage.delivery import Attempt, Delivery

DELAY = 4 * 3600.0
LATER, NOW = DeliveryPolicy(delay=DELAY, retries=1, keep_order=False), DeliveryPolicy()


@dataclass
class Endpoint:
    """Answers with the next status, and remembers when it was told."""

    statuses: list[int] = field(default_factory=list)
    told: list[tuple[str, float]] = field(default_factory=list)

    async def exchange(self, request: HttpRequest, **_: object) -> Exchange:
        at = OCCURRED + asyncio.get_running_loop().time()
        self.told.append((request.body.decode(), at - OCCURRED))
        status = self.statuses.pop(0) if self.statuses else 204
        answer = HttpResponse(status=status, reason="", headers=(), body=b"")
        return Exchange(request=request, response=answer, failure=None, seconds=(("total", 0.1),))


class Store:
    async def record_attempt(self, made: Attempt, *, can_wait: bool = False) -> None:
        """Take it."""

    async def save_incidents(self, *_: object) -> None:
        """Take them."""


def policy_of(one: Delivery) -> DeliveryPolicy:
    return LATER if one.webhook == "later" else NOW


def dispatcher(endpoint: Endpoint, writer: Writer | None = None) -> Dispatcher:
    return Dispatcher(
        endpoint,
        Store(),
        clock=lambda: OCCURRED + asyncio.get_running_loop().time(),
        networks_of=lambda _: AllowedNetworks.parse([]),
        policy_of=policy_of,
        write_anew=(writer or Writer()).write,
        chance=lambda: 1.0,
    )


def promised(webhook: str, call: str = "c1") -> Delivery:
    made = delivery(call, 1, webhook=webhook, body=webhook.encode(), success_codes=(200, 204))
    return replace(made, occurred_at=OCCURRED)


@pytest.mark.row("N-18")
def test_it_is_sent_when_the_delay_is_over_and_others_meanwhile() -> None:
    endpoint = Endpoint()

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            sends = dispatcher(endpoint)
            await sends.start(stack, (), {})
            sends.dispatch(promised("later"), promised("crm"))
            await sends.drain()

    run_virtually(scenario())
    assert endpoint.told == [("crm", 0.0), ("later", DELAY)]


@pytest.mark.row("N-18")
def test_a_restart_makes_it_neither_later_nor_earlier() -> None:
    endpoint = Endpoint()

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            first = dispatcher(endpoint)
            await first.start(stack, (), {})
            first.dispatch(promised("later"))
            await asyncio.sleep(DELAY / 2)
        assert endpoint.told == []
        async with AsyncExitStack() as stack:
            again = dispatcher(endpoint)
            await again.start(stack, (promised("later"),), {})
            await again.drain()

    run_virtually(scenario())
    assert endpoint.told == [("later", DELAY)]


@pytest.mark.row("N-18")
def test_it_waits_and_is_tried_again_while_the_endpoint_is_down() -> None:
    endpoint = Endpoint(statuses=[503])

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            sends = dispatcher(endpoint)
            await sends.start(stack, (), {})
            sends.dispatch(promised("later"))
            await sends.drain()

    run_virtually(scenario())
    assert [round(at) for _, at in endpoint.told] == [round(DELAY), round(DELAY + 30)]


class Writer:
    """Writes drafts when they are sent; the store refuses as often as it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.written: list[float] = []
        self.refusals = refusals

    async def write(self, draft: Delivery) -> Delivery:
        at = asyncio.get_running_loop().time()
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the disk is full")
        self.written.append(at)
        assert isinstance(draft.request, HttpRequest)
        body = f"known at {at:.0f}".encode()
        return replace(draft, request=replace(draft.request, body=body, is_draft=False))


def drafted(call: str = "c1") -> Delivery:
    made = promised("later", call)
    assert isinstance(made.request, HttpRequest)
    return replace(made, request=replace(made.request, is_draft=True))


@pytest.mark.row("N-18")
def test_a_draft_is_written_once_when_it_is_sent_and_stored_before() -> None:
    endpoint, writer = Endpoint(statuses=[503]), Writer(refusals=2)

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            sends = dispatcher(endpoint, writer)
            await sends.start(stack, (), {})
            sends.dispatch(drafted())
            await sends.drain()

    run_virtually(scenario())
    assert len(writer.written) == 1
    assert writer.written[0] > DELAY  # the store refused twice, and nothing was sent meanwhile
    assert [body for body, _ in endpoint.told] == [f"known at {DELAY:.0f}"] * 2
    assert endpoint.told[0][1] == pytest.approx(writer.written[0])


@pytest.mark.row("N-18")
def test_what_was_tried_or_written_before_a_restart_is_sent_as_it_is() -> None:
    endpoint, writer = Endpoint(), Writer()

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            sends = dispatcher(endpoint, writer)
            await sends.start(stack, (promised("later"),), {})
            await sends.drain()

    run_virtually(scenario())
    assert writer.written == []
    assert endpoint.told == [("later", DELAY)]


def test_a_clock_that_is_set_back_makes_a_delay_no_longer() -> None:
    one = promised("later")

    assert pause_before_first(LATER, one, OCCURRED - 86_400) == DELAY
    assert pause_before_first(LATER, one, OCCURRED + DELAY - 1) == 1
    assert pause_before_first(LATER, one, OCCURRED + 2 * DELAY) == 0
    assert pause_before_first(NOW, one, OCCURRED) == 0
