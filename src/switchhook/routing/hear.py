"""What is done on each event; one function for each entry of the transition table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, Direction, LegState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome, attempt_end
from switchhook.domain.event import EventKind
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.journal import EntryKind
from switchhook.domain.webhook import Dialect
from switchhook.routing import prompts, recording
from switchhook.routing.commands import ConnectLegs, EndLeg, ShowRinging
from switchhook.routing.ending import end
from switchhook.routing.places import enter
from switchhook.routing.steps import ask, dial_plan, rate, record, ring, voicemail
from switchhook.routing.walk import follow, go_on, go_to, walk

if TYPE_CHECKING:
    from switchhook.domain.call import Leg
    from switchhook.domain.journal import Facts
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        AskFailed,
        CallArrived,
        DirectionGiven,
        HangUpRequested,
        LegAnswered,
        LegEnded,
        LegMisread,
        LegRetried,
        LegRinging,
        LegUpdated,
        Resynced,
        SchemeGiven,
        TimePassed,
        VerdictGiven,
    )

HUNG_UP = Cause(sip=200, q850=16, text="hung up")
LOST = Cause(sip=500, q850=41, text="lost when Switchhook was restarted")
CANCELLED = Cause(sip=487, q850=16, text="the caller hung up before an answer")
BLOCKED = Cause(sip=603, q850=21, text="the caller is on the block list")
WITHHELD = Cause(sip=603, q850=21, text="the caller withholds the number")
NOT_IN_TIME = Failure(
    kind=FailureKind.NO_ANSWER_IN_TIME, detail="no answer within the webhook's response timeout"
)
BEFORE = {
    Direction.INCOMING: EventKind.INCOMING_BEFORE,
    Direction.OUTGOING: EventKind.OUTGOING_BEFORE,
}


def arrived(ctx: TransitionContext, _: CallArrived) -> None:
    """Tell that a call is here, before anything is done with it [A-55], and walk its scheme."""
    call = ctx.call
    facts: Facts = (("caller", call.caller), ("callee", call.callee))
    facts += (("direction", call.direction), *((("hidden", "yes"),) if call.hidden else ()))
    ctx.write_journal(EntryKind.ARRIVED, facts=facts)
    if (event := BEFORE.get(call.direction)) is not None:
        ctx.emit(event)
    project = call.plan.project
    if not call.account and project.screening.blocks(call.caller, project.dialling):
        why = BLOCKED if call.caller else WITHHELD
        end(ctx, Outcome.BLOCKED, EndedBy.SYSTEM, why)
        return
    walk(ctx)


def direction_given(ctx: TransitionContext, event: DirectionGiven) -> None:
    """Ring what the webhook returned, for as long as its ring timeout says (R1-23)."""
    webhook = ask.webhook_of(ctx)
    if webhook is None or not is_asked(ctx, event.ask, Dialect.FORWARDING_NUMBER):
        return
    text = ", ".join(str(target) for target in event.targets)
    ask.settle(ctx, EntryKind.ANSWER, text, event.notices, event.exchange)
    follow(ctx, ring.begin(ctx, event.targets, webhook.ring_order, webhook.ring_timeout))


def scheme_given(ctx: TransitionContext, event: SchemeGiven) -> None:
    """Go on with the scheme that the webhook returned (R1-25)."""
    if is_asked(ctx, event.ask, Dialect.FORWARDING_NUMBER):
        text = f"scheme {event.scheme}"
        ask.settle(ctx, EntryKind.ANSWER, text, event.notices, event.exchange)
        go_to(ctx, event.scheme)


def ask_failed(ctx: TransitionContext, event: AskFailed) -> None:
    """Go on with the next step, or with the failed branch [A-54]."""
    if is_asked(ctx, event.ask):
        _ask_failed(ctx, event.failure, event.notices, event.exchange)


def ask_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """Go on with the next step: whatever the webhook still says comes too late."""
    if is_overdue(ctx):
        _ask_failed(ctx, NOT_IN_TIME)


def verdict_given(ctx: TransitionContext, event: VerdictGiven) -> None:
    """Take the branch that the webhook opens; after NAK, perhaps another code first (R5-26, R5-35)."""
    if not is_asked(ctx, event.ask, Dialect.DIAL_PLAN):
        return
    if event.destination is not None and not ring.may_ring(ctx, event.destination):
        event = replace(event, destination=None)
    follow(ctx, dial_plan.judged(ctx, event))


def leg_ringing(ctx: TransitionContext, event: LegRinging) -> None:
    """Let the caller hear it; early media only of a leg that rings alone."""
    leg = ctx.call.leg(event.leg)
    if leg is None or leg.state not in {LegState.DIALLING, LegState.RINGING} or leg.id == CALLER:
        return
    if leg.state is LegState.DIALLING:
        ctx.change_leg(leg, state=LegState.RINGING, rang_at=ctx.now)
        ctx.write_journal(EntryKind.RANG, leg=leg.id, facts=(("target", str(leg.target)),))
    if ctx.call.background_playback:
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
        ring.note_refused(ctx, leg.target, event.cause.text)
    ctx.close_leg(leg, attempt_end(event.cause), event.cause)
    if ctx.call.live_called_legs or ring.next_round(ctx):
        return
    if event.is_forbidden and ctx.call.direct is not None:
        end(ctx, Outcome.BLOCKED, EndedBy.SYSTEM, event.cause)
    else:
        go_on(ctx)


def ring_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """The round's time is over: the next target of the turn, or the next step."""
    if is_overdue(ctx):
        ring.give_up(ctx)
        if not ring.next_round(ctx):
            go_on(ctx)


