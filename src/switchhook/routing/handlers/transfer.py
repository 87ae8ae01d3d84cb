"""Blind transfers: a telephone transfers the other party (REFER; RFC 3515, RFC 5589 §6).

The target rings while the two still talk. When it answers, the telephone that transferred leaves the call.
Without an answer the two go on as before; a telephone that hung up meanwhile is rung back. Only an account's
telephone may transfer: what it rings counts as a call that the account makes. An operator or a program may order
the same of any conversation: one party leaves when the target answers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER, CallState, Direction, LegState, Transfer
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome, attempt_end
from switchhook.domain.event import EventKind
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.domain.outside_rules import emergency_among, people_dial
from switchhook.domain.scheme import FIRST
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import Dialect
from switchhook.routing import recording, transfer_progress, transfer_targets
from switchhook.routing.commands import (
    AnswerTransfer,
    ConnectLegs,
    EndLeg,
    ShowRinging,
)
from switchhook.routing.ending import end
from switchhook.routing.events import Side
from switchhook.routing.handlers import asks, legs, redirection, restart
from switchhook.routing.position import may_jump
from switchhook.routing.steps import ask, record, ring
from switchhook.routing.transfer_targets import (
    NotTransferableError,
    TargetFromWebhook,
    account_of,
    transferee_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.call import Call, Leg
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        AskFailed,
        DirectionGiven,
        LegAnswered,
        LegEnded,
        LegRedirected,
        LegRinging,
        RecordingFinished,
        Resynced,
        SchemeGiven,
        TimePassed,
        TransferOrdered,
        TransferRequested,
    )
    from switchhook.routing.transfer_targets import TransferTargets

RING_TIMEOUT: Final = 60.0
"""Seconds that a transfer may ring."""
RECALL_TIMEOUT: Final = 30.0
"""Seconds that a telephone is rung back after it transferred and hung up."""
HANGUP_AFTER_FAILURE: Final = 3.0
"""Seconds after a failure in which a telephone that hangs up does so because of it."""
MAX_TRANSFERS: Final = 20
"""In one call: two telephones that pass it to and fro end there."""

TOO_OFTEN: Final = f"the call was transferred {MAX_TRANSFERS} times already"
TRANSFERRED: Final = Cause(sip=200, q850=16, text="transferred the call")
TRANSFEREE_LEFT: Final = Cause(sip=487, q850=16, text="the transferred party hung up")
TRANSFER_EVENTS: Final = {
    Direction.INCOMING: EventKind.INCOMING_TRANSFER,
    Direction.OUTGOING: EventKind.OUTGOING_TRANSFER,
    Direction.INTERNAL: EventKind.INTERNAL_TRANSFER,
}


def requested(ctx: TransitionContext, event: TransferRequested) -> None:
    """Ring whom a telephone names, or say why not."""
    call = ctx.call
    account = account_of(call, event.leg)
    if event.leg not in call.talking_legs:
        return
    try:
        _permit(call, event, account)
        found = transfer_targets.find(ctx, event.to, event.leg)
    except NotTransferableError as error:
        _refuse(ctx, event, error.status, str(error))
        return
    transfer = Transfer(by=event.leg, account=account, to=event.to, request=event.request)
    ctx.change(state=CallState.TRANSFERRING)
    ctx.change_transfers(current=transfer, failed=None, started=call.transfers.started + 1)
    ctx.write_journal(
        EntryKind.TRANSFER_REQUESTED, leg=event.leg, facts=transfer_progress.facts_of(transfer)
    )
    ctx.issue(AnswerTransfer(leg=event.leg, request=event.request, status=202))
    transfer_progress.notify(ctx, 100)
    _ring_found(ctx, found)


def ordered(ctx: TransitionContext, event: TransferOrdered) -> None:
    """Ring whom an operator or a program names, or write down why not."""
    call = ctx.call
    by = _leaving(call, event.leaves)
    transfer = Transfer(
        by=by, account=account_of(call, by), to=event.to, request="", ordered_by=event.by
    )
    try:
        found = _find_ordered(ctx, event, by)
    except NotTransferableError as error:
        facts = (*transfer_progress.facts_of(transfer), ("sip", str(error.status)))
        ctx.write_journal(EntryKind.TRANSFER_FAILED, str(error), leg=by, facts=facts)
        return
    ctx.change(state=CallState.TRANSFERRING)
    ctx.change_transfers(current=transfer, failed=None, started=call.transfers.started + 1)
    ctx.write_journal(
        EntryKind.TRANSFER_REQUESTED, leg=by, facts=transfer_progress.facts_of(transfer)
    )
    _ring_found(ctx, found)


def _find_ordered(ctx: TransitionContext, event: TransferOrdered, by: str) -> TransferTargets:
    if ctx.call.transfers.started >= MAX_TRANSFERS:
        raise NotTransferableError(603, TOO_OFTEN)
    found = _find_named(ctx, event, by)
    is_of_program = (
        ctx.call.callback is not None
    )  # else a robot calls for help, by a call to itself
    if is_of_program and isinstance(found, tuple):
        urgent = emergency_among(ctx.call.snapshot, found)
        if urgent:
            raise NotTransferableError(403, people_dial(urgent))
    return found


def _find_named(ctx: TransitionContext, event: TransferOrdered, by: str) -> TransferTargets:
    if not event.scheme:
        return transfer_targets.find(ctx, event.to, by)
    if event.scheme not in ctx.call.snapshot.schemes:
        project = ctx.call.snapshot.project.id
        raise NotTransferableError(404, f"project {project} has no scheme {event.scheme}")
    return transfer_targets.ring_scheme(ctx, event.scheme, FIRST, by)


def _leaving(call: Call, wanted: Side | None) -> str:
    """Return the leg that leaves by an ordered transfer."""
    is_callers = bool(account_of(call, call.party)) and not account_of(call, call.talking_to)
    if wanted is Side.CALLER or (wanted is None and is_callers):
        return call.party
    return call.talking_to


def request_refused(ctx: TransitionContext, event: TransferRequested) -> None:
    """Refuse a transfer for now (491): another is under way, or the call is not answered."""
    transfer = ctx.call.transfers.current
    if transfer is not None and transfer.request == event.request:
        return
    _refuse(ctx, event, 491, "this call cannot be transferred now")


def hung_up(ctx: TransitionContext, event: LegEnded) -> None:
    """The first side to hang up ends the call, except a telephone that hangs up after its failed transfer: it is rung back."""
    failed, leg = ctx.call.transfers.failed, ctx.call.leg(event.leg)
    is_why = failed is not None and failed.by == event.leg and not event.cause.is_loss
    if (
        failed is None
        or leg is None
        or not is_why
        or not leg.is_live
        or ctx.now - (failed.failed_at or 0.0) > HANGUP_AFTER_FAILURE
    ):
        legs.hung_up(ctx, event)
    else:
        _party_left(ctx, leg, event.cause)
        _recall(ctx, failed)


def leg_ringing(ctx: TransitionContext, event: LegRinging) -> None:
    """Tell who transferred that it rings."""
    leg, transfer = ctx.call.leg(event.leg), ctx.call.transfers.current
    if leg is None or transfer is None or leg.state is not LegState.DIALLING or leg.id == CALLER:
        return
    ctx.change_leg(leg, state=LegState.RINGING, rang_at=ctx.now)
    ctx.write_journal(EntryKind.RANG, leg=leg.id, facts=(("target", str(leg.target)),))
    ctx.publish(StreamEventType.CALL_RINGING, leg=leg.id)
    if not transfer.rang:
        transfer_progress.notify(ctx, 180)
        ctx.change_transfers(current=replace(transfer, rang=True))


def leg_answered(ctx: TransitionContext, event: LegAnswered) -> None:
    """The first to answer talks on; who transferred is out."""
    leg = next((leg for leg in _ringing_legs(ctx.call) if leg.id == event.leg), None)
    if leg is None:
        legs.caller_connected(ctx, event)
    else:
        _connect(ctx, leg, event.handle)


def leg_ended(ctx: TransitionContext, event: LegEnded) -> None:
    """A ringing target ended, or one of the two talking legs did."""
    call = ctx.call
    leg, transfer = call.leg(event.leg), call.transfers.current
    if leg is None or transfer is None or not leg.is_live:
        return
    if leg.id == transfer.by:  # as many telephones do at once: the transfer goes on
        _party_left(ctx, leg, event.cause)
    elif leg.id in call.talking_legs:
        _transferee_left(ctx, leg, event.cause)
    else:
        if event.is_forbidden and leg.target is not None:
            ring.journal_refused(ctx, leg.target, event.cause.text)
        ctx.close_leg(leg, attempt_end(event.cause), event.cause)
        if not _ringing_legs(ctx.call):
            _fail(ctx, event.cause)


def leg_redirected(ctx: TransitionContext, event: LegRedirected) -> None:
    """Ring whom a telephone names that forwards its calls, for the party who is transferred."""
    if any(leg.id == event.leg for leg in _ringing_legs(ctx.call)):
        redirection.follow_redirect(ctx, event, _ring_too)


def _ring_too(ctx: TransitionContext, leg: Leg, target: Target) -> bool:
    transfer = ctx.call.transfers.current
    if transfer is None:
        return False
    try:
        found = transfer_targets.ring_targets(ctx, (target,), transfer.by)
    except NotTransferableError:
        return False
    if isinstance(found, TargetFromWebhook):
        return False
    redirection.note(ctx, leg, f"{leg.target} forwards its calls to {target}")
    rung = {rings.target for rings in _ringing_legs(ctx.call)}
    account = str(leg.target) if transfer.is_return else transfer.account
    for new in found:
        if new not in rung:
            ring.dial(ctx, new, party=transferee_of(ctx.call, transfer.by), account=account)
    return True


def overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """The target did not answer in time, or the routing webhook did not."""
    if ctx.is_overdue and ctx.call.asks.pending is not None:
        asks.note_ask_failed(ctx, asks.ASK_TIMEOUT)
        _try_next_step(ctx)
    elif ctx.is_overdue:
        _end_ringing_legs(ctx, AttemptEnd.TIMEOUT, ring.NO_ANSWER)
        _fail(ctx, ring.NO_ANSWER)


def direction_given(ctx: TransitionContext, event: DirectionGiven) -> None:
    """Ring what the webhook returned, as far as it may ring."""
    transfer = ctx.call.transfers.current
    if transfer is None or not asks.is_asked(ctx, event.ask, Dialect.FORWARDING_NUMBER):
        return
    text = ", ".join(str(target) for target in event.targets)
    ask.settle(ctx, EntryKind.ANSWER, text, event.notices, event.exchange)
    targets = tuple(target for target in event.targets if ring.may_ring(ctx, target))
    _resolve(ctx, partial(transfer_targets.ring_targets, ctx, targets, transfer.by))


def scheme_given(ctx: TransitionContext, event: SchemeGiven) -> None:
    """Go on with the scheme that the webhook returned."""
    transfer = ctx.call.transfers.current
    if transfer is None or not asks.is_asked(ctx, event.ask, Dialect.FORWARDING_NUMBER):
        return
    text = f"scheme {event.scheme}"
    ask.settle(ctx, EntryKind.ANSWER, text, event.notices, event.exchange)
    if not may_jump(ctx):
        _try_next_step(ctx)
        return
    ctx.change_position(jumps=ctx.call.position.jumps + 1)
    _resolve(ctx, partial(transfer_targets.ring_scheme, ctx, event.scheme, FIRST, transfer.by))


def ask_failed(ctx: TransitionContext, event: AskFailed) -> None:
    """Go on behind the step that asked."""
    if asks.is_asked(ctx, event.ask):
        asks.note_ask_failed(ctx, event.failure, event.notices, event.exchange)
        _try_next_step(ctx)


def resynced(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart the target rings no more, so the transfer has failed."""
    call, transfer = ctx.call, ctx.call.transfers.current
    if transfer is None:
        return
    recording.keep(ctx, event.recorded)
    ctx.change_asks(pending=None)
    _end_ringing_legs(ctx, AttemptEnd.FAILED, restart.LOST)
    restart.match_legs(ctx, event)
    other = ctx.call.leg(transferee_of(call, transfer.by))
    if other is None or not other.is_live:
        end(ctx, Outcome.ANSWERED, EndedBy.SYSTEM, restart.LOST)
        return
    ctx.write_journal(EntryKind.RESUMED)
    if ctx.call.recording.is_on:
        recording.start(ctx, both=True)
    _fail(ctx, restart.LOST)


