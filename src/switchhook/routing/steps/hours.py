"""The step that takes one branch within working hours and the other outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.hours import is_open
from switchhook.domain.journal import Happening
from switchhook.domain.scheme import CLOSED, OPEN
from switchhook.routing.places import Went, enter, note_branch

if TYPE_CHECKING:
    from switchhook.domain.scheme import Hours
    from switchhook.routing.move import Move


def begin(move: Move, step: Hours) -> Went:
    """Look at the clock (S-14). Hours that do not exist have no branch to take."""
    project = move.call.plan.project
    hours = move.call.plan.hours.get(step.hours)
    if hours is None:
        move.record(Happening.NOTICE, f"working hours {step.hours!r} are not in this project")
        return Went.HANDED_ON
    branch = OPEN if is_open(hours, time_zone=project.time_zone, now=move.now) else CLOSED
    note_branch(move, branch, f"hours {hours.name}")
    return enter(move, branch)
