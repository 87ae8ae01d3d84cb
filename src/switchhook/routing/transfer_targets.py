"""The targets of a transfer, or why there are none.

An account may transfer to what it may dial (see `admission.admit`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER
from switchhook.domain.grouping import dialled_number
from switchhook.domain.outside_rules import no_trunk
from switchhook.domain.scheme import (
    FIRST,
    AskStep,
    BackgroundStep,
    GoToStep,
    HoursStep,
    Path,
    PlayStep,
    RateStep,
    RecordStep,
    RingStep,
)
from switchhook.domain.screening import without_international_prefix
from switchhook.domain.target import Target, TargetKind, clean_number
from switchhook.routing.position import MAX_JUMPS
from switchhook.routing.project_numbers import sole_project_number, unringable_numbers
from switchhook.routing.steps import hours, ring

if TYPE_CHECKING:
    from switchhook.domain.call import Call, Transfer
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.scheme import Step
    from switchhook.routing.context import TransitionContext

SILENT_STEPS: Final = (BackgroundStep, PlayStep, RateStep, RecordStep)
"""Steps that a transferred party does without on the way to one that rings or asks: they talk already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFromWebhook:
    """A webhook says whom a transfer rings: the one that the step at `path` of a scheme asks."""

    webhook: str
    scheme: int
    path: Path


TransferTargets = tuple[Target, ...] | TargetFromWebhook


class NotTransferableError(Exception):
    """A transfer is refused with `status`; the text says why, a clause."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def account_of(call: Call, leg_id: str) -> str:
    """Return the account whose telephone is at a leg; empty for a party outside."""
    leg = call.leg(leg_id)
    if leg is None or leg.target is None:
        return call.caller.account if leg is not None else ""
    return leg.target.value if leg.target.kind is TargetKind.ACCOUNT else ""


def transferee_of(call: Call, leg: str) -> str:
    """Return the leg that talks to this one."""
    return call.talking_to if leg == call.party else call.party


def find(ctx: TransitionContext, user: str, by: str) -> TransferTargets:
    """Return the targets of a transfer by the telephone at leg `by`; raise NotTransferableError."""
    snapshot = ctx.call.snapshot
    own, named = snapshot.number(user), snapshot.internal_target(user)
    screening = snapshot.project.screening
    is_urgent = bool(screening.emergency(user, snapshot.project.dialling))
    if own is not None and not is_urgent and (named is None or own.is_exactly(user)):
        return ring_scheme(ctx, own.scheme, FIRST, by)
    if named is not None and not screening.is_emergency(user):
        return _without_talking(ctx.call, (named,), by)
    return _without_talking(ctx.call, (_outside(ctx, user),), by)


def ring_targets(ctx: TransitionContext, targets: tuple[Target, ...], by: str) -> TransferTargets:
    """Return the same for targets that a webhook returned, or that a telephone forwards its calls to."""
    snapshot = ctx.call.snapshot
    own = sole_project_number(snapshot, targets)
    if own is not None:
        return ring_scheme(ctx, own.scheme, FIRST, by)
    out = unringable_numbers(snapshot, targets)
    return _without_talking(ctx.call, tuple(target for target in targets if target not in out), by)


def ring_scheme(ctx: TransitionContext, scheme: int, path: Path, by: str) -> TransferTargets:
    """Return whom a scheme rings first, or asks, from `path` on.

    Working hours and other schemes are gone through as by a call that comes now. A step that plays or collects
    keys needs a caller who talks to no one.
    """
    snapshot = ctx.call.snapshot
    step: Step | None = None
    for _ in range(MAX_JUMPS + 1):
        step, path = _deciding_step(snapshot, scheme, path, ctx.now)
        match step:
            case GoToStep(scheme=other):
                scheme, path = other, FIRST
            case RingStep(targets=targets):
                number = sole_project_number(snapshot, targets)
                if number is None:
                    return ring_targets(ctx, targets, by)
                scheme, path = number.scheme, FIRST
            case AskStep(webhook=webhook):
                return TargetFromWebhook(webhook=webhook, scheme=scheme, path=path)
            case _:
                break
    where = f"scheme {scheme} does not come to ring telephones"
    raise NotTransferableError(501, f"{where}: {step.word} comes first" if step else where)


def ring_next_step(ctx: TransitionContext, transfer: Transfer) -> TransferTargets:
    """Return whom the scheme rings, or asks, behind the step that has asked in vain."""
    scheme = ctx.call.snapshot.schemes.get(transfer.scheme)
    path = transfer.path if scheme is None else scheme.next_path(transfer.path)
    return ring_scheme(ctx, transfer.scheme, path, transfer.by)


def _without_talking(call: Call, wanted: tuple[Target, ...], by: str) -> tuple[Target, ...]:
    """Return who of them takes no part in the conversation yet."""
    talking = {account_of(call, by), account_of(call, transferee_of(call, by))}
    members = [member for target in wanted for member in call.snapshot.members(target)]
    free = [m for m in dict.fromkeys(members) if not _is_one_of(call, m, talking)]
    if not free:
        named = ", ".join(map(str, wanted))
        why = f"{named} takes part in the call already" if wanted else "there is no target to ring"
        raise NotTransferableError(603, why)
    return tuple(free)


def _is_one_of(call: Call, target: Target, talking: set[str]) -> bool:
    if target.kind is TargetKind.ACCOUNT:
        return target.value in talking
    legs = (call.leg(call.party), call.leg(call.talking_to))
    numbers = {leg.target.value for leg in legs if leg is not None and leg.target is not None}
    if call.party == CALLER and not call.caller.account:
        numbers.add(call.caller.number)
    numbers.discard("")
    dialling = call.snapshot.project.dialling
    meant = {without_international_prefix(target.value), *dialling.meanings(target.value)}
    return any(
        meant & {without_international_prefix(number), *dialling.meanings(number)}
        for number in numbers
    )


def _outside(ctx: TransitionContext, user: str) -> Target:
    snapshot = ctx.call.snapshot
    dialling = snapshot.project.dialling
    urgent = snapshot.project.screening.emergency(user, dialling)
    number = urgent or dialled_number(user, dialling, snapshot.has_name)
    if clean_number(number) is None and not urgent:
        raise NotTransferableError(404, f"{user} is neither an account nor a group nor a number")
    if not any(trunk.outgoing for trunk in snapshot.project.trunks):
        raise NotTransferableError(404, no_trunk(user, snapshot))
    target = Target(kind=TargetKind.NUMBER, value=number)
    if not ring.may_ring(ctx, target):
        raise NotTransferableError(403, f"this project's rules forbid calling {target}")
    return target


def _deciding_step(
    snapshot: ProjectSnapshot, scheme_id: int, path: Path, now: float
) -> tuple[Step | None, Path]:
    """Return the first step from `path` on that places the call or may, and where it stands."""
    scheme = snapshot.schemes.get(scheme_id)
    while scheme is not None:
        step = scheme.step_at(path)
        branch = hours.branch_at(snapshot, step, now) if isinstance(step, HoursStep) else ""
        if branch:
            path = (*path, branch, *FIRST)
        elif isinstance(step, (HoursStep, *SILENT_STEPS)) or _has_no_webhook(snapshot, step):
            path = scheme.next_path(path)
        elif step is None and (enclosing := scheme.enclosing(path)):
            path = scheme.next_path(enclosing[0][0])
        else:
            return step, path
    return None, path


def _has_no_webhook(snapshot: ProjectSnapshot, step: Step | None) -> bool:
    return isinstance(step, AskStep) and step.webhook not in snapshot.webhooks