def caller_connected(ctx: TransitionContext, event: LegAnswered) -> None:
    """The caller has our answer; anyone else answers too late."""
    leg = ctx.call.leg(event.leg)
    if leg is not None and leg.id == CALLER:
        if leg.state is LegState.DIALLING:
            ctx.change_leg(leg, state=LegState.TALKING, answered_at=ctx.now, handle=event.handle)
    elif event.leg not in {ctx.call.party, ctx.call.talking_to}:
        late_answer(ctx, event)


def leg_updated(ctx: TransitionContext, event: LegUpdated) -> None:
    """Keep the newest handle, for a restart."""
    if (leg := ctx.call.leg(event.leg)) is not None and leg.is_live:
        ctx.change_leg(leg, handle=event.handle)


def leg_misread(ctx: TransitionContext, event: LegMisread) -> None:
    """Write down what was not read."""
    ctx.write_journal(EntryKind.NOTICE, event.text, leg=event.leg)


def hung_up(ctx: TransitionContext, event: LegEnded) -> None:
    """Whoever goes first ends the call; the caller may be asked for a mark, a recording waited for."""
    if event.leg not in {ctx.call.party, ctx.call.talking_to}:
        return
    leg = ctx.call.leg(event.leg)
    if leg is None:
        return
    if leg.id == CALLER:
        ctx.change_leg(leg, state=LegState.ENDED, ended_at=ctx.now, cause=event.cause)
        record.talk_is_over(ctx, EndedBy.CALLER, event.cause)
        return
    ctx.close_leg(leg, AttemptEnd.ANSWERED, event.cause)
    if event.cause.is_loss or ctx.call.party != CALLER or not rate.ask(ctx):
        record.talk_is_over(ctx, EndedBy.CALLEE, event.cause)


def hang_up_requested(ctx: TransitionContext, event: HangUpRequested) -> None:
    """An operator ends the call."""
    talking = bool(ctx.call.talking_to)
    outcome = Outcome.ANSWERED if talking else Outcome.CANCELLED
    refusal = 503 if event.retry_after else 480
    cause = Cause(sip=200 if talking else refusal, text=f"ended by {event.by}")
    recorder = ctx.call.recorder
    by = None if recorder is None else recorder.hung_up_by
    end(ctx, outcome, by or EndedBy.SYSTEM, cause, retry_after=event.retry_after)


