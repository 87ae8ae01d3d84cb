"""The step that rings: all at once, or one after another; the first to answer gets the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CallState, Direction, Leg, LegState, RingRound
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.journal import EntryKind
from switchhook.domain.outside_rules import why_not_rung
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import RingOrder
from switchhook.routing import prompts, recording
from switchhook.routing.commands import ConnectLegs, RingLeg
from switchhook.routing.ending import end
from switchhook.routing.own_numbers import left_out, only_own, why_left_out
from switchhook.routing.places import Went, dial_plan_branch, jump
from switchhook.routing.shown import shown, take_name

if TYPE_CHECKING:
    from switchhook.domain.scheme import RingDestinationStep, RingStep
    from switchhook.routing.context import TransitionContext

ELSEWHERE = Cause(sip=200, q850=26, text="answered elsewhere")
NO_ANSWER = Cause(sip=408, q850=19, text="no answer in time")

FORWARDING = {
    Direction.INCOMING: EventKind.INCOMING_FORWARDING,
    Direction.OUTGOING: EventKind.OUTGOING_FORWARDING,
    Direction.INTERNAL: EventKind.INTERNAL_FORWARDING,
}
PICKUP = {
    Direction.INCOMING: EventKind.INCOMING_PICKUP,
    Direction.OUTGOING: EventKind.OUTGOING_PICKUP,
    Direction.INTERNAL: EventKind.INTERNAL_PICKUP,
}


def begin_step(ctx: TransitionContext, step: RingStep) -> Went:
    """Ring what the step names."""
    take_name(ctx, step.caller_name)
    is_written = ctx.call.direct is None
    return begin(ctx, step.targets, step.order, step.timeout, is_written=is_written)


def begin_destination(ctx: TransitionContext, step: RingDestinationStep) -> Went:
    """Ring what the webhook returned; where it returned nothing, that is written down [A-48]."""
    found = dial_plan_branch(ctx.call)
    given = None if found is None else found[2]
    if given is None or given.destination is None:
        ctx.write_journal(EntryKind.NOTICE, "the webhook returned no destination that may ring")
        return Went.NO_DESTINATION
    take_name(ctx, step.caller_name)
    went = begin(ctx, (given.destination,), RingOrder.ALL_AT_ONCE, step.timeout)
    return Went.NO_DESTINATION if went is Went.HANDED_ON else went


def begin(
    ctx: TransitionContext,
    targets: tuple[Target, ...],
    order: RingOrder,
    timeout: float,
    *,
    is_written: bool = False,
) -> Went:
    """Ring the first round, or go on with the scheme of a number of the project's own.

    Prefixes and hours hold for all targets but those that are written in the project file; an account
    that dialled one that they forbid is told so.
    """
    wanted = targets
    targets = tuple(target for target in wanted if is_written or may_ring(ctx, target))
    if not targets and ctx.call.direct in wanted:
        text = why_not_rung(ctx.call.plan, wanted[0], ctx.now)
        end(ctx, Outcome.BLOCKED, EndedBy.SYSTEM, Cause(sip=403, q850=21, text=text))
        return Went.TAKEN
    own = only_own(ctx.call.plan, targets)
    if own is not None:
        went = jump(ctx, own.scheme, number=own.number)
        ctx.change(is_unplaced=ctx.call.is_unplaced and went is not Went.MOVED)
        return went
    out = left_out(ctx.call.plan, targets)
    for target in out:
        ctx.write_journal(EntryKind.NOTICE, why_left_out(target))
    targets = tuple(target for target in targets if target not in out and _members(ctx, target))
    if not targets:
        ctx.write_journal(EntryKind.NOTICE, "there is nobody to ring")
        return Went.HANDED_ON
    if order is RingOrder.ALL_AT_ONCE:
        _round(ctx, targets, (), timeout)
    else:
        _round(ctx, targets[:1], targets[1:], timeout)
    return Went.TAKEN


def may_ring(ctx: TransitionContext, target: Target) -> bool:
    """Hold a target to the project's prefixes and hours (S-78, A-58); write down where they forbid it."""
    why = why_not_rung(ctx.call.plan, target, ctx.now)
    if why:
        note_refused(ctx, target, why)
    return not why