def recorded(ctx: TransitionContext, event: RecordingFinished) -> None:
    """Keep the recording that ended as the caller transferred the call; go on with a new one."""
    recorder = ctx.call.recording.running
    if recorder is None or recorder.id != event.recording:
        return
    recording.keep(ctx, event)
    is_passed_on = ctx.call.party != CALLER and ctx.call.transfers.current is None
    if is_passed_on and ctx.call.recording.is_on and not event.trouble:
        recording.start(ctx, both=True)


# Who may, and to whom


def _permit(call: Call, event: TransferRequested, account: str) -> None:
    if event.is_attended:
        raise NotTransferableError(501, "attended transfers (Replaces) are not served")
    if not account:
        raise NotTransferableError(603, "only an account's telephone may transfer a call")
    if call.transfers.started >= MAX_TRANSFERS:
        raise NotTransferableError(603, TOO_OFTEN)


# How it goes on


def _ring_found(ctx: TransitionContext, found: TransferTargets) -> None:
    """Ring the transfer target, or ask who that is."""
    transfer = ctx.call.transfers.current
    if transfer is None:
        return
    if isinstance(found, TargetFromWebhook):
        webhook = ctx.call.snapshot.webhooks[found.webhook]
        ctx.change_transfers(current=replace(transfer, scheme=found.scheme, path=found.path))
        ask.issue_ask(ctx, webhook.name, Dialect.FORWARDING_NUMBER, webhook.time_limit)
        return
    ctx.change(wake_at=ctx.now + RING_TIMEOUT)
    for target in found:
        party = transferee_of(ctx.call, transfer.by)
        ring.dial(ctx, target, party=party, account=transfer.account)


