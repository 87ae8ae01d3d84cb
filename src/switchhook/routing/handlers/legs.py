"""Handlers of a leg: it rings, is answered, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, LegState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome, attempt_end
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.routing.commands import EndLeg, ShowRinging
from switchhook.routing.ending import end
from switchhook.routing.executor import execute_next
from switchhook.routing.steps import rate, record, ring

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        LegAnswered,
        LegEnded,
        LegMisread,
        LegRetried,
        LegRinging,
        LegUpdated,
        TimePassed,
    )


HUNG_UP = Cause(sip=200, q850=16, text="hung up")


CANCELLED = Cause(sip=487, q850=16, text="the caller hung up before an answer")


def leg_ringing(ctx: TransitionContext, event: LegRinging) -> None:
    """Let the caller hear it; early media only of a leg that rings alone."""
    leg = ctx.call.leg(event.leg)
    if leg is None or leg.state not in {LegState.DIALLING, LegState.RINGING} or leg.id == CALLER:
        return
    if leg.state is LegState.DIALLING:
        ctx.change_leg(leg, state=LegState.RINGING, rang_at=ctx.now)
        ctx.write_journal(EntryKind.RANG, leg=leg.id, facts=(("target", str(leg.target)),))
        ctx.publish(StreamEventType.CALL_RINGING, leg=leg.id)
    if ctx.call.playback.background_id:
        return
    alone = len(ctx.call.live_called_legs) == 1
    ctx.issue(ShowRinging(media_from=leg.id if event.early_media and alone else ""))


def leg_answered(ctx: TransitionContext, event: LegAnswered) -> None:
    """The first to answer gets the call."""
    leg = ctx.call.leg(event.leg)
    if leg is None or leg.id == CALLER or not leg.is_live:
        caller_connected(ctx, event)
    else:
        ring.connect(ctx, leg, event.handle)


def late_answer(ctx: TransitionContext, event: LegAnswered) -> None:
    """Hang up a leg that answered after it was given up."""
    if event.leg != CALLER:
        ctx.issue(EndLeg(leg=event.leg, cause=HUNG_UP))


def leg_retried(ctx: TransitionContext, event: LegRetried) -> None:
    """Write down why a leg goes another way."""
    leg = ctx.call.leg(event.leg)
    if leg is not None and leg.is_live:
        ctx.write_journal(EntryKind.NOTICE, f"{event.text}; the next one is tried", leg=leg.id)


def leg_ended(ctx: TransitionContext, event: LegEnded) -> None:
    """Before an answer: the caller gave up or cannot be served, or one target is out."""
    leg = ctx.call.leg(event.leg)
    if leg is None or not leg.is_live:
        return
    if leg.id == CALLER:
        ctx.change_leg(leg, state=LegState.ENDED, ended_at=ctx.now, cause=event.cause)
        cause = event.cause if event.cause.is_ours else CANCELLED
        refused = cause.is_ours and not cause.is_loss
        outcome = Outcome.FAILED if refused else Outcome.CANCELLED
        end(ctx, outcome, cause.ended_by(EndedBy.CALLER), cause)
        return
    if event.is_forbidden and leg.target is not None:
        ring.journal_refused(ctx, leg.target, event.cause.text)
    ctx.close_leg(leg, attempt_end(event.cause), event.cause)
    if ctx.call.live_called_legs or ring.next_round(ctx):
        return
    if event.is_forbidden and ctx.call.position.direct is not None:
        end(ctx, Outcome.BLOCKED, EndedBy.SYSTEM, event.cause)
    else:
        execute_next(ctx)


def ring_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """The round's time is over: the next target of the turn, or the next step."""
    if ctx.is_overdue:
        ring.time_out(ctx)
        if not ring.next_round(ctx):
            execute_next(ctx)


def caller_connected(ctx: TransitionContext, event: LegAnswered) -> None:
    """The caller has our answer; anyone else answers too late."""
    leg = ctx.call.leg(event.leg)
    if leg is not None and leg.id == CALLER:
        if leg.state is LegState.DIALLING:
            ctx.change_leg(leg, state=LegState.TALKING, answered_at=ctx.now, handle=event.handle)
    elif event.leg not in ctx.call.talking_legs:
        late_answer(ctx, event)


def leg_updated(ctx: TransitionContext, event: LegUpdated) -> None:
    """Keep the newest handle, for a restart."""
    if (leg := ctx.call.leg(event.leg)) is not None and leg.is_live:
        ctx.change_leg(leg, handle=event.handle)


def leg_misread(ctx: TransitionContext, event: LegMisread) -> None:
    """Write down what was not read."""
    ctx.write_journal(EntryKind.NOTICE, event.text, leg=event.leg)


def hung_up(ctx: TransitionContext, event: LegEnded) -> None:
    """The first side to hang up ends the call. A rating or a running recording may come before the end."""
    if event.leg not in ctx.call.talking_legs:
        return
    leg = ctx.call.leg(event.leg)
    if leg is None:
        return
    if leg.id == CALLER:
        ctx.change_leg(leg, state=LegState.ENDED, ended_at=ctx.now, cause=event.cause)
        record.end_conversation(ctx, EndedBy.CALLER, event.cause)
        return
    ctx.close_leg(leg, AttemptEnd.ANSWERED, event.cause)
    if event.cause.is_loss or ctx.call.party != CALLER or not rate.ask(ctx):
        record.end_conversation(ctx, EndedBy.CALLEE, event.cause)
