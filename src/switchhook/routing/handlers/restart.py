"""Handlers of a restart: what goes on with the legs that still live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, LegState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.journal import EntryKind
from switchhook.routing import prompts, recording
from switchhook.routing.commands import ConnectLegs, EndLeg
from switchhook.routing.ending import end
from switchhook.routing.executor import apply_result, execute, execute_next
from switchhook.routing.handlers.legs import HUNG_UP
from switchhook.routing.position import enter_branch
from switchhook.routing.steps import rate, record, ring, voicemail

if TYPE_CHECKING:
    from switchhook.domain.call import Leg
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        Resynced,
    )


LOST = Cause(sip=500, q850=41, text="lost when Switchhook was restarted")


def resynced(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, before an answer: go on where the caller still waits, else end."""
    match_legs(ctx, event)
    recording.keep(ctx, event.recorded)
    if CALLER not in event.live_legs:
        end(ctx, Outcome.FAILED, EndedBy.SYSTEM, LOST)
        return
    ctx.write_journal(EntryKind.RESUMED)
    ctx.change_playback(background_id="")
    if ctx.call.state is not CallState.RINGING:
        _restart_step(ctx)
    elif ctx.call.live_called_legs:
        prompts.start_background(ctx)
    elif not ring.next_round(ctx):
        execute_next(ctx)


def resynced_talking(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, in a conversation: it goes on if both sides are still there."""
    match_legs(ctx, event)
    recording.keep(ctx, event.recorded)
    if not ctx.call.talking_legs <= event.live_legs:
        end(ctx, Outcome.ANSWERED, EndedBy.SYSTEM, LOST)
        return
    ctx.write_journal(EntryKind.RESUMED)
    if ctx.call.recording.is_on:  # what was recorded so far is a part of its own
        recording.start(ctx, both=True)
    caller = ctx.call.leg(CALLER)
    if caller is not None and (caller.state is LegState.DIALLING or _heard_prompts(ctx, caller)):
        ctx.issue(ConnectLegs(leg=ctx.call.talking_to, party=ctx.call.party))


def resynced_rating(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, when the conversation was over: the rating is given up, and a recording."""
    match_legs(ctx, event)
    recording.keep(ctx, event.recorded)
    rate.end_call(ctx)


def resynced_recording(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, with a message: take the step anew, unless the caller has left it.

    Behind a conversation, wait no longer.
    """
    if ctx.call.talking_to:
        match_legs(ctx, event)
        record.finished(ctx, event.recorded)
    elif event.recorded and event.recorded.path and CALLER not in event.live_legs:
        match_legs(ctx, event)
        apply_result(ctx, voicemail.finished(ctx, event.recorded))
    else:
        resynced(ctx, event)


def _restart_step(ctx: TransitionContext) -> None:
    """Take the step up anew that a restart broke off; a last prompt is not played again."""
    then = ctx.call.playback.next_branch
    ctx.change(collecting=None, wake_at=None)
    ctx.change_asks(pending=None)
    ctx.change_playback(prompt="", next_branch="")
    ctx.change_recording(running=None)
    if then:
        enter_branch(ctx, then)
    execute(ctx)


def _heard_prompts(ctx: TransitionContext, caller: Leg) -> bool:
    """Say whether the caller was answered without a called leg."""
    answered, talks = caller.answered_at, ctx.call.answered_at
    return answered is not None and talks is not None and answered < talks


def match_legs(ctx: TransitionContext, event: Resynced) -> None:
    """Make both sides agree: the last orders before the restart may not have been carried out."""
    for leg_id in sorted(event.live_legs):
        known = ctx.call.leg(leg_id)
        if known is None or not known.is_live:
            ctx.issue(EndLeg(leg=leg_id, cause=HUNG_UP))
    for leg in ctx.call.legs:
        if not leg.is_live or leg.id in event.live_legs:
            continue
        if leg.target is None:
            ctx.change_leg(leg, state=LegState.ENDED, ended_at=ctx.now, cause=LOST)
        elif leg.state is LegState.DIALLING and CALLER in event.live_legs:
            ring.issue_ring(ctx, leg.id, leg.target)
        else:
            talked = leg.id in ctx.call.talking_legs
            ctx.close_leg(leg, AttemptEnd.ANSWERED if talked else AttemptEnd.FAILED, LOST)
