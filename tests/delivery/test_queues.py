"""Order within a call, turns between endpoints, and always room for those that answer in time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.delivery.queues import DispatcherLimits, Queues
from tests.support.promises import delivery, mail

if TYPE_CHECKING:
    from switchhook.delivery.lanes import DeliveryJob
    from switchhook.storage.delivery import Delivery


def put(queues: Queues, made: Delivery, order: str = "") -> None:
    """Add a delivery that keeps its order with those to the same webhook, or with others."""
    queues.add(made, order or made.webhook)


def taken(queues: Queues, now: float = 0.0) -> list[DeliveryJob]:
    """Take all that may start now."""
    jobs = []
    while (job := queues.take(now)) is not None:
        jobs.append(job)
    return jobs


def ids(jobs: list[DeliveryJob]) -> list[str]:
    return [job.delivery.id for job in jobs]


def finish(queues: Queues, job: DeliveryJob, now: float = 0.0) -> None:
    queues.exchanged(job, now)
    queues.settled(job)


def filled(limits: DispatcherLimits, **amounts: int) -> Queues:
    """Return queues with so many calls for each webhook."""
    queues = Queues(limits)
    for webhook, amount in amounts.items():
        for number in range(amount):
            put(queues, delivery(f"{webhook}{number}", webhook=webhook))
    return queues


def per_webhook(jobs: list[DeliveryJob]) -> Counter[str]:
    return Counter(job.delivery.webhook for job in jobs)


def test_a_call_s_deliveries_to_one_webhook_go_one_after_another() -> None:
    queues = Queues(DispatcherLimits())
    for seq in (1, 2, 3):
        put(queues, delivery("c1", seq))
    (first,) = taken(queues)
    assert first.delivery.seq == 1
    queues.exchanged(first, 0.0)
    assert taken(queues) == []  # not before it is written down
    queues.settled(first)
    assert [job.delivery.seq for job in taken(queues)] == [2]


def test_other_calls_and_other_webhooks_do_not_wait() -> None:
    queues = Queues(DispatcherLimits())
    for made in (delivery("c1", 1), delivery("c1", 2), delivery("c2", 1)):
        put(queues, made)
    put(queues, delivery("c1", 1, webhook="erp"))
    assert sorted(ids(taken(queues))) == ["c1.1.crm", "c1.1.erp", "c2.1.crm"]


def test_an_endpoint_has_so_many_slots() -> None:
    queues = filled(DispatcherLimits(per_endpoint=4), crm=9)
    jobs = taken(queues)
    assert len(jobs) == 4
    queues.exchanged(jobs[0], 0.0)
    assert ids(taken(queues)) == ["crm4.1.crm"]


def test_webhooks_take_turns_whatever_waits_for_each() -> None:
    queues = filled(DispatcherLimits(per_endpoint=16), a=100, b=3)
    assert [job.delivery.webhook for job in taken(queues)[:6]] == ["a", "b", "a", "b", "a", "b"]


def test_projects_with_a_webhook_of_the_same_name_are_apart() -> None:
    queues = filled(DispatcherLimits(per_endpoint=1), crm=2)
    put(queues, delivery("h1", project="house"))
    assert ids(taken(queues)) == ["crm0.1.crm", "h1.1.crm"]


def test_all_slots_together_are_limited() -> None:
    queues = filled(DispatcherLimits(exchanges=3, reserve=0), a=2, b=2, c=2, d=2)
    jobs = taken(queues)
    assert per_webhook(jobs) == {"a": 1, "b": 1, "c": 1}
    finish(queues, jobs[0])
    assert per_webhook(taken(queues)) == {"d": 1}


def test_a_recorded_attempt_frees_the_common_slot_and_not_before() -> None:
    queues = filled(DispatcherLimits(in_flight=1, exchanges=1, reserve=0), a=2)
    (job,) = taken(queues)
    queues.exchanged(job, 0.0)
    assert queues.in_flight == 1
    assert taken(queues) == []
    queues.settled(job)
    assert len(taken(queues)) == 1


def test_hung_endpoints_get_the_less_the_more_they_are() -> None:
    """Sixteen that never answer would fill all 256 slots, were their own limit all there is."""
    queues = filled(DispatcherLimits(), **{f"hung{number}": 100 for number in range(40)})
    jobs = taken(queues)
    assert max(per_webhook(jobs).values()) < 8
    assert queues.in_flight < 256 - 30
    for number in range(20):
        put(queues, delivery(f"c{number}", webhook="healthy"))
    assert per_webhook(taken(queues))["healthy"] >= 2


def test_slow_endpoints_leave_the_reserve_to_others() -> None:
    limits = DispatcherLimits(exchanges=20, reserve=5, slow_after=2.0)
    queues = filled(limits, **{f"hung{number}": 100 for number in range(20)})
    jobs = taken(queues)
    for job in jobs:
        finish(queues, job, now=15.0)  # all of them timed out
    again = taken(queues, now=15.0)
    assert len(again) == 15
    put(queues, delivery("c1", webhook="healthy"))
    assert ids(taken(queues, now=15.0)) == ["c1.1.healthy"]


def test_an_endpoint_that_hangs_for_the_first_time_is_slow_before_it_ends() -> None:
    limits = DispatcherLimits(exchanges=10, reserve=9, slow_after=2.0)
    queues = filled(limits, hung=1)
    assert len(taken(queues, now=0.0)) == 1
    put(queues, delivery("next", webhook="hung"))
    assert taken(queues, now=3.0) == []


def test_an_endpoint_that_answers_in_time_again_is_slow_no_longer() -> None:
    limits = DispatcherLimits(exchanges=10, reserve=9, slow_after=2.0)
    queues = filled(limits, crm=4)
    job = taken(queues, now=0.0)[0]
    finish(queues, job, now=5.0)
    job = taken(queues, now=5.0)[0]
    finish(queues, job, now=5.1)
    blocker = delivery("c", webhook="other")
    put(queues, blocker)
    assert per_webhook(taken(queues, now=5.1)) == {"crm": 1, "other": 1}


def test_a_postponed_delivery_keeps_its_lane_and_gives_back_its_slot() -> None:
    queues = Queues(DispatcherLimits())
    put(queues, delivery("c1", 1))
    put(queues, delivery("c1", 2))
    (job,) = taken(queues)
    queues.exchanged(job, 0.0)
    queues.postponed(job)
    assert queues.in_flight == 0
    assert taken(queues) == []
    queues.resumed(job)
    assert [again.delivery.seq for again in taken(queues)] == [1]


def test_turns_that_were_given_up_do_not_pile_up() -> None:
    queues = filled(DispatcherLimits(), **{f"w{number}": 500 for number in range(40)})
    jobs = taken(queues)
    for _ in range(100):
        for job in jobs:
            finish(queues, job)
        jobs = taken(queues)
    assert len(queues._prompt._heap) <= 128


def test_nothing_is_remembered_of_endpoints_that_are_done() -> None:
    queues = filled(DispatcherLimits(), a=5, b=5)
    for job in taken(queues):
        finish(queues, job)
    assert not queues._endpoints
    assert taken(queues) == []


@pytest.mark.parametrize("ends_first", [True, False])
def test_nothing_is_remembered_of_a_slow_endpoint_that_is_forgotten(*, ends_first: bool) -> None:
    queues = filled(DispatcherLimits(), hook=1, crm=1)
    jobs = taken(queues, 0.0)
    if not ends_first:
        queues.forget("shop", "hook")
    for job in jobs:
        finish(queues, job, 60.0)
    if ends_first:
        queues.forget("shop", "hook")
    assert list(queues._endpoints) == [("shop", "crm")]
    queues.forget("shop", "hook")
    put(queues, delivery("late", webhook="hook"))
    assert ids(taken(queues, 60.0)) == ["late.1.hook"]


@given(st.data())
def test_whatever_happens_limits_and_order_hold_and_all_get_their_turn(data: st.DataObject) -> None:
    limits = DispatcherLimits(in_flight=8, exchanges=6, per_endpoint=2, reserve=2, slow_after=2.0)
    queues, now, added = Queues(limits), 0.0, Counter[tuple[str, str]]()
    flying: list[DeliveryJob] = []
    exchanged: list[DeliveryJob] = []
    seen: dict[tuple[str, str], list[int]] = {}

    def take() -> None:
        for job in taken(queues, now):
            flying.append(job)
            lane = (job.delivery.webhook, job.delivery.call)
            seen.setdefault(lane, []).append(job.delivery.seq)
        lanes = [(job.delivery.webhook, job.delivery.call) for job in (*flying, *exchanged)]
        assert len(lanes) == len(set(lanes))
        assert queues.in_flight == len(lanes) <= limits.in_flight
        assert all(count <= 2 for count in per_webhook(flying).values())

    for _ in range(data.draw(st.integers(0, 60))):
        now += data.draw(st.sampled_from((0.0, 0.5, 5.0)))
        match data.draw(st.sampled_from("aaes")):
            case "a":
                lane = (data.draw(st.sampled_from("xyz")), data.draw(st.sampled_from("123")))
                added[lane] += 1
                put(queues, delivery(lane[1], added[lane], webhook=lane[0]))
            case "e" if flying:
                exchanged.append(flying.pop(data.draw(st.integers(0, len(flying) - 1))))
                queues.exchanged(exchanged[-1], now)
            case "s" if exchanged:
                queues.settled(exchanged.pop())
        take()
    while flying or exchanged:
        while flying:
            exchanged.append(flying.pop())
            queues.exchanged(exchanged[-1], now)
        while exchanged:
            queues.settled(exchanged.pop())
        take()
    assert seen == {lane: list(range(1, count + 1)) for lane, count in added.items()}


@pytest.mark.parametrize("wrong", [(8, 9, 1, 0), (9, 9, 0, 0), (9, 9, 1, 9), (9, 9, 1, -1)])
def test_limits_that_make_no_sense_are_refused(wrong: tuple[int, int, int, int]) -> None:
    in_flight, exchanges, per_endpoint, reserve = wrong
    with pytest.raises(ValueError, match="reserve < exchanges <= in_flight"):
        DispatcherLimits(
            in_flight=in_flight, exchanges=exchanges, per_endpoint=per_endpoint, reserve=reserve
        )


def test_three_mails_are_on_their_way_at_once_beside_everything_else() -> None:
    queues = Queues(DispatcherLimits())
    for number in range(9):
        put(queues, mail(f"c{number}", name=f"mail {number}"))
        put(queues, delivery(f"c{number}"))
    first = taken(queues)
    assert per_webhook(first)["crm"] == 9
    mails = [job for job in first if job.delivery.webhook != "crm"]
    assert len(mails) == 3
    finish(queues, mails[0])
    assert len(taken(queues)) == 1


def test_nobody_waits_for_somebody_else_s_address() -> None:
    queues = Queues(DispatcherLimits())
    for to in ("greylisted@example.com", "desk@example.com"):
        for seq in (1, 2):
            put(queues, mail("c1", seq, to=to))
    first, second = taken(queues)
    assert ids([first, second]) == [
        "c1.1.missed.greylisted@example.com",
        "c1.1.missed.desk@example.com",
    ]
    queues.exchanged(first, 0.0)
    queues.postponed(first)
    finish(queues, second)
    assert ids(taken(queues)) == ["c1.2.missed.desk@example.com"]
    queues.resumed(first)
    assert ids(taken(queues)) == ["c1.1.missed.greylisted@example.com"]


@pytest.mark.row("FB-10")
def test_a_call_s_deliveries_under_one_order_key_go_one_after_another_whoever_they_are_for() -> (
    None
):
    queues = Queues(DispatcherLimits())
    for seq, webhook in ((1, "before"), (2, "after"), (3, "before")):
        put(queues, delivery("c1", seq, webhook=webhook), "http://h:80")
    put(queues, delivery("c1", 4, webhook="erp"), "key erp")
    put(queues, delivery("c2", 1, webhook="after"), "http://h:80")
    put(queues, delivery("c1", 1, webhook="after", project="house"), "http://h:80")
    jobs = taken(queues)
    assert sorted(ids(jobs)) == ["c1.1.after", "c1.1.before", "c1.4.erp", "c2.1.after"]
    first = next(job for job in jobs if job.delivery.id == "c1.1.before")
    queues.exchanged(first, 0.0)
    queues.postponed(first)
    assert taken(queues) == []  # the next of its lane waits for its retry
    queues.resumed(first)
    (again,) = taken(queues)
    finish(queues, again)
    (second,) = taken(queues)
    assert second.delivery.id == "c1.2.after"


@pytest.mark.row("FJ-05")
def test_an_endpoint_that_asks_for_a_pause_gets_one_and_then_one_delivery_ahead() -> None:
    queues = filled(DispatcherLimits(per_endpoint=1), crm=4)
    (first,) = taken(queues)
    queues.exchanged(first, 10.0, 30.0)
    queues.settled(first)
    assert taken(queues, 10.0) == []
    assert queues.pause_over_at == 40.0
    put(queues, delivery("c9", webhook="same URL"))
    put(queues, delivery("c8", webhook="erp", url="https://crm.example/other"))
    assert per_webhook(taken(queues, 39.0)) == {"erp": 1}
    (probe,) = taken(queues, 40.0)
    assert queues.pause_over_at is None
    queues.exchanged(probe, 41.0, 5.0)
    queues.settled(probe)
    assert taken(queues, 45.9) == []
    (probe,) = taken(queues, 46.0)
    finish(queues, probe, 46.0)
    assert len(taken(queues, 46.0)) == 2  # one slot for each webhook
    assert queues.pause_over_at is None


def test_pauses_that_nobody_waits_for_are_forgotten_when_there_are_many() -> None:
    queues = Queues(DispatcherLimits())
    for number in range(600):
        put(queues, delivery(f"c{number}", url=f"https://crm.example/{number}"))
        (job,) = taken(queues, 100.0 * number)
        queues.exchanged(job, 100.0 * number, 1.0)
        queues.settled(job)
    assert len(queues._pauses._pauses) <= 258