def _resolve(ctx: TransitionContext, find: Callable[[], TransferTargets]) -> None:
    """Ring the targets of a webhook's answer; without one, go on behind the step that asked."""
    try:
        found = find()
    except NotTransferableError as error:
        ctx.write_journal(EntryKind.NOTICE, str(error))
        _try_next_step(ctx)
    else:
        _ring_found(ctx, found)


def _try_next_step(ctx: TransitionContext) -> None:
    """Go on behind the step that asked in vain; without a target there, the transfer has failed."""
    transfer = ctx.call.transfers.current
    if transfer is None:
        return
    try:
        found = transfer_targets.ring_next_step(ctx, transfer)
    except NotTransferableError as error:
        _fail(ctx, Cause(sip=error.status, text=str(error)))
    else:
        _ring_found(ctx, found)


def _connect(ctx: TransitionContext, leg: Leg, handle: str) -> None:
    transfer = ctx.call.transfers.current
    if transfer is None:
        return
    party = transferee_of(ctx.call, transfer.by)
    ctx.change_leg(leg, state=LegState.TALKING, answered_at=ctx.now, handle=handle)
    ctx.issue(ConnectLegs(leg=leg.id, party=party))
    ctx.write_journal(EntryKind.ANSWERED, leg=leg.id, facts=(("target", str(leg.target)),))
    for loser in _ringing_legs(ctx.call):
        if loser.id != leg.id:
            ctx.end_leg(loser, AttemptEnd.ANSWERED_ELSEWHERE, ring.ANSWERED_ELSEWHERE)
    transfer_progress.notify(ctx, 200)
    _release_transferor(ctx, transfer)
    ctx.change(state=CallState.TALKING, party=party, talking_to=leg.id, wake_at=None)
    ctx.change_transfers(current=None)
    if ctx.call.recording.is_on and ctx.call.recording.running is None:
        recording.start(ctx, both=True)
    if not transfer.is_return:
        facts = (*transfer_progress.facts_of(transfer), ("target", str(leg.target)))
        ctx.write_journal(EntryKind.TRANSFER_COMPLETED, leg=leg.id, facts=facts)
        ctx.emit(TRANSFER_EVENTS[ctx.call.direction])
        ctx.publish(StreamEventType.CALL_TRANSFERRED, leg=transfer.by)


