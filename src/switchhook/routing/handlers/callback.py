"""Handlers of a callback until its caller answers; from then on it is a call like any other whose caller was answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER, CallState, Direction, LegState
from switchhook.domain.cause import (
    OUTCOME_OF_ATTEMPT,
    AttemptEnd,
    Cause,
    EndedBy,
    Outcome,
    attempt_end,
)
from switchhook.domain.journal import EntryKind
from switchhook.domain.target import TargetKind
from switchhook.routing.callback_admission import caller_of
from switchhook.routing.commands import EndLeg, RingLeg
from switchhook.routing.ending import end
from switchhook.routing.executor import execute
from switchhook.routing.handlers import calls, legs, restart
from switchhook.routing.steps import ring

if TYPE_CHECKING:
    from switchhook.domain.call import Callback
    from switchhook.domain.target import Target
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        CallbackPlaced,
        LegAnswered,
        LegEnded,
        LegRinging,
        Resynced,
        TimePassed,
    )

RING_TIMEOUT: Final = 30.0
"""Seconds that each turn of a callback's caller may ring."""
NO_ANSWER: Final = Cause(sip=408, q850=19, text="the caller did not answer in time")
NOT_REACHED: Final = "the caller was not reached"
INSERTION_TYPE: Final = "callback"
"""The insertion type of every callback that goes outside (R1-71, A-17)."""


def placed(ctx: TransitionContext, _: CallbackPlaced) -> None:
    """Tell of the callback as of every call before anything is done with it [A-55], and ring its caller."""
    callback = ctx.call.callback
    if callback is None:
        return
    if ctx.call.direction is Direction.OUTGOING:
        facts = dict(ctx.call.facts) | {"insertion_type": INSERTION_TYPE}
        ctx.change(facts=tuple(facts.items()))
    calls.announce(ctx, ("callback", callback.by))
    _ring_next_turn(ctx, callback)


def caller_ringing(ctx: TransitionContext, event: LegRinging) -> None:
    """Write down that the caller of a callback rings."""
    leg, callback = ctx.call.leg(event.leg), ctx.call.callback
    if leg is None or callback is None or leg.id != CALLER or leg.rang_at is not None:
        return
    ctx.change_leg(leg, rang_at=ctx.now)
    ctx.write_journal(EntryKind.RANG, leg=CALLER, facts=_target_facts(callback.ringing))


def caller_answered(ctx: TransitionContext, event: LegAnswered) -> None:
    """The caller of a callback answers: go on as if they had dialled the callee."""
    leg, callback = ctx.call.leg(event.leg), ctx.call.callback
    if leg is None or leg.id != CALLER or callback is None:
        legs.late_answer(ctx, event)
        return
    ringing = callback.ringing
    answered = next((target for target in ringing if target.value == event.account), ringing[0])
    ctx.change_leg(leg, state=LegState.TALKING, answered_at=ctx.now, handle=event.handle)
    ctx.change(
        caller=caller_of(ctx.call.snapshot, answered),
        callback=replace(callback, answered=answered),
        wake_at=None,
    )
    ctx.write_journal(EntryKind.ANSWERED, leg=CALLER, facts=_target_facts((answered,)))
    execute(ctx)


def caller_failed(ctx: TransitionContext, event: LegEnded) -> None:
    """The caller of a callback cannot be reached: ring their next turn, else end."""
    callback = ctx.call.callback
    if event.leg != CALLER or callback is None:
        return
    if event.is_forbidden:
        ring.journal_refused(ctx, callback.ringing[0], event.cause.text)
    _close_turn(ctx, callback, attempt_end(event.cause), event.cause)
    if _ring_next_turn(ctx, callback):
        return
    if event.is_forbidden:
        _end(ctx, Outcome.BLOCKED, EndedBy.SYSTEM, event.cause)
    else:
        outcome = OUTCOME_OF_ATTEMPT[attempt_end(event.cause)]
        cause = event.cause if event.cause.text else replace(event.cause, text=NOT_REACHED)
        _end(ctx, outcome, EndedBy.CALLER, cause)


def caller_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """The caller of a callback did not answer in time: ring their next turn, else end."""
    callback = ctx.call.callback
    if not ctx.is_overdue or callback is None:
        return
    ctx.issue(EndLeg(leg=CALLER, cause=NO_ANSWER, why=AttemptEnd.TIMEOUT))
    _close_turn(ctx, callback, AttemptEnd.TIMEOUT, NO_ANSWER)
    if not _ring_next_turn(ctx, callback):
        _end(ctx, Outcome.MISSED, EndedBy.CALLER, NO_ANSWER)


def resynced(ctx: TransitionContext, event: Resynced) -> None:
    """After a restart, before the caller of a callback answered: end, unless they still ring."""
    restart.match_legs(ctx, event)
    if CALLER in event.live_legs:
        ctx.write_journal(EntryKind.RESUMED)
    else:
        end(ctx, Outcome.FAILED, EndedBy.SYSTEM, restart.LOST)


def _ring_next_turn(ctx: TransitionContext, callback: Callback) -> bool:
    """Ring the next turn of the caller. False when all had theirs."""
    if callback.turn >= len(callback.turns):
        return False
    callback = replace(callback, turn=callback.turn + 1)
    leg = ctx.call.leg(CALLER)
    if leg is not None:
        ctx.change_leg(leg, rang_at=None)
    ctx.change(state=CallState.RINGING_CALLER, callback=callback, wake_at=ctx.now + RING_TIMEOUT)
    target, *also = callback.ringing
    ctx.issue(
        RingLeg(
            leg=CALLER,
            target=target,
            caller=_shown_to(ctx, callback, target),
            caller_name="",
            also=tuple(also),
            turn=callback.turn,
        )
    )
    ctx.write_journal(EntryKind.DIALLED, leg=CALLER, facts=_target_facts(callback.ringing))
    return True


def _shown_to(ctx: TransitionContext, callback: Callback, target: Target) -> str:
    """Return the number shown to the caller: the callee's; outside, one of the project's own."""
    if target.kind is TargetKind.ACCOUNT:
        return ctx.call.callee
    own = ctx.call.snapshot.project.numbers
    return callback.shown or (own[0].number if own else "")


def _close_turn(ctx: TransitionContext, callback: Callback, how: AttemptEnd, cause: Cause) -> None:
    """Write down how a turn ended."""
    facts = (*_target_facts(callback.ringing), ("end", how), ("sip", str(cause.sip)))
    ctx.write_journal(EntryKind.ATTEMPT_ENDED, cause.text, leg=CALLER, facts=facts)


def _end(ctx: TransitionContext, outcome: Outcome, by: EndedBy, cause: Cause) -> None:
    """End a callback whose caller's leg is over."""
    leg = ctx.call.leg(CALLER)
    if leg is not None:
        ctx.change_leg(leg, state=LegState.ENDED, ended_at=ctx.now, cause=cause)
    end(ctx, outcome, by, cause)


def _target_facts(targets: tuple[Target, ...]) -> tuple[tuple[str, str], ...]:
    return (("target", ", ".join(map(str, targets))),)
