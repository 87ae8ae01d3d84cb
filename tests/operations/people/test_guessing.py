"""Guessing is slowed by source and by account, and nobody is locked out by others' tries."""

from __future__ import annotations

import pytest

from switchhook.operations.people.guessing import MAX_KEYS, GuessLimit, LeakyBuckets


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_takes_a_burst_and_then_one_at_a_time() -> None:
    ticks = Ticks()
    buckets = LeakyBuckets(ticks, burst=3, refill=10.0)
    for _ in range(3):
        assert buckets.seconds_to_wait("a") == 0.0
        buckets.add("a")
    assert buckets.seconds_to_wait("a") == 10.0
    assert buckets.seconds_to_wait("b") == 0.0
    ticks.now = 10.0
    assert buckets.seconds_to_wait("a") == 0.0
    assert buckets.seconds_to_empty("a") == 20.0
    for key in range(MAX_KEYS):
        buckets.add(key)
    assert buckets.seconds_to_empty("a") == 0.0


def guess(limit: GuessLimit, login: str, source: str, *, device: str = "") -> bool:
    """Guess wrong where one may; say whether."""
    if limit.seconds_to_wait(login, source, device=device):
        return False
    limit.note_try(login, source, device=device)
    return True


def test_one_source_gets_few_tries_at_one_account_and_few_at_all() -> None:
    ticks = Ticks()
    limit = GuessLimit(ticks)
    assert sum(guess(limit, "olga", "192.0.2.1") for _ in range(100)) == 5
    assert sum(guess(limit, f"user{n}", "192.0.2.1") for n in range(100)) == 5
    assert sum(guess(limit, "max", f"2001:db8::{n:x}") for n in range(100)) == 5  # one /64
    in_an_hour = 0
    for _ in range(3600):
        ticks.now += 1.0
        in_an_hour += guess(limit, "olga", "192.0.2.1")
    assert in_an_hour <= 121


def test_many_sources_get_one_try_each_and_so_does_the_user() -> None:
    ticks = Ticks()
    limit = GuessLimit(ticks)
    tried = sum(guess(limit, "olga", f"192.0.{n}.1") for n in range(200) for _ in range(5))
    assert tried < 200 + 4 * 20
    assert limit.seconds_to_wait("olga", "198.51.100.7") == 0.0  # a user from elsewhere
    assert limit.seconds_to_wait("max", "198.51.100.7") == 0.0


@pytest.mark.parametrize("source", ["192.0.2.1", "198.51.100.7"])
def test_who_signed_in_before_waits_for_their_own_tries_alone(source: str) -> None:
    limit = GuessLimit(Ticks())
    for n in range(300):
        guess(limit, "olga", "192.0.2.1")
        guess(limit, "olga", f"192.0.{n % 250}.9")
    assert limit.seconds_to_wait("olga", source, device="s1") == 0.0
    assert sum(guess(limit, "olga", source, device="s1") for _ in range(50)) == 10
    assert limit.seconds_to_wait("olga", source, device="s2") == 0.0
