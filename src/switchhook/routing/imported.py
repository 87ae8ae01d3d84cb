"""A call that a telephone system made by itself, as if it had been ours: journal, end, and its last event (N-17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, Call, CallerId, CallState, Direction, Leg, LegState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.domain.target import Target, TargetKind
from switchhook.routing.context import TransitionContext
from switchhook.routing.ending import AFTER_EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.tracking.imported_call import ImportedCall
    from switchhook.routing.commands import Command

RECORDING_LINK = "recording_link"
"""The fact that says where its recording is."""

_ENDS = {
    Outcome.ANSWERED: AttemptEnd.ANSWERED,
    Outcome.CANCELLED: AttemptEnd.CANCELLED_BY_CALLER,
    Outcome.ABANDONED: AttemptEnd.CANCELLED_BY_CALLER,
    Outcome.BUSY: AttemptEnd.BUSY,
    Outcome.REJECTED: AttemptEnd.REJECTED,
    Outcome.UNREACHABLE: AttemptEnd.UNREACHABLE,
    Outcome.FAILED: AttemptEnd.FAILED,
}
"""How its only attempt ended; otherwise it timed out."""


def imported_call(call_id: str, made: ImportedCall, snapshot: ProjectSnapshot) -> Call:
    """Return an imported call as it is at its end, before anything was written of it."""
    direction = Direction(made.direction)
    outcome = Outcome(made.outcome)
    calls_itself = direction is not Direction.INCOMING
    caller = Leg(
        id=CALLER,
        target=None,
        state=LegState.ENDED,
        started_at=made.started_at,
        answered_at=made.answered_at,
        ended_at=made.ended_at,
    )
    target = _target(made, snapshot, direction)
    called = None
    if target is not None:
        called = Leg(
            id="b1",
            target=target,
            state=LegState.ENDED,
            started_at=made.started_at,
            answered_at=made.answered_at,
            ended_at=made.ended_at,
            end=_ENDS.get(outcome, AttemptEnd.TIMEOUT),
        )
    number = snapshot.number(made.callee)
    is_answered = called is not None and made.answered_at is not None
    return Call(
        id=call_id,
        snapshot=snapshot,
        direction=direction,
        caller=CallerId(
            number=made.caller,
            name=made.caller_name,
            account=made.account if calls_itself else "",
        ),
        callee=made.callee if number is None or calls_itself else number.number,
        arrived_at=made.started_at,
        state=CallState.ENDED,
        legs=(caller,) if called is None else (caller, called),
        talking_to=called.id if called is not None and is_answered else "",
        answered_at=made.answered_at,
        ended_at=made.ended_at,
        outcome=outcome,
        ended_by=EndedBy(made.ended_by),
        cause=Cause(),
        facts=((RECORDING_LINK, made.recording_link),) if made.recording_link else (),
    )


def _target(made: ImportedCall, snapshot: ProjectSnapshot, direction: Direction) -> Target | None:
    """Return who rang: the account that answered, or what was dialled."""
    match direction:
        case Direction.INCOMING:
            return Target(kind=TargetKind.ACCOUNT, value=made.account) if made.account else None
        case Direction.OUTGOING:
            return Target(kind=TargetKind.NUMBER, value=made.callee)
        case Direction.INTERNAL:
            kind = TargetKind.ACCOUNT if made.callee in snapshot.accounts else TargetKind.NUMBER
            return Target(kind=kind, value=made.callee)


def import_call(call: Call, reference: str, *, tells: bool) -> tuple[Call, Sequence[Command]]:
    """Write the journal of an imported call; where it `tells`, emit the event after it, at the moment of its end."""
    ctx = TransitionContext(call, call.arrived_at)
    facts = (("caller", call.caller.number), ("callee", call.callee))
    ctx.write_journal(
        EntryKind.ARRIVED, facts=(*facts, ("direction", call.direction), ("imported", reference))
    )
    for leg in call.called_legs:
        ctx.write_journal(EntryKind.DIALLED, leg=leg.id, facts=(("target", str(leg.target)),))
        if call.answered_at is not None:
            ctx.now = call.answered_at
            ctx.write_journal(EntryKind.ANSWERED, leg=leg.id, facts=(("target", str(leg.target)),))
    ctx.now = call.arrived_at if call.ended_at is None else call.ended_at
    ended = (("outcome", str(call.outcome)), ("ended_by", str(call.ended_by)), ("sip", "0"))
    ctx.write_journal(EntryKind.ENDED, facts=ended)
    if tells:
        ctx.emit(AFTER_EVENTS[call.direction])
        ctx.publish(StreamEventType.CALL_ENDED)
    return ctx.call, ctx.commands
