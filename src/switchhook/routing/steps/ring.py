"""The step that rings: all at once, or one after another; the first to answer gets the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CallState, Direction, Leg, LegState, RingRound
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.domain.outside_rules import refusal_reason
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import RingOrder
from switchhook.routing import prompts, recording
from switchhook.routing.caller_presentation import adopt_caller_name, presentation
from switchhook.routing.commands import ConnectLegs, RingLeg
from switchhook.routing.ending import end
from switchhook.routing.ids import leg_id
from switchhook.routing.position import StepResult, dial_plan_branch, jump_to_scheme
from switchhook.routing.project_numbers import (
    sole_project_number,
    unringable_notice,
    unringable_numbers,
)

if TYPE_CHECKING:
    from switchhook.domain.scheme import RingDestinationStep, RingStep
    from switchhook.routing.context import TransitionContext

ANSWERED_ELSEWHERE = Cause(sip=200, q850=26, text="answered elsewhere")
NO_ANSWER = Cause(sip=408, q850=19, text="no answer in time")

FORWARDING_EVENTS = {
    Direction.INCOMING: EventKind.INCOMING_FORWARDING,
    Direction.OUTGOING: EventKind.OUTGOING_FORWARDING,
    Direction.INTERNAL: EventKind.INTERNAL_FORWARDING,
}
PICKUP_EVENTS = {
    Direction.INCOMING: EventKind.INCOMING_PICKUP,
    Direction.OUTGOING: EventKind.OUTGOING_PICKUP,
    Direction.INTERNAL: EventKind.INTERNAL_PICKUP,
}


def begin_step(ctx: TransitionContext, step: RingStep) -> StepResult:
    """Ring what the step names."""
    adopt_caller_name(ctx, step.caller_name)
    is_written = ctx.call.position.direct is None
    return begin(ctx, step.targets, step.order, step.timeout, is_written=is_written)


def begin_destination(ctx: TransitionContext, step: RingDestinationStep) -> StepResult:
    """Ring the returned destination; without one, note that in the journal [A-48]."""
    found = dial_plan_branch(ctx.call)
    given = None if found is None else found.returned
    if given is None or given.destination is None:
        ctx.write_journal(EntryKind.NOTICE, "the webhook returned no destination that may ring")
        return StepResult.NO_DESTINATION
    adopt_caller_name(ctx, step.caller_name)
    result = begin(ctx, (given.destination,), RingOrder.ALL_AT_ONCE, step.timeout)
    return StepResult.NO_DESTINATION if result is StepResult.CONTINUE else result


def begin(
    ctx: TransitionContext,
    targets: tuple[Target, ...],
    order: RingOrder,
    timeout: float,
    *,
    is_written: bool = False,
) -> StepResult:
    """Ring the first round, or go on with the scheme of a number of the project's own.

    Prefixes and hours hold for all targets but those in the project file. An account that dials a forbidden one
    is refused.
    """
    wanted = targets
    targets = tuple(target for target in wanted if is_written or may_ring(ctx, target))
    if not targets and ctx.call.position.direct in wanted:
        text = refusal_reason(ctx.call.snapshot, wanted[0], ctx.now)
        end(ctx, Outcome.BLOCKED, EndedBy.SYSTEM, Cause(sip=403, q850=21, text=text))
        return StepResult.TAKEN
    own = sole_project_number(ctx.call.snapshot, targets)
    if own is not None:
        result = jump_to_scheme(ctx, own.scheme, number=own.number)
        if result is StepResult.JUMPED:
            ctx.change_position(is_unplaced=False)
        return result
    out = unringable_numbers(ctx.call.snapshot, targets)
    for target in out:
        ctx.write_journal(EntryKind.NOTICE, unringable_notice(target))
    targets = tuple(target for target in targets if target not in out and _members(ctx, target))
    if not targets:
        ctx.write_journal(EntryKind.NOTICE, "there is no target to ring")
        return StepResult.CONTINUE
    if order is RingOrder.ALL_AT_ONCE:
        _ring_round(ctx, targets, (), timeout)
    else:
        _ring_round(ctx, targets[:1], targets[1:], timeout)
    return StepResult.TAKEN


def may_ring(ctx: TransitionContext, target: Target) -> bool:
    """Hold a target to the project's prefixes and hours (S-78, A-58); write down where they forbid it."""
    why = refusal_reason(ctx.call.snapshot, target, ctx.now)
    if why:
        journal_refused(ctx, target, why)
    return not why


def journal_refused(ctx: TransitionContext, target: Target, why: str) -> None:
    """Write down that the project's rules forbid ringing a target."""
    facts = (("alert", "destination refused"), ("target", target.value))
    ctx.write_journal(EntryKind.NOTICE, why, facts=facts)


