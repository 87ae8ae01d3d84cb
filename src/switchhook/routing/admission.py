"""Admits a call, or rejects it, by what the driver knows of its INVITE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, Call, CallerId, Direction, Leg, LegState, SchemePosition
from switchhook.domain.cause import Cause
from switchhook.domain.grouping import dialled_number
from switchhook.domain.outside_rules import no_trunk
from switchhook.domain.screening import SOS
from switchhook.domain.target import Target, TargetKind, clean_number, written_number
from switchhook.quick_init import quick_init

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import Number, ProjectSnapshot


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedCall:
    """A call that a driver puts to the switchboard."""

    caller: str
    """The caller's number or login; empty where it was withheld."""
    caller_name: str
    callee: str
    """The dialled user part."""
    account: str = ""
    """The login of the authenticated account that calls; empty for a call from a trunk."""
    trunk: str = ""
    """The name of the trunk that it came from; empty for an account."""
    project: str = ""
    """The project of that account or trunk; empty where the side knows neither."""
    hidden: bool = False
    """Whether the account withholds its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """The switchboard does not take the call; the caller gets this cause."""

    cause: Cause
    retry_after: int = 0
    """Seconds, when trying again later helps (503); 0 otherwise."""


def admit(
    offered: OfferedCall, directory: ProjectDirectory, *, call: str, now: float
) -> Call | Rejection:
    """Make a call of an offered one, or say why not. Nothing crosses from one project to another.

    A number of the caller's own project runs its scheme, in any spelling (FA-03). An account may also dial a
    colleague's login, a group or, over the project's trunk, an outside number; a trunk that may call accounts,
    such as a PBX, dials the first two. An emergency number goes to the trunk whatever else has that name, and
    asks no webhook; with prefixes before it, unless something else has just that name.
    """
    snapshot = directory.snapshots.get(offered.project)
    if snapshot is None:
        return _refused(403, "the caller belongs to no project")
    screening = snapshot.project.screening
    help_number = screening.emergency(offered.callee, snapshot.project.dialling)
    if help_number:
        callee = help_number if offered.callee == SOS else offered.callee
        offered = replace(offered, callee=callee, hidden=False)  # to be called back by who helps
    make = partial(_call, offered, snapshot, call, now)
    if offered.account and screening.is_emergency(offered.callee):
        return _outside(help_number, snapshot, make)
    own = snapshot.number(offered.callee)
    if own is not None and (not offered.account or own.is_exactly(offered.callee)):
        return _to_own(own, offered, snapshot, call, now)
    if not offered.account and not snapshot.trunk_may_call_accounts(offered.trunk):
        return _refused(404, f"{offered.callee} is no number of project {snapshot.project.id}")
    direct = snapshot.internal_target(offered.callee)
    if direct is not None:
        return make(direction=Direction.INTERNAL, direct=direct)
    if not offered.account:
        return _refused(404, f"{offered.callee} is neither a number nor an account nor a group")
    if own is not None and not help_number:
        return _to_own(own, offered, snapshot, call, now)
    number = help_number or dialled_number(
        offered.callee, snapshot.project.dialling, snapshot.has_name
    )
    if clean_number(number) is None and not help_number:
        return _refused(404, f"{offered.callee} is neither an account nor a group nor a number")
    return _outside(number, snapshot, make)


def _to_own(
    own: Number, offered: OfferedCall, snapshot: ProjectSnapshot, call: str, now: float
) -> Call:
    """Run the scheme of a number of the project, and keep the number in its canonical form."""
    if not own.is_exactly(offered.callee):
        offered = replace(offered, callee=own.number)
    return _call(offered, snapshot, call, now, direction=Direction.INCOMING, scheme=own.scheme)


def _outside(number: str, snapshot: ProjectSnapshot, make: Callable[..., Call]) -> Call | Rejection:
    if not any(trunk.outgoing for trunk in snapshot.project.trunks):
        return _refused(404, no_trunk(number, snapshot))
    direct = Target(kind=TargetKind.NUMBER, value=number)
    return make(direction=Direction.OUTGOING, direct=direct)


def _call(
    offered: OfferedCall,
    snapshot: ProjectSnapshot,
    call: str,
    now: float,
    *,
    direction: Direction,
    scheme: int = 0,
    direct: Target | None = None,
) -> Call:
    caller_leg = Leg(id=CALLER, target=None, state=LegState.DIALLING, started_at=now)
    return Call(
        id=call,
        snapshot=snapshot,
        direction=direction,
        caller=_caller_id(offered),
        callee=offered.callee,
        arrived_at=now,
        position=SchemePosition(scheme=scheme, direct=direct),
        legs=(caller_leg,),
    )


def _caller_id(offered: OfferedCall) -> CallerId:
    number = offered.caller
    return CallerId(
        number=number if offered.account else written_number(number) or number,
        name=offered.caller_name,
        account=offered.account,
        is_withheld=offered.hidden,
    )


def _refused(status: int, text: str) -> Rejection:
    return Rejection(cause=Cause(sip=status, text=text))
