"""Blind transfers: a telephone hands the other party to somebody else (REFER; RFC 3515, RFC 5589 §6).

Whoever is named is rung while the two still talk. Once somebody answers, the one who asked is out of the
call. Where nobody does, the two go on as before; one who hung up meanwhile is rung back. Only an account's
telephone may transfer: what it rings counts as a call that the account makes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER, CallState, Direction, LegState, Transfer
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome, attempt_end
from switchhook.domain.event import EventKind
from switchhook.domain.journal import Happening
from switchhook.domain.scheme import FIRST
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import Dialect
from switchhook.routing import hear, recording, redirecting, referral, transfer_targets
from switchhook.routing.commands import (
    AnswerTransfer,
    ConnectLegs,
    EndLeg,
    ShowRinging,
)
from switchhook.routing.ending import end
from switchhook.routing.places import may_jump
from switchhook.routing.steps import ask, record, ring
from switchhook.routing.transfer_targets import (
    NotTransferableError,
    TargetFromWebhook,
    account_of,
    other_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.call import Call, Leg
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
        TransferRequested,
    )
    from switchhook.routing.move import Move
    from switchhook.routing.transfer_targets import Found

RINGS: Final = 60.0
"""Seconds that a transfer may ring."""
RINGS_BACK: Final = 30.0
"""Seconds that whoever transferred, and hung up, is rung back."""
LETS_GO: Final = 3.0
"""Seconds after a failure in which a telephone that hangs up does so because of it."""
MOST_TRANSFERS: Final = 20
"""In one call: two telephones that pass it to and fro end there."""

GONE: Final = Cause(sip=200, q850=16, text="transferred the call")
LEFT: Final = Cause(sip=487, q850=16, text="the transferred party hung up")
TOLD: Final = {
    Direction.INCOMING: EventKind.INCOMING_TRANSFER,
    Direction.OUTGOING: EventKind.OUTGOING_TRANSFER,
    Direction.INTERNAL: EventKind.INTERNAL_TRANSFER,
}


def requested(move: Move, event: TransferRequested) -> None:
    """Ring whom a telephone names, or say why not."""
    call = move.call
    account = account_of(call, event.leg)
    if event.leg not in {call.party, call.talking_to}:
        return
    try:
        _permit(call, event, account)
        found = transfer_targets.find(move, event.to, event.leg)
    except NotTransferableError as error:
        _refuse(move, event, error.status, str(error))
        return
    transfer = Transfer(by=event.leg, account=account, to=event.to, request=event.request)
    move.change(
        state=CallState.TRANSFERRING,
        transfer=transfer,
        failed=None,
        transfers=call.transfers + 1,
    )
    move.record(Happening.TRANSFER_REQUESTED, leg=event.leg, facts=referral.facts_of(transfer))
    move.order(AnswerTransfer(leg=event.leg, request=event.request, status=202))
    referral.tell(move, 100)
    _go_to(move, found)


def requested_too_early(move: Move, event: TransferRequested) -> None:
    """Refuse a transfer while another is under way, or nobody talks: later it may be served."""
    if move.call.transfer is not None and move.call.transfer.request == event.request:
        return
    _refuse(move, event, 491, "this call cannot be transferred now")


def hung_up(move: Move, event: LegEnded) -> None:
    """Whoever goes first ends the call; but one that lets go as its transfer has failed is rung back."""
    failed, leg = move.call.failed, move.call.leg(event.leg)
    is_why = failed is not None and failed.by == event.leg and not event.cause.is_loss
    if (
        failed is None
        or leg is None
        or not is_why
        or not leg.is_live
        or move.now - (failed.failed_at or 0.0) > LETS_GO
    ):
        hear.hung_up(move, event)
    else:
        _let_go(move, leg, event.cause)
        _ring_back(move, failed)


def leg_ringing(move: Move, event: LegRinging) -> None:
    """Tell who transferred that it rings."""
    leg, transfer = move.call.leg(event.leg), move.call.transfer
    if leg is None or transfer is None or leg.state is not LegState.DIALLING or leg.id == CALLER:
        return
    move.change_leg(leg, state=LegState.RINGING, rang_at=move.now)
    move.record(Happening.RANG, leg=leg.id, facts=(("target", str(leg.target)),))
    if not transfer.rang:
        referral.tell(move, 180)
        move.change(transfer=replace(transfer, rang=True))


def leg_answered(move: Move, event: LegAnswered) -> None:
    """The first to answer talks on; who transferred is out."""
    leg = next((leg for leg in _rung(move.call) if leg.id == event.leg), None)
    if leg is None:
        hear.caller_connected(move, event)
    else:
        _connect(move, leg, event.handle)


def leg_ended(move: Move, event: LegEnded) -> None:
    """One who is rung is out, or one of the two who talk has left."""
    call = move.call
    leg, transfer = call.leg(event.leg), call.transfer
    if leg is None or transfer is None or not leg.is_live:
        return
    if leg.id == transfer.by:  # as many telephones do at once: the transfer goes on
        _let_go(move, leg, event.cause)
    elif leg.id in {call.party, call.talking_to}:
        _break_off(move, leg, event.cause)
    else:
        if event.is_forbidden and leg.target is not None:
            ring.note_refused(move, leg.target, event.cause.text)
        move.close_leg(leg, attempt_end(event.cause), event.cause)
        if not _rung(move.call):
            _fail(move, event.cause)


def leg_redirected(move: Move, event: LegRedirected) -> None:
    """Ring whom a telephone names that forwards its calls, for the party who is transferred."""
    if any(leg.id == event.leg for leg in _rung(move.call)):
        redirecting.sent_elsewhere(move, event, _ring_too)


def _ring_too(move: Move, leg: Leg, target: Target) -> bool:
    transfer = move.call.transfer
    if transfer is None:
        return False
    try:
        found = transfer_targets.among(move, (target,), transfer.by)
    except NotTransferableError:
        return False
    if isinstance(found, TargetFromWebhook):
        return False
    redirecting.note(move, leg, f"{leg.target} forwards its calls to {target}")
    rung = {rings.target for rings in _rung(move.call)}
    account = str(leg.target) if transfer.is_return else transfer.account
    for new in found:
        if new not in rung:
            ring.dial(move, new, party=other_of(move.call, transfer.by), account=account)
    return True


def overdue(move: Move, _: TimePassed) -> None:
    """Nobody answered in time, or the webhook did not that says who rings."""
    if hear.is_overdue(move) and move.call.asked is not None:
        hear.note_ask_failed(move, hear.NOT_IN_TIME)
        _go_on(move)
    elif hear.is_overdue(move):
        _give_up(move, AttemptEnd.TIMEOUT, ring.NO_ANSWER)
        _fail(move, ring.NO_ANSWER)


def direction_given(move: Move, event: DirectionGiven) -> None:
    """Ring what the webhook returned, as far as it may ring."""
    transfer = move.call.transfer
    if transfer is None or not hear.is_asked(move, event.ask, Dialect.FORWARDING_NUMBER):
        return
    text = ", ".join(str(target) for target in event.targets)
    ask.settle(move, Happening.ANSWER, text, event.notices, event.exchange)
    targets = tuple(target for target in event.targets if ring.may_ring(move, target))
    _follow(move, partial(transfer_targets.among, move, targets, transfer.by))


def scheme_given(move: Move, event: SchemeGiven) -> None:
    """Go on with the scheme that the webhook returned."""
    transfer = move.call.transfer
    if transfer is None or not hear.is_asked(move, event.ask, Dialect.FORWARDING_NUMBER):
        return
    text = f"scheme {event.scheme}"
    ask.settle(move, Happening.ANSWER, text, event.notices, event.exchange)
    if not may_jump(move):
        _go_on(move)
        return
    move.change(jumps=move.call.jumps + 1)
    _follow(move, partial(transfer_targets.along, move, event.scheme, FIRST, transfer.by))


def ask_failed(move: Move, event: AskFailed) -> None:
    """Go on behind the step that asked."""
    if hear.is_asked(move, event.ask):
        hear.note_ask_failed(move, event.failure, event.notices, event.exchange)
        _go_on(move)


def resynced(move: Move, event: Resynced) -> None:
    """After a restart: whoever was rung rings no more, so the transfer has failed."""
    call, transfer = move.call, move.call.transfer
    if transfer is None:
        return
    recording.keep(move, event.recorded)
    move.change(asked=None)
    _give_up(move, AttemptEnd.FAILED, hear.LOST)
    hear.match_legs(move, event)
    other = move.call.leg(other_of(call, transfer.by))
    if other is None or not other.is_live:
        end(move, Outcome.ANSWERED, EndedBy.SYSTEM, hear.LOST)
        return
    move.record(Happening.RESUMED)
    if move.call.is_to_be_recorded:
        recording.start(move, both=True)
    _fail(move, hear.LOST)


def recorded(move: Move, event: RecordingFinished) -> None:
    """Keep the recording that ended as the caller transferred the call; go on with a new one."""
    recorder = move.call.recorder
    if recorder is None or recorder.id != event.recording:
        return
    recording.keep(move, event)
    is_passed_on = move.call.party != CALLER and move.call.transfer is None
    if is_passed_on and move.call.is_to_be_recorded and not event.trouble:
        recording.start(move, both=True)


# Who may, and to whom


def _permit(call: Call, event: TransferRequested, account: str) -> None:
    if event.is_attended:
        raise NotTransferableError(501, "attended transfers (Replaces) are not served")
    if not account:
        raise NotTransferableError(603, "only an account's telephone may transfer a call")
    if call.transfers >= MOST_TRANSFERS:
        raise NotTransferableError(603, f"the call was transferred {MOST_TRANSFERS} times already")


# How it goes on


def _go_to(move: Move, found: Found) -> None:
    """Ring whom the transfer leads to, or ask who that is."""
    transfer = move.call.transfer
    if transfer is None:
        return
    if isinstance(found, TargetFromWebhook):
        webhook = move.call.plan.webhooks[found.webhook]
        move.change(transfer=replace(transfer, scheme=found.scheme, path=found.path))
        ask.order(move, webhook.name, Dialect.FORWARDING_NUMBER, webhook.time_limit)
        return
    move.change(wake_at=move.now + RINGS)
    for target in found:
        party = other_of(move.call, transfer.by)
        ring.dial(move, target, party=party, account=transfer.account)


def _follow(move: Move, find: Callable[[], Found]) -> None:
    """Go where a webhook's answer leads; where nobody is rung there, behind the step that asked."""
    try:
        found = find()
    except NotTransferableError as error:
        move.record(Happening.NOTICE, str(error))
        _go_on(move)
    else:
        _go_to(move, found)


