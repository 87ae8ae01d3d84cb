"""Whom a transfer rings, or why nobody: what an account may dial, it may transfer to (see `arrival.admit`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER
from switchhook.domain.grouping import dialled_number
from switchhook.domain.scheme import (
    FIRST,
    Background,
    GoTo,
    Hours,
    Play,
    Rate,
    Record,
    Ring,
)
from switchhook.domain.screening import bare
from switchhook.domain.target import Target, TargetKind, clean_number
from switchhook.routing.own_numbers import left_out, only_own
from switchhook.routing.places import MAX_JUMPS
from switchhook.routing.steps import hours, ring

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.project import Number, Plan
    from switchhook.domain.scheme import Step
    from switchhook.routing.move import Move

SILENT_STEPS: Final = (Background, Play, Rate, Record)
"""Steps that a transferred party does without on the way to a step that rings: they talk already."""


class NotTransferableError(Exception):
    """A transfer is refused with `status`; the text says why, a clause."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def account_of(call: Call, leg_id: str) -> str:
    """Return the account whose telephone is at a leg; empty for a party outside."""
    leg = call.leg(leg_id)
    if leg is None or leg.target is None:
        return call.account if leg is not None else ""
    return leg.target.value if leg.target.kind is TargetKind.ACCOUNT else ""


def other_of(call: Call, leg: str) -> str:
    """Return the leg that talks to this one."""
    return call.talking_to if leg == call.party else call.party


def find(move: Move, user: str, by: str) -> tuple[Target, ...]:
    """Return whose telephones ring for what the telephone at leg `by` names; raise NotTransferableError."""
    plan = move.call.plan
    own, named = plan.number(user), plan.named(user)
    screening = plan.project.screening
    is_urgent = bool(screening.emergency(user, plan.project.dialling))
    if own is not None and not is_urgent and (named is None or own.is_exactly(user)):
        wanted = _of_scheme(move, own)
    elif named is not None and not screening.is_emergency(user):
        wanted = (named,)
    else:
        wanted = (_outside(move, user),)
    return _free(move.call, wanted, by, user)


def to(move: Move, target: Target, by: str) -> tuple[Target, ...]:
    """Return the same for a target to which a telephone forwards its calls, which may be rung."""
    own = move.call.plan.own_number(target)
    wanted = (target,) if own is None else _of_scheme(move, own)
    return _free(move.call, wanted, by, str(target))


def _free(call: Call, wanted: tuple[Target, ...], by: str, name: str) -> tuple[Target, ...]:
    """Return who of them takes no part in the conversation yet."""
    talking = {account_of(call, by), account_of(call, other_of(call, by))}
    members = [member for target in wanted for member in call.plan.members(target)]
    free = [m for m in dict.fromkeys(members) if not _is_one_of(call, m, talking)]
    if not free:
        raise NotTransferableError(603, f"{name} takes part in the call already")
    return tuple(free)


def _is_one_of(call: Call, target: Target, talking: set[str]) -> bool:
    if target.kind is TargetKind.ACCOUNT:
        return target.value in talking
    legs = (call.leg(call.party), call.leg(call.talking_to))
    numbers = {leg.target.value for leg in legs if leg is not None and leg.target is not None}
    if call.party == CALLER and not call.account:
        numbers.add(call.caller)
    numbers.discard("")
    dialling = call.plan.project.dialling
    meant = {bare(target.value), *dialling.meanings(target.value)}
    return any(meant & {bare(number), *dialling.meanings(number)} for number in numbers)


def _outside(move: Move, user: str) -> Target:
    plan = move.call.plan
    dialling = plan.project.dialling
    urgent = plan.project.screening.emergency(user, dialling)
    number = urgent or dialled_number(user, dialling, plan.has_name)
    if clean_number(number) is None and not urgent:
        raise NotTransferableError(404, f"{user} is neither an account nor a group nor a number")
    if not any(trunk.outgoing for trunk in plan.project.trunks):
        why = f"project {plan.project.id} has no trunk for outside numbers"
        raise NotTransferableError(404, why)
    target = Target(kind=TargetKind.NUMBER, value=number)
    if not ring.may_ring(move, target):
        raise NotTransferableError(403, f"this project's rules forbid calling {target}")
    return target


def _of_scheme(move: Move, own: Number) -> tuple[Target, ...]:
    """Return whom the scheme of a number of the project rings first.

    Working hours and other schemes are gone through as by a call that comes now. What asks somebody, or
    wants the caller to hear or press something, needs a caller who talks to nobody.
    """
    plan, scheme = move.call.plan, own.scheme
    step: Step | None = None
    for _ in range(MAX_JUMPS + 1):
        step = _first_that_decides(plan, scheme, move.now)
        match step:
            case GoTo(scheme=other):
                scheme = other
            case Ring(targets=targets):
                number = only_own(plan, targets)
                if number is None:
                    out = left_out(plan, targets)
                    return tuple(target for target in targets if target not in out)
                scheme = number.scheme
            case _:
                break
    but = f", but with the step {step.word}" if step is not None else ""
    why = f"the scheme of {own.number} does not begin by ringing telephones{but}"
    raise NotTransferableError(501, why)


def _first_that_decides(plan: Plan, scheme_id: int, now: float) -> Step | None:
    """Return the first step that places the call or may; None where there is none."""
    scheme, path = plan.schemes.get(scheme_id), FIRST
    while scheme is not None:
        step = scheme.step_at(path)
        branch = hours.branch_at(plan, step, now) if isinstance(step, Hours) else ""
        if branch:
            path = (*path, branch, *FIRST)
        elif isinstance(step, (Hours, *SILENT_STEPS)):
            path = scheme.after(path)
        elif step is None and (openers := scheme.openers(path)):
            path = scheme.after(openers[0][0])
        else:
            return step
    return None
