"""The step that has a later conversation rated: the callee hangs up, the caller presses a key (R2-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, Direction
from switchhook.domain.cause import EndedBy
from switchhook.domain.event import EventKind
from switchhook.domain.event_stream import Amendment, StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.routing import collect, prompts, recording
from switchhook.routing.position import StepResult
from switchhook.routing.steps.record import end_conversation

if TYPE_CHECKING:
    from switchhook.domain.scheme import RateStep
    from switchhook.routing.context import TransitionContext


def begin(ctx: TransitionContext, step: RateStep) -> StepResult:
    """Remember it for the end of the conversation."""
    ctx.change_rating(step=step)
    return StepResult.CONTINUE


def ask(ctx: TransitionContext) -> bool:
    """Ask the caller, who is alone now. False where the conversation is not to be rated."""
    call, caller = ctx.call, ctx.call.leg(CALLER)
    wanted = call.rating.step is not None and call.direction is Direction.INCOMING
    if call.rating.step is None or not wanted or caller is None or not caller.is_live:
        return False
    recording.stop(ctx)
    collect.begin(ctx, call.rating.step.sounds, call.rating.step.timeout, state=CallState.RATING)
    return True


def pressed(ctx: TransitionContext, digit: str) -> None:
    """Take the rating; any other key is ignored."""
    rating = ctx.call.rating.step
    if rating is None or not (digit.isdecimal() and 1 <= int(digit) <= rating.best):
        return
    collect.finish(ctx)
    ctx.change_rating(key=digit)
    ctx.write_journal(EntryKind.RATED, digit, facts=(("mark", digit), ("best", str(rating.best))))
    ctx.emit(EventKind.INCOMING_RATED)
    rated = Amendment(field="rating", before="", after=digit)
    ctx.publish(StreamEventType.CALL_AMENDED, changes=(rated,))
    if rating.thanks:
        playback = prompts.play(ctx, rating.thanks)
        ctx.change(wake_at=ctx.now + prompts.time_limit(rating.thanks))
        ctx.change_playback(prompt=playback)
    else:
        end_call(ctx)


def end_call(ctx: TransitionContext) -> None:
    """End the call, as the callee did when they hung up."""
    end_conversation(ctx, EndedBy.CALLEE)
