"""Collecting keys from the caller, for a menu, a code or a mark. One deadline at any time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CallState, Collecting
from switchhook.routing import prompts

if TYPE_CHECKING:
    from switchhook.routing.move import Move


def begin(
    move: Move,
    sounds: tuple[str, ...],
    timeout: float,
    *,
    attempt: int = 1,
    state: CallState = CallState.COLLECTING,
) -> None:
    """Play the prompt, if any; the time for the first key begins when it is over."""
    if sounds:
        playback = prompts.play(move, sounds)
    else:
        playback = ""
        prompts.quiet(move)
        prompts.answer(move)
    seconds = prompts.limit(sounds) if sounds else timeout
    move.change(
        state=state,
        collecting=Collecting(attempt=attempt, playback=playback),
        wake_at=move.now + seconds,
    )


def prompt_is_over(move: Move, timeout: float) -> None:
    """Give the caller this many seconds to begin."""
    collecting = move.call.collecting
    if collecting is not None:
        move.change(collecting=replace(collecting, playback=""), wake_at=move.now + timeout)


def interrupt(move: Move, timeout: float) -> None:
    """A key breaks the prompt off, whatever the key means."""
    collecting = move.call.collecting
    if collecting is not None and collecting.playback:
        prompts.stop(move, collecting.playback)
        prompt_is_over(move, timeout)


def add(move: Move, digit: str, pause: float) -> str:
    """Add a digit, for which the next has `pause` seconds; return all of them."""
    collecting = move.call.collecting
    if collecting is None:
        return ""
    digits = collecting.digits + digit
    move.change(collecting=replace(collecting, digits=digits), wake_at=move.now + pause)
    return digits


def done(move: Move) -> int:
    """Collect no more; return which attempt it was."""
    collecting = move.call.collecting
    move.change(collecting=None, wake_at=None)
    return 1 if collecting is None else collecting.attempt
