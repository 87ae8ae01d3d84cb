"""Wrong keys from one address are counted and forgotten with time."""

from __future__ import annotations

import pytest

from switchhook.api import failures as module
from switchhook.api.failures import ALLOWED, EVERY, Failures


class Ticks:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def full(ticks: Ticks, address: str = "192.0.2.1") -> Failures:
    failures = Failures(ticks)
    for _ in range(ALLOWED):
        assert failures.seconds_to_wait(address) == 0.0
        failures.note_wrong(address)
    return failures


def test_after_so_many_wrong_keys_the_next_waits() -> None:
    ticks = Ticks()
    failures = full(ticks)

    assert failures.seconds_to_wait("192.0.2.1") == EVERY
    ticks.now = EVERY - 1
    assert failures.seconds_to_wait("192.0.2.1") == 1.0
    ticks.now = EVERY
    assert failures.seconds_to_wait("192.0.2.1") == 0.0
    failures.note_wrong("192.0.2.1")
    assert failures.seconds_to_wait("192.0.2.1") == EVERY


def test_all_is_forgotten_in_time() -> None:
    ticks = Ticks()
    failures = full(ticks)
    ticks.now = ALLOWED * EVERY
    for _ in range(ALLOWED):
        assert failures.seconds_to_wait("192.0.2.1") == 0.0
        failures.note_wrong("192.0.2.1")
    assert failures.seconds_to_wait("192.0.2.1") > 0.0


def test_one_address_does_not_shut_out_another() -> None:
    failures = full(Ticks())

    assert failures.seconds_to_wait("192.0.2.2") == 0.0


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
    failures = full(Ticks(), "2001:db8::1%eth0")

    assert (failures.seconds_to_wait(other) > 0.0) is is_same


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    failures = full(Ticks())
    for number in range(9):
        failures.note_wrong(f"198.51.100.{number}")

    assert len(failures._full_until) == 3
    assert failures.seconds_to_wait("192.0.2.1") == 0.0
