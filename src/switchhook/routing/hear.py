"""What is done on each event; one function for each entry of the transition table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, Direction, LegState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome, attempt_end
from switchhook.domain.event import EventKind
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.journal import Happening
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
    from switchhook.routing.events import (
        AskFailed,
        CallArrived,
        DirectionGiven,
        HangUpRequested,
        LegAnswered,
        LegEnded,
        LegRetried,
        LegRinging,
        LegUpdated,
        Remarked,
        Resynced,
        SchemeGiven,
        TimePassed,
        VerdictGiven,
    )
    from switchhook.routing.move import Move

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


def arrived(move: Move, _: CallArrived) -> None:
    """Tell that a call is here, before anything is done with it [A-55], and walk its scheme."""
    call = move.call
    facts: Facts = (("caller", call.caller), ("callee", call.callee))
    facts += (("direction", call.direction), *((("hidden", "yes"),) if call.hidden else ()))
    move.record(Happening.ARRIVED, facts=facts)
    if (event := BEFORE.get(call.direction)) is not None:
        move.tell(event)
    project = call.plan.project
    if not call.account and project.screening.blocks(call.caller, project.dialling):
        why = BLOCKED if call.caller else WITHHELD
        end(move, Outcome.BLOCKED, EndedBy.SYSTEM, why)
        return
    walk(move)


def direction_given(move: Move, event: DirectionGiven) -> None:
    """Ring what the webhook returned, for as long as its ring timeout says (R1-23)."""
    webhook = ask.webhook_of(move)
    if webhook is None or not is_asked(move, event.ask, Dialect.FORWARDING_NUMBER):
        return
    text = ", ".join(str(target) for target in event.targets)
    ask.settle(move, Happening.ANSWER, text, event.notices, event.exchange)
    follow(move, ring.begin(move, event.targets, webhook.ring_order, webhook.ring_timeout))


def scheme_given(move: Move, event: SchemeGiven) -> None:
    """Go on with the scheme that the webhook returned (R1-25)."""
    if is_asked(move, event.ask, Dialect.FORWARDING_NUMBER):
        text = f"scheme {event.scheme}"
        ask.settle(move, Happening.ANSWER, text, event.notices, event.exchange)
        go_to(move, event.scheme)


def ask_failed(move: Move, event: AskFailed) -> None:
    """Go on with the next step, or with the failed branch [A-54]."""
    if is_asked(move, event.ask):
        _ask_failed(move, event.failure, event.notices, event.exchange)


def ask_overdue(move: Move, _: TimePassed) -> None:
    """Go on with the next step: whatever the webhook still says comes too late."""
    if is_overdue(move):
        _ask_failed(move, NOT_IN_TIME)


def verdict_given(move: Move, event: VerdictGiven) -> None:
    """Take the branch that the webhook opens; after NAK, perhaps another code first (R5-26, R5-35)."""
    if not is_asked(move, event.ask, Dialect.DIAL_PLAN):
        return
    if event.destination is not None and not ring.may_ring(move, event.destination):
        event = replace(event, destination=None)
    follow(move, dial_plan.judged(move, event))


def leg_ringing(move: Move, event: LegRinging) -> None:
    """Let the caller hear it; early media only of a leg that rings alone."""
    leg = move.call.leg(event.leg)
    if leg is None or leg.state not in {LegState.DIALLING, LegState.RINGING} or leg.id == CALLER:
        return
    if leg.state is LegState.DIALLING:
        move.change_leg(leg, state=LegState.RINGING, rang_at=move.now)
        move.record(Happening.RANG, leg=leg.id, facts=(("target", str(leg.target)),))
    if move.call.background_playback:
        return
    alone = len(move.call.live_called_legs) == 1
    move.order(ShowRinging(media_from=leg.id if event.early_media and alone else ""))


def leg_answered(move: Move, event: LegAnswered) -> None:
    """The first to answer gets the call."""
    leg = move.call.leg(event.leg)
    if leg is None or leg.id == CALLER or not leg.is_live:
        caller_connected(move, event)
    else:
        ring.connect(move, leg, event.handle)


def late_answer(move: Move, event: LegAnswered) -> None:
    """Hang up a leg that answered after it was given up."""
    if event.leg != CALLER:
        move.order(EndLeg(leg=event.leg, cause=HUNG_UP))


def leg_retried(move: Move, event: LegRetried) -> None:
    """Write down why a leg goes another way."""
    leg = move.call.leg(event.leg)
    if leg is not None and leg.is_live:
        move.record(Happening.NOTICE, f"{event.text}; the next one is tried", leg=leg.id)


def leg_ended(move: Move, event: LegEnded) -> None:
    """Before an answer: the caller gave up or cannot be served, or one target is out."""
    leg = move.call.leg(event.leg)
    if leg is None or not leg.is_live:
        return
    if leg.id == CALLER:
        move.change_leg(leg, state=LegState.ENDED, ended_at=move.now, cause=event.cause)
        cause = event.cause if event.cause.is_ours else CANCELLED
        refused = cause.is_ours and not cause.is_loss
        outcome = Outcome.FAILED if refused else Outcome.CANCELLED
        end(move, outcome, cause.ended_by(EndedBy.CALLER), cause)
        return
    if event.is_forbidden and leg.target is not None:
        ring.note_refused(move, leg.target, event.cause.text)
    move.close_leg(leg, attempt_end(event.cause), event.cause)
    if move.call.live_called_legs or ring.next_round(move):
        return
    if event.is_forbidden and move.call.direct is not None:
        end(move, Outcome.BLOCKED, EndedBy.SYSTEM, event.cause)
    else:
        go_on(move)


def ring_overdue(move: Move, _: TimePassed) -> None:
    """The round's time is over: the next target of the turn, or the next step."""
    if is_overdue(move):
        ring.give_up(move)
        if not ring.next_round(move):
            go_on(move)


