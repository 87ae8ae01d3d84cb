"""Ends a call: every leg with it, one terminal entry, one terminal event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, Direction, LegState
from switchhook.domain.cause import OUTCOME_OF_ATTEMPT, AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.routing import transfer_progress
from switchhook.routing.commands import EndLeg

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext

REFUSALS = {
    Outcome.MISSED: Cause(sip=480, text="no answer"),
    Outcome.BUSY: Cause(sip=486, text="busy"),
    Outcome.REJECTED: Cause(sip=603, text="declined"),
    Outcome.UNREACHABLE: Cause(sip=480, text="no target could be reached"),
    Outcome.FAILED: Cause(sip=486, text="the call forwarding scheme did not work"),
}
"""The refusal of the caller when the scheme placed the call nowhere [A-54].

Where somebody was tried, `_refusal_like_last_attempt` says more: 486 would keep the caller's switch from trying another way.
"""

FORWARDED_STATUSES = frozenset({500, 502, 503, 504})
"""Failures that mean the same to the caller's switch as they did to us."""

TRANSFER_ABORTED = 487
"""The status of a transfer that ends with its call."""

AFTER_EVENTS = {
    Direction.INCOMING: EventKind.INCOMING_AFTER,
    Direction.OUTGOING: EventKind.OUTGOING_AFTER,
    Direction.INTERNAL: EventKind.INTERNAL_AFTER,
}


def end_unplaced(ctx: TransitionContext) -> None:
    """End a call that no step placed: the last attempt says what became of it."""
    last = ctx.call.last_attempt
    outcome = Outcome.FAILED if last is None else OUTCOME_OF_ATTEMPT[last]
    end(ctx, outcome, EndedBy.SYSTEM, _refusal_like_last_attempt(ctx, REFUSALS[outcome], outcome))


def _refusal_like_last_attempt(ctx: TransitionContext, refusal: Cause, outcome: Outcome) -> Cause:
    """Refuse the caller as the last attempt was refused, where its status speaks of the way to there.

    5xx lets the caller's switch go on with another of its ways (RFC 3261 §16.7 item 6, RFC 3398 §8.2.6.1).
    """
    last = ctx.call.last_leg
    if last is None or outcome not in {Outcome.FAILED, Outcome.UNREACHABLE}:
        return refusal
    status = 0 if last.cause is None else last.cause.sip
    if 500 <= status < 600:
        return replace(refusal, sip=status if status in FORWARDED_STATUSES else 500)
    if outcome is Outcome.UNREACHABLE:
        return refusal
    if status in {488, 606}:
        return replace(refusal, sip=488)
    return replace(refusal, sip=500 if status >= 400 else 480)


def end(
    ctx: TransitionContext, outcome: Outcome, by: EndedBy, cause: Cause, *, retry_after: int = 0
) -> None:
    """End the call. Legs that live are ended by order; `cause` is what the caller gets."""
    transfer_progress.fail(ctx, cause, TRANSFER_ABORTED)
    for leg in ctx.call.live_called_legs:
        ctx.end_leg(leg, _end_of_live_leg(ctx, leg.id, by), cause)
    caller = ctx.call.leg(CALLER)
    if caller is not None and caller.is_live:
        ctx.issue(EndLeg(leg=CALLER, cause=cause, retry_after=retry_after))
        ctx.change_leg(caller, state=LegState.ENDED, ended_at=ctx.now, cause=cause)
    ctx.change(
        state=CallState.ENDED,
        ended_at=ctx.now,
        outcome=outcome,
        ended_by=by,
        cause=cause,
        wake_at=None,
        ring_round=None,
        collecting=None,
    )
    ctx.change_asks(pending=None)
    ctx.change_transfers(current=None)
    ctx.change_playback(prompt="", next_branch="", background_id="")
    ctx.change_recording(running=None)
    facts = (("outcome", outcome), ("ended_by", by), ("sip", str(cause.sip)))
    ctx.write_journal(EntryKind.ENDED, cause.text, facts=facts)
    ctx.emit(AFTER_EVENTS[ctx.call.direction])
    ctx.publish(StreamEventType.CALL_ENDED)


def _end_of_live_leg(ctx: TransitionContext, leg: str, by: EndedBy) -> AttemptEnd:
    if leg in ctx.call.talking_legs:
        return AttemptEnd.ANSWERED
    return AttemptEnd.CANCELLED_BY_CALLER if by is EndedBy.CALLER else AttemptEnd.FAILED
