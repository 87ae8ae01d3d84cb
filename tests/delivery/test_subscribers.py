"""Subscriptions are at hand by project, and what was promised to one that is gone is not wanted."""

from __future__ import annotations

from switchhook.delivery.subscribers import Subscribers
from switchhook.domain.event import Subscription
from tests.support.promises import delivery


def subscription(number: int, project: str = "shop") -> Subscription:
    return Subscription(
        project=project,
        number=number,
        user="u",
        target_url="https://hooks.target/",
        event="custom",
        created_at=1.0,
    )


def test_each_project_has_its_own_oldest_first() -> None:
    memory = Subscribers([subscription(1), subscription(2, "house"), subscription(3)])
    assert memory.of("shop") == (subscription(1), subscription(3))
    assert memory.of("house") == (subscription(2, "house"),)
    assert memory.of("nobody") == ()
    assert memory.numbers == {1, 2, 3}


def test_one_that_is_removed_is_told_of_once() -> None:
    memory = Subscribers([subscription(1), subscription(3)])
    told: list[Subscription] = []
    memory.on_removed(told.append)
    memory.remove(1)
    memory.remove(1)
    memory.remove(7)
    assert told == [subscription(1)]
    assert memory.of("shop") == (subscription(3),)
    assert memory.numbers == {3}


def test_what_was_promised_to_one_that_is_gone_is_not_wanted() -> None:
    memory = Subscribers([subscription(1)])
    promised = delivery(webhook="subscription 1")
    assert memory.wants(promised)
    assert not memory.wants(delivery(webhook="subscription 2"))
    assert not memory.wants(delivery(webhook="subscription 1", project="house"))
    memory.remove(1)
    assert not memory.wants(promised)
    assert memory.wants(delivery(webhook="crm"))