def _go_on(move: Move) -> None:
    """Go on behind the step that asked in vain; where nobody is rung there, the transfer has failed."""
    transfer = move.call.transfer
    if transfer is None:
        return
    try:
        found = transfer_targets.behind(move, transfer)
    except NotTransferableError as error:
        _fail(move, Cause(sip=error.status, text=str(error)))
    else:
        _go_to(move, found)


def _connect(move: Move, leg: Leg, handle: str) -> None:
    transfer = move.call.transfer
    if transfer is None:
        return
    party = other_of(move.call, transfer.by)
    move.change_leg(leg, state=LegState.TALKING, answered_at=move.now, handle=handle)
    move.order(ConnectLegs(leg=leg.id, party=party))
    move.record(Happening.ANSWERED, leg=leg.id, facts=(("target", str(leg.target)),))
    for loser in _rung(move.call):
        if loser.id != leg.id:
            move.end_leg(loser, AttemptEnd.ANSWERED_ELSEWHERE, ring.ELSEWHERE)
    referral.tell(move, 200)
    _dismiss(move, transfer)
    move.change(
        state=CallState.TALKING, party=party, talking_to=leg.id, transfer=None, wake_at=None
    )
    if move.call.is_to_be_recorded and move.call.recorder is None:
        recording.start(move, both=True)
    if not transfer.is_return:
        facts = (*referral.facts_of(transfer), ("target", str(leg.target)))
        move.record(Happening.TRANSFER_COMPLETED, leg=leg.id, facts=facts)
        move.tell(TOLD[move.call.direction])


