"""Admits a callback, or rejects it: who is rung as the caller, and whom the call is for.

A callback may go where an account of the project may call (`admission.admit`), but to no emergency number: these are
dialled by people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, Callback, CallerId, Direction
from switchhook.domain.cause import Cause
from switchhook.domain.grouping import dialled_number
from switchhook.domain.outside_rules import emergency_among, no_trunk, people_dial, refusal_reason
from switchhook.domain.scheme import FIRST
from switchhook.domain.target import Target, TargetKind, clean_number
from switchhook.routing.admission import OfferedCall, Rejection, admit
from switchhook.routing.context import TransitionContext
from switchhook.routing.transfer_targets import (
    NotTransferableError,
    TargetFromWebhook,
    ring_scheme,
)

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import Number, ProjectSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCallback:
    """A callback that a program or person wants."""

    project: str
    caller: str
    """The account, group, outside number, or number of the project, whose scheme says who rings."""
    callee: str
    """As the caller would dial it."""
    by: str
    """Who wants it, for people."""
    shown: str = ""
    """The number of the project that is shown outside; empty: what calls of the caller show."""


class _RejectedError(Exception):
    """A callback is rejected with `status`; the text says why, a clause."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def admit_callback(
    wanted: WantedCallback, directory: ProjectDirectory, *, call: str, now: float
) -> Call | Rejection:
    """Make the call of a callback, or say why not. Nothing crosses from one project to another."""
    snapshot = directory.snapshots.get(wanted.project)
    if snapshot is None:
        return _refused(404, f"there is no project {wanted.project}")
    try:
        _refuse_emergency(snapshot, wanted.caller, wanted.callee)
        shown = _shown(snapshot, wanted.shown)
    except _RejectedError as error:
        return _refused(error.status, str(error))
    # An account may dial the callee, whoever of the callers will be there.
    offered = OfferedCall(
        caller="",
        caller_name="",
        callee=wanted.callee,
        account=wanted.caller,
        project=wanted.project,
    )
    made = admit(offered, directory, call=call, now=now)
    if isinstance(made, Rejection):
        return made
    made = made.changed(caller=CallerId(number=""))
    direct = made.position.direct
    if direct is not None and (why := refusal_reason(snapshot, direct, now)):
        return _refused(403, why)
    try:
        targets = _callers(made, wanted.caller, now)
    except _RejectedError as error:
        return _refused(error.status, str(error))
    targets = tuple(target for target in targets if target != direct)
    if urgent := emergency_among(snapshot, (direct, *targets)):
        return _refused(403, people_dial(urgent))
    if not targets:
        return _refused(400, f"{wanted.caller} cannot call {wanted.callee}: they are the same")
    if not shown and made.direction is Direction.OUTGOING and _is_outside(targets):
        own = snapshot.project.numbers
        shown = own[0].number if own else ""
    callback = Callback(by=wanted.by, turns=_turns(targets), shown=shown)
    sole = caller_of(snapshot, targets[0]) if len(targets) == 1 else CallerId(number=wanted.caller)
    return made.changed(callback=callback, caller=sole)


def caller_of(snapshot: ProjectSnapshot, target: Target) -> CallerId:
    """Return who calls when a target answers as the caller of a callback."""
    if target.kind is not TargetKind.ACCOUNT:
        return CallerId(number=target.value)
    account = snapshot.accounts.get(target.value)
    name = "" if account is None else account.name
    return CallerId(number=target.value, name=name, account=target.value)


def _callers(call: Call, user: str, now: float) -> tuple[Target, ...]:
    """Return the targets that are rung as the caller."""
    snapshot = call.snapshot
    own, named = snapshot.number(user), snapshot.internal_target(user)
    if own is not None and (named is None or own.is_exactly(user)):
        return _of_scheme(call, own, now)
    if named is not None:
        members = snapshot.members(named)
        if not members:
            raise _RejectedError(404, f"{user} has no accounts")
        return members
    number = dialled_number(user, snapshot.project.dialling, snapshot.has_name)
    if clean_number(number) is None:
        raise _RejectedError(404, f"{user} is neither an account nor a group nor a number")
    if not any(trunk.outgoing for trunk in snapshot.project.trunks):
        raise _RejectedError(404, no_trunk(user, snapshot))
    target = Target(kind=TargetKind.NUMBER, value=number)
    if why := refusal_reason(snapshot, target, now):
        raise _RejectedError(403, why)
    return (target,)


def _of_scheme(call: Call, own: Number, now: float) -> tuple[Target, ...]:
    """Return whom the scheme of a number of the project rings first, at this time."""
    try:
        found = ring_scheme(TransitionContext(call, now), own.scheme, FIRST, CALLER)
    except NotTransferableError as error:
        raise _RejectedError(404, f"number {own.number}: {error}") from None
    if isinstance(found, TargetFromWebhook):
        why = f"number {own.number}: webhook {found.webhook} is asked who rings; name an account"
        raise _RejectedError(404, why)
    return found


def _turns(targets: tuple[Target, ...]) -> tuple[tuple[Target, ...], ...]:
    """Let accounts ring together; then numbers and addresses, one after another."""
    accounts = tuple(target for target in targets if target.kind is TargetKind.ACCOUNT)
    others = tuple((target,) for target in targets if target.kind is not TargetKind.ACCOUNT)
    return ((accounts,) if accounts else ()) + others


def _is_outside(targets: tuple[Target, ...]) -> bool:
    return any(target.kind is not TargetKind.ACCOUNT for target in targets)


def _shown(snapshot: ProjectSnapshot, number: str) -> str:
    """Return the project's number that is to be shown; empty for none."""
    if not number:
        return ""
    own = snapshot.number(number)
    if own is None:
        raise _RejectedError(403, f"{number} is no number of project {snapshot.project.id}")
    return own.number


def _refuse_emergency(snapshot: ProjectSnapshot, *users: str) -> None:
    screening, dialling = snapshot.project.screening, snapshot.project.dialling
    for user in users:
        if screening.is_emergency(user) or screening.emergency(user, dialling):
            raise _RejectedError(403, people_dial(user))


def _refused(status: int, text: str) -> Rejection:
    return Rejection(cause=Cause(sip=status, text=text))
