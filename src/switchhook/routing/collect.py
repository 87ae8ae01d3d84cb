"""Collecting keys from the caller, for a menu, a code or a rating. One deadline at any time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CallState, DigitCollection
from switchhook.routing import prompts

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext


def begin(
    ctx: TransitionContext,
    sounds: tuple[str, ...],
    timeout: float,
    *,
    attempt: int = 1,
    state: CallState = CallState.COLLECTING,
) -> None:
    """Play the prompt, if any; the time for the first key begins when it is over."""
    if sounds:
        playback = prompts.play(ctx, sounds)
    else:
        playback = ""
        prompts.stop_background(ctx)
        prompts.answer(ctx)
    seconds = prompts.time_limit(sounds) if sounds else timeout
    ctx.change(
        state=state,
        collecting=DigitCollection(attempt=attempt, playback=playback),
        wake_at=ctx.now + seconds,
    )


def start_timer(ctx: TransitionContext, timeout: float) -> None:
    """Give the caller this many seconds to begin."""
    collecting = ctx.call.collecting
    if collecting is not None:
        ctx.change(collecting=replace(collecting, playback=""), wake_at=ctx.now + timeout)


def barge_in(ctx: TransitionContext, timeout: float) -> None:
    """A key breaks the prompt off, whatever the key means."""
    collecting = ctx.call.collecting
    if collecting is not None and collecting.playback:
        prompts.stop_prompt(ctx, collecting.playback)
        start_timer(ctx, timeout)


def add(ctx: TransitionContext, digit: str, pause: float) -> str:
    """Add a digit, for which the next has `pause` seconds; return all of them."""
    collecting = ctx.call.collecting
    if collecting is None:
        return ""
    digits = collecting.digits + digit
    ctx.change(collecting=replace(collecting, digits=digits), wake_at=ctx.now + pause)
    return digits


def finish(ctx: TransitionContext) -> int:
    """Collect no more; return which attempt it was."""
    collecting = ctx.call.collecting
    ctx.change(collecting=None, wake_at=None)
    return 1 if collecting is None else collecting.attempt
