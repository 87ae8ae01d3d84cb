"""Of many deadlines the nearest is known, each is taken once, and forgotten ones leave nothing behind."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from switchhook.sip.transaction.deadlines import Deadlines, earliest

K = TypeVar("K", bound=Hashable)


def take_all(deadlines: Deadlines[K], now: float) -> list[K]:
    return list(iter(lambda: deadlines.take_due(now), None))


def test_deadlines_are_taken_in_their_order() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("late", 3.0)
    deadlines.set("early", 1.0)
    deadlines.set("middle", 2.0)

    assert deadlines.next_at == 1.0
    assert take_all(deadlines, 0.5) == []
    assert take_all(deadlines, 2.0) == ["early", "middle"]
    assert deadlines.next_at == 3.0
    assert take_all(deadlines, 9.0) == ["late"]
    assert deadlines.next_at is None


def test_a_deadline_that_moves_or_goes_is_not_taken_at_its_old_time() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("moved", 1.0)
    deadlines.set("moved", 5.0)
    deadlines.set("gone", 1.0)
    deadlines.set("gone", None)
    deadlines.set("never there", None)

    assert take_all(deadlines, 2.0) == []
    assert deadlines.next_at == 5.0
    assert len(deadlines) == 1


def test_a_deadline_may_be_set_to_the_same_time_again() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.set("a", 1.0)

    assert take_all(deadlines, 1.0) == ["a"]
    assert take_all(deadlines, 1.0) == []


def test_deadlines_that_move_often_do_not_fill_the_memory() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for time in range(10_000):
        deadlines.set(time % 10, 1e6 - time)

    assert len(deadlines) == 10
    assert len(deadlines._heap) < 200
    assert sorted(take_all(deadlines, 1e6)) == list(range(10))


def test_the_earliest_of_some_times_is_the_least_that_is_there() -> None:
    assert earliest(None, 3.0, 0.0, None, 2.0) == 0.0
    assert earliest(None, None) is None
    assert earliest() is None
