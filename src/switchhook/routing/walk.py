"""Walking a scheme: from step to step until one takes the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.domain.call import Direction
from switchhook.domain.journal import Happening
from switchhook.domain.location import location_of
from switchhook.domain.scheme import (
    Ask,
    AskDialPlan,
    Background,
    GoTo,
    HangUp,
    Hours,
    Menu,
    Play,
    Rate,
    Record,
    Ring,
    RingDestination,
    Voicemail,
)
from switchhook.domain.webhook import RingOrder
from switchhook.routing.ending import end_unplaced
from switchhook.routing.places import (
    DIRECT_TIMEOUT,
    MAX_JUMPS,
    Went,
    advance,
    jump,
    leave_branch,
    scheme_of,
)
from switchhook.routing.steps import (
    ask,
    dial_plan,
    hang_up,
    hours,
    menu,
    play,
    rate,
    record,
    ring,
    voicemail,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.domain.journal import Facts
    from switchhook.domain.scheme import Step
    from switchhook.routing.move import Move

FALLBACK_TIMEOUT = 60.0
"""Seconds that the project's fallback may ring."""


def walk(move: Move) -> None:
    """Take the step that the call stands at; go on until one has begun or the call has ended."""
    move.change(ringing=None)
    went = Went.MOVED
    while went is not Went.TAKEN:
        scheme = scheme_of(move.call)
        step = None if scheme is None else scheme.step_at(move.call.path)
        if scheme is not None and step is not None:
            at = " ".join(map(str, move.call.path))
            facts = (("scheme", str(scheme.id)), ("step", step.word), ("at", at))
            more = _branch(move) + _location(move, step)
            move.record(Happening.STEP, scheme.name, facts=facts + more)
            went = _begin(move, step)
        elif not leave_branch(move, no_destination=went is Went.NO_DESTINATION):
            return _leave_scheme(move)
    return None


def _branch(move: Move) -> Facts:
    """Say in which branch the call is, for a step that stands in one."""
    branch = move.call.path[-2:-1]
    return (("branch", str(branch[0])),) if branch else ()


def _location(move: Move, step: Step) -> Facts:
    """Say which location a step is, as vendors' call logs name it (R1-126)."""
    location = location_of(step, move.call.plan)
    return (("location", location),) if location else ()


def go_on(move: Move) -> None:
    """Leave a step that could not place the call, and walk on from the next."""
    advance(move)
    walk(move)


def follow(move: Move, went: Went) -> None:
    """Go on after a step that heard something."""
    match went:
        case Went.TAKEN:
            return None
        case Went.MOVED:
            return walk(move)
        case Went.HANDED_ON | Went.NO_DESTINATION:
            return go_on(move)


def go_to(move: Move, scheme: int) -> None:
    """Go on in another scheme, as a webhook said; where that is not allowed, with the next step of this one."""
    went = jump(move, scheme)
    move.change(is_unplaced=went is not Went.MOVED)
    follow(move, went)


def _go_to(move: Move, step: GoTo) -> Went:
    return jump(move, step.scheme)


BEGIN: Mapping[type[Step], Callable[[Move, Any], Went]] = {
    Ask: ask.begin,
    AskDialPlan: dial_plan.begin,
    Ring: ring.begin_step,
    RingDestination: ring.begin_destination,
    GoTo: _go_to,
    HangUp: hang_up.begin,
    Play: play.begin,
    Background: play.set_background,
    Menu: menu.begin,
    Hours: hours.begin,
    Voicemail: voicemail.begin,
    Rate: rate.begin,
    Record: record.begin,
}
"""What is done where the walk comes to a step."""


def _begin(move: Move, step: Step) -> Went:
    went = BEGIN[type(step)](move, step)
    if went in {Went.HANDED_ON, Went.NO_DESTINATION}:
        advance(move)
    return went


def _leave_scheme(move: Move) -> None:
    """Try the project's fallback once, then end [A-54]."""
    fallback = move.call.plan.project.fallback
    if fallback is None or move.call.on_fallback or move.call.direction is not Direction.INCOMING:
        return end_unplaced(move)
    move.change(on_fallback=True)
    move.record(Happening.FALLBACK, f"no step placed the call; trying {fallback}")
    order, seconds = RingOrder.ALL_AT_ONCE, FALLBACK_TIMEOUT
    return follow(move, ring.begin(move, (fallback,), order, seconds, is_written=True))


__all__ = ["DIRECT_TIMEOUT", "FALLBACK_TIMEOUT", "MAX_JUMPS", "follow", "go_on", "go_to", "walk"]