def _release_transferor(ctx: TransitionContext, transfer: Transfer) -> None:
    """Let the telephone go that transferred the call."""
    by = ctx.call.leg(transfer.by)
    if by is None or not by.is_live:
        return
    if by.id == CALLER:
        ctx.issue(EndLeg(leg=CALLER, cause=TRANSFERRED))
        ctx.change_leg(by, state=LegState.ENDED, ended_at=ctx.now, cause=TRANSFERRED)
    else:
        ctx.end_leg(by, AttemptEnd.ANSWERED, TRANSFERRED)


def _fail(ctx: TransitionContext, cause: Cause) -> None:
    """Give the other party back to the telephone that transferred."""
    transfer = ctx.call.transfers.current
    if transfer is None:
        return
    transfer_progress.fail(ctx, cause, 480)
    has_left = transfer_progress.transferor_has_left(ctx.call, transfer)
    if transfer.is_return or (has_left and not transfer.account):
        ctx.change(wake_at=None)
        ctx.change_transfers(current=None)
        record.end_conversation(ctx, EndedBy.SYSTEM)
        return
    if has_left:
        _recall(ctx, transfer)
        return
    failed = None if transfer.ordered_by else replace(transfer, failed_at=ctx.now)
    ctx.change(state=CallState.TALKING, wake_at=None)
    ctx.change_transfers(current=None, failed=failed)


