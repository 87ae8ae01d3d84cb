"""No project takes the room of all calls, and calls for help find some."""

from __future__ import annotations

import pytest

from switchhook.switchboard.room import MOST_FOR_HELP, Room


def fill(room: Room, project: str, *, projects: int, attempts: int) -> int:
    """Let a project make calls one after another, and say how many were let in."""
    let_in = 0
    for number in range(attempts):
        if not room.why_not(project, projects=projects):
            room.enter(f"{project}{number}", project)
            let_in += 1
    return let_in


@pytest.mark.row("FD-09")
def test_a_project_that_takes_all_it_can_leaves_room_for_others() -> None:
    room = Room(100)

    assert fill(room, "greedy", projects=3, attempts=500) == 75
    assert fill(room, "shop", projects=3, attempts=20) == 20
    assert fill(room, "greedy", projects=3, attempts=10) == 0
    assert fill(room, "clinic", projects=3, attempts=500) == 5
    assert room.why_not("shop", projects=3) == "100 calls are running, which is the limit"


def test_a_project_on_its_own_has_all_of_the_room() -> None:
    room = Room(100)

    assert fill(room, "shop", projects=1, attempts=500) == 100
    room.leave("shop7")
    assert room.why_not("shop", projects=1) == ""


@pytest.mark.parametrize("most", [1, 2, 3])
def test_little_room_serves_whoever_comes(most: int) -> None:
    room = Room(most)

    assert fill(room, "shop", projects=2, attempts=1) == 1


def test_calls_for_help_find_room_but_not_without_end() -> None:
    room = Room(1)
    room.enter("c", "shop")

    for number in range(MOST_FOR_HELP):
        assert room.why_not("shop", projects=1, for_help=True) == ""
        room.enter(f"help{number}", "shop", for_help=True)

    assert room.why_not("shop", projects=1, for_help=True) != ""
    assert room.why_not("clinic", projects=1, for_help=True) == ""
    room.leave("help3")
    assert room.why_not("shop", projects=1, for_help=True) == ""
