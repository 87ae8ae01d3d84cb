"""No project takes the room of all calls, and calls for help find some."""

from __future__ import annotations

import pytest

from switchhook.switchboard.capacity import MAX_EMERGENCY_CALLS, CallCapacity


def fill(capacity: CallCapacity, project: str, *, projects: int, attempts: int) -> int:
    """Let a project make calls one after another, and say how many were let in."""
    let_in = 0
    for number in range(attempts):
        if not capacity.refusal(project, projects=projects):
            capacity.add(f"{project}{number}", project)
            let_in += 1
    return let_in


@pytest.mark.row("FD-09")
def test_a_project_that_takes_all_it_can_leaves_room_for_others() -> None:
    capacity = CallCapacity(100)

    assert fill(capacity, "greedy", projects=3, attempts=500) == 75
    assert fill(capacity, "shop", projects=3, attempts=20) == 20
    assert fill(capacity, "greedy", projects=3, attempts=10) == 0
    assert fill(capacity, "clinic", projects=3, attempts=500) == 5
    assert capacity.refusal("shop", projects=3) == "100 calls are running, which is the limit"


def test_a_project_on_its_own_has_all_of_the_room() -> None:
    capacity = CallCapacity(100)

    assert fill(capacity, "shop", projects=1, attempts=500) == 100
    capacity.remove("shop7")
    assert capacity.refusal("shop", projects=1) == ""


@pytest.mark.parametrize("most", [1, 2, 3])
def test_little_room_serves_whoever_comes(most: int) -> None:
    capacity = CallCapacity(most)

    assert fill(capacity, "shop", projects=2, attempts=1) == 1


def test_emergency_calls_find_room_but_not_without_end() -> None:
    capacity = CallCapacity(1)
    capacity.add("c", "shop")

    for number in range(MAX_EMERGENCY_CALLS):
        assert capacity.refusal("shop", projects=1, is_emergency=True) == ""
        capacity.add(f"help{number}", "shop", is_emergency=True)

    assert capacity.refusal("shop", projects=1, is_emergency=True) != ""
    assert capacity.refusal("clinic", projects=1, is_emergency=True) == ""
    capacity.remove("help3")
    assert capacity.refusal("shop", projects=1, is_emergency=True) == ""