def _recall(ctx: TransitionContext, transfer: Transfer) -> None:
    """Ring the account that transferred and hung up, for the party who is left alone."""
    returning = replace(transfer, is_return=True, failed_at=None)
    ctx.change(state=CallState.TRANSFERRING, wake_at=ctx.now + RECALL_TIMEOUT)
    ctx.change_transfers(current=returning, failed=None)
    target = Target(kind=TargetKind.ACCOUNT, value=transfer.account)
    ring.dial(ctx, target, party=transferee_of(ctx.call, transfer.by))


def _party_left(ctx: TransitionContext, leg: Leg, cause: Cause) -> None:
    """Note that one of the two talking legs ended; the other hears ringing, if its sound is anchored."""
    if leg.id == CALLER:
        ctx.change_leg(leg, state=LegState.ENDED, ended_at=ctx.now, cause=cause)
    else:
        ctx.close_leg(leg, AttemptEnd.ANSWERED, cause)
    if transferee_of(ctx.call, leg.id) == CALLER:
        ctx.issue(ShowRinging())


def _transferee_left(ctx: TransitionContext, leg: Leg, cause: Cause) -> None:
    """The transferred party has hung up: that ends the call."""
    _end_ringing_legs(ctx, AttemptEnd.CANCELLED_BY_CALLER, TRANSFEREE_LEFT)
    transfer_progress.fail(ctx, TRANSFEREE_LEFT, TRANSFEREE_LEFT.sip)
    ctx.change_asks(pending=None)
    ctx.change_transfers(current=None)
    if leg.id == CALLER:
        ctx.change_leg(leg, state=LegState.ENDED, ended_at=ctx.now, cause=cause)
        record.end_conversation(ctx, EndedBy.CALLER, cause)
    else:
        ctx.close_leg(leg, AttemptEnd.ANSWERED, cause)
        record.end_conversation(ctx, EndedBy.CALLEE, cause)


def _end_ringing_legs(ctx: TransitionContext, end: AttemptEnd, cause: Cause) -> None:
    for leg in _ringing_legs(ctx.call):
        ctx.end_leg(leg, end, cause)


def _ringing_legs(call: Call) -> tuple[Leg, ...]:
    """Return the legs of the transfer that may still answer."""
    talking = call.talking_legs
    return tuple(leg for leg in call.live_called_legs if leg.id not in talking)


def _refuse(ctx: TransitionContext, event: TransferRequested, status: int, why: str) -> None:
    facts = (("to", event.to), ("by", account_of(ctx.call, event.leg)), ("sip", str(status)))
    ctx.write_journal(EntryKind.TRANSFER_FAILED, why, leg=event.leg, facts=facts)
    ctx.issue(AnswerTransfer(leg=event.leg, request=event.request, status=status, reason=why))
    account = account_of(ctx.call, event.leg)
    if ctx.call.state is CallState.TALKING and account:
        failed = Transfer(by=event.leg, account=account, to=event.to, request=event.request)
        ctx.change_transfers(failed=replace(failed, failed_at=ctx.now))
