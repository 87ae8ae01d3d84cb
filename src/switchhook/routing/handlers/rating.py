"""Handlers of the rating that the caller gives after a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, LegState
from switchhook.routing import collect, recording
from switchhook.routing.handlers.ivr import (
    collect_prompt_finished,
    is_key,
    key_timeout,
    skip_overdue_prompt,
)
from switchhook.routing.handlers.voicemail import is_current_recording
from switchhook.routing.steps import rate

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        DigitPressed,
        LegEnded,
        PlaybackFinished,
        RecordingFinished,
        TimePassed,
    )


def recording_finished(ctx: TransitionContext, event: RecordingFinished) -> None:
    """Keep the recording of a conversation that goes on without, or after which the caller is asked."""
    if is_current_recording(ctx, event):
        recording.keep(ctx, event)


def prompt_finished(ctx: TransitionContext, event: PlaybackFinished) -> None:
    """The time to press a key begins, or the thanks are over and so is the call."""
    if ctx.call.rating.key and event.playback == ctx.call.playback.prompt:
        rate.end_call(ctx)
    else:
        collect_prompt_finished(ctx, event)


def digit_pressed(ctx: TransitionContext, event: DigitPressed) -> None:
    """Keep the rating and emit its event."""
    if is_key(event) and not ctx.call.rating.key:
        collect.barge_in(ctx, key_timeout(ctx))
        rate.pressed(ctx, event.digit)


def overdue(ctx: TransitionContext, _: TimePassed) -> None:
    """No rating came in time, or the thanks have lasted long enough."""
    if ctx.is_overdue and not skip_overdue_prompt(ctx):
        rate.end_call(ctx)


def caller_left(ctx: TransitionContext, event: LegEnded) -> None:
    """The caller gives no rating, or no more of their time."""
    caller = ctx.call.leg(CALLER)
    if event.leg == CALLER and caller is not None and caller.is_live:
        ctx.change_leg(caller, state=LegState.ENDED, ended_at=ctx.now, cause=event.cause)
        rate.end_call(ctx)
