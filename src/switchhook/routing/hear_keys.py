"""What is done on the events of prompts, keys and recordings; see `hear.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, LegState
from switchhook.domain.scheme import DTMF_KEYS, AskDialPlanStep, MenuStep, VoicemailStep
from switchhook.routing import collect, prompts, recording
from switchhook.routing.hear import is_overdue, leg_ended
from switchhook.routing.places import Went, step_of
from switchhook.routing.steps import dial_plan, menu, rate, record, voicemail
from switchhook.routing.walk import follow

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        DigitPressed,
        LegEnded,
        PlaybackFinished,
        RecordingFinished,
        TimePassed,
    )


def played(ctx: TransitionContext, event: PlaybackFinished) -> None:
    """Go on behind the prompt."""
    if event.playback == ctx.call.playing:
        follow(ctx, prompts.said(ctx))


def play_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """Wait no longer for a prompt of which nobody said that it is over."""
    if is_overdue(ctx):
        prompts.stop(ctx, ctx.call.playing)
        follow(ctx, prompts.said(ctx))


def prompt_over(ctx: TransitionContext, event: PlaybackFinished) -> None:
    """The time to press a key begins when the prompt is over."""
    collecting = ctx.call.collecting
    if collecting is not None and collecting.playback and collecting.playback == event.playback:
        collect.prompt_is_over(ctx, _timeout(ctx))


def digit_pressed(ctx: TransitionContext, event: DigitPressed) -> None:
    """Take a key of the caller's for a menu or a code; it breaks the prompt off."""
    if not _is_key(event):
        return
    collect.interrupt(ctx, _timeout(ctx))
    match step_of(ctx.call):
        case MenuStep() as step:
            follow(ctx, menu.pressed(ctx, step, event.digit))
        case AskDialPlanStep() as step:
            follow(ctx, dial_plan.pressed(ctx, step, event.digit))
        case _:
            pass


def collect_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """No further key: the code is complete, or the attempt brought nothing [A-47]."""
    if not is_overdue(ctx) or _prompt_overdue(ctx):
        return
    match step_of(ctx.call):
        case MenuStep() as step:
            follow(ctx, menu.overdue(ctx, step))
        case AskDialPlanStep() as step:
            follow(ctx, dial_plan.overdue(ctx, step))
        case _:
            follow(ctx, Went.HANDED_ON)


def greeted(ctx: TransitionContext, event: PlaybackFinished) -> None:
    """Record the caller, once they heard the greeting."""
    if ctx.call.playing and event.playback == ctx.call.playing:
        _record(ctx)


def message_key(ctx: TransitionContext, event: DigitPressed) -> None:
    """End the message on `#`; before it has begun, leave the greeting out."""
    if not _is_key(event) or event.digit != voicemail.DONE:
        return
    if ctx.call.playing:
        prompts.stop(ctx, ctx.call.playing)
        _record(ctx)
    else:
        _stop_message(ctx)


def message_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """The greeting, the message or the wait for its file has lasted long enough."""
    if not is_overdue(ctx):
        return
    recorder = ctx.call.recorder
    if recorder is None:
        prompts.stop(ctx, ctx.call.playing)
        _record(ctx)
    elif recorder.is_stopping:
        _finished(ctx, None)
    else:
        _stop_message(ctx)


def recorded(ctx: TransitionContext, event: RecordingFinished) -> None:
    """Keep the message; the call ends with it, or goes on where there is none."""
    if _is_ours(ctx, event):
        _finished(ctx, event)


def talk_recorded(ctx: TransitionContext, event: RecordingFinished) -> None:
    """Keep the recording of a conversation that goes on without, or after which the caller is asked."""
    if _is_ours(ctx, event):
        recording.keep(ctx, event)


def hung_up_recording(ctx: TransitionContext, event: LegEnded) -> None:
    """The caller left: what they said is waited for, for a moment."""
    caller = ctx.call.leg(CALLER)
    if event.leg != CALLER or caller is None or not caller.is_live or ctx.call.recorder is None:
        leg_ended(ctx, event)
        return
    ctx.change_leg(caller, state=LegState.ENDED, ended_at=ctx.now, cause=event.cause)
    _stop_message(ctx)


def mark_prompt_over(ctx: TransitionContext, event: PlaybackFinished) -> None:
    """The time to press a mark begins, or the thanks are over and so is the call."""
    if ctx.call.rated and event.playback == ctx.call.playing:
        rate.over(ctx)
    else:
        prompt_over(ctx, event)


def mark_pressed(ctx: TransitionContext, event: DigitPressed) -> None:
    """Take the mark and tell of it."""
    if _is_key(event) and not ctx.call.rated:
        collect.interrupt(ctx, _timeout(ctx))
        rate.pressed(ctx, event.digit)


def mark_overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """No mark came in time, or the thanks have lasted long enough."""
    if is_overdue(ctx) and not _prompt_overdue(ctx):
        rate.over(ctx)


def hung_up_rating(ctx: TransitionContext, event: LegEnded) -> None:
    """The caller gives no mark, or no more of their time."""
    caller = ctx.call.leg(CALLER)
    if event.leg == CALLER and caller is not None and caller.is_live:
        ctx.change_leg(caller, state=LegState.ENDED, ended_at=ctx.now, cause=event.cause)
        rate.over(ctx)


def _is_key(event: DigitPressed) -> bool:
    return event.leg == CALLER and len(event.digit) == 1 and event.digit in DTMF_KEYS


def _timeout(ctx: TransitionContext) -> float:
    """Return how many seconds the caller has for the first key."""
    if ctx.call.talking_to:
        return 0.0 if ctx.call.rating is None else ctx.call.rating.timeout
    match step_of(ctx.call):
        case MenuStep(timeout=seconds):
            return seconds
        case AskDialPlanStep() as step:
            return dial_plan.timeout(ctx, step)
        case _:
            return 0.0


def _prompt_overdue(ctx: TransitionContext) -> bool:
    """Take a prompt for played of which nobody said so."""
    collecting = ctx.call.collecting
    if collecting is None or not collecting.playback:
        return False
    collect.interrupt(ctx, _timeout(ctx))
    return True


def _record(ctx: TransitionContext) -> None:
    step = step_of(ctx.call)
    if isinstance(step, VoicemailStep):
        voicemail.record(ctx, step)
    else:
        follow(ctx, Went.HANDED_ON)


def _is_ours(ctx: TransitionContext, event: RecordingFinished) -> bool:
    recorder = ctx.call.recorder
    return recorder is not None and recorder.id == event.recording


def _stop_message(ctx: TransitionContext) -> None:
    if recording.stop(ctx):
        ctx.change(wake_at=ctx.now + recording.SETTLING)


def _finished(ctx: TransitionContext, made: RecordingFinished | None) -> None:
    if ctx.call.talking_to:
        record.finished(ctx, made)
    else:
        follow(ctx, voicemail.finished(ctx, made))
