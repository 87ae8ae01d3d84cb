"""The step that has a later conversation rated: the callee hangs up, the caller presses a key (R2-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, Direction
from switchhook.domain.cause import EndedBy
from switchhook.domain.event import EventKind
from switchhook.domain.journal import Happening
from switchhook.routing import collect, prompts, recording
from switchhook.routing.places import Went
from switchhook.routing.steps.record import talk_is_over

if TYPE_CHECKING:
    from switchhook.domain.scheme import Rate
    from switchhook.routing.move import Move


def begin(move: Move, step: Rate) -> Went:
    """Remember it for the end of the conversation."""
    move.change(rating=step)
    return Went.HANDED_ON


def ask(move: Move) -> bool:
    """Ask the caller, who is alone now. False where the conversation is not to be rated."""
    call, caller = move.call, move.call.leg(CALLER)
    wanted = call.rating is not None and call.direction is Direction.INCOMING
    if call.rating is None or not wanted or caller is None or not caller.is_live:
        return False
    recording.stop(move)
    collect.begin(move, call.rating.sounds, call.rating.timeout, state=CallState.RATING)
    return True


def pressed(move: Move, digit: str) -> None:
    """Take the mark; any other key is ignored."""
    rating = move.call.rating
    if rating is None or not (digit.isdecimal() and 1 <= int(digit) <= rating.best):
        return
    collect.done(move)
    move.change(rated=digit)
    move.record(Happening.RATED, digit, facts=(("mark", digit), ("best", str(rating.best))))
    move.tell(EventKind.INCOMING_RATED)
    if rating.thanks:
        playback = prompts.play(move, rating.thanks)
        move.change(playing=playback, wake_at=move.now + prompts.limit(rating.thanks))
    else:
        over(move)


def over(move: Move) -> None:
    """End the call, as the callee did when they hung up."""
    talk_is_over(move, EndedBy.CALLEE)