def _dismiss(move: Move, transfer: Transfer) -> None:
    """Let the telephone go that transferred the call."""
    by = move.call.leg(transfer.by)
    if by is None or not by.is_live:
        return
    if by.id == CALLER:
        move.order(EndLeg(leg=CALLER, cause=GONE))
        move.change_leg(by, state=LegState.ENDED, ended_at=move.now, cause=GONE)
    else:
        move.end_leg(by, AttemptEnd.ANSWERED, GONE)


def _fail(move: Move, cause: Cause) -> None:
    """Give the other party back to who transferred; there is nobody else for them."""
    transfer = move.call.transfer
    if transfer is None:
        return
    referral.fail(move, cause, 480)
    if transfer.is_return:
        move.change(transfer=None, wake_at=None)
        record.talk_is_over(move, EndedBy.SYSTEM)
        return
    if referral.has_left(move.call, transfer):
        _ring_back(move, transfer)
        return
    failed = replace(transfer, failed_at=move.now)
    move.change(state=CallState.TALKING, transfer=None, failed=failed, wake_at=None)


def _ring_back(move: Move, transfer: Transfer) -> None:
    """Ring the account that transferred and hung up, for the party who is left alone."""
    returning = replace(transfer, is_return=True, failed_at=None)
    move.change(
        state=CallState.TRANSFERRING,
        transfer=returning,
        failed=None,
        wake_at=move.now + RINGS_BACK,
    )
    target = Target(kind=TargetKind.ACCOUNT, value=transfer.account)
    ring.dial(move, target, party=other_of(move.call, transfer.by))


