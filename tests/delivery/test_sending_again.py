"""A delivery that a person sends again gets one further attempt: the same bytes, the next number, whatever its policy says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.delivery.outcomes import UNDER_WAY
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.storage.delivery import Attempt, Delivery, Incident
from switchhook.storage.records import SentAgain
from tests.support.delivering import House, Wait, ends, hang, in_turn, play, promise, times
from tests.support.promises import DOWN, OCCURRED, attempt, mail

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest


def again(of: Delivery, *, attempts: int = 1) -> SentAgain:
    """Return a delivery that was given up after so many attempts."""
    last = attempts - 1
    tried = tuple(
        attempt(of, number=n + 1, failure=DOWN, is_last=n == last) for n in range(attempts)
    )
    return SentAgain(delivery=of, attempts=tried)


@pytest.mark.row("S-47")
@pytest.mark.parametrize("answer", [503, 200])
@pytest.mark.parametrize("policy", [DeliveryPolicy(), DeliveryPolicy(retries=3)])
def test_one_further_attempt_settles_it_whatever_comes(answer: int, policy: DeliveryPolicy) -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.send_again([again(promise("c1"))])
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]
        assert ends(house) == [("c1.1.crm", 2, "delivered" if answer == 200 else "status")]
        assert not house.dispatcher.has("c1.1.crm")

    play(scenario, policy=policy, script={"crm": answer})


def test_a_mail_is_sent_again_as_well() -> None:
    made = mail()

    async def scenario(house: House) -> None:
        house.dispatcher.send_again([again(made)])
        await house.dispatcher.drain()
        assert ends(house) == [(made.id, 2, "status")]

    play(scenario, replies={"desk@example.com": [451]})


def test_a_restart_sends_once_what_was_sent_again_before_it_at_once_and_however_old() -> None:
    made = promise("c1")
    policy = DeliveryPolicy(retries=3, max_age=60.0, delay=100.0, collapse=True)

    async def scenario(house: House) -> None:
        await house.dispatcher.drain()
        assert ends(house) == [("c1.1.crm", 2, "status")]
        assert times(house) == [0]

    old = replace(made, occurred_at=OCCURRED - 9e4)
    tried: tuple[Attempt, ...] = (attempt(old, failure=DOWN),)
    play(scenario, pending=(old,), history=tried, policy=policy, script={"crm": 503})


def test_what_is_sent_at_most_once_was_cut_short_where_a_crash_came_between() -> None:
    made = promise("c1")
    tried = (
        attempt(made, failure=DOWN),
        attempt(made, number=2, failure=UNDER_WAY, is_last=False),
    )

    async def scenario(house: House) -> None:
        await house.dispatcher.drain()
        assert house.sender.heard == []
        assert ends(house) == [("c1.1.crm", 2, "interrupted")]

    play(scenario, pending=(made,), history=tried, policy=DeliveryPolicy(at_most_once=True))


def test_it_takes_the_place_of_no_newer_event_and_gives_way_to_none() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1))
        await asyncio.sleep(0.001)
        house.dispatcher.dispatch(promise("c1", 2))
        house.dispatcher.send_again([again(promise("c1", 0))])
        house.dispatcher.dispatch(promise("c1", 3))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm", "c1.0.crm", "c1.3.crm"]

    play(scenario, policy=DeliveryPolicy(collapse=True), script={"crm": in_turn(200)})


def test_what_is_still_being_settled_is_sent_once_that_is_done() -> None:
    made = promise("c1")

    async def send_once_more(_request: HttpRequest) -> int:
        if len(heard := house_of_test[0].sender.heard) == 1:
            house_of_test[0].dispatcher.send_again([again(made)])
        return 503 if len(heard) == 1 else 200

    async def scenario(house: House) -> None:
        house_of_test.append(house)
        house.dispatcher.dispatch(made)
        await house.dispatcher.drain()
        assert ends(house) == [(made.id, 1, "status"), (made.id, 2, "delivered")]

    house_of_test: list[House] = []
    play(scenario, script={"crm": send_once_more})


def test_what_waits_for_its_next_attempt_goes_at_once() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(1)
        assert house.dispatcher.send_now("c1.1.crm")
        await asyncio.sleep(1)
        assert times(house) == [0, 1]
        assert not house.dispatcher.send_now("unknown")

    play(scenario, policy=DeliveryPolicy(pauses=(3600.0,) * 3), script={"crm": 503})


def test_what_is_under_way_is_not_sent_a_second_time() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(1)
        assert not house.dispatcher.send_now("c1.1.crm")
        house.dispatcher.send_again([again(promise("c1"))])
        await asyncio.sleep(1)
        assert house.sender.heard == ["c1.1.crm"]

    play(scenario, policy=DeliveryPolicy(response_timeout=60), script={"crm": hang})


PARKED = Incident(
    project="shop",
    webhook="crm",
    since=OCCURRED,
    failures=7,
    parks=2,
    parked_for=600.0,
    parked_until=OCCURRED + 600,
)


def test_what_is_parked_goes_ahead_as_the_probe_and_the_others_follow_it() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        await asyncio.sleep(1)
        assert house.sender.heard == []
        assert house.dispatcher.send_now("c3.1.crm")
        await asyncio.sleep(1)
        assert house.sender.heard[0] == "c3.1.crm"
        assert sorted(house.sender.heard) == [f"c{number}.1.crm" for number in range(5)]

    play(scenario, failing=(PARKED,), policy=DeliveryPolicy(retries=3))


def test_a_probe_that_fails_leaves_the_others_parked_until_it_was_their_time() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        await asyncio.sleep(1)
        assert house.dispatcher.send_now("c3.1.crm")
        await asyncio.sleep(590)
        assert house.sender.heard == ["c3.1.crm"]
        await asyncio.sleep(20)
        assert house.sender.heard == ["c3.1.crm", "c0.1.crm"]

    play(scenario, failing=(PARKED,), policy=DeliveryPolicy(retries=3), script={"crm": 503})


def test_what_is_sent_again_to_a_parked_endpoint_waits_until_a_person_hurries_it() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.send_again([again(promise("c1")), again(promise("c2"))])
        await asyncio.sleep(1)
        assert house.sender.heard == []
        assert house.dispatcher.send_now("c2.1.crm")
        await house.dispatcher.drain()
        assert house.sender.heard == ["c2.1.crm", "c1.1.crm"]

    play(scenario, failing=(PARKED,), policy=DeliveryPolicy(retries=3))


def test_a_pause_that_the_endpoint_asked_for_is_ended_too() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(1)
        house.dispatcher.dispatch(promise("c2"))
        await asyncio.sleep(1)
        house.sender.script["crm"] = 200
        assert house.dispatcher.send_now("c2.1.crm")
        await asyncio.sleep(1)
        assert house.sender.heard == ["c1.1.crm", "c2.1.crm"]

    play(scenario, policy=DeliveryPolicy(retries=3), script={"crm": Wait(600)})
