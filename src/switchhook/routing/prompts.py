"""Plays to the caller: prompts that are waited for, and background audio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, LegState
from switchhook.routing.commands import AnswerCaller, Play, ShowRinging, StopPlaying
from switchhook.routing.ids import playback_id
from switchhook.routing.position import StepResult, enter_branch

if TYPE_CHECKING:
    from switchhook.routing.context import TransitionContext

MAX_SOUND_SECONDS = 605.0
"""Seconds that are waited for the end of each sound of a prompt; ten minutes is the longest there may be."""


def time_limit(sounds: tuple[str, ...]) -> float:
    """Return the seconds after which a prompt counts as played, whatever became of it."""
    return MAX_SOUND_SECONDS * len(sounds)


def answer(ctx: TransitionContext) -> None:
    """Answer the caller, unless they have our answer already."""
    caller = ctx.call.leg(CALLER)
    if caller is not None and caller.state is LegState.DIALLING:
        ctx.issue(AnswerCaller())


def play(ctx: TransitionContext, sounds: tuple[str, ...], *, loop: bool = False) -> str:
    """Play to the caller, in place of any background audio; return the playback's name."""
    stop_background(ctx)
    answer(ctx)
    number = ctx.call.playback.started + 1
    playback = playback_id(number)
    ctx.change_playback(started=number)
    ctx.issue(Play(leg=CALLER, playback=playback, sounds=sounds, loop=loop))
    return playback


def play_prompt(ctx: TransitionContext, sounds: tuple[str, ...], then: str = "") -> StepResult:
    """Play a prompt, and go on when it is over: into branch `then` of the step, or to the next step."""
    if not sounds:
        return enter_branch(ctx, then) if then else StepResult.CONTINUE
    playback = play(ctx, sounds)
    ctx.change(state=CallState.PLAYING, wake_at=ctx.now + time_limit(sounds))
    ctx.change_playback(prompt=playback, next_branch=then)
    return StepResult.TAKEN


def after_prompt(ctx: TransitionContext) -> StepResult:
    """Go where the call was to go after the prompt."""
    then = ctx.call.playback.next_branch
    ctx.change(wake_at=None)
    ctx.change_playback(prompt="", next_branch="")
    return enter_branch(ctx, then) if then else StepResult.CONTINUE


def fill_wait(ctx: TransitionContext) -> None:
    """Fill the caller's wait: with background audio where the scheme set it, else with ringing."""
    if not start_background(ctx):
        ctx.issue(ShowRinging())


def start_background(ctx: TransitionContext) -> bool:
    """Play the background audio, unless it plays. False where there is none."""
    sounds = ctx.call.playback.background
    if sounds and not ctx.call.playback.background_id:
        ctx.change_playback(background_id=play(ctx, sounds, loop=True))
    return bool(sounds)


def stop_background(ctx: TransitionContext) -> None:
    """Stop the background audio."""
    playing = ctx.call.playback.background_id
    if playing:
        ctx.issue(StopPlaying(playback=playing))
        ctx.change_playback(background_id="")


def stop_prompt(ctx: TransitionContext, playback: str) -> None:
    """Break a prompt off, if it still plays."""
    if playback:
        ctx.issue(StopPlaying(playback=playback))