def resynced(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, before an answer: go on where the caller still waits, else end."""
    match_legs(ctx, event)
    recording.keep(ctx, event.recorded)
    if CALLER not in event.live_legs:
        end(ctx, Outcome.FAILED, EndedBy.SYSTEM, LOST)
        return
    ctx.write_journal(EntryKind.RESUMED)
    ctx.change(background_playback="")
    if ctx.call.state is not CallState.RINGING:
        _begin_again(ctx)
    elif ctx.call.live_called_legs:
        prompts.start_background(ctx)
    elif not ring.next_round(ctx):
        go_on(ctx)


def resynced_talking(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, in a conversation: it goes on if both sides are still there."""
    match_legs(ctx, event)
    recording.keep(ctx, event.recorded)
    if not {ctx.call.party, ctx.call.talking_to} <= event.live_legs:
        end(ctx, Outcome.ANSWERED, EndedBy.SYSTEM, LOST)
        return
    ctx.write_journal(EntryKind.RESUMED)
    if ctx.call.is_to_be_recorded:  # what was recorded so far is a part of its own
        recording.start(ctx, both=True)
    caller = ctx.call.leg(CALLER)
    if caller is not None and (caller.state is LegState.DIALLING or _heard_prompts(ctx, caller)):
        ctx.issue(ConnectLegs(leg=ctx.call.talking_to, party=ctx.call.party))


def resynced_rating(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, when the conversation was over: the mark is given up, and a recording."""
    match_legs(ctx, event)
    recording.keep(ctx, event.recorded)
    rate.over(ctx)


def resynced_recording(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, with a message: take the step anew, unless the caller has left it.

    Behind a conversation, wait no longer.
    """
    if ctx.call.talking_to:
        match_legs(ctx, event)
        record.finished(ctx, event.recorded)
    elif event.recorded and event.recorded.path and CALLER not in event.live_legs:
        match_legs(ctx, event)
        follow(ctx, voicemail.finished(ctx, event.recorded))
    else:
        resynced(ctx, event)


def _begin_again(ctx: TransitionContext) -> None:
    """Take the step up anew that a restart broke off; a last prompt is not played again."""
    then = ctx.call.then
    ctx.change(asked=None, collecting=None, recorder=None, playing="", then="", wake_at=None)
    if then:
        enter(ctx, then)
    walk(ctx)


def _heard_prompts(ctx: TransitionContext, caller: Leg) -> bool:
    """Say whether the caller was answered before somebody talked to them."""
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
            ring.order(ctx, leg.id, leg.target)
        else:
            talked = leg.id in {ctx.call.party, ctx.call.talking_to}
            ctx.close_leg(leg, AttemptEnd.ANSWERED if talked else AttemptEnd.FAILED, LOST)


def _ask_failed(
    ctx: TransitionContext, failure: Failure, notices: tuple[str, ...] = (), exchange: Facts = ()
) -> None:
    note_ask_failed(ctx, failure, notices, exchange)
    follow(ctx, dial_plan.failed(ctx))


def note_ask_failed(
    ctx: TransitionContext, failure: Failure, notices: tuple[str, ...] = (), exchange: Facts = ()
) -> None:
    """Write down why the asked webhook gave nothing that can be followed."""
    facts = (("kind", failure.kind), *exchange)
    ask.settle(ctx, EntryKind.ASK_FAILED, failure.detail, notices, facts)


def is_asked(ctx: TransitionContext, ask_id: str, dialect: Dialect | None = None) -> bool:
    """Say whether this is the ask whose answer is waited for."""
    asked = ctx.call.asked
    return asked is not None and asked.id == ask_id and dialect in {None, asked.dialect}


def is_overdue(ctx: TransitionContext) -> bool:
    """Say whether the call's deadline has come."""
    return ctx.call.wake_at is not None and ctx.now >= ctx.call.wake_at
