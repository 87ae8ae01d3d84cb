"""What the caller hears from us: prompts that are waited for, and background audio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, LegState
from switchhook.routing.commands import AnswerCaller, Play, ShowRinging, StopPlaying
from switchhook.routing.places import Went, enter

if TYPE_CHECKING:
    from switchhook.routing.move import Move

LONGEST_SOUND = 605.0
"""Seconds that are waited for the end of each sound of a prompt; ten minutes is the longest there may be."""


def limit(sounds: tuple[str, ...]) -> float:
    """Return the seconds after which a prompt counts as played, whatever became of it."""
    return LONGEST_SOUND * len(sounds)


def answer(move: Move) -> None:
    """Answer the caller, unless they have our answer already."""
    caller = move.call.leg(CALLER)
    if caller is not None and caller.state is LegState.DIALLING:
        move.order(AnswerCaller())


def play(move: Move, sounds: tuple[str, ...], *, loop: bool = False) -> str:
    """Play to the caller, in place of any background audio; return the playback's name."""
    quiet(move)
    answer(move)
    playback = f"p{move.call.playbacks + 1}"
    move.change(playbacks=move.call.playbacks + 1)
    move.order(Play(leg=CALLER, playback=playback, sounds=sounds, loop=loop))
    return playback


def say(move: Move, sounds: tuple[str, ...], then: str = "") -> Went:
    """Play a prompt, and go on when it is over: into branch `then` of the step, or to the next step."""
    if not sounds:
        return enter(move, then) if then else Went.HANDED_ON
    playback = play(move, sounds)
    move.change(
        state=CallState.PLAYING, playing=playback, then=then, wake_at=move.now + limit(sounds)
    )
    return Went.TAKEN


def said(move: Move) -> Went:
    """Go where the call was to go after the prompt."""
    then = move.call.then
    move.change(playing="", then="", wake_at=None)
    return enter(move, then) if then else Went.HANDED_ON


def wait(move: Move) -> None:
    """Fill the caller's wait: with background audio where the scheme set it, else with ringing."""
    if not start_background(move):
        move.order(ShowRinging())


def start_background(move: Move) -> bool:
    """Play the background audio, unless it plays. False where there is none."""
    call = move.call
    if call.background and not call.background_playback:
        move.change(background_playback=play(move, call.background, loop=True))
    return bool(call.background)


def quiet(move: Move) -> None:
    """Stop the background audio."""
    playback = move.call.background_playback
    if playback:
        move.order(StopPlaying(playback=playback))
        move.change(background_playback="")


def stop(move: Move, playback: str) -> None:
    """Break a prompt off, if it still plays."""
    if playback:
        move.order(StopPlaying(playback=playback))
