"""A bounded memory that projects share: one that fills it takes nothing from another."""

from __future__ import annotations

from switchhook.tracking.shared_memory import SharedMemory


def test_the_project_that_holds_most_makes_room() -> None:
    memory: SharedMemory[int] = SharedMemory(10)
    memory.put("small", "a", 0)
    for number in range(1000):
        memory.put("large", str(number), number)

    assert memory.get("small", "a") == 0
    assert [memory.get("large", str(number)) for number in (990, 991, 999)] == [None, 991, 999]


def test_what_is_put_again_is_the_newest_and_counts_once() -> None:
    memory: SharedMemory[int] = SharedMemory(2)
    for name in ("a", "b", "a", "c"):
        memory.put("p", name, 1)

    assert [memory.get("p", name) for name in "abc"] == [1, None, 1]


def test_what_is_no_longer_held_makes_room() -> None:
    memory: SharedMemory[int] = SharedMemory(2)
    memory.put("p", "a", 1)
    memory.put("q", "b", 2)
    memory.keep(lambda value: value > 1)
    memory.pop("q", "nothing")
    memory.put("p", "c", 3)

    assert [memory.get("p", "a"), memory.get("q", "b"), memory.get("p", "c")] == [None, 2, 3]
