"""The step that takes one branch within working hours and the other outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.hours import is_open
from switchhook.domain.journal import EntryKind
from switchhook.domain.scheme import CLOSED, OPEN
from switchhook.routing.position import StepResult, enter_branch, journal_branch

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.scheme import HoursStep
    from switchhook.routing.context import TransitionContext


def begin(ctx: TransitionContext, step: HoursStep) -> StepResult:
    """Look at the clock (S-14). Hours that do not exist have no branch to take."""
    branch = branch_at(ctx.call.snapshot, step, ctx.now)
    if not branch:
        ctx.write_journal(EntryKind.NOTICE, f"working hours {step.hours!r} are not in this project")
        return StepResult.CONTINUE
    journal_branch(ctx, branch, f"hours {step.hours}")
    return enter_branch(ctx, branch)


def branch_at(snapshot: ProjectSnapshot, step: HoursStep, now: float) -> str:
    """Return which branch is taken at a time; empty where the project has no such hours."""
    hours = snapshot.hours.get(step.hours)
    if hours is None:
        return ""
    return OPEN if is_open(hours, time_zone=snapshot.project.time_zone, now=now) else CLOSED
