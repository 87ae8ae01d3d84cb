"""A call that is not admitted yet: what the driver knows of an INVITE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, Call, CallerId, Direction, Leg, LegState, SchemePosition
from switchhook.domain.cause import Cause
from switchhook.domain.grouping import dialled_number
from switchhook.domain.screening import SOS
from switchhook.domain.target import Target, TargetKind, clean_number, written_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import Number, ProjectSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
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
class Refused:
    """The switchboard does not take the call; the caller gets this cause."""

    cause: Cause
    retry_after: int = 0
    """Seconds, when trying again later helps (503); 0 otherwise."""


def admit(
    arrival: Arrival, directory: ProjectDirectory, *, call: str, now: float
) -> Call | Refused:
    """Make a call of an arrival, or say why not. Nothing crosses from one project to another.

    A number of the caller's own project runs its scheme, in any spelling (FA-03). An account may also dial a
    colleague's login, a group or, over the project's trunk, an outside number; a trunk that may call accounts,
    such as a PBX, dials the first two. An emergency number goes to the trunk whatever else has that name, and
    asks no webhook; with prefixes before it, unless something else has just that name.
    """
    snapshot = directory.snapshots.get(arrival.project)
    if snapshot is None:
        return _refused(403, "the caller belongs to no project")
    screening = snapshot.project.screening
    help_number = screening.emergency(arrival.callee, snapshot.project.dialling)
    if help_number:
        callee = help_number if arrival.callee == SOS else arrival.callee
        arrival = replace(arrival, callee=callee, hidden=False)  # to be called back by who helps
    make = partial(_call, arrival, snapshot, call, now)
    if arrival.account and screening.is_emergency(arrival.callee):
        return _outside(help_number, snapshot, make)
    own = snapshot.number(arrival.callee)
    if own is not None and (not arrival.account or own.is_exactly(arrival.callee)):
        return _to_own(own, arrival, snapshot, call, now)
    if not arrival.account and not snapshot.trunk_may_call_accounts(arrival.trunk):
        return _refused(404, f"{arrival.callee} is no number of project {snapshot.project.id}")
    direct = snapshot.internal_target(arrival.callee)
    if direct is not None:
        return make(direction=Direction.INTERNAL, direct=direct)
    if not arrival.account:
        return _refused(404, f"{arrival.callee} is neither a number nor an account nor a group")
    if own is not None and not help_number:
        return _to_own(own, arrival, snapshot, call, now)
    number = help_number or dialled_number(
        arrival.callee, snapshot.project.dialling, snapshot.has_name
    )
    if clean_number(number) is None and not help_number:
        return _refused(404, f"{arrival.callee} is neither an account nor a group nor a number")
    return _outside(number, snapshot, make)


def _to_own(
    own: Number, arrival: Arrival, snapshot: ProjectSnapshot, call: str, now: float
) -> Call:
    """Run the scheme of a number of the project, and keep the number in its canonical form."""
    if not own.is_exactly(arrival.callee):
        arrival = replace(arrival, callee=own.number)
    return _call(arrival, snapshot, call, now, direction=Direction.INCOMING, scheme=own.scheme)


def _outside(number: str, snapshot: ProjectSnapshot, make: Callable[..., Call]) -> Call | Refused:
    if not any(trunk.outgoing for trunk in snapshot.project.trunks):
        return _refused(404, f"project {snapshot.project.id} has no trunk for outside numbers")
    direct = Target(kind=TargetKind.NUMBER, value=number)
    return make(direction=Direction.OUTGOING, direct=direct)


def _call(
    arrival: Arrival,
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
        caller=_caller_id(arrival),
        callee=arrival.callee,
        arrived_at=now,
        position=SchemePosition(scheme=scheme, direct=direct),
        legs=(caller_leg,),
    )


def _caller_id(arrival: Arrival) -> CallerId:
    number = arrival.caller
    return CallerId(
        number=number if arrival.account else written_number(number) or number,
        name=arrival.caller_name,
        account=arrival.account,
        is_withheld=arrival.hidden,
    )


def _refused(status: int, text: str) -> Refused:
    return Refused(cause=Cause(sip=status, text=text))
