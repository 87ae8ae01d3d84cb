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


def dispatcher(endpoint: Endpoint) -> Dispatcher:
    return Dispatcher(
        endpoint,
        Store(),
        clock=lambda: OCCURRED + asyncio.get_running_loop().time(),
        networks_of=lambda _: AllowedNetworks.parse([]),
        policy_of=policy_of,
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


def test_a_clock_that_is_set_back_makes_a_delay_no_longer() -> None:
    one = promised("later")

    assert pause_before_first(LATER, one, OCCURRED - 86_400) == DELAY
    assert pause_before_first(LATER, one, OCCURRED + DELAY - 1) == 1
    assert pause_before_first(LATER, one, OCCURRED + 2 * DELAY) == 0
    assert pause_before_first(NOW, one, OCCURRED) == 0
