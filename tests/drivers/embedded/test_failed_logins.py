"""Mistakes are counted by address and user, and few suspects are remembered."""

from __future__ import annotations

import pytest

from switchhook.drivers.embedded.failed_logins import MOST_FAILURES, WINDOW, FailedLogins


def guilty(user: str, address: str, now: float = 0.0) -> FailedLogins:
    guard = FailedLogins()
    for _ in range(MOST_FAILURES):
        guard.note(user, address, now)
    return guard


def test_one_user_from_one_address_waits_until_the_window_is_over() -> None:
    guard = guilty("john", "192.0.2.1")

    assert guard.is_blocked("john", "192.0.2.1", WINDOW - 1)
    assert not guard.is_blocked("john", "192.0.2.1", WINDOW)
    assert not guard.is_blocked("mary", "192.0.2.1", 1.0)
    assert not guard.is_blocked("john", "192.0.2.2", 1.0)


@pytest.mark.parametrize(
    ("address", "same"), [("2001:db8::9", True), ("2001:db8:0:1::1", False), ("::1", False)]
)
def test_the_addresses_of_one_ipv6_network_are_one(address: str, *, same: bool) -> None:
    assert guilty("john", "2001:db8::1").is_blocked("john", address, 1.0) is same


def test_a_new_window_counts_from_one() -> None:
    guard = guilty("john", "192.0.2.1")
    guard.note("john", "192.0.2.1", WINDOW)

    assert not guard.is_blocked("john", "192.0.2.1", WINDOW)


def test_few_suspects_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.drivers.embedded.failed_logins.MOST_SUSPECTS", 2)
    guard = FailedLogins()
    for last in range(5):
        guard.note("john", f"203.0.113.{last}", 0.0)

    assert len(guard) == 2
