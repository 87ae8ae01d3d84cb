"""Wrong keys from one address are counted and forgotten with time."""

from __future__ import annotations

import pytest

from switchhook.api.rate_limit import BURST, REFILL_SECONDS, WrongKeyLimit
from switchhook.operations.people import guessing


class Ticks:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def full(ticks: Ticks, address: str = "192.0.2.1") -> WrongKeyLimit:
    limit = WrongKeyLimit(ticks)
    for _ in range(BURST):
        assert limit.seconds_to_wait(address) == 0.0
        limit.note_wrong(address)
    return limit


def test_after_so_many_wrong_keys_the_next_waits() -> None:
    ticks = Ticks()
    limit = full(ticks)

    assert limit.seconds_to_wait("192.0.2.1") == REFILL_SECONDS
    ticks.now = REFILL_SECONDS - 1
    assert limit.seconds_to_wait("192.0.2.1") == 1.0
    ticks.now = REFILL_SECONDS
    assert limit.seconds_to_wait("192.0.2.1") == 0.0
    limit.note_wrong("192.0.2.1")
    assert limit.seconds_to_wait("192.0.2.1") == REFILL_SECONDS


def test_all_is_forgotten_in_time() -> None:
    ticks = Ticks()
    limit = full(ticks)
    ticks.now = BURST * REFILL_SECONDS
    for _ in range(BURST):
        assert limit.seconds_to_wait("192.0.2.1") == 0.0
        limit.note_wrong("192.0.2.1")
    assert limit.seconds_to_wait("192.0.2.1") > 0.0


def test_one_address_does_not_shut_out_another() -> None:
    limit = full(Ticks())

    assert limit.seconds_to_wait("192.0.2.2") == 0.0


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ("2001:db8::2", True),
        ("2001:db8::ffff:1:2:3", True),
        ("2001:db8:0:1::1", False),
        ("192.0.2.1", False),
        ("no address", False),
    ],
)
def test_whoever_has_a_network_of_ipv6_has_one_count(other: str, is_same: bool) -> None:  # noqa: FBT001 (it is parametrized)
    limit = full(Ticks(), "2001:db8::1%eth0")

    assert (limit.seconds_to_wait(other) > 0.0) is is_same


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "MAX_KEYS", 3)
    limit = full(Ticks())
    for number in range(9):
        limit.note_wrong(f"198.51.100.{number}")

    assert len(limit._wrong._empty_at) == 3
    assert limit.seconds_to_wait("192.0.2.1") == 0.0
