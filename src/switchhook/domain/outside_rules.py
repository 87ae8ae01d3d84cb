"""Which calls cost money, and whether the project's rules let them go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.hours import is_open
from switchhook.domain.outside import Allowance
from switchhook.domain.screening import MIN_OUTSIDE_DIGITS
from switchhook.domain.target import TargetKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.target import Target


def allowance(snapshot: ProjectSnapshot, account: str) -> Allowance:
    """Return what an account may: its own figures, else the project's for accounts."""
    rules, own = snapshot.project.outside, snapshot.accounts.get(account)
    given = (None, None, None) if own is None else own.outside
    usual = (
        rules.account_concurrent_calls,
        rules.account_calls_per_day,
        rules.account_minutes_per_day,
    )
    concurrent_calls, calls, minutes = (
        usually if one is None else one for one, usually in zip(given, usual, strict=True)
    )
    return Allowance(concurrent_calls=concurrent_calls, calls=calls, minutes=minutes)


def is_outside(snapshot: ProjectSnapshot, target: Target) -> bool:
    """Say whether ringing a target may cost money.

    A number of the project does not, nor an extension at a SIP host, and emergency numbers are free of
    every rule.
    """
    screening, dialling = snapshot.project.screening, snapshot.project.dialling
    match target.kind:
        case TargetKind.NUMBER:
            number = target.value
        case TargetKind.ADDRESS if sum(map(str.isdigit, target.user)) >= MIN_OUTSIDE_DIGITS:
            number = target.user
        case _:
            return False
    return not screening.emergency(number, dialling) and snapshot.project_number(target) is None


def no_trunk(dialled: str, snapshot: ProjectSnapshot) -> str:
    """Say why what was dialled leads nowhere in a project without trunks, a clause."""
    return (
        f"{dialled} is no account, group or number of project {snapshot.project.id},"
        " which has no trunk for outside numbers"
    )


def refusal_reason(snapshot: ProjectSnapshot, target: Target, now: float) -> str:
    """Say why the project's rules forbid ringing a target, a clause; empty: they do not."""
    if not snapshot.permits(target):
        return f"this project does not call {target}"
    hours = snapshot.hours.get(snapshot.project.outside.hours)
    if hours is None or not is_outside(snapshot, target):
        return ""
    if is_open(hours, time_zone=snapshot.project.time_zone, now=now):
        return ""
    return f"this project does not call {target} outside the hours {hours.name}"


def emergency_among(snapshot: ProjectSnapshot, targets: Iterable[Target | None]) -> str:
    """Return the emergency number among targets, however it was written or found; empty for none."""
    screening, dialling = snapshot.project.screening, snapshot.project.dialling
    for target in targets:
        if target is None or target.kind not in {TargetKind.NUMBER, TargetKind.ADDRESS}:
            continue
        user = target.user if target.kind is TargetKind.ADDRESS else target.value
        if screening.emergency(user, dialling):
            return user
    return ""


def people_dial(number: str) -> str:
    """Say why no program makes an emergency call, a clause."""
    return f"{number} is an emergency number, which people dial themselves"