def caller_connected(move: Move, event: LegAnswered) -> None:
    """The caller has our answer; anyone else answers too late."""
    leg = move.call.leg(event.leg)
    if leg is not None and leg.id == CALLER:
        if leg.state is LegState.DIALLING:
            move.change_leg(leg, state=LegState.TALKING, answered_at=move.now, handle=event.handle)
    elif event.leg not in {move.call.party, move.call.talking_to}:
        late_answer(move, event)


def leg_updated(move: Move, event: LegUpdated) -> None:
    """Keep the newest handle, for a restart."""
    if (leg := move.call.leg(event.leg)) is not None and leg.is_live:
        move.change_leg(leg, handle=event.handle)


def remarked(move: Move, event: Remarked) -> None:
    """Write down what was not read."""
    move.record(Happening.NOTICE, event.text, leg=event.leg)


def hung_up(move: Move, event: LegEnded) -> None:
    """Whoever goes first ends the call; the caller may be asked for a mark, a recording waited for."""
    if event.leg not in {move.call.party, move.call.talking_to}:
        return
    leg = move.call.leg(event.leg)
    if leg is None:
        return
    if leg.id == CALLER:
        move.change_leg(leg, state=LegState.ENDED, ended_at=move.now, cause=event.cause)
        record.talk_is_over(move, EndedBy.CALLER, event.cause)
        return
    move.close_leg(leg, AttemptEnd.ANSWERED, event.cause)
    if event.cause.is_loss or move.call.party != CALLER or not rate.ask(move):
        record.talk_is_over(move, EndedBy.CALLEE, event.cause)


def hang_up_requested(move: Move, event: HangUpRequested) -> None:
    """An operator ends the call."""
    talking = bool(move.call.talking_to)
    outcome = Outcome.ANSWERED if talking else Outcome.CANCELLED
    refusal = 503 if event.retry_after else 480
    cause = Cause(sip=200 if talking else refusal, text=f"ended by {event.by}")
    recorder = move.call.recorder
    by = None if recorder is None else recorder.hung_up_by
    end(move, outcome, by or EndedBy.SYSTEM, cause, retry_after=event.retry_after)


