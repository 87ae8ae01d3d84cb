"""The step that lets the caller choose a branch by one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.journal import Happening
from switchhook.domain.scheme import INVALID, TIMEOUT
from switchhook.routing import collect, prompts
from switchhook.routing.places import Went, enter

if TYPE_CHECKING:
    from switchhook.domain.scheme import Menu
    from switchhook.routing.move import Move

ADDITIONAL_NUMBER = "additional_number"
"""The parameter that tells what a caller chose."""


def begin(move: Move, step: Menu) -> Went:
    """Play the prompt and wait for a key."""
    collect.begin(move, step.sounds, step.timeout)
    return Went.TAKEN


def pressed(move: Move, step: Menu, digit: str) -> Went:
    """Take the branch of the key; one that means nothing uses up an attempt."""
    attempt = collect.done(move)
    is_known = step.choice(digit) is not None
    text = digit if is_known else f"{digit} means nothing here"
    move.record(Happening.KEYED, text, facts=(("digit", digit),))
    if is_known:
        _note(move, digit)
        return enter(move, digit)
    return _again(move, step, attempt, step.invalid_sounds, INVALID)


def _note(move: Move, digit: str) -> None:
    """Keep the key for those who are asked or told from now on (R1-80)."""
    known = (pair for pair in move.call.known if pair[0] != ADDITIONAL_NUMBER)
    move.change(known=(*known, (ADDITIONAL_NUMBER, digit)))


def overdue(move: Move, step: Menu) -> Went:
    """No key came in time: an attempt is used up."""
    move.record(Happening.KEYED, "no key in time")
    return _again(move, step, collect.done(move), step.timeout_sounds, TIMEOUT)


def _again(move: Move, step: Menu, attempt: int, sounds: tuple[str, ...], branch: str) -> Went:
    if attempt >= step.attempts:
        return prompts.say(move, sounds, then=branch)
    collect.begin(move, (*sounds, *step.sounds), step.timeout, attempt=attempt + 1)
    return Went.TAKEN
