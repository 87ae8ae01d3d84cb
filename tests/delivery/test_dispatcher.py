"""Every promise is carried once, in order, past slow neighbours, and never again once written down."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.delivery.queues import DispatcherLimits
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.mail import Mail
from tests.support.delivering import (
    OFFICE,
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
from tests.support.promises import DOWN, OCCURRED, attempt, mail

if TYPE_CHECKING:
    from switchhook.storage.delivery import Delivery
    from switchhook.webhooks.http import HttpRequest


@pytest.mark.row("FT-06")
def test_finished_work_is_let_go() -> None:
    async def scenario(house: House) -> None:
        for number in range(20):
            house.dispatcher.dispatch(promise(f"c{number}"))
        await house.dispatcher.drain()
        await asyncio.sleep(0)
        assert len(house.sender.heard) == 20
        assert house.dispatcher._tasks == set()

    play(scenario)


def test_a_delivery_is_sent_once_and_written_down() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]
        assert house.sender.terms == [(15.0, OFFICE, True, True)]
        (made,) = house.store.recorded
        assert (made.delivery, made.number, made.status) == ("c1.1.crm", 1, 200)
        assert (made.is_last, made.failure, made.answer) == (True, None, b"noted")
        assert (house.dispatcher.delivered, house.dispatcher.failed) == (1, 0)

    play(scenario)


@pytest.mark.row("R2-04", "A-23")
@pytest.mark.parametrize("status", [201, 302, 404, 503])
def test_what_the_endpoint_refuses_is_given_up_and_not_sent_again(status: int) -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        await asyncio.sleep(600)  # S-47: exactly one request within ten minutes
        assert house.sender.heard == ["c1.1.crm"]
        (made,) = house.store.recorded
        assert made.status == status
        assert made.is_last
        assert house.dispatcher.failed == 1
        house.dispatcher.dispatch(promise("c2"))  # the webhook is not suspended
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm", "c2.1.crm"]

    play(scenario, script={"crm": status})


def test_an_endpoint_that_hangs_is_given_up_at_the_deadline() -> None:
    async def scenario(house: House) -> None:
        began = asyncio.get_running_loop().time()
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert asyncio.get_running_loop().time() - began == pytest.approx(15.0, abs=0.1)
        (made,) = house.store.recorded
        assert made.failure is not None
        assert made.failure.kind is FailureKind.HEADERS_TIMEOUT

    play(scenario, script={"crm": hang})


def test_deliveries_of_a_call_to_one_webhook_keep_their_order() -> None:
    async def scenario(house: House) -> None:
        for seq in (1, 2, 3):
            house.dispatcher.dispatch(promise("c1", seq), promise("c2", seq))
        await house.dispatcher.drain()
        for call in ("c1", "c2"):
            mine = [name for name in house.sender.heard if name.startswith(call)]
            assert mine == [f"{call}.{seq}.crm" for seq in (1, 2, 3)]
        assert house.sender.most["crm"] == 2

    play(scenario, script={"crm": after(1.0)})


def test_the_next_of_a_call_goes_only_after_the_former_is_written_down() -> None:
    async def scenario(house: House) -> None:
        house.store.refusals = 3
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2))
        await asyncio.sleep(0.2)
        assert house.sender.heard == ["c1.1.crm"]
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm", "c1.2.crm"]

    play(scenario)


def test_an_attempt_that_no_other_delivery_awaits_may_share_a_commit() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2), promise("c2"))
        await house.dispatcher.drain()
        assert sorted(house.store.patient) == ["c1.2.crm", "c2.1.crm"]

    play(scenario)


def test_an_attempt_that_cannot_be_recorded_is_not_sent_again() -> None:
    async def scenario(house: House) -> None:
        house.store.refusals = 20
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(10)
        assert house.sender.heard == ["c1.1.crm"]
        assert house.dispatcher.unrecorded == 1
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]
        assert house.store.settled == ["c1.1.crm"]
        assert house.dispatcher.unrecorded == 0

    with capture_logs() as logs:
        play(scenario)
    assert [line["event"] for line in logs] == [
        "attempts not stored",
        "attempts stored again",
        "delivery succeeded",
    ]


def test_while_nothing_can_be_recorded_sending_comes_to_a_stop() -> None:
    async def scenario(house: House) -> None:
        house.store.refusals = 100_000
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(100)))
        await asyncio.sleep(60)
        assert len(house.sender.heard) == 8
        house.store.refusals = 0
        await house.dispatcher.drain()
        assert len(house.store.settled) == len(house.sender.heard) == 100

    play(scenario, limits=DispatcherLimits(in_flight=8, exchanges=8, reserve=0))


def test_nothing_is_sent_while_it_may_be_anothers() -> None:
    is_ours = False

    async def scenario(house: House) -> None:
        nonlocal is_ours
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(60)
        assert house.sender.heard == []
        is_ours = True
        house.dispatcher.go_on()
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]

    play(scenario, may_send=lambda: is_ours)


def test_a_delivery_handed_over_twice_is_carried_once() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"), promise("c1"))
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]

    play(scenario)


def test_what_a_former_process_promised_goes_out_first() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 3))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm", "c1.2.crm", "c1.3.crm"]
        assert [made.number for made in house.store.recorded] == [1, 1, 1]

    play(scenario, pending=(promise("c1", 1), promise("c1", 2)))


# Neighbours


def test_hung_endpoints_delay_nobody_else() -> None:
    async def scenario(house: House) -> None:
        for number in range(200):
            house.dispatcher.dispatch(
                *(promise(f"c{number}", 1, f"hung{endpoint}") for endpoint in range(40))
            )
        await asyncio.sleep(5)
        for number in range(100):
            house.dispatcher.dispatch(promise(f"h{number}", 1, "healthy"))
            await asyncio.sleep(0.015)
            assert house.store.settled == [f"h{done}.1.healthy" for done in range(number + 1)]
        assert house.dispatcher.in_flight < 256

    play(
        scenario,
        limits=DispatcherLimits(grace=0.1),
        script={f"hung{number}": hang for number in range(40)} | {"healthy": after(0.01)},
    )


def test_an_endpoint_is_not_asked_for_more_than_it_is_given() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(100)))
        await house.dispatcher.drain()
        assert house.sender.most["crm"] == 4
        assert len(house.store.settled) == 100

    play(scenario, limits=DispatcherLimits(per_endpoint=4), script={"crm": after(0.1)})


# Counters


def test_counters_tell_what_waits_what_flies_and_since_when() -> None:
    async def scenario(house: House) -> None:
        dispatcher = house.dispatcher
        assert (dispatcher.waiting, dispatcher.in_flight, dispatcher.oldest_age) == (0, 0, 0.0)
        dispatcher.dispatch(promise("c1", 1), promise("c1", 2), promise("c2", 1))
        await asyncio.sleep(5)
        assert (dispatcher.waiting, dispatcher.in_flight) == (1, 2)
        assert dispatcher.oldest_age == pytest.approx(4.0, abs=0.1)
        await dispatcher.drain()
        assert (dispatcher.waiting, dispatcher.in_flight, dispatcher.oldest_age) == (0, 0, 0.0)

    play(scenario, script={"crm": after(10.0)})


# The end


def test_at_the_end_what_is_on_its_way_finishes_and_the_rest_stays_promised() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2))
        await asyncio.sleep(0.1)
        await house.stack.aclose()
        assert house.sender.heard == ["c1.1.crm"]
        assert house.store.settled == ["c1.1.crm"]
        house.dispatcher.dispatch(promise("c9"))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]

    play(scenario, script={"crm": after(5.0)})


def test_the_end_comes_within_the_grace_whatever_hangs() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(5)))
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        await house.stack.aclose()
        assert asyncio.get_running_loop().time() - began == pytest.approx(3.0)
        assert house.store.recorded == []

    with capture_logs() as logs:
        play(scenario, limits=DispatcherLimits(grace=3.0), script={"crm": hang})
    assert [(line["event"], line["count"]) for line in logs] == [("deliveries interrupted", 5)]


def test_an_exchange_that_our_own_end_interrupted_was_no_attempt() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]
        assert house.store.recorded == []

    play(scenario, script={"crm": interrupted})


def test_a_defect_of_ours_costs_one_delivery_and_no_slot() -> None:
    async def scenario(house: House) -> None:
        async def broken(request: HttpRequest) -> int:
            if b"c1.1" in request.body:
                raise LookupError("a mistake")
            return 200

        house.sender.script["crm"] = broken
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2))
        await house.dispatcher.drain()
        first, second = house.store.recorded
        assert first.failure is not None
        assert "report this defect" in first.failure.detail
        assert second.failure is None
        assert house.dispatcher.in_flight == 0

    with capture_logs() as logs:
        play(scenario)
    assert logs[0]["event"] == "delivery crashed"


# Retries, where somebody asked for them

THREE = DeliveryPolicy(pauses=(30, 60, 120), breaker_failures=0)


def test_a_failed_delivery_is_tried_as_often_as_was_asked_with_growing_pauses() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2))
        await house.dispatcher.drain()
        tries = [made for made in house.store.recorded if made.delivery == "c1.1.crm"]
        assert [made.number for made in tries] == [1, 2, 3, 4]
        assert [made.is_last for made in tries] == [False, False, False, True]
        gaps = [later.at - made.at for made, later in pairwise(tries)]
        assert gaps == pytest.approx([30, 60, 120], abs=0.5)
        assert house.sender.heard[:4] == ["c1.1.crm"] * 4

    play(scenario, policy=THREE, script={"crm": 503})


def test_who_waits_for_another_try_holds_no_slot_and_no_other_call() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(20)))
        await asyncio.sleep(5)
        assert len(house.sender.heard) == 20
        assert (house.dispatcher.in_flight, house.dispatcher.waiting) == (0, 20)

    play(
        scenario,
        policy=THREE,
        limits=DispatcherLimits(in_flight=2, exchanges=2, reserve=0),
        script={"crm": 503},
    )


def test_a_success_ends_the_attempts() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(10)
        house.sender.script["crm"] = 200
        await house.dispatcher.drain()
        assert [(made.number, made.is_last) for made in house.store.recorded] == [
            (1, False),
            (2, True),
        ]

    play(scenario, policy=THREE, script={"crm": 503})


def test_attempts_of_a_former_process_count_and_their_pause_is_kept() -> None:
    made = promise("c1")
    tried = attempt(made, number=1, failure=DOWN, is_last=False)
    before = (replace(tried, at=OCCURRED - 10),)

    async def scenario(house: House) -> None:
        await asyncio.sleep(20)
        assert house.sender.heard == []
        await house.dispatcher.drain()
        (second,) = house.store.recorded
        assert second.number == 2
        assert second.at == pytest.approx(before[0].at + before[0].seconds + 30, abs=0.1)

    play(scenario, policy=THREE, pending=(made,), history=before)


@pytest.mark.parametrize("jump", [-3600.0, 3600.0, -10 * 365 * 86_400.0])
def test_a_clock_that_is_set_makes_no_pause_longer_or_shorter(jump: float) -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(10)
        house.clock.ahead = jump
        await asyncio.sleep(19)
        assert len(house.sender.heard) == 1
        await asyncio.sleep(2)
        assert len(house.sender.heard) == 2
        await asyncio.sleep(61)
        assert len(house.sender.heard) == 3

    play(scenario, policy=THREE, script={"crm": 503})


def test_a_try_that_the_clock_puts_into_the_future_holds_nothing_up_for_longer_than_a_pause() -> (
    None
):
    made = promise("c1")
    tried = attempt(made, number=1, failure=DOWN, is_last=False)
    before = (replace(tried, at=tried.at + 10 * 365 * 86_400.0),)

    async def scenario(house: House) -> None:
        await asyncio.sleep(31)
        assert house.sender.heard == ["c1.1.crm"]

    play(scenario, policy=THREE, pending=(made,), history=before)


def test_a_policy_that_was_cut_settles_what_is_pending_with_one_more_try() -> None:
    made = promise("c1")
    before = (attempt(made, number=1, failure=DOWN, is_last=False),)

    async def scenario(house: House) -> None:
        await house.dispatcher.drain()
        assert [(tried.number, tried.is_last) for tried in house.store.recorded] == [(2, True)]

    play(scenario, pending=(made,), history=before, script={"crm": 503})


def test_a_stop_does_not_wait_for_another_try() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(1)
        await house.stack.aclose()
        assert house.store.settled == []
        await asyncio.sleep(100)
        assert len(house.sender.heard) == 1

    play(scenario, policy=THREE, script={"crm": 503})


# Those who want no more


@dataclass
class Hooks:
    """Endpoints that may say that they are gone, and want nothing then."""

    unwanted: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def wants(self, delivery: Delivery) -> bool:
        return delivery.webhook not in self.unwanted

    def gone(self, delivery: Delivery) -> None:
        self.said.append(delivery.id)
        self.unwanted.add(delivery.webhook)


def test_what_waits_behind_one_on_its_way_is_dropped_and_that_one_may_arrive() -> None:
    hooks = Hooks()

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2), promise("c2", 1, "erp"))
        await asyncio.sleep(1)
        hooks.unwanted.add("crm")
        house.dispatcher.forget("shop", "crm")
        house.dispatcher.dispatch(promise("c3"))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm", "c2.1.erp"]
        assert sorted(ends(house)) == [
            ("c1.1.crm", 1, "delivered"),
            ("c1.2.crm", 1, "unsubscribed"),
            ("c2.1.erp", 1, "delivered"),
            ("c3.1.crm", 1, "unsubscribed"),
        ]

    play(scenario, script={"crm": after(5.0)}, recipients=hooks)


def test_what_waits_for_a_turn_behind_many_is_dropped_when_that_comes() -> None:
    hooks = Hooks()

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(20)))
        await asyncio.sleep(1)
        hooks.unwanted.add("crm")
        house.dispatcher.forget("shop", "crm")
        await house.dispatcher.drain()
        assert len(house.sender.heard) == 2
        assert len(house.store.settled) == 20

    play(
        scenario,
        limits=DispatcherLimits(per_endpoint=2),
        script={"crm": after(5.0)},
        recipients=hooks,
    )


def test_what_waits_for_another_try_is_settled_at_once() -> None:
    hooks = Hooks()

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"), promise("c2", 1, "erp"))
        await asyncio.sleep(5)
        hooks.unwanted.add("crm")
        house.dispatcher.forget("house", "crm")
        await asyncio.sleep(1)
        assert ends(house) == []
        house.dispatcher.forget("shop", "crm")
        await asyncio.sleep(1)
        assert ends(house) == [("c1.1.crm", 2, "unsubscribed")]
        await house.dispatcher.drain()
        assert house.sender.heard.count("c1.1.crm") == 1
        assert house.sender.heard.count("c2.1.erp") == 4

    play(scenario, policy=THREE, script={"crm": 503, "erp": 503}, recipients=hooks)


def test_one_that_fails_on_its_way_is_not_tried_again() -> None:
    hooks = Hooks()

    async def slowly_down(_request: HttpRequest) -> int:
        await asyncio.sleep(5)
        return 503

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(1)
        hooks.unwanted.add("crm")
        house.dispatcher.forget("shop", "crm")
        await house.dispatcher.drain()
        assert ends(house) == [("c1.1.crm", 1, "status")]

    play(scenario, policy=THREE, script={"crm": slowly_down}, recipients=hooks)


def test_one_that_is_unwanted_by_the_time_its_failure_is_recorded_is_settled_at_once() -> None:
    hooks = Hooks()

    async def scenario(house: House) -> None:
        house.store.refusals = 3
        house.dispatcher.dispatch(promise("c1"))
        await asyncio.sleep(0.15)
        assert house.store.recorded == []
        hooks.unwanted.add("crm")
        house.dispatcher.forget("shop", "crm")
        await asyncio.sleep(5)
        assert ends(house) == [("c1.1.crm", 2, "unsubscribed")]

    play(scenario, policy=THREE, script={"crm": 503}, recipients=hooks)


def test_what_a_former_process_promised_to_one_that_is_gone_is_never_sent() -> None:
    made = promise("c1")
    before = (attempt(made, number=1, failure=DOWN, is_last=False),)

    async def scenario(house: House) -> None:
        await house.dispatcher.drain()
        assert house.sender.heard == []
        assert ends(house) == [("c1.1.crm", 2, "unsubscribed")]
        (settled,) = house.store.recorded
        assert (settled.status, settled.seconds) == (0, 0.0)

    play(scenario, policy=THREE, pending=(made,), history=before, recipients=Hooks({"crm"}))


def test_an_endpoint_that_is_gone_is_told_of_and_tried_no_more() -> None:
    hooks = Hooks()

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2))
        await house.dispatcher.drain()
        assert hooks.said == house.sender.heard == ["c1.1.crm"]
        assert ends(house) == [("c1.1.crm", 1, "status"), ("c1.2.crm", 1, "unsubscribed")]

    play(scenario, policy=THREE, script={"crm": 410}, recipients=hooks)


def test_a_webhook_of_the_project_is_there_to_stay_whatever_it_answers() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1", 1), promise("c1", 2))
        house.dispatcher.forget("shop", "crm")
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm", "c1.2.crm"]
        assert ends(house) == [("c1.1.crm", 1, "status"), ("c1.2.crm", 1, "status")]

    play(scenario, policy=THREE, script={"crm": 410})


# Mail


def test_a_mail_goes_to_the_mailer_and_a_request_to_the_sender() -> None:
    async def scenario(house: House) -> None:
        promised = mail("c1")
        house.dispatcher.dispatch(promised, promise("c1"))
        await house.dispatcher.drain()
        assert house.sender.heard == ["c1.1.crm"]
        assert isinstance(promised.request, Mail)
        assert house.mailer.heard == [("desk@example.com", promised.request.message, 120.0)]
        posted = next(made for made in house.store.recorded if made.delivery == promised.id)
        assert (posted.status, posted.failure, posted.answer, posted.is_last) == (
            250,
            None,
            b"words",
            True,
        )

    play(scenario)


def test_a_mail_that_was_refused_for_now_is_tried_again_with_the_same_bytes() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(mail("c1"))
        await house.dispatcher.drain()
        assert [made.status for made in house.store.recorded] == [450, 0, 535, 250]
        gaps = [later.at - made.at for made, later in pairwise(house.store.recorded)]
        assert gaps == pytest.approx([60, 180, 540], abs=1)
        assert len({message for _, message, _ in house.mailer.heard}) == 1

    play(scenario, replies={"desk@example.com": [450, 0, 535, 250]})


def test_each_try_that_failed_is_logged_as_it_is_made() -> None:
    """Whoever sets up a mail server does not wait for a day to read what is wrong."""

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(mail("c1"))
        await asyncio.sleep(100)

    with capture_logs() as logs:
        play(scenario, replies={"desk@example.com": [450, 450]})
    assert logs == [
        {
            "event": "delivery attempt failed",
            "log_level": "info",
            "delivery": "c1.1.missed.desk@example.com",
            "attempt": number,
            "failure": str(DOWN),
        }
        for number in (1, 2)
    ]


def test_one_refused_address_is_given_up_and_loses_and_repeats_no_other() -> None:
    async def scenario(house: House) -> None:
        everybody = ("gone@example.com", "grey@example.com", "desk@example.com")
        house.dispatcher.dispatch(*(mail("c1", to=to) for to in everybody))
        await asyncio.sleep(5)
        assert house.mailer.recipients == list(everybody)
        assert house.store.settled == [
            "c1.1.missed.gone@example.com",
            "c1.1.missed.desk@example.com",
        ]
        await house.dispatcher.drain()
        assert house.mailer.recipients == [*everybody, "grey@example.com"]
        assert (house.dispatcher.delivered, house.dispatcher.failed) == (2, 1)

    play(scenario, replies={"gone@example.com": [550], "grey@example.com": [450]})


def test_a_mail_server_that_hangs_delays_no_request() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*(mail(f"m{number}") for number in range(500)))
        await asyncio.sleep(1)
        house.dispatcher.dispatch(*(promise(f"c{number}") for number in range(20)))
        await asyncio.sleep(1)
        assert len(house.store.settled) == 20
        assert len(house.mailer.heard) == 3

    play(
        scenario,
        limits=DispatcherLimits(grace=0.1),
        replies={"desk@example.com": [-1] * 500},
    )


def test_a_mail_that_our_own_end_cut_short_stays_promised() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(mail("c1"))
        await asyncio.sleep(1)
        await house.stack.aclose()
        assert house.mailer.recipients == ["desk@example.com"]
        assert house.store.recorded == []

    with capture_logs() as logs:
        play(scenario, limits=DispatcherLimits(grace=0.1), replies={"desk@example.com": [-1]})
    assert [line["event"] for line in logs] == ["deliveries interrupted"]


@pytest.mark.row("FB-09")
def test_a_pause_that_was_asked_for_is_kept_and_uses_up_no_attempt() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert times(house) == [0, 300, 600, 630, 690]
        assert [made.asked for made in house.store.recorded] == [300.0, 300.0, None, None, None]
        assert house.dispatcher.delivered == 1

    script = {"crm": in_turn(Wait(300), Wait(300), 503, 503, 200)}
    play(scenario, script=script, policy=DeliveryPolicy(pauses=(30, 60)))


@pytest.mark.row("FB-09", "R2-04")
def test_what_is_sent_once_is_sent_once_whatever_pause_was_asked_for() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert times(house) == [0]
        assert house.dispatcher.failed == 1

    play(scenario, script={"crm": Wait(300)}, policy=DeliveryPolicy())


@pytest.mark.row("FB-09")
def test_one_that_asks_for_a_pause_for_ever_is_given_up() -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("c1"))
        await house.dispatcher.drain()
        assert len(house.sender.heard) == 12

    play(scenario, script={"crm": Wait(2)}, policy=DeliveryPolicy(retries=1))


@pytest.mark.row("FJ-05", "FB-09")
@pytest.mark.parametrize("retries", [0, 2])
def test_a_pause_holds_for_everything_that_goes_to_the_endpoint(retries: int) -> None:
    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(promise("first"))
        await asyncio.sleep(1)
        for number in range(29):
            house.dispatcher.dispatch(promise(f"c{number}"))
        house.dispatcher.dispatch(promise("c0", webhook="erp"))  # to the same URL
        await asyncio.sleep(297)
        assert house.sender.heard == ["first.1.crm"]
        await house.dispatcher.drain()
        assert Counter(made.status for made in house.store.recorded)[429] == 1
        assert house.dispatcher.delivered == (31 if retries else 30)

    play(scenario, script={"crm": in_turn(Wait(300), 200)}, policy=DeliveryPolicy(retries=retries))


@pytest.mark.row("FJ-05")
def test_a_pause_of_a_former_process_holds_too() -> None:
    async def scenario(house: House) -> None:
        await asyncio.sleep(1)
        house.dispatcher.dispatch(promise("other"))
        await asyncio.sleep(288)
        assert house.sender.heard == []
        await house.dispatcher.drain()
        assert sorted(house.sender.heard) == ["c1.1.crm", "other.1.crm"]

    asked = replace(
        attempt(promise("c1"), failure=DOWN, is_last=False), at=OCCURRED - 10, asked=300.0
    )
    play(scenario, pending=(promise("c1"),), history=(asked,), policy=DeliveryPolicy(retries=1))


@pytest.mark.row("FB-10")
@pytest.mark.parametrize("is_resumed", [False, True])
def test_events_of_a_call_reach_one_receiver_in_order_across_webhooks(*, is_resumed: bool) -> None:
    both = promise("c1", 1, webhook="before"), promise("c1", 2, webhook="after")
    other = promise("c2", 1, webhook="after")

    async def scenario(house: House) -> None:
        house.dispatcher.dispatch(*both, other)
        await house.dispatcher.drain()
        assert [name for name in house.sender.heard if name != "c2.1.after"] == [
            "c1.1.before",
            "c1.1.before",
            "c1.2.after",
        ]
        assert house.sender.heard.index("c2.1.after") < 2  # no other call waits for the retry

    script = {"before": in_turn(503, 200)}
    play(
        scenario,
        script=script,
        policy=DeliveryPolicy(retries=1),
        pending=both if is_resumed else (),
    )