def resynced(move: Move, event: Resynced) -> None:
    """After a restart, before an answer: go on where the caller still waits, else end."""
    match_legs(move, event)
    recording.keep(move, event.recorded)
    if CALLER not in event.live_legs:
        end(move, Outcome.FAILED, EndedBy.SYSTEM, LOST)
        return
    move.record(Happening.RESUMED)
    move.change(background_playback="")
    if move.call.state is not CallState.RINGING:
        _begin_again(move)
    elif move.call.live_called_legs:
        prompts.start_background(move)
    elif not ring.next_round(move):
        go_on(move)


def resynced_talking(move: Move, event: Resynced) -> None:
    """After a restart, in a conversation: it goes on if both sides are still there."""
    match_legs(move, event)
    recording.keep(move, event.recorded)
    if not {move.call.party, move.call.talking_to} <= event.live_legs:
        end(move, Outcome.ANSWERED, EndedBy.SYSTEM, LOST)
        return
    move.record(Happening.RESUMED)
    if move.call.is_to_be_recorded:  # what was recorded so far is a part of its own
        recording.start(move, both=True)
    caller = move.call.leg(CALLER)
    if caller is not None and (caller.state is LegState.DIALLING or _heard_prompts(move, caller)):
        move.order(ConnectLegs(leg=move.call.talking_to, party=move.call.party))


def resynced_rating(move: Move, event: Resynced) -> None:
    """After a restart, when the conversation was over: the mark is given up, and a recording."""
    match_legs(move, event)
    recording.keep(move, event.recorded)
    rate.over(move)


def resynced_recording(move: Move, event: Resynced) -> None:
    """After a restart, with a message: take the step anew, unless the caller has left it.

    Behind a conversation, wait no longer.
    """
    if move.call.talking_to:
        match_legs(move, event)
        record.finished(move, event.recorded)
    elif event.recorded and event.recorded.path and CALLER not in event.live_legs:
        match_legs(move, event)
        follow(move, voicemail.finished(move, event.recorded))
    else:
        resynced(move, event)


def _begin_again(move: Move) -> None:
    """Take the step up anew that a restart broke off; a last prompt is not played again."""
    then = move.call.then
    move.change(asked=None, collecting=None, recorder=None, playing="", then="", wake_at=None)
    if then:
        enter(move, then)
    walk(move)


def _heard_prompts(move: Move, caller: Leg) -> bool:
    """Say whether the caller was answered before somebody talked to them."""
    answered, talks = caller.answered_at, move.call.answered_at
    return answered is not None and talks is not None and answered < talks


def match_legs(move: Move, event: Resynced) -> None:
    """Make both sides agree: the last orders before the restart may not have been carried out."""
    for leg_id in sorted(event.live_legs):
        known = move.call.leg(leg_id)
        if known is None or not known.is_live:
            move.order(EndLeg(leg=leg_id, cause=HUNG_UP))
    for leg in move.call.legs:
        if not leg.is_live or leg.id in event.live_legs:
            continue
        if leg.target is None:
            move.change_leg(leg, state=LegState.ENDED, ended_at=move.now, cause=LOST)
        elif leg.state is LegState.DIALLING and CALLER in event.live_legs:
            ring.order(move, leg.id, leg.target)
        else:
            talked = leg.id in {move.call.party, move.call.talking_to}
            move.close_leg(leg, AttemptEnd.ANSWERED if talked else AttemptEnd.FAILED, LOST)


def _ask_failed(
    move: Move, failure: Failure, notices: tuple[str, ...] = (), exchange: Facts = ()
) -> None:
    note_ask_failed(move, failure, notices, exchange)
    follow(move, dial_plan.failed(move))


def note_ask_failed(
    move: Move, failure: Failure, notices: tuple[str, ...] = (), exchange: Facts = ()
) -> None:
    """Write down why the asked webhook gave nothing that can be followed."""
    facts = (("kind", failure.kind), *exchange)
    ask.settle(move, Happening.ASK_FAILED, failure.detail, notices, facts)


def is_asked(move: Move, ask_id: str, dialect: Dialect | None = None) -> bool:
    """Say whether this is the ask whose answer is waited for."""
    asked = move.call.asked
    return asked is not None and asked.id == ask_id and dialect in {None, asked.dialect}


def is_overdue(move: Move) -> bool:
    """Say whether the call's deadline has come."""
    return move.call.wake_at is not None and move.now >= move.call.wake_at
