"""An origin gets no more requests at once than was set; asks count and wait for nobody."""

from __future__ import annotations

from switchhook.delivery.lanes import DeliveryEndpoint, DeliveryJob, Lane, OriginLimit
from switchhook.delivery.origin_slots import OriginSlots
from tests.support.promises import delivery

KEY = ("shop", "http://crm.example:80")


def job(slots: OriginSlots, call: str, most: int | None = 1) -> DeliveryJob:
    made = delivery(call)
    if most is not None:
        slots.limit(made.id, OriginLimit(KEY, most))
    return DeliveryJob(Lane((call,)), DeliveryEndpoint(("shop", "crm"), 16), made, 0.0)


def test_a_delivery_waits_until_one_before_it_is_over() -> None:
    slots = OriginSlots()
    first, second = job(slots, "c1"), job(slots, "c2")
    assert slots.admits(first)
    assert not slots.admits(second)
    assert slots.freed() == []
    slots.exchanged(first)
    assert slots.freed() == [second.lane]
    assert slots.freed() == []
    assert slots.admits(second)


def test_without_a_limit_nobody_waits() -> None:
    slots = OriginSlots()
    assert all(slots.admits(job(slots, f"c{number}", None)) for number in range(100))
    assert not slots._uses


def test_deliveries_wait_for_asks_and_asks_for_nobody() -> None:
    told: list[int] = []
    slots = OriginSlots()
    slots.on_free(lambda: told.append(1))
    first, second = job(slots, "c1"), job(slots, "c2")
    slots.ask_began(KEY)
    assert not slots.admits(first)
    slots.ask_began(KEY)  # whatever is under way
    slots.ask_ended(KEY)
    assert slots.freed() == []
    slots.ask_ended(KEY)
    assert told
    assert slots.freed() == [first.lane]
    assert slots.admits(first)
    slots.ask_began(KEY)
    slots.exchanged(first)
    assert not slots.admits(second)


def test_nothing_is_remembered_of_an_origin_that_is_done() -> None:
    slots = OriginSlots()
    made = job(slots, "c1", 2)
    assert slots.admits(made)
    slots.ask_began(KEY)
    slots.exchanged(made)
    slots.forget(made.delivery.id)
    slots.ask_ended(KEY)
    assert not slots._uses
    assert not slots._limits
