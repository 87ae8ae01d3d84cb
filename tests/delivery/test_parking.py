"""Deliveries to a failing endpoint are parked and none is lost; old ones expire, superseded ones give way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.delivery.lanes import OriginLimit
from switchhook.delivery.outcomes import UNDER_WAY
from switchhook.domain.delivery_policy import DeliveryPolicy, WarningKind
from switchhook.domain.failure import Failure, FailureKind
from switchhook.storage.delivery import Delivery, Incident
from tests.support.delivering import (
    House,
    Wait,
    after,
    ends,
    hang,
    in_turn,
    interrupted,
    play,
    promise,
    times,
)
from tests.support.promises import OCCURRED, attempt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.delivery.incidents import EndpointNews
    from switchhook.webhooks.http import HttpRequest

RETRIES = DeliveryPolicy(retries=3)
ONCE = DeliveryPolicy()


def told(house: House) -> list[str]:
    """Return which warnings the store was given."""
    return [warning.event for warning in house.store.warned]


def warned(news: EndpointNews) -> Iterable[Delivery]:
    """Write one warning for each piece of news."""
    made = news.delivery
    yield replace(
        promise(made.call, made.seq, "warnings"),
        id=f"{made.call}.{made.seq}.{news.kind}",
        event=news.kind,
    )


# Parking


def test_an_endpoint_that_fails_again_and_again_is_left_alone_until_one_probe_succeeds() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        await asyncio.sleep(1)
        assert len(house.sender.heard) == 5
        (incident,) = house.dispatcher.failing
        assert (incident.failures, incident.parks, incident.parked_for) == (5, 1, 30)
        house.dispatcher.dispatch(*(promise(f"d{number}") for number in range(100)))
        await asyncio.sleep(28)
        assert len(house.sender.heard) == 5
        await asyncio.sleep(2)
        assert len(house.sender.heard) == 6  # the probe
        await asyncio.sleep(58)
        assert len(house.sender.heard) == 6  # it failed: twice the pause
        house.sender.script["crm"] = 200
        await house.dispatcher.drain()
        assert house.dispatcher.delivered == 105
        assert house.dispatcher.failed == 0
        assert house.dispatcher.failing == ()
        assert house.store.incidents == {}

    play(scenario, policy=RETRIES, script={"crm": 503})


def test_what_is_parked_is_never_given_up_however_long_it_takes() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(20)))
        await asyncio.sleep(7 * 86_400)
        assert ends(house) == []
        gaps = [
            later - one for one, later in zip(times(house)[-9:], times(house)[-8:], strict=False)
        ]
        assert gaps == [600] * 8
        assert len({made.delivery for made in house.store.recorded[-8:]}) == 8  # each another
        house.sender.script["crm"] = 200
        await house.dispatcher.drain()
        assert house.dispatcher.delivered == 20

    play(scenario, policy=RETRIES, script={"crm": 503})


def test_one_that_the_endpoint_alone_refuses_holds_up_no_other() -> None:
    async def picky(request: HttpRequest) -> int:
        return 500 if request.body.startswith(b"bad") else 200

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"bad{number}") for number in range(5)))
        await asyncio.sleep(1)
        house.dispatcher.dispatch(promise("good"))
        await house.dispatcher.drain()
        outcomes = {name: kind for name, _, kind in ends(house)}
        assert outcomes == {f"bad{n}.1.crm": "status" for n in range(5)} | {
            "good.1.crm": "delivered"
        }

    play(scenario, policy=DeliveryPolicy(retries=1), script={"crm": picky})


@pytest.mark.row("R2-04", "A-23")
def test_without_retries_each_event_is_one_request_and_nothing_is_parked() -> None:
    async def scenario(house: House) -> None:
        for number in range(30):
            house.dispatcher.dispatch(promise(f"c{number}"))
            await house.dispatcher.drain()
        assert len(house.sender.heard) == 31  # the warning, too
        assert {made.number for made in house.store.recorded} == {1}
        assert told(house) == [WarningKind.FAILING]
        (incident,) = house.store.incidents.values()
        assert (incident.failures, incident.parked_until) == (5, None)
        house.sender.script["crm"] = 200
        house.dispatcher.dispatch(promise("last"))
        await house.dispatcher.drain()
        assert told(house) == [WarningKind.FAILING, WarningKind.RECOVERED]

    play(scenario, policy=ONCE, script={"crm": 503}, warn=warned)


def test_other_endpoints_are_not_parked() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(9)))
        await asyncio.sleep(1)
        house.dispatcher.dispatch(promise("c100", webhook="erp"))
        await asyncio.sleep(1)
        assert ends(house) == [("c100.1.erp", 1, "delivered")]

    play(scenario, policy=RETRIES, script={"crm": 503})


@pytest.mark.row("FB-10", "T-18")
def test_a_later_event_of_a_call_does_not_overtake_a_parked_one() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        await asyncio.sleep(1)
        # Both go to one origin, so they are of one lane.
        house.dispatcher.dispatch(promise("d", 1), promise("d", 2, "erp"), promise("d", 3))
        await asyncio.sleep(10)
        assert not [name for name in house.sender.heard if name.startswith("d")]
        house.sender.script["crm"] = 200
        await house.dispatcher.drain()
        mine = [name for name in house.sender.heard if name.startswith("d")]
        assert mine == ["d.1.crm", "d.2.erp", "d.3.crm"]

    play(scenario, policy=RETRIES, script={"crm": 503})


def test_a_call_that_keeps_no_order_waits_for_no_parked_event() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        await asyncio.sleep(1)
        house.dispatcher.dispatch(promise("d", 1), promise("d", 2, "erp"))
        await asyncio.sleep(1)
        assert house.sender.heard[-1] == "d.2.erp"

    play(scenario, policy=replace(RETRIES, keep_order=False), script={"crm": 503})


def test_after_a_restart_what_is_parked_stays_parked_for_the_rest_of_its_pause() -> None:
    incident = Incident(
        project="shop",
        webhook="crm",
        since=OCCURRED - 100,
        failures=7,
        parks=2,
        parked_for=60,
        parked_until=OCCURRED + 40,
    )
    pending = tuple(promise(f"c{number}") for number in range(3))

    async def scenario(house: House) -> None:
        await asyncio.sleep(39)
        assert house.sender.heard == []
        await asyncio.sleep(2)
        assert len(house.sender.heard) == 1
        (now,) = house.dispatcher.failing
        assert (now.parks, now.parked_for, now.since) == (3, 120, OCCURRED - 100)
        house.sender.script["crm"] = 200
        await house.dispatcher.drain()
        assert house.dispatcher.delivered == 4  # the warning, too
        assert house.store.incidents == {}
        assert told(house) == [WarningKind.RECOVERED]

    play(
        scenario,
        policy=RETRIES,
        pending=pending,
        failing=(incident,),
        script={"crm": 503},
        warn=warned,
    )


def test_no_clock_parks_an_endpoint_for_longer_than_its_pause() -> None:
    incident = Incident(
        project="shop",
        webhook="crm",
        since=OCCURRED,
        failures=5,
        parks=1,
        parked_for=30,
        parked_until=OCCURRED + 1e9,
    )

    async def scenario(house: House) -> None:
        await asyncio.sleep(31)
        assert house.sender.heard == ["c1.1.crm"]

    play(scenario, policy=RETRIES, pending=(promise("c1"),), failing=(incident,))


# Warnings


def test_an_owner_is_warned_once_of_an_incident_and_once_of_its_end() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(40)))
        await asyncio.sleep(3600)
        assert told(house) == [WarningKind.PARKED]
        house.sender.script["crm"] = 200
        await house.dispatcher.drain()
        assert told(house) == [WarningKind.PARKED, WarningKind.RECOVERED]
        assert len([name for name in house.sender.heard if name.endswith("warnings")]) == 2

    play(scenario, policy=RETRIES, script={"crm": 503}, warn=warned)


def test_a_warning_warns_of_nothing_and_parks_nothing() -> None:
    async def scenario(house: House) -> None:
        for number in range(60):
            house.dispatcher.dispatch(promise(f"c{number}", webhook=f"w{number // 6}"))
            await asyncio.sleep(0.1)
        await asyncio.sleep(100)
        assert len(told(house)) == 10
        assert "warnings" not in {one.webhook for one in house.dispatcher.failing}

    script = {f"w{number}": 503 for number in range(10)} | {"warnings": 503}
    play(scenario, policy=ONCE, script=script, warn=warned)


def test_an_endpoint_that_is_gone_is_told_of_at_once() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert told(house) == [WarningKind.GONE]
        assert ends(house)[0] == ("c1.1.crm", 1, "status")

    play(scenario, policy=RETRIES, script={"crm": 410}, warn=warned)


def test_an_endpoint_that_is_parked_and_then_gone_is_told_of_again_once() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(9)))
        await asyncio.sleep(10)
        assert told(house) == [WarningKind.PARKED]
        house.sender.script["crm"] = 410
        await house.dispatcher.drain()
        assert told(house) == [WarningKind.PARKED, WarningKind.GONE]

    play(scenario, policy=RETRIES, script={"crm": 503}, warn=warned)


def test_an_incident_began_with_the_first_failure_of_its_row() -> None:
    async def scenario(house: House) -> None:
        for number in range(5):
            house.dispatcher.dispatch(promise(f"c{number}"))
            await asyncio.sleep(7)
        (incident,) = house.dispatcher.failing
        first = min(attempt.at for attempt in house.store.recorded)
        assert (incident.since, incident.failures) == (first, 5)

    play(scenario, policy=ONCE, script={"crm": 503}, warn=warned)


def test_who_asks_for_less_at_once_is_not_failing() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(12)))
        await asyncio.sleep(120)
        assert house.dispatcher.failing == ()
        assert told(house) == []

    play(scenario, policy=RETRIES, script={"crm": Wait(5)}, warn=warned)


def test_a_store_that_refuses_is_asked_again_for_what_it_is_to_know_of_an_endpoint() -> None:
    async def scenario(house: House) -> None:
        house.store.incident_refusals = 3
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        await asyncio.sleep(10)
        assert told(house) == [WarningKind.PARKED]
        assert len(house.store.incidents) == 1

    with capture_logs():
        play(scenario, policy=RETRIES, script={"crm": 503}, warn=warned)


# Age


def test_what_is_too_old_expires_and_is_listed_as_such() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"), promise("c1", 2))
        await asyncio.sleep(100)
        assert ends(house) == [("c1.1.crm", 2, "expired"), ("c1.2.crm", 2, "expired")]
        assert len(house.sender.heard) == 2

    # The second attempt would be at 120 s: it is known at once that it comes too late.
    play(scenario, policy=DeliveryPolicy(pauses=(120,), max_age=60), script={"crm": 503})


def test_a_parked_delivery_expires_in_its_time_and_not_when_its_turn_comes() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        await asyncio.sleep(0.5)
        house.dispatcher.dispatch(promise("d"))
        await asyncio.sleep(20)
        assert ends(house) == []
        await asyncio.sleep(2)
        assert {kind for _, _, kind in ends(house)} == {"expired"}
        assert len(ends(house)) == 6
        assert house.dispatcher.waiting == 0

    policy = DeliveryPolicy(pauses=(10, 10, 10), max_age=21, breaker_pause=3600)
    play(scenario, policy=policy, script={"crm": 503})


def test_one_on_its_way_may_arrive_however_old_it_gets() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert ends(house) == [("c1.1.crm", 1, "delivered")]

    play(scenario, policy=DeliveryPolicy(max_age=5), script={"crm": after(10.0)})


def test_what_was_promised_too_long_before_a_restart_is_not_sent() -> None:
    old = replace(promise("c1"), occurred_at=OCCURRED - 61)

    async def scenario(house: House) -> None:
        await house.dispatcher.drain()
        assert house.sender.heard == []
        assert ends(house) == [("c1.1.crm", 1, "expired")]

    play(scenario, policy=DeliveryPolicy(max_age=60), pending=(old,))


# Superseded events


def test_a_newer_event_takes_the_place_of_one_that_waits() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1))
        await asyncio.sleep(1)
        for seq in (2, 3, 4):
            house.dispatcher.dispatch(promise("c1", seq))
        house.dispatcher.dispatch(promise("c2", 5), promise("c1", 6, "erp"))
        await house.dispatcher.drain()
        assert sorted(ends(house)) == [
            ("c1.1.crm", 1, "delivered"),
            ("c1.2.crm", 1, "superseded"),
            ("c1.3.crm", 1, "superseded"),
            ("c1.4.crm", 1, "delivered"),
            ("c1.6.erp", 1, "delivered"),
            ("c2.5.crm", 1, "delivered"),
        ]
        why = next(made.failure for made in house.store.recorded if made.delivery == "c1.2.crm")
        assert why is not None
        assert "c1.3.crm" in why.detail

    play(scenario, policy=DeliveryPolicy(collapse=True), script={"crm": after(5.0)})


def test_one_that_waits_for_another_attempt_gives_way_too() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1))
        await asyncio.sleep(1)
        house.dispatcher.dispatch(promise("c1", 2))
        await house.dispatcher.drain()
        assert times(house) == [0, 1, 1]
        assert sorted(ends(house)) == [
            ("c1.1.crm", 2, "superseded"),
            ("c1.2.crm", 1, "delivered"),
        ]

    policy = DeliveryPolicy(retries=3, collapse=True)
    play(scenario, policy=policy, script={"crm": in_turn(503, 200)})


def test_one_that_fails_while_a_newer_waits_is_not_tried_again() -> None:
    async def slowly_down(_request: HttpRequest) -> int:
        await asyncio.sleep(5)
        return 503

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1))
        await asyncio.sleep(1)
        house.dispatcher.dispatch(promise("c1", 2))
        await asyncio.sleep(5)
        assert ends(house) == [("c1.1.crm", 2, "superseded")]

    play(scenario, policy=DeliveryPolicy(retries=3, collapse=True), script={"crm": slowly_down})


def test_after_a_restart_the_newest_that_waits_is_sent_alone() -> None:
    async def scenario(house: House) -> None:
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.3.crm"]
        assert sorted(kind for _, _, kind in ends(house)) == [
            "delivered",
            "superseded",
            "superseded",
        ]

    pending = tuple(promise("c1", seq) for seq in (1, 2, 3))
    play(scenario, policy=DeliveryPolicy(collapse=True), pending=pending)


# At most once


AT_MOST_ONCE = DeliveryPolicy(retries=3, at_most_once=True)


def test_it_is_written_down_before_it_is_sent_at_most_once() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(1)
        (begun,) = house.store.recorded
        assert begun.failure == UNDER_WAY
        assert (begun.number, begun.is_last) == (1, False)
        await house.dispatcher.drain()
        assert [made.number for made in house.store.recorded] == [1, 1]
        assert ends(house) == [("c1.1.crm", 1, "delivered")]
        assert house.sender.terms[0][3] is False  # a kept connection that died is not replaced

    play(scenario, policy=AT_MOST_ONCE, script={"crm": after(5.0)})


@pytest.mark.parametrize("status", [500, 503, 429, 404])
def test_what_may_have_arrived_is_not_sent_again(status: int) -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]

    play(scenario, policy=AT_MOST_ONCE, script={"crm": status})


def test_one_that_hangs_is_not_sent_again() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert ends(house) == [("c1.1.crm", 1, "headers_timeout")]

    play(scenario, policy=AT_MOST_ONCE, script={"crm": hang})


def test_after_a_crash_in_the_middle_it_is_not_sent_again_and_listed_with_why() -> None:
    made = promise("c1")
    begun = replace(attempt(made, failure=UNDER_WAY, is_last=False), status=0)

    async def scenario(house: House) -> None:
        await house.dispatcher.drain()
        assert house.sender.heard == []
        (settled,) = house.store.recorded
        assert (settled.number, settled.is_last) == (1, True)
        assert settled.failure is not None
        assert settled.failure.kind is FailureKind.INTERRUPTED
        assert "may have arrived" in settled.failure.detail

    play(scenario, policy=ONCE, pending=(made,), history=(begun,))  # whatever its project says now


def test_an_end_of_ours_leaves_the_mark_behind() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert [made.failure for made in house.store.recorded] == [UNDER_WAY]

    play(scenario, policy=AT_MOST_ONCE, script={"crm": interrupted})


# Requests at once


@pytest.mark.row("T-19")
def test_an_origin_gets_so_many_requests_at_once_from_all_webhooks_of_the_project() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(
            *(promise(f"c{number}", webhook=f"w{number % 3}") for number in range(6))
        )
        house.dispatcher.dispatch(promise("free", webhook="other"))
        await asyncio.sleep(4)
        assert len(house.sender.heard) == 2
        await house.dispatcher.drain()
        assert house.dispatcher.delivered == 7
        assert max(times(house)) == 25

    play(
        scenario,
        script={f"w{number}": after(5.0) for number in range(3)},
        limit_of=lambda one: None if one.webhook == "other" else OriginLimit(("shop", "o"), 1),
    )


def test_a_slot_of_an_origin_is_not_lost_to_one_that_is_parked_or_withdrawn() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        house.dispatcher.dispatch(promise("d", webhook="erp"))
        await asyncio.sleep(60)
        assert ("d.1.erp", 1, "delivered") in ends(house)
        house.sender.script["crm"] = 200
        await house.dispatcher.drain()
        assert house.dispatcher.delivered + house.dispatcher.failed == 6

    play(
        scenario,
        policy=replace(RETRIES, breaker_failures=1, max_age=45),
        script={"crm": 503},
        limit_of=lambda _: OriginLimit(("shop", "o"), 1),
    )


def test_a_failed_attempt_before_sending_is_repeated_at_most_once_too() -> None:
    refused = Failure(kind=FailureKind.REFUSED, detail="Nothing listens.")
    made = promise("c1")
    history = (replace(attempt(made, failure=refused, is_last=False), at=OCCURRED - 100),)

    async def scenario(house: House) -> None:
        await house.dispatcher.drain()
        assert ends(house) == [("c1.1.crm", 2, "delivered")]

    play(scenario, policy=AT_MOST_ONCE, pending=(made,), history=history)