def next_round(ctx: TransitionContext) -> bool:
    """Ring the next target of the turn. False when all had theirs."""
    ringing = ctx.call.ring_round
    if ringing is None or not ringing.waiting:
        return False
    _ring_round(ctx, ringing.waiting[:1], ringing.waiting[1:], ringing.timeout)
    return True


def time_out(ctx: TransitionContext) -> None:
    """End every leg that rings, because its time is over."""
    for leg in ctx.call.live_called_legs:
        ctx.end_leg(leg, AttemptEnd.TIMEOUT, NO_ANSWER)


def ring_also(ctx: TransitionContext, target: Target, account: str) -> None:
    """Ring one more target in this round for an account's redirection; the round's time goes on."""
    rung = {leg.target for leg in ctx.call.live_called_legs}
    for member in _members(ctx, target):
        if member not in rung:
            dial(ctx, member, account=account)


def issue_ring(ctx: TransitionContext, leg: str, target: Target, party: str = "") -> None:
    """Order a leg to be rung, for the first time or again; for whom, where it is a transfer."""
    transferred = ctx.call.leg(party)
    if transferred is not None and transferred.target is not None:
        ctx.issue(_transferred_callee(ctx, leg, target, transferred))
        return
    number, name = presentation(ctx.call)
    hidden = ctx.call.caller.number if ctx.call.caller.is_withheld and not number else ""
    ctx.issue(
        RingLeg(
            leg=leg,
            target=target,
            caller=number,
            caller_name=name,
            identity=hidden,
            party=party,
        )
    )


def _transferred_callee(
    ctx: TransitionContext, leg: str, target: Target, transferred: Leg
) -> RingLeg:
    """Show one who was called, and is transferred now, as the caller."""
    login = str(transferred.target)
    account = ctx.call.snapshot.accounts.get(login)
    name = "" if account is None else account.name
    return RingLeg(leg=leg, target=target, caller=login, caller_name=name, party=transferred.id)


def connect(ctx: TransitionContext, leg: Leg, handle: str) -> None:
    """Give the call to the leg that answered; the others are ended."""
    ctx.change_leg(leg, state=LegState.TALKING, answered_at=ctx.now, handle=handle)
    ctx.change(
        state=CallState.TALKING,
        talking_to=leg.id,
        answered_at=ctx.now,
        ring_round=None,
        wake_at=None,
    )
    prompts.stop_background(ctx)
    ctx.issue(ConnectLegs(leg=leg.id))
    if ctx.call.recording.is_on:
        recording.start(ctx, both=True)
    ctx.write_journal(EntryKind.ANSWERED, leg=leg.id, facts=(("target", str(leg.target)),))
    ctx.publish(StreamEventType.CALL_ANSWERED, leg=leg.id)
    for loser in ctx.call.live_called_legs:
        if loser.id != leg.id:
            ctx.end_leg(loser, AttemptEnd.ANSWERED_ELSEWHERE, ANSWERED_ELSEWHERE)
    ctx.emit(PICKUP_EVENTS[ctx.call.direction])


def _ring_round(
    ctx: TransitionContext, targets: tuple[Target, ...], waiting: tuple[Target, ...], timeout: float
) -> None:
    ctx.change(
        state=CallState.RINGING,
        ring_round=RingRound(waiting=waiting, timeout=timeout),
        wake_at=ctx.now + timeout,
    )
    ctx.change_position(is_unplaced=False)
    prompts.start_background(ctx)
    members = (member for target in targets for member in _members(ctx, target))
    for member in dict.fromkeys(members):
        dial(ctx, member)
    ctx.emit(FORWARDING_EVENTS[ctx.call.direction])
    ctx.publish(StreamEventType.CALL_FORWARDING)


def _members(ctx: TransitionContext, target: Target) -> tuple[Target, ...]:
    """Return whose telephones ring: of a group all, but for the one that the call comes from."""
    members = ctx.call.snapshot.members(target)
    if target.kind is not TargetKind.GROUP:
        return members
    return tuple(member for member in members if member.value != ctx.call.caller.account)


def dial(ctx: TransitionContext, target: Target, *, party: str = "", account: str = "") -> None:
    """Ring one telephone on a leg of its own."""
    leg = Leg(
        id=leg_id(len(ctx.call.legs)),
        target=target,
        state=LegState.DIALLING,
        started_at=ctx.now,
        account=account,
    )
    ctx.change(legs=(*ctx.call.legs, leg))
    issue_ring(ctx, leg.id, target, party)
    ctx.write_journal(EntryKind.DIALLED, leg=leg.id, facts=(("target", str(target)),))
