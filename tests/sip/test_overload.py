"""Strangers are counted by address, and what they hold is bounded without cutting calls that stand."""

from __future__ import annotations

from switchhook.sip.overload import Crowd, Limits

LIMITS = Limits(
    open_requests=3, open_requests_per_source=2, transactions=10, transactions_per_source=4
)


def test_one_address_may_have_so_many_open_requests() -> None:
    crowd = Crowd(LIMITS)
    crowd.enter("a", opens=True)
    assert not crowd.is_full("a", 1)
    crowd.enter("a", opens=True)

    assert crowd.is_full("a", 2)
    assert not crowd.is_full("b", 2)
    crowd.close("a")
    assert not crowd.is_full("a", 2)


def test_all_together_may_have_so_many_open_requests() -> None:
    crowd = Crowd(LIMITS)
    for source in "abc":
        crowd.enter(source, opens=True)

    assert crowd.is_full("d", 3)


def test_what_lingers_counts_until_it_is_over() -> None:
    crowd = Crowd(LIMITS)
    for _ in range(4):
        crowd.enter("a", opens=False)

    assert crowd.is_full("a", 4)
    crowd.leave("a")
    assert not crowd.is_full("a", 3)


def test_calls_that_stand_go_on_twice_as_long() -> None:
    crowd = Crowd(LIMITS)

    assert crowd.is_full("a", 10)
    assert not crowd.is_overflowing(19)
    assert crowd.is_overflowing(20)


def test_nothing_is_remembered_of_who_is_gone() -> None:
    crowd = Crowd(LIMITS)
    crowd.enter("a", opens=True)
    crowd.close("a")
    crowd.leave("a")

    assert not crowd._open
    assert not crowd._held