def note_refused(ctx: TransitionContext, target: Target, why: str) -> None:
    """Write down that the project's rules forbid ringing a target."""
    facts = (("alert", "destination refused"), ("target", target.value))
    ctx.write_journal(EntryKind.NOTICE, why, facts=facts)


def next_round(ctx: TransitionContext) -> bool:
    """Ring the next target of the turn. False when all had theirs."""
    ringing = ctx.call.ringing
    if ringing is None or not ringing.waiting:
        return False
    _round(ctx, ringing.waiting[:1], ringing.waiting[1:], ringing.timeout)
    return True


def give_up(ctx: TransitionContext) -> None:
    """End every leg that rings, because its time is over."""
    for leg in ctx.call.live_called_legs:
        ctx.end_leg(leg, AttemptEnd.TIMEOUT, NO_ANSWER)


def add(ctx: TransitionContext, target: Target, account: str) -> None:
    """Ring one more target in this round, whose time does not change; an account sends the call there."""
    rung = {leg.target for leg in ctx.call.live_called_legs}
    for member in _members(ctx, target):
        if member not in rung:
            dial(ctx, member, account=account)


def order(ctx: TransitionContext, leg: str, target: Target, party: str = "") -> None:
    """Order a leg to be rung, for the first time or again; for whom, where it is a transfer."""
    transferred = ctx.call.leg(party)
    if transferred is not None and transferred.target is not None:
        ctx.issue(_for_called(ctx, leg, target, transferred))
        return
    number, name = shown(ctx.call)
    hidden = ctx.call.caller if ctx.call.hidden and not number else ""
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


def _for_called(ctx: TransitionContext, leg: str, target: Target, transferred: Leg) -> RingLeg:
    """Show one who was called, and is transferred now, as the caller."""
    login = str(transferred.target)
    account = ctx.call.plan.accounts.get(login)
    name = "" if account is None else account.name
    return RingLeg(leg=leg, target=target, caller=login, caller_name=name, party=transferred.id)


def connect(ctx: TransitionContext, leg: Leg, handle: str) -> None:
    """Give the call to the leg that answered; the others are ended."""
    ctx.change_leg(leg, state=LegState.TALKING, answered_at=ctx.now, handle=handle)
    ctx.change(
        state=CallState.TALKING,
        talking_to=leg.id,
        answered_at=ctx.now,
        ringing=None,
        wake_at=None,
    )
    prompts.quiet(ctx)
    ctx.issue(ConnectLegs(leg=leg.id))
    if ctx.call.is_to_be_recorded:
        recording.start(ctx, both=True)
    ctx.write_journal(EntryKind.ANSWERED, leg=leg.id, facts=(("target", str(leg.target)),))
    for loser in ctx.call.live_called_legs:
        if loser.id != leg.id:
            ctx.end_leg(loser, AttemptEnd.ANSWERED_ELSEWHERE, ELSEWHERE)
    ctx.emit(PICKUP[ctx.call.direction])


def _round(
    ctx: TransitionContext, targets: tuple[Target, ...], waiting: tuple[Target, ...], timeout: float
) -> None:
    ctx.change(
        state=CallState.RINGING,
        ringing=RingRound(waiting=waiting, timeout=timeout),
        is_unplaced=False,
        wake_at=ctx.now + timeout,
    )
    prompts.start_background(ctx)
    members = (member for target in targets for member in _members(ctx, target))
    for member in dict.fromkeys(members):
        dial(ctx, member)
    ctx.emit(FORWARDING[ctx.call.direction])


def _members(ctx: TransitionContext, target: Target) -> tuple[Target, ...]:
    """Return whose telephones ring: of a group all, but for the one that the call comes from."""
    members = ctx.call.plan.members(target)
    if target.kind is not TargetKind.GROUP:
        return members
    return tuple(member for member in members if member.value != ctx.call.account)


def dial(ctx: TransitionContext, target: Target, *, party: str = "", account: str = "") -> None:
    """Ring one telephone on a leg of its own."""
    leg = Leg(
        id=f"b{len(ctx.call.legs)}",
        target=target,
        state=LegState.DIALLING,
        started_at=ctx.now,
        account=account,
    )
    ctx.change(legs=(*ctx.call.legs, leg))
    order(ctx, leg.id, target, party)
    ctx.write_journal(EntryKind.DIALLED, leg=leg.id, facts=(("target", str(target)),))
