"""The step that rings: all at once, or one after another; the first to answer gets the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CallState, Direction, Leg, LegState, Ringing
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.journal import Happening
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
    from switchhook.domain.scheme import Ring, RingDestination
    from switchhook.routing.move import Move

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


def begin_step(move: Move, step: Ring) -> Went:
    """Ring what the step names."""
    take_name(move, step.caller_name)
    is_written = move.call.direct is None
    return begin(move, step.targets, step.order, step.timeout, is_written=is_written)


def begin_destination(move: Move, step: RingDestination) -> Went:
    """Ring what the webhook returned; where it returned nothing, that is written down [A-48]."""
    found = dial_plan_branch(move.call)
    given = None if found is None else found[2]
    if given is None or given.destination is None:
        move.record(Happening.NOTICE, "the webhook returned no destination that may ring")
        return Went.NO_DESTINATION
    take_name(move, step.caller_name)
    went = begin(move, (given.destination,), RingOrder.ALL_AT_ONCE, step.timeout)
    return Went.NO_DESTINATION if went is Went.HANDED_ON else went


def begin(
    move: Move,
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
    targets = tuple(target for target in wanted if is_written or may_ring(move, target))
    if not targets and move.call.direct in wanted:
        text = why_not_rung(move.call.plan, wanted[0], move.now)
        end(move, Outcome.BLOCKED, EndedBy.SYSTEM, Cause(sip=403, q850=21, text=text))
        return Went.TAKEN
    own = only_own(move.call.plan, targets)
    if own is not None:
        went = jump(move, own.scheme, number=own.number)
        move.change(is_unplaced=move.call.is_unplaced and went is not Went.MOVED)
        return went
    out = left_out(move.call.plan, targets)
    for target in out:
        move.record(Happening.NOTICE, why_left_out(target))
    targets = tuple(target for target in targets if target not in out and _members(move, target))
    if not targets:
        move.record(Happening.NOTICE, "there is nobody to ring")
        return Went.HANDED_ON
    if order is RingOrder.ALL_AT_ONCE:
        _round(move, targets, (), timeout)
    else:
        _round(move, targets[:1], targets[1:], timeout)
    return Went.TAKEN


def may_ring(move: Move, target: Target) -> bool:
    """Hold a target to the project's prefixes and hours (S-78, A-58); write down where they forbid it."""
    why = why_not_rung(move.call.plan, target, move.now)
    if why:
        note_refused(move, target, why)
    return not why


def note_refused(move: Move, target: Target, why: str) -> None:
    """Write down that the project's rules forbid ringing a target."""
    facts = (("alert", "destination refused"), ("target", target.value))
    move.record(Happening.NOTICE, why, facts=facts)


def next_round(move: Move) -> bool:
    """Ring the next target of the turn. False when all had theirs."""
    ringing = move.call.ringing
    if ringing is None or not ringing.waiting:
        return False
    _round(move, ringing.waiting[:1], ringing.waiting[1:], ringing.timeout)
    return True


def give_up(move: Move) -> None:
    """End every leg that rings, because its time is over."""
    for leg in move.call.live_called_legs:
        move.end_leg(leg, AttemptEnd.TIMEOUT, NO_ANSWER)


def add(move: Move, target: Target, account: str) -> None:
    """Ring one more target in this round, whose time does not change; an account sends the call there."""
    rung = {leg.target for leg in move.call.live_called_legs}
    for member in _members(move, target):
        if member not in rung:
            dial(move, member, account=account)


def order(move: Move, leg: str, target: Target, party: str = "") -> None:
    """Order a leg to be rung, for the first time or again; for whom, where it is a transfer."""
    transferred = move.call.leg(party)
    if transferred is not None and transferred.target is not None:
        move.order(_for_called(move, leg, target, transferred))
        return
    number, name = shown(move.call)
    hidden = move.call.caller if move.call.hidden and not number else ""
    move.order(
        RingLeg(
            leg=leg,
            target=target,
            caller=number,
            caller_name=name,
            identity=hidden,
            party=party,
        )
    )


def _for_called(move: Move, leg: str, target: Target, transferred: Leg) -> RingLeg:
    """Show one who was called, and is transferred now, as the caller."""
    login = str(transferred.target)
    account = move.call.plan.accounts.get(login)
    name = "" if account is None else account.name
    return RingLeg(leg=leg, target=target, caller=login, caller_name=name, party=transferred.id)


def connect(move: Move, leg: Leg, handle: str) -> None:
    """Give the call to the leg that answered; the others are ended."""
    move.change_leg(leg, state=LegState.TALKING, answered_at=move.now, handle=handle)
    move.change(
        state=CallState.TALKING,
        talking_to=leg.id,
        answered_at=move.now,
        ringing=None,
        wake_at=None,
    )
    prompts.quiet(move)
    move.order(ConnectLegs(leg=leg.id))
    if move.call.is_to_be_recorded:
        recording.start(move, both=True)
    move.record(Happening.ANSWERED, leg=leg.id, facts=(("target", str(leg.target)),))
    for loser in move.call.live_called_legs:
        if loser.id != leg.id:
            move.end_leg(loser, AttemptEnd.ANSWERED_ELSEWHERE, ELSEWHERE)
    move.tell(PICKUP[move.call.direction])


def _round(
    move: Move, targets: tuple[Target, ...], waiting: tuple[Target, ...], timeout: float
) -> None:
    move.change(
        state=CallState.RINGING,
        ringing=Ringing(waiting=waiting, timeout=timeout),
        is_unplaced=False,
        wake_at=move.now + timeout,
    )
    prompts.start_background(move)
    members = (member for target in targets for member in _members(move, target))
    for member in dict.fromkeys(members):
        dial(move, member)
    move.tell(FORWARDING[move.call.direction])


def _members(move: Move, target: Target) -> tuple[Target, ...]:
    """Return whose telephones ring: of a group all, but for the one that the call comes from."""
    members = move.call.plan.members(target)
    if target.kind is not TargetKind.GROUP:
        return members
    return tuple(member for member in members if member.value != move.call.account)


def dial(move: Move, target: Target, *, party: str = "", account: str = "") -> None:
    """Ring one telephone on a leg of its own."""
    leg = Leg(
        id=f"b{len(move.call.legs)}",
        target=target,
        state=LegState.DIALLING,
        started_at=move.now,
        account=account,
    )
    move.change(legs=(*move.call.legs, leg))
    order(move, leg.id, target, party)
    move.record(Happening.DIALLED, leg=leg.id, facts=(("target", str(target)),))
