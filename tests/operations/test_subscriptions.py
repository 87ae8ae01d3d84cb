"""Who subscribes is checked, stored and told from then on; who unsubscribes is not told any more."""

from __future__ import annotations

import asyncio

import pytest

from switchhook.delivery.subscribers import Subscribers
from switchhook.domain.event import Subscription
from switchhook.operations.subscriptions import (
    EVENTS,
    MAX_SUBSCRIPTIONS,
    MAX_URL_LENGTH,
    SubscriptionError,
    subscribe,
    subscriptions,
    unsubscribe,
)
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run

URL = "https://hooks.target/h/1"


async def one(
    store: SqliteStore,
    memory: Subscribers,
    *,
    project: str = "shop",
    target_url: str = URL,
    event: str = "custom",
) -> Subscription:
    return await subscribe(
        store,
        memory,
        project=project,
        user="user@example.com",
        target_url=target_url,
        event=event,
        now=900.0,
    )


def test_a_subscription_is_stored_and_at_hand_until_it_is_removed() -> None:
    async def scenario() -> None:
        store, memory = await SqliteStore.open(None), Subscribers()
        made = await one(store, memory)
        assert made == Subscription(
            project="shop",
            number=1,
            user="user@example.com",
            target_url=URL,
            event="custom",
            created_at=900.0,
        )
        assert URL not in repr(made)
        again = await one(store, memory)
        assert again.number != made.number
        assert await subscriptions(store, project="shop") == (made, again)
        assert memory.of("shop") == (made, again)

        assert await unsubscribe(store, memory, project="shop", number=made.number) == made
        assert await unsubscribe(store, memory, project="shop", number=made.number) is None
        assert await subscriptions(store, project="shop") == (again,)
        assert memory.of("shop") == (again,)
        await store.close()

    run(scenario())


def test_nobody_removes_anothers_subscription() -> None:
    async def scenario() -> None:
        store, memory = await SqliteStore.open(None), Subscribers()
        made = await one(store, memory)
        assert await unsubscribe(store, memory, project="house", number=made.number) is None
        assert await subscriptions(store, project="house") == ()
        assert memory.of("shop") == (made,)
        await store.close()

    run(scenario())


@pytest.mark.parametrize("event", ["custom", "created", "ringing", "in-progress", "ended"])
def test_all_or_one_status_may_be_asked_for(event: str) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        assert (await one(store, Subscribers(), event=event)).event == event
        await store.close()

    assert event in EVENTS
    run(scenario())


@pytest.mark.parametrize(
    ("target_url", "event", "field", "words"),
    [
        ("", "custom", "target_url", "neither http:// nor https://"),
        ("ftp://hooks.target/", "custom", "target_url", "neither http:// nor https://"),
        ("https:///h/1", "custom", "target_url", "names no host"),
        ("https://hooks.target:0/", "custom", "target_url", "port"),
        ("https://hooks.target/\n", "custom", "target_url", "unprintable characters"),
        ("https://hooks.target/\ud800", "custom", "target_url", "unprintable characters"),
        (f"{URL}{'x' * MAX_URL_LENGTH}", "custom", "target_url", "longer than 2000"),
        (URL, "", "event", "custom, created, ringing, in-progress, cold-transfer, ended"),
        (URL, "warm-transfer", "event", "choose one of"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(
    target_url: str, event: str, field: str, words: str
) -> None:
    async def scenario() -> None:
        store, memory = await SqliteStore.open(None), Subscribers()
        with pytest.raises(SubscriptionError, match=words) as caught:
            await one(store, memory, target_url=target_url, event=event)
        assert caught.value.field == field
        assert await subscriptions(store, project="shop") == memory.of("shop") == ()
        await store.close()

    run(scenario())


def test_a_refusal_repeats_no_secret() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        with pytest.raises(SubscriptionError) as caught:
            await one(store, Subscribers(), target_url="https://user:hunter2@[broken/")
        assert "hunter2" not in str(caught.value)
        await store.close()

    run(scenario())


def test_a_project_has_so_many_subscriptions_and_no_more_however_they_come() -> None:
    async def scenario() -> None:
        store, memory = await SqliteStore.open(None), Subscribers()
        made = await asyncio.gather(
            *(one(store, memory) for _ in range(MAX_SUBSCRIPTIONS + 3)), return_exceptions=True
        )
        refused = [error for error in made if isinstance(error, SubscriptionError)]
        assert len(refused) == 3
        assert "remove one" in str(refused[0])
        assert len(memory.of("shop")) == MAX_SUBSCRIPTIONS
        await one(store, memory, project="house")
        await store.close()

    run(scenario())