def _let_go(move: Move, leg: Leg, cause: Cause) -> None:
    """Write down that one of two who talk has left; the other hears ringing, where we lead their sound."""
    if leg.id == CALLER:
        move.change_leg(leg, state=LegState.ENDED, ended_at=move.now, cause=cause)
    else:
        move.close_leg(leg, AttemptEnd.ANSWERED, cause)
    if other_of(move.call, leg.id) == CALLER:
        move.order(ShowRinging())


def _break_off(move: Move, leg: Leg, cause: Cause) -> None:
    """The transferred party has hung up: that ends the call."""
    _give_up(move, AttemptEnd.CANCELLED_BY_CALLER, LEFT)
    referral.fail(move, LEFT, LEFT.sip)
    move.change(transfer=None, asked=None)
    if leg.id == CALLER:
        move.change_leg(leg, state=LegState.ENDED, ended_at=move.now, cause=cause)
        record.talk_is_over(move, EndedBy.CALLER, cause)
    else:
        move.close_leg(leg, AttemptEnd.ANSWERED, cause)
        record.talk_is_over(move, EndedBy.CALLEE, cause)


def _give_up(move: Move, end: AttemptEnd, cause: Cause) -> None:
    for leg in _rung(move.call):
        move.end_leg(leg, end, cause)


def _rung(call: Call) -> tuple[Leg, ...]:
    """Return the legs of the transfer that may still answer."""
    talking = {call.party, call.talking_to}
    return tuple(leg for leg in call.live_called_legs if leg.id not in talking)


def _refuse(move: Move, event: TransferRequested, status: int, why: str) -> None:
    facts = (("to", event.to), ("by", account_of(move.call, event.leg)), ("sip", str(status)))
    move.record(Happening.TRANSFER_FAILED, why, leg=event.leg, facts=facts)
    move.order(AnswerTransfer(leg=event.leg, request=event.request, status=status, reason=why))
    account = account_of(move.call, event.leg)
    if move.call.state is CallState.TALKING and account:
        failed = Transfer(by=event.leg, account=account, to=event.to, request=event.request)
        move.change(failed=replace(failed, failed_at=move.now))
